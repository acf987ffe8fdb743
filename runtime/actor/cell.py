"""The cell: the turn loop of one conversation. It has a task only while it has work.

Theory of operation: a cell keeps the bytes of the last committed state and decodes them anew for each turn, so a turn
that fails has changed nothing. A turn runs under its deadline; what it recorded is committed against the version it has
seen. If the commit is fenced, or its answer was lost, the cell goes cold and reads its row again: whichever happened,
the row says so. Faults of the actor wait and try again; a resource that is away waits too, and blames nobody.
The boundary is outside the turn's cancel scope, and takes all but a cancellation apart from a group: a nursery of the
actor's own may mix it with an error. A `SystemExit` of an actor is a fault like any other: the event is in the journal,
so a process that ended of it would end again at each start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

import msgspec
import structlog
import trio

from runtime.actor.behaviour import Actor
from runtime.actor.event import EventCodec, StoredEvent
from runtime.actor.lifecycle import Phase, follow
from runtime.actor.mailbox import Mailbox
from runtime.actor.record import ConversationRow, TurnRecord
from runtime.actor.supervision import backoff, first_of, origin
from runtime.actor.turn import Resources, Turn

_log = structlog.get_logger(__name__)
_PAGE = 100


class TurnTimedOut(Exception):
    """A turn took longer than its deadline and was cut."""


class TurnResources(Resources, Protocol):
    """What one turn has open: it commits the turn, in the actor's own transaction if that was opened."""

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


class Cell:
    """One conversation in memory."""

    __slots__ = ("_attempt", "_known", "_row", "busy", "conversation", "mailbox", "phase", "shard", "used_at")

    def __init__(self, conversation: str, shard: int, mailbox_limit: int) -> None:
        self.conversation = conversation
        self.shard = shard
        self.mailbox = Mailbox(mailbox_limit)
        self.phase = Phase.COLD
        self.busy = False
        self.used_at = 0.0
        self._row: ConversationRow | None = None
        self._known = False
        self._attempt = 0

    async def run(self, room: Room) -> None:
        """Handle what waits until nothing does, or until the shard is not ours. Cancelled, a turn leaves no trace."""
        while not self.mailbox.idle and room.host.epoch(self.shard) is not None:
            fault: BaseException | None = None
            try:
                await self._step(room)
            except* (trio.Cancelled, KeyboardInterrupt):
                raise
            except* BaseException as group:  # noqa: BLE001 - the boundary: nothing of an actor ends the node
                fault = first_of(group)
            if fault is None:
                self._attempt = 0
            else:
                await self._hold(room, fault)

    async def _step(self, room: Room) -> None:
        """Do the next thing: load, read on, or one turn."""
        if self.phase is Phase.HOLDING:
            self._go(Phase.COLD if self._row is None else Phase.IDLE)
        row = self._row or await self._load(room)
        if row is None:
            return
        event = self.mailbox.peek()
        if event is not None:
            await self._turn(room, row, event)
        elif self.mailbox.behind:
            events = await room.host.read(row, self.mailbox.tail, _PAGE)
            self.mailbox.refill(events, more=len(events) >= _PAGE)

    async def _load(self, room: Room) -> ConversationRow | None:
        first = self.mailbox.peek()
        known, self._known = self._known, True
        if (
            first is not None and first.seq == 1 and not known
        ):  # its first event ever, so there is nothing to read
            row = ConversationRow(self.conversation, self.shard, first.channel, 0, 0, 2, 0, b"")
        else:
            loaded = await room.host.load(self.conversation)
            if loaded is None:
                self.mailbox.refill((), more=False)
                return None
            row = loaded
            if known or row.epoch != room.host.epoch(
                self.shard
            ):  # a lost answer, or another owner's last turn
                room.host.recall(self.conversation)
        self._row = row
        self.mailbox.start(row.done_seq)
        if row.next_seq - 1 > self.mailbox.tail:
            self.mailbox.behind = True
        self._go(Phase.IDLE)
        return row

    async def _turn(self, room: Room, row: ConversationRow, event: StoredEvent) -> None:
        """Let the actor handle one event and commit, all or nothing."""
        epoch = room.host.epoch(self.shard)
        if epoch is None:
            return
        self._go(Phase.TURNING)
        async with room.host.resources() as resources:
            state = room.decode(row.state)
            turn: Turn[Any] = Turn(
                conversation=row.id,
                channel=row.channel,
                version=row.version + 1,
                state=state,
                now=room.host.now(),
                resources=resources,
            )
            with trio.move_on_after(room.turn_timeout) as deadline:
                await room.actor.receive(turn, room.codec.decode(event.payload))
            if deadline.cancelled_caught:
                raise TurnTimedOut(f"the turn was cut after {room.turn_timeout} s")
            after = msgspec.json.encode(turn.state)
            room.decode(after)  # what cannot be read again must not be kept: no later turn could mend it
            record = TurnRecord(
                row.id,
                epoch,
                row.version + 1,
                event.seq,
                event.seq,
                turn.now,
                after,
                turn.effects,
                turn.now + room.reply_expires,
            )
            self._row = None  # until the commit's answer is here the row in the journal is all that counts
            committed = await resources.commit(record)
        if not committed:
            _log.info("turn fenced", conversation=row.id, version=record.version, epoch=epoch)
            self._go(Phase.COLD)
            return
        self._row = ConversationRow(
            row.id, row.shard, row.channel, record.version, event.seq, row.next_seq, epoch, record.state
        )
        self.mailbox.done()
        self._go(Phase.IDLE)
        room.turns += 1
        room.host.committed(record)

    async def _hold(self, room: Room, fault: BaseException) -> None:
        """Wait after a fault: with growing pauses, without end, alone."""
        self._attempt += 1
        away = room.host.is_away(fault)
        pause = backoff(self._attempt, room.dice, cap=1.0 if away else 30.0)
        if away:
            room.waits += 1
        else:
            room.faults += 1
            _log.error(
                "turn failed",
                conversation=self.conversation,
                attempt=self._attempt,
                fault=type(fault).__name__,
                where=origin(fault),
                again_in=round(pause, 2),
            )
        self._go(Phase.HOLDING)
        with trio.move_on_after(pause):
            await room.stopping.wait()

    def _go(self, phase: Phase) -> None:
        self.phase = follow(self.phase, phase)


class Room:
    """What all cells of a node share: the actor, its formats and limits, and the counts."""

    def __init__(
        self,
        actor: Actor[Any],
        codec: EventCodec,
        host: Host,
        *,
        turn_timeout: float,
        reply_expires: float,
        dice: Random,
    ) -> None:
        self.actor = actor
        self.codec = codec
        self.host = host
        self.turn_timeout = turn_timeout
        self.reply_expires = timedelta(seconds=reply_expires)
        self.dice = dice
        self.stopping = trio.Event()
        self.turns = 0
        self.faults = 0
        self.waits = 0
        self._decode: Callable[[bytes], msgspec.Struct] = msgspec.json.Decoder(actor.state_type).decode

    def decode(self, state: bytes) -> msgspec.Struct:
        """Return a conversation's state, fresh at its first turn. Raises msgspec.DecodeError."""
        return self._decode(state) if state else self.actor.state_type()
