"""What is measured: the row that tells a metric's name and meaning, and a histogram that costs next to nothing.

A row says where in the statistics its number stands; whoever renders a page reads it there. Knows no page and no
statistics.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

import msgspec

_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Units that a name ends with, as Prometheus has it.
_ENDINGS = {"seconds": "_seconds", "bytes": "_bytes"}


class Metric(msgspec.Struct, frozen=True):
    """One metric as an operator knows it. Raises ValueError for a name that breaks Prometheus' conventions.

    `source` is the path of its number in the statistics ("cells.busy"); "*" stands for each key of a mapping, which
    becomes the first label. What stands there is a number, a mapping of label values to numbers (of tuples of them,
    for several labels), or for a histogram a `Distribution`. `action` is what to do about it, or where to look.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    source: str
    unit: str
    meaning: str
    action: str = ""
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(_NAME.fullmatch, (self.name, *self.labels))):
            raise ValueError(
                f"metric {self.name!r}: names and labels are small letters, digits and underscores"
            )
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError(f"metric {self.name!r}: a counter ends with _total, and nothing else does")
        ending = _ENDINGS.get(self.unit, "")
        if not self.name.removesuffix("_total").endswith(ending):
            raise ValueError(f"metric {self.name!r}: what is measured in {self.unit} ends with {ending}")


class Distribution(msgspec.Struct, frozen=True):
    """How often a value fell into each bucket, its upper bound included; the last has none. Not cumulative."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float


class Histogram:
    """Counts values in fixed buckets; for one thread."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def read(self) -> Distribution:
        """Return the counts as they are now."""
        return Distribution(self._bounds, tuple(self._counts), self._sum)
