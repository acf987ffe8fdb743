"""The scorecard of a run of drills: one row a drill, as lines for a terminal, as a page and as a picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from runtime.drill.chart import WIDTH, draw_timeline
from runtime.drill.result import DrillResult, Invariant

HEADS = ("drill", "verdict", "took", "back after", "within", "ack p99", "checked", "what was wrong")
_COLOURS = {"passed": "#4d7c0f", "FAILED": "#be123c", "skipped": "#64748b"}
_COLUMNS = (10, 190, 280, 350, 440, 510, 590, 670)
_ROW = 22
_STYLE = """
body { font: 15px/1.45 sans-serif; color: #1f2937; max-width: 1000px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0; width: 100% }
th, td { text-align: left; padding: .25em .7em .25em 0; border-bottom: 1px solid #e2e8f0; vertical-align: top }
.passed, .ok { color: #4d7c0f } .FAILED, .violated { color: #be123c; font-weight: bold } .skipped { color: #64748b }
svg { width: 100%; height: auto; border: 1px solid #e2e8f0 }
"""


def rows(results: Sequence[DrillResult]) -> list[tuple[str, ...]]:
    """Return the table: HEADS, then one row a drill."""
    return [HEADS, *map(cells, results)]


def cells(result: DrillResult) -> tuple[str, ...]:
    """Return one drill's row, a cell for each of HEADS."""
    wrong = [one for one in result.invariants if one.status == "violated"]
    back = next((one.seen for one in result.invariants if one.name == "recovery"), None)
    p99 = result.figures.get("ack p99 ms")
    return (
        result.drill,
        result.verdict,
        f"{result.seconds:.1f} s" if not result.skipped else "",
        "" if back is None else f"{back:.2f} s",
        "" if back is None or result.budget is None else f"{result.budget:g} s",
        "" if p99 is None else f"{p99:.0f} ms",
        str(len(result.invariants)) if result.invariants else "",
        result.skipped or "; ".join(_told(one) for one in wrong),
    )


def summary(results: Sequence[DrillResult]) -> str:
    """Return all of it in one line."""
    counts = {word: sum(one.verdict == word for one in results) for word in ("passed", "FAILED", "skipped")}
    took = sum(one.seconds for one in results)
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{len(results)} drills in {took:.0f} s: {told}"


def page(results: Sequence[DrillResult]) -> str:
    """Return the whole report as one HTML page that needs nothing else."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Majlis drills</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Majlis drills</h1>",
        f"<p>{escape(summary(results))}</p>",
        _table(HEADS, [cells(one) for one in results]),
    ]
    for result in results:
        parts.append(f'<h2 id="{escape(result.drill)}">{escape(result.drill)}: {result.verdict}</h2>')
        if result.skipped:
            parts.append(f"<p>{escape(result.skipped)}</p>")
        if result.timeline.samples:
            parts.append(draw_timeline(result.drill, result.timeline))
        if result.invariants:
            parts.append(
                _table(("invariant", "verdict", "seen", "limit", "note"), map(_cells, result.invariants))
            )
        if result.figures:
            parts.append(
                _table(("figure", "value"), [(n, f"{value:,.6g}") for n, value in result.figures.items()])
            )
    return "\n".join([*parts, "</body></html>"]) + "\n"


def picture(results: Sequence[DrillResult]) -> str:
    """Return the scorecard as an SVG."""
    height = 64 + _ROW * (len(results) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="26" font-size="17" fill="#1f2937">{escape(summary(results))}</text>',
        *_svg_row(HEADS, 56, "#64748b"),
    ]
    for place, result in enumerate(results, 1):
        parts += _svg_row(cells(result), 56 + _ROW * place, "#1f2937", _COLOURS[result.verdict])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _svg_row(row: Sequence[str], y: float, ink: str, verdict: str = "") -> list[str]:
    line = f'<line x1="10" y1="{y + 6:g}" x2="{WIDTH - 10}" y2="{y + 6:g}" stroke="#e2e8f0"/>'
    texts = [
        f'<text x="{x}" y="{y:g}" font-size="13" fill="{verdict if verdict and place == 1 else ink}">'
        f"{escape(cell[:42])}</text>"
        for place, (x, cell) in enumerate(zip(_COLUMNS, row, strict=True))
    ]
    return [line, *texts]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f'<td class="{_word(cell)}">{escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _word(cell: str) -> str:
    return cell if cell in {"passed", "FAILED", "skipped", "ok", "violated"} else ""


def _cells(one: Invariant) -> tuple[str, ...]:
    seen = "" if one.seen is None else f"{one.seen:.4g} {one.unit}".rstrip()
    limit = "" if one.limit is None else f"{one.rule} {one.limit:.4g} {one.unit}".rstrip()
    return (one.name, one.status, seen, limit, one.note)


def _told(one: Invariant) -> str:
    if one.seen is None or one.limit is None:
        return f"{one.name} {one.note}".rstrip()
    return f"{one.name}: {one.seen:.4g}, {one.rule} {one.limit:.4g}"
