"""What a drill is and what it finds: invariants, each with the number that was seen and its limit. Pure.

A drill is one module with a `DRILL`. It knows nothing of the others, nor of how its result is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec

from runtime.drill.timeline import Timeline

Status = Literal["ok", "violated", "skipped"]


class Invariant(msgspec.Struct, frozen=True):
    """What must hold, and what was seen."""

    name: str
    status: Status
    seen: float | None = None
    limit: float | None = None
    rule: Literal["at most", "exactly", "at least"] = "at most"
    unit: str = ""
    note: str = ""
    """Why it was skipped, or what was seen, by name."""


class DrillResult(msgspec.Struct, frozen=True):
    """What a drill found; `figures` hold for nothing but are worth knowing.

    `skipped`: why it could not be run here; then nothing was found. `budget`: seconds within which it had to recover.
    """

    drill: str
    seed: int
    seconds: float
    invariants: Sequence[Invariant]
    figures: Mapping[str, float]
    skipped: str = ""
    budget: float | None = None
    timeline: Timeline = Timeline()

    @property
    def holds(self) -> bool:
        """Whether nothing is violated."""
        return all(one.status != "violated" for one in self.invariants)

    @property
    def verdict(self) -> Literal["passed", "FAILED", "skipped"]:
        """What to say of it in one word. Something that was not looked at has not passed."""
        if self.skipped:
            return "skipped"
        return "passed" if self.holds and self.invariants else "FAILED"


class Orders(msgspec.Struct, frozen=True):
    """What a drill is asked to do; `tell` takes a line about its progress."""

    operations: int
    seed: int
    tell: Callable[[str], object]


class Drill(msgspec.Struct, frozen=True):
    """A rehearsed failure: its name, what it does in one line, how much of it by default, and how to run it."""

    name: str
    summary: str
    operations: int
    run: Callable[[Orders], Awaitable[DrillResult]]


def at_most(name: str, seen: float, limit: float, unit: str = "", note: str = "") -> Invariant:
    """Return whether `seen` is within `limit`."""
    return Invariant(name, "ok" if seen <= limit else "violated", seen, limit, "at most", unit, note)


def exactly(name: str, seen: float, limit: float, note: str = "") -> Invariant:
    """Return whether `seen` is `limit`."""
    return Invariant(name, "ok" if seen == limit else "violated", seen, limit, "exactly", "", note)


def at_least(name: str, seen: float, limit: float, note: str = "") -> Invariant:
    """Return whether `seen` reaches `limit`."""
    return Invariant(name, "ok" if seen >= limit else "violated", seen, limit, "at least", "", note)


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the samples do not exceed; 0 of none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
