"""The cell: the turn loop of one conversation. It has a task only while it has work.

Theory of operation: a cell keeps the bytes of the last committed state and decodes them anew for each turn, so a turn
that fails has changed nothing. A turn runs under its deadline; what it recorded is committed against the version it has
seen. If the commit is fenced, or its answer was lost, the cell goes cold and reads its row again: whichever happened,
the row says so. Faults of the actor are counted in the journal, and the last one parks the conversation; a burst that
failed is handled again event by event first. A resource that is away is waited for, and blames nobody. A timer is handed
over only when nothing waits, and its commit is fenced if something does: an answer beats its nudge.
The boundary is outside the turn's cancel scope, and takes all but a cancellation apart from a group: a nursery of the
actor's own may mix it with an error. A cancellation that nobody around us asked for is a fault of an actor that kept it
and raised it again: a nursery would take it for its own and close on everybody. A `SystemExit` of an actor is a fault
like any other: the event is in the journal, so a process that ended of it would end again at each start.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import msgspec
import structlog
import trio

from runtime.actor.concern import EVENT, concern
from runtime.actor.event import Event, StoredEvent, TimerDue
from runtime.actor.gathering import Gathered, gather
from runtime.actor.lifecycle import Phase, follow
from runtime.actor.mailbox import Mailbox
from runtime.actor.record import ConversationRow, FailedAttempt, Timer, TurnRecord
from runtime.actor.room import Room
from runtime.actor.state import StateUnreadable
from runtime.actor.supervision import backoff, behind, first_of, judge, origin, patience
from runtime.actor.turn import Turn

_log = structlog.get_logger(__name__)
_PAGE = 100
_DOUBT = 0.25  # seconds between two looks at a row that a later owner has written


class TurnTimedOut(Exception):
    """A turn took longer than its deadline and was cut."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a turn is about: should it fail, this is what is blamed."""

    row: ConversationRow
    epoch: int
    size: int
    stale: bool
    timer: str


