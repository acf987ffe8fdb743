"""Which of the events that wait make the next turn, and how long to wait for more of them. Pure.

Theory of operation: people write one thought in five messages. With a burst policy, texts that follow each other within
`quiet` seconds are one turn; the turn begins when it is quiet, when `longest` seconds have passed since the first of them
was seen (an endless typist still gets an answer), when `most` are together, or when something comes that does not join.
Stale events are taken out first, as a run of their own. After a fault of a burst its events are handled one by one, so
that one of them cannot be blamed for another.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice, takewhile

from runtime.actor.event import Burst, Event, EventCodec, Stale, StoredEvent

_STALE_MOST = 1000  # of one turn, so that its commit stays short
#: Seconds; what rounding leaves of a wait may be too little to move a clock, and would never end.
_SHORTEST_WAIT = 1e-6


@dataclass(frozen=True)
class BurstPolicy:
    """All events of the types `of` that arrive within `quiet` seconds of each other are one turn.

    It begins `longest` seconds after the first one at the latest, or with the `most`th.
    """

    quiet: float
    longest: float
    of: tuple[type[Event], ...]
    most: int = 50

    def __post_init__(self) -> None:
        if not (0 <= self.quiet <= self.longest and self.most > 1 and self.of):
            raise ValueError(
                "a burst policy needs 0 <= quiet <= longest, most of at least 2, and types of events"
            )


@dataclass(frozen=True)
class Gathered:
    """What the next turn handles: `event` stands for the `size` oldest. `wait`: more may join for so many seconds."""

    event: Event
    size: int
    stale: bool = False
    wait: float = 0.0


def gather(
    run: deque[StoredEvent],
    codec: EventCodec,
    now: float,
    policy: BurstPolicy | None = None,
    seen_for: float = 0.0,
    quiet_for: float = 0.0,
) -> Gathered:
    """Choose from a mailbox's run, which is not empty, at `now` of the monotonic clock.

    `seen_for` and `quiet_for` are seconds since the first event was seen waiting and since the last one came; without
    a `policy` each event stands alone.
    """
    if _is_stale(run[0], now):
        old = list(takewhile(lambda event: _is_stale(event, now), islice(run, _STALE_MOST)))
        return Gathered(Stale(count=len(old), newest=old[-1].received_at), len(old), stale=True)
    first = codec.decode(run[0].payload)
    if policy is None or not isinstance(first, policy.of):
        return Gathered(first, 1)
    events = [first]
    for stored in islice(run, 1, policy.most):
        event = codec.decode(stored.payload)
        if not isinstance(event, policy.of) or _is_stale(stored, now):
            break
        events.append(event)
    whole = len(events) < len(run) or len(events) >= policy.most
    wait = min(policy.quiet - quiet_for, policy.longest - seen_for)
    if whole or wait < _SHORTEST_WAIT:
        wait = 0.0
    return Gathered(first if len(events) == 1 else Burst(events=tuple(events)), len(events), wait=wait)


def _is_stale(event: StoredEvent, now: float) -> bool:
    return event.stale_at is not None and event.stale_at <= now
