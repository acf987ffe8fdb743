"""The states of a cell as a table: which may follow which. Knows nothing of why."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """Where a cell stands."""

    COLD = "cold"
    """In memory without its row: it must be loaded before anything else."""
    IDLE = "idle"
    """Loaded; nothing waits, and no task runs."""
    TURNING = "turning"
    """The actor is handling an event."""
    HOLDING = "holding"
    """A fault: waiting before the next try."""


FOLLOWS: dict[Phase, frozenset[Phase]] = {
    Phase.COLD: frozenset({Phase.IDLE, Phase.HOLDING}),
    Phase.IDLE: frozenset({Phase.TURNING, Phase.COLD, Phase.HOLDING}),
    Phase.TURNING: frozenset({Phase.IDLE, Phase.HOLDING, Phase.COLD}),
    Phase.HOLDING: frozenset({Phase.COLD, Phase.IDLE}),
}


def follow(phase: Phase, following: Phase) -> Phase:
    """Return `following` if it may come after `phase`; anything else is a fault of the program."""
    if following not in FOLLOWS[phase]:
        raise AssertionError(f"a cell cannot go from {phase.value} to {following.value}")
    return following