class Cell:
    """One conversation in memory."""

    __slots__ = (
        "_alone_to",
        "_attempt",
        "_came_at",
        "_doubt",
        "_known",
        "_left",
        "_row",
        "_seen_at",
        "_stir",
        "_tried",
        "busy",
        "busy_since",
        "conversation",
        "mailbox",
        "phase",
        "shard",
        "timers",
        "used_at",
    )

    def __init__(self, conversation: str, shard: int, mailbox_limit: int) -> None:
        self.conversation = conversation
        self.shard = shard
        self.mailbox = Mailbox(mailbox_limit)
        self.timers: dict[str, Timer] | None = None  # most conversations never have one
        self.phase = Phase.COLD
        self.busy = False
        self.busy_since = 0.0
        self.used_at = 0.0
        self._row: ConversationRow | None = None
        self._known = False
        self._doubt = False  # a turn may have committed unseen: its effects go before those that come now
        self._left = False
        self._attempt = 0  # faults in a row, whosesoever: they only set the pause
        self._alone_to = 0  # up to this event a burst has failed: one by one
        self._seen_at: float | None = None  # since when the first event has waited for others
        self._came_at = 0.0
        self._stir: trio.Event | None = None
        self._tried: _Tried | None = None

    def offer(self, event: StoredEvent, now: float) -> None:
        """Take an event that was stored, at `now` of the monotonic clock."""
        self.mailbox.offer(event)
        self._came_at = now
        if self.phase is Phase.GATHERING:
            self.stir()

    def look(self) -> None:
        """Hear, while a task runs, that the journal may hold more: it matters to a burst that waits for it."""
        if self.phase is Phase.GATHERING:
            self.mailbox.behind = True
            self.stir()

    def remind(self, timer: Timer) -> None:
        """Take a timer that is due."""
        if self.timers is None:
            self.timers = {}
        self.timers[timer.name] = timer

    def stir(self) -> None:
        """End a pause early: something came, or the node stops."""
        if self._stir is not None:
            self._stir.set()

    @property
    def in_doubt(self) -> bool:
        """Whether the answer to a commit was lost and the row not read since: who forgot that could send out of order."""
        return self._doubt

    def leave(self) -> None:
        """Begin nothing any more: the conversation is another owner's, or another cell's."""
        self._left = True
        self.stir()

    async def run(self, room: Room) -> None:
        """Handle what waits until nothing does, or until the shard is not ours. Cancelled, a turn leaves no trace."""
        if self.phase is Phase.PARKED:  # somebody thinks that there is work: look again
            self._row = None
            self._go(Phase.COLD)
        while self._has_work and (epoch := room.host.epoch(self.shard)) is not None:
            fault: BaseException | None = None
            try:
                await self._step(room, epoch)
            except* KeyboardInterrupt:
                raise
            except* trio.Cancelled as group:
                if trio.current_effective_deadline() == -inf:  # it is for us
                    raise
                fault = group
            except* BaseException as group:  # noqa: BLE001 - the boundary: nothing of an actor ends the node
                fault = group
            if fault is None:
                self._attempt = 0
            else:
                await self._fault(room, fault)

    @property
    def _has_work(self) -> bool:
        if self.phase is Phase.PARKED or self._left:
            return False
        return self._doubt or not self.mailbox.idle or bool(self.timers)

    async def _step(self, room: Room, epoch: int) -> None:
        """Do the next thing: load, read on, gather, or one turn."""
        if self.phase is Phase.HOLDING:
            self._go(Phase.COLD if self._row is None else Phase.IDLE)
        row = self._row
        if row is None:
            await self._load(room, epoch)  # it takes a while: whether the shard is still ours is asked anew
        elif self.mailbox.run:
            alone = self.mailbox.run[0].seq <= self._alone_to or row.attempts > 0
            await self._take(room, row, epoch, alone=alone)
        elif self.mailbox.behind:
            await self._read(room, row)
        elif self.timers:
            timer = next(iter(self.timers.values()))
            try:
                await self._turn(
                    room, row, epoch, TimerDue(name=timer.name, due_at=timer.due_at), timer=timer
                )
            finally:  # whatever became of it: if it is still due, it is found again
                self.timers.pop(timer.name, None)

    async def _take(self, room: Room, row: ConversationRow, epoch: int, *, alone: bool) -> None:
        """Handle what waits in the mailbox, or wait for what belongs to it."""
        policy = None if alone else room.actor.burst
        now = trio.current_time()
        if policy is None:
            gathered = gather(self.mailbox.run, room.codec, now)
        else:
            self._seen_at = now if self._seen_at is None else self._seen_at
            gathered = gather(
                self.mailbox.run,
                room.codec,
                now,
                policy,
                now - self._seen_at,
                now - max(self._came_at, self._seen_at),
            )
            if gathered.wait > 0 and self.mailbox.behind:
                await self._read(room, row)  # more of it may be in the journal
                return
            if gathered.wait > 0:
                self._go(Phase.GATHERING)
                await self._pause(room, gathered.wait)
                self._go(Phase.IDLE)
                return
        await self._turn(room, row, epoch, gathered.event, gathered)

    async def _read(self, room: Room, row: ConversationRow) -> None:
        """Take the next events from the journal."""
        events = await room.host.read(row, self.mailbox.tail, _PAGE)
        self.mailbox.refill(events, more=len(events) >= _PAGE)
        if events:
            self._came_at = trio.current_time()

    async def _load(self, room: Room, epoch: int) -> None:
        """Read the row, unless this is the first event ever."""
        first = self.mailbox.peek()
        known, self._known = self._known, True
        if (
            first is not None and first.seq == 1 and not known
        ):  # its first event ever, so there is nothing to read
            row = ConversationRow(self.conversation, self.shard, first.channel, 0, 0, 2, 0, b"")
        else:
            loaded = await room.host.load(self.conversation)
            if loaded is None:  # a hint that meant nothing; or the database has lost its last moments
                self.mailbox.clear()
                self.timers = None
                self._doubt = False
                return
            if (
                loaded.epoch > epoch
            ):  # it is another owner's, and the leases will say so: until then all is fenced
                room.waits += 1
                self._go(Phase.HOLDING)
                await self._pause(room, _DOUBT)
                return
            row = loaded
            # A lost answer, another owner's last turn, or what an operator wants to say.
            if known or row.epoch != epoch or row.operated:
                room.host.recall(self.conversation)
        self._row, self._doubt = row, False
        if row.parked:
            self.timers = None
            self._go(Phase.PARKED)
            return
        self.mailbox.start(row.done_seq)
        if row.next_seq - 1 > self.mailbox.tail:
            self.mailbox.behind = True
        self._go(Phase.IDLE)

    async def _turn(
        self,
        room: Room,
        row: ConversationRow,
        epoch: int,
        event: Event,
        gathered: Gathered | None = None,
        timer: Timer | None = None,
    ) -> None:
        """Let the actor handle one event, or several as one, and commit: all or nothing."""
        self._go(Phase.TURNING)
        size, stale = (gathered.size, gathered.stale) if gathered is not None else (0, False)
        async with room.host.resources() as resources:
            loaded = room.states.decode(row.state)
            self._tried = _Tried(row, epoch, size, stale, timer.name if timer is not None else "")
            turn = Turn(
                conversation=row.id,
                channel=row.channel,
                version=row.version + 1,
                state=loaded.state,
                now=room.host.now(),
                resources=resources,
                event=timer.name if timer is not None else row.done_seq + 1,
                events=size,
                paused=row.paused,
                held=row.held,
            )
            concern.set(turn)  # until the next one, or the end of this task
            cut: BaseException | None = None
            began = trio.current_time()
            with trio.CancelScope(deadline=began + room.turn_timeout) as deadline:
                resources.timed_by(deadline)
                try:
                    await room.actor.receive(turn, event)
                except BaseException as fault:
                    cut = first_of(fault)
                    raise
            if (
                deadline.cancelled_caught and cut is not None
            ):  # it says where it hung, and what it was retrying
                raise TurnTimedOut(f"the turn was cut after {room.turn_timeout} s").with_traceback(
                    cut.__traceback__
                ) from cut
            record = TurnRecord(
                row.id,
                epoch,
                row.version + 1,
                row.done_seq + 1,
                row.done_seq + size,
                turn.now,
                room.states.encode(loaded, turn.state),
                turn.effects,
                turn.now + room.reply_expires,
                timer,
                [(name, due) for name, due in turn.reminders.items() if due is not None],
                [name for name, due in turn.reminders.items() if due is None],
                stale,
                row.paused,
                "" if turn.interjecting else turn.pausing,
                turn.resuming or turn.interjecting,
                turn.resumed_why,
            )
            # Until the commit's answer is here the row in the journal is all that counts.
            self._row, self._doubt = None, True
            committed = await resources.commit(record)
        self._tried, self._doubt = None, False
        if not committed:
            room.fenced += 1
            _log.info("turn fenced", conversation=row.id, version=record.version, epoch=epoch)
            self._go(Phase.COLD)
            return
        self._row = ConversationRow(
            row.id,
            row.shard,
            row.channel,
            record.version,
            record.last_seq,
            row.next_seq,
            epoch,
            record.state,
            paused=turn.paused,
            operated=row.operated,
            held=turn.paused and turn.held,
        )
        self.mailbox.done(size)
        if self.timers:
            for name in turn.reminders:  # set for another time, or taken back
                self.timers.pop(name, None)
        self._seen_at = None
        self._go(Phase.IDLE)
        room.seconds.observe(trio.current_time() - began)
        room.turns += 1
        room.events += size
        room.host.committed(record)

    async def _fault(self, room: Room, raised: BaseException) -> None:
        """Count a fault if it is the actor's, then wait: with growing pauses, alone, or for an operator."""
        self._attempt += 1
        fault = first_of(raised)
        away = any(map(room.host.is_away, behind(raised)))
        tried, self._tried = self._tried, None
        kind, where = type(fault).__name__, origin(fault, below=__file__)
        pause = backoff(self._attempt, room.dice)
        if tried is None or away:
            room.waits += 1
            if away:
                pause = patience(pause, room.waiting + 1, room.dice)
            else:  # ours, or a state that another version wrote: nobody is to be parked for it
                concern.set(None)  # it is about a turn that could not begin, not about the one before
                row = self._row
                about = {} if row is None else {EVENT: row.done_seq + 1, "turn": row.version + 1}
                _log.error(
                    "conversation waits",
                    conversation=self.conversation,
                    **about,
                    fault=kind,
                    where=where,
                    reason=str(fault) if isinstance(fault, StateUnreadable) else "",
                    again_in=round(pause, 2),
                )
        else:
            room.faults += 1
            self._row, self._doubt = tried.row, False
            if tried.size > 1 and not tried.stale:
                self._alone_to = tried.row.done_seq + tried.size
                _log.warning(
                    "burst failed; its events are handled one by one",
                    conversation=self.conversation,
                    events=tried.size,
                    fault=kind,
                    where=where,
                )
            else:
                pause = await self._count(room, tried, kind, where)
        self._go(Phase.HOLDING)
        if self._row is not None and self._row.parked:
            self.timers = None
            self._go(Phase.PARKED)
            return
        room.cuts += tried is not None and not away and isinstance(fault, TurnTimedOut)
        room.waiting += away
        try:
            await self._pause(room, pause)
        finally:
            room.waiting -= away

    async def _count(self, room: Room, tried: _Tried, kind: str, where: str) -> float:
        """Count an attempt durably and tell of it; return the pause. What cannot be counted now is not: it only waits."""
        row = tried.row
        verdict = judge(row.attempts, row.attempts_since, room.host.now(), room.limits)
        pause = backoff(verdict.attempts, room.dice)
        attempt = FailedAttempt(
            row.id,
            tried.epoch,
            row.version,
            verdict.attempts,
            verdict.since,
            verdict.parked,
            row.done_seq + 1,
            tried.timer,
            kind[:200],
            where,
        )
        try:
            counted = await room.host.fail(attempt)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever ails the journal, the conversation waits
            _log.warning("attempt not counted", conversation=row.id, fault=type(error).__name__)
            return pause
        if not counted:
            self._row = None
            return pause
        self._row = msgspec.structs.replace(
            row, attempts=verdict.attempts, attempts_since=verdict.since, parked=verdict.parked
        )
        told = {"conversation": row.id, "attempt": verdict.attempts, "fault": kind, "where": where}
        if verdict.parked:
            room.parks += 1
            _log.error("conversation parked", **told, then=f"majlis parked show {row.id}")
        else:
            _log.error("turn failed", **told, again_in=round(pause, 2))
        return pause

    async def _pause(self, room: Room, seconds: float) -> None:
        """Wait; `stir` ends it."""
        if room.stopping or self._left:
            return
        self._stir = trio.Event()
        with trio.move_on_after(seconds):
            await self._stir.wait()
        self._stir = None

    def _go(self, phase: Phase) -> None:
        self.phase = follow(self.phase, phase)
