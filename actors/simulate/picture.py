"""Draws the connections of a run as an SVG of its own: lines by pool, sizes dashed, acknowledgements as an area. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from actors.simulate.usage import Sample, Usage

_WIDTH, _HEIGHT = 960, 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 890, 110, 480
_COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#be185d", "#57534e")
_AREA, _GRID, _INK = "#e2e8f0", "#cbd5e1", "#1f2937"


def draw(samples: Sequence[Sample], usage: Usage) -> str:
    """Return the picture of these samples."""
    seconds = max(1.0, samples[-1].at if samples else 0.0)
    rates = _rates(samples, seconds)
    top = _round_up(max([1, *(max(pool.size, pool.highest) for pool in usage.pools)]) + 1)
    fastest = _round_up(max([1.0, *(rate for _, rate in rates)]))
    across = (_RIGHT - _LEFT) / seconds
    up, up_rate = (_BOTTOM - _TOP) / top, (_BOTTOM - _TOP) / fastest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 28, "Connections as the databases see them, and messages acknowledged", size=17),
        _text(
            _LEFT,
            46,
            f"{usage.messages:,} messages in {seconds:.0f} s; {usage.samples:,} looks; "
            f"{usage.opened} opened after the first second, {usage.replaced} instead of others; "
            "dashed: the pools' sizes",
        ),
        _area(rates, across, up_rate),
        *_axes(seconds, top, fastest),
    ]
    # Lines of equal height would hide each other: each lies a little beside its number.
    for place, pool in enumerate(usage.pools):
        colour, lift = _COLOURS[place % len(_COLOURS)], 2.0 * place - len(usage.pools) + 1
        y = _BOTTOM - pool.size * up - lift
        parts.append(_line([(_LEFT, y), (_RIGHT, y)], colour, 'stroke-dasharray="6 5" stroke-width="1"'))
        points = [
            (_LEFT + at * across, _BOTTOM - many * up - lift) for at, many in _steps(samples, pool.name)
        ]
        parts.append(_line(points, colour, 'stroke-width="2"'))
        parts.append(_legend(place, colour, f"{pool.label}: {pool.highest} at most, of {pool.size}"))
    parts.append(_legend(len(usage.pools), _AREA, "messages acknowledged per second (right)", thick=10))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rates(samples: Sequence[Sample], seconds: float) -> list[tuple[float, float]]:
    """Return the messages acknowledged per second, for spans of a second or a hundredth of the run."""
    span = max(1.0, seconds / 100)
    marks = [(0.0, 0)]
    for sample in samples:
        if sample.at - marks[-1][0] >= span:
            marks.append((sample.at, sample.acknowledged))
    return [(b, (many - few) / (b - a)) for (a, few), (b, many) in pairwise(marks)]


def _steps(samples: Sequence[Sample], name: str) -> Iterator[tuple[float, int]]:
    """Yield the corners of a line that keeps its height until the next sample differs."""
    last: int | None = None
    for place, sample in enumerate(samples):
        many = len(sample.pools.get(name, ()))
        if last is not None and (many != last or place == len(samples) - 1):
            yield sample.at, last
        if many != last:
            yield sample.at, many
        last = many


def _area(rates: Sequence[tuple[float, float]], across: float, up: float) -> str:
    corners = [f"{_LEFT},{_BOTTOM}"]
    before = 0.0
    for at, rate in rates:
        corners += [f"{_LEFT + t * across:.1f},{_BOTTOM - rate * up:.1f}" for t in (before, at)]
        before = at
    corners.append(f"{_LEFT + before * across:.1f},{_BOTTOM}")
    return f'<polygon points="{" ".join(corners)}" fill="{_AREA}"/>'


def _axes(seconds: float, top: float, fastest: float) -> Iterator[str]:
    for part in range(6):
        y = _BOTTOM - (_BOTTOM - _TOP) * part / 5
        yield _line([(_LEFT, y), (_RIGHT, y)], _GRID, 'stroke-width="0.5"')
        yield _text(_LEFT - 8, y + 4, f"{top * part / 5:g}", anchor="end")
        yield _text(_RIGHT + 8, y + 4, f"{fastest * part / 5:,.0f}")
    step = next((step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300) if seconds / step <= 10), 600)
    for mark in range(0, int(seconds) + 1, step):
        x = _LEFT + (_RIGHT - _LEFT) * mark / seconds
        yield _line([(x, _BOTTOM), (x, _BOTTOM + 4)], _INK, 'stroke-width="1"')
        yield _text(x, _BOTTOM + 18, str(mark), anchor="middle")
    yield _line(
        [(_LEFT, _TOP), (_LEFT, _BOTTOM), (_RIGHT, _BOTTOM), (_RIGHT, _TOP)], _INK, 'stroke-width="1"'
    )
    yield _text((_LEFT + _RIGHT) / 2, _BOTTOM + 40, "seconds", anchor="middle")
    middle = (_TOP + _BOTTOM) / 2
    yield _text(22, middle, "connections", anchor="middle", turn=-90)
    yield _text(_WIDTH - 14, middle, "messages per second", anchor="middle", turn=90)


def _legend(place: int, colour: str, words: str, thick: int = 3) -> str:
    x, y = _LEFT + place % 3 * 280, 68 + place // 3 * 20
    line = _line([(x, y), (x + 24, y)], colour, f'stroke-width="{thick}"')
    return line + _text(x + 32, y + 4, words)


def _line(points: Sequence[tuple[float, float]], colour: str, more: str) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{corners}" fill="none" stroke="{colour}" {more}/>'


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{turned} fill="{_INK}">'
        f"{escape(words)}</text>"
    )


def _round_up(value: float) -> float:
    """Return the next number that five parts divide into readable ones."""
    step = 5.0
    while step * 10 < value:
        step *= 10
    return next(step * i for i in (1, 2, 3, 4, 5, 6, 8, 10, 12) if step * i >= value)
