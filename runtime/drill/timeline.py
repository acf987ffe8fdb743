"""What was seen while a drill ran, as samples of a few numbers over time and marks of what was done. Pure.

All times are seconds from the drill's beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec


class Sample(msgspec.Struct, frozen=True):
    """One look. Counts are since the beginning; `median` and `slowest` are of the acknowledgements since the last look.

    None: there was nothing, or the server did not answer.
    """

    at: float
    acknowledged: int = 0
    replied: int = 0
    median: float | None = None
    slowest: float | None = None
    waiting: int | None = None
    connections: int | None = None


class Mark(msgspec.Struct, frozen=True):
    """Something that was done, from `begun` to `ended` (None: in one moment)."""

    name: str
    begun: float
    ended: float | None = None
    fault: bool = False


class Timeline(msgspec.Struct, frozen=True):
    """Samples and marks in the order of time."""

    samples: Sequence[Sample] = ()
    marks: Sequence[Mark] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        ends = [mark.ended or mark.begun for mark in self.marks]
        return max([*ends, *(sample.at for sample in self.samples), 1.0])


def rates(samples: Sequence[Sample], field: str) -> list[tuple[float, float]]:
    """Return, at each sample but the first, how fast a count grew since the one before, by the second."""
    grown = []
    for before, after in pairwise(samples):
        span = after.at - before.at
        if span > 0:
            grown.append((after.at, (getattr(after, field) - getattr(before, field)) / span))
    return grown
