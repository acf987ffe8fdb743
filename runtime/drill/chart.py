"""Draws a drill's timeline as an SVG of its own: throughput, time to an acknowledgement, what waits, connections. Pure.

Faults are shaded, other marks are thin lines. The four panels share the axis of time. A gap in a line is a look that
the servers did not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from runtime.drill.timeline import Mark, Sample, Timeline, rates

WIDTH = 960
_LEFT, _RIGHT, _TOP, _PANEL, _GAP = 64, 944, 56, 78, 22
_INK, _GRID, _FAULT, _MARK = "#1f2937", "#cbd5e1", "#fecaca", "#94a3b8"
_BLUE, _GREEN, _ORANGE, _PURPLE, _RED = "#0b6e99", "#4d7c0f", "#c2410c", "#7e22ce", "#be123c"
_FEWEST = 1e-9

Points = Sequence[tuple[float, float | None]]
Line = tuple[str, str, Points]
"""What it is, its colour, and its points; None breaks it."""


def draw_timeline(name: str, timeline: Timeline) -> str:
    """Return the picture of a drill."""
    panels = _panels(timeline.samples)
    height = _TOP + len(panels) * (_PANEL + _GAP) + 24
    across = (_RIGHT - _LEFT) / timeline.seconds
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        _text(_LEFT, 22, name, size=16),
        *_marks(timeline.marks, across, height - 24),
    ]
    for place, (unit, lines) in enumerate(panels):
        top = _TOP + place * (_PANEL + _GAP)
        parts += _panel(unit, lines, top, across)
    parts += _seconds(timeline.seconds, across, height - 24)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panels(samples: Sequence[Sample]) -> Sequence[tuple[str, Sequence[Line]]]:
    def seen(field: str, factor: float = 1.0) -> Points:
        values = ((one.at, getattr(one, field)) for one in samples)
        return [(at, None if value is None else value * factor) for at, value in values]

    return (
        (
            "per second",
            (
                ("acknowledged", _BLUE, rates(samples, "acknowledged")),
                ("replies at the provider", _GREEN, rates(samples, "replied")),
            ),
        ),
        (
            "ms to acknowledge",
            (("median", _BLUE, seen("median", 1000)), ("slowest", _RED, seen("slowest", 1000))),
        ),
        ("events waiting", (("stored, not handled", _ORANGE, seen("waiting")),)),
        ("connections", (("as the databases see them", _PURPLE, seen("connections")),)),
    )


def _panel(unit: str, lines: Sequence[Line], top: float, across: float) -> Iterator[str]:
    bottom = top + _PANEL
    highest = _round_up(
        max([_FEWEST, *(value for _, _, line in lines for _, value in line if value is not None)])
    )
    up = _PANEL / highest
    for y, value in ((bottom, 0.0), ((top + bottom) / 2, highest / 2), (top, highest)):
        yield f'<line x1="{_LEFT}" y1="{y:g}" x2="{_RIGHT}" y2="{y:g}" stroke="{_GRID}" stroke-width="0.7"/>'
        yield _text(_LEFT - 6, y + 4, f"{value:g}", anchor="end", size=10)
    yield _text(_LEFT, top - 6, unit, size=11)
    x = float(_LEFT + 150)
    for name, colour, line in lines:
        yield f'<line x1="{x:g}" y1="{top - 10:g}" x2="{x + 18:g}" y2="{top - 10:g}" stroke="{colour}" stroke-width="2"/>'
        yield _text(x + 24, top - 6, name, size=11)
        x += 40 + 7 * len(name)
        for piece in _pieces(line):
            corners = " ".join(f"{_LEFT + at * across:.1f},{bottom - value * up:.1f}" for at, value in piece)
            yield f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _pieces(line: Points) -> Iterator[list[tuple[float, float]]]:
    """Yield the parts of a line between its gaps."""
    piece: list[tuple[float, float]] = []
    for at, value in line:
        if value is not None:
            piece.append((at, value))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _marks(marks: Sequence[Mark], across: float, bottom: float) -> Iterator[str]:
    for mark in marks:
        x = _LEFT + mark.begun * across
        if mark.fault:
            wide = max(2.0, ((mark.ended or mark.begun) - mark.begun) * across)
            yield f'<rect x="{x:.1f}" y="{_TOP - 16}" width="{wide:.1f}" height="{bottom - _TOP + 16:g}" fill="{_FAULT}">'
            yield f"<title>{escape(mark.name)}</title></rect>"
        else:
            line = f'x1="{x:.1f}" y1="{_TOP - 16}" x2="{x:.1f}" y2="{bottom:g}"'
            yield f'<line {line} stroke="{_MARK}" stroke-dasharray="3 3">'
            yield f"<title>{escape(mark.name)}</title></line>"
    named = {mark.name: mark for mark in reversed(marks) if mark.fault}
    words = ", ".join(reversed(list(named)))
    if words:
        yield f'<rect x="{_LEFT + 300}" y="12" width="14" height="12" fill="{_FAULT}"/>'
        yield _text(_LEFT + 320, 22, words[:90], size=12)


def _seconds(seconds: float, across: float, bottom: float) -> Iterator[str]:
    step = next((step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300) if seconds / step <= 12), 600)
    for mark in range(0, int(seconds) + 1, step):
        yield _text(_LEFT + mark * across, bottom + 14, f"{mark} s", anchor="middle", size=10)


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {where} fill="{_INK}">{escape(words)}</text>'


def _round_up(value: float) -> float:
    """Return the next number that half of it and itself read well."""
    step = 1.0
    while step * 10 < value:
        step *= 10
    return next(step * i for i in (1, 2, 3, 4, 5, 6, 8, 10) if step * i >= value)
