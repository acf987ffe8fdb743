"""What all cells of a node share: the actor, its formats and limits, the counts, and the node as they see it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

import trio

from runtime.actor.behaviour import Actor
from runtime.actor.event import EventCodec, StoredEvent
from runtime.actor.metric import Histogram
from runtime.actor.record import ConversationRow, FailedAttempt, TurnRecord
from runtime.actor.resources import Resources
from runtime.actor.state import StateCodec
from runtime.actor.supervision import RestartWindow

#: Upper bounds of the buckets of turns, in seconds.
TURN_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class TurnResources(Resources, Protocol):
    """What one turn has open: it commits the turn, in the actor's own transaction if that was opened."""

    def timed_by(self, clock: trio.CancelScope) -> None:
        """Hear what will cut the turn: its deadline does not run while the turn stands in line for a transaction."""

    async def commit(self, record: TurnRecord) -> bool:
        """Commit; False if the turn is fenced. Raises ResourceUnavailable when the outcome is not known."""


class Host(Protocol):
    """What a cell needs of the node that houses it."""

    def epoch(self, shard: int) -> int | None:
        """Return the epoch under which this node holds a shard; None when it does not, or is in doubt."""

    async def load(self, conversation: str) -> ConversationRow | None:
        """Return the conversation's row."""

    async def read(self, row: ConversationRow, after: int, limit: int) -> Sequence[StoredEvent]:
        """Return events after a sequence number."""

    async def fail(self, attempt: FailedAttempt) -> bool:
        """Count a fault of the actor, durably; False if it is fenced."""

    def resources(self) -> AbstractAsyncContextManager[TurnResources]:
        """Open the scope of one turn's resources; leaving it without a commit undoes what was done in it."""

    def committed(self, record: TurnRecord) -> None:
        """Take a turn that has committed: its effects may leave."""

    def recall(self, conversation: str) -> None:
        """Hear that turns of this conversation may have committed unseen: what they left to send goes first."""

    def is_away(self, error: BaseException) -> bool:
        """Tell whether this is a resource that is away, and so nobody's fault."""

    def now(self) -> datetime:
        """Return the wall clock's time."""


class Room:
    """See the module. Counts since the start.

    `turns` that committed, in `seconds`, and `events` that they handled; `fenced` ones; `faults` of the actor, of which
    `parks` were the last ones and `cuts`, of the others, were cut by the deadline; `waits` uncounted. `waiting` cells
    pause now because a resource was away, or had no place for them.
    """

    def __init__(
        self,
        actor: Actor[Any],
        codec: EventCodec,
        host: Host,
        *,
        turn_timeout: float,
        reply_expires: float,
        limits: RestartWindow,
        dice: Random,
    ) -> None:
        self.actor = actor
        self.states = StateCodec(actor)
        self.codec = codec
        self.host = host
        self.turn_timeout = turn_timeout
        self.reply_expires = timedelta(seconds=reply_expires)
        self.limits = limits
        self.dice = dice
        self.stopping = False
        self.turns = 0
        self.events = 0
        self.fenced = 0
        self.faults = 0
        self.cuts = 0
        self.waits = 0
        self.parks = 0
        self.waiting = 0
        self.seconds = Histogram(TURN_BOUNDS)
