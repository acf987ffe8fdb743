"""The states of a cell as a table: which may follow which. Knows nothing of why."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """Where a cell stands."""

    COLD = "cold"
    """In memory without its row: it must be loaded before anything else."""
    IDLE = "idle"
    """Loaded; nothing waits, and no task runs."""
    GATHERING = "gathering"
    """Waiting for what else belongs to a burst."""
    TURNING = "turning"
    """The actor is handling what arrived."""
    HOLDING = "holding"
    """A fault: waiting before the next try."""
    PARKED = "parked"
    """Too many faults: it waits for an operator, and is read again when it is woken."""


FOLLOWS: dict[Phase, frozenset[Phase]] = {
    Phase.COLD: frozenset({Phase.IDLE, Phase.HOLDING, Phase.PARKED}),
    Phase.IDLE: frozenset({Phase.GATHERING, Phase.TURNING, Phase.COLD, Phase.HOLDING}),
    Phase.GATHERING: frozenset({Phase.IDLE, Phase.HOLDING}),
    Phase.TURNING: frozenset({Phase.IDLE, Phase.HOLDING, Phase.COLD}),
    Phase.HOLDING: frozenset({Phase.COLD, Phase.IDLE, Phase.PARKED}),
    Phase.PARKED: frozenset({Phase.COLD}),
}


def follow(phase: Phase, following: Phase) -> Phase:
    """Return `following` if it may come after `phase`; anything else is a fault of the program."""
    if following not in FOLLOWS[phase]:
        raise AssertionError(f"a cell cannot go from {phase.value} to {following.value}")
    return following
