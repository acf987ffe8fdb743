"""The two tables of a life: the phases of a start, and those of a stop with their shares of one budget. Pure.

Knows no phase's work: `run` does that of a start, `stopping` that of a stop up to the leases; what comes after them is
closed as the stacks of `run` unwind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: What a start goes through, in order; after the last one it is ready.
START: Sequence[str] = (
    "data directory locked",
    "databases reached",
    "pools opened",
    "migrations applied",
    "node opened",
    "listeners opened",
    "states checked",
)

READINESS_DOWN = "readiness down, still accepting"
LISTENER_CLOSED = "listener closed, requests finished"
TURNS_FINISHED = "turns finished"
EFFECTS_FINISHED = "effects in hand finished"
LEASES_RELEASED = "leases released"
POOLS_CLOSED = "pools closed"
TELEMETRY_FLUSHED = "telemetry flushed"
SERVERS_STOPPED = "embedded servers stopped"

#: What a stop goes through, in order, with each one's share of `node.shutdown_timeout`. What one saves, the next may use.
#: The first has `node.ready_delay` of its own, and what it does not use must not be lent to those that wait for others.
STOP: Mapping[str, float] = {
    READINESS_DOWN: 0.0,
    LISTENER_CLOSED: 0.15,
    TURNS_FINISHED: 0.35,
    EFFECTS_FINISHED: 0.2,
    LEASES_RELEASED: 0.1,
    POOLS_CLOSED: 0.1,
    TELEMETRY_FLUSHED: 0.0,
    SERVERS_STOPPED: 0.1,
}
LEASES_MOST = 2.0
"""Seconds for the leases, whatever was saved: a Postgres that has not answered by then is not waited for, they expire."""


def phases_with_listeners() -> Sequence[str]:
    """Return the phases of a stop in which the admin listener and the operator's socket still answer."""
    names = list(STOP)
    return names[: names.index(POOLS_CLOSED)]
