"""The hand-over in memory: the same promises as on Postgres, for tests and simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import trio

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import OperatorCommand, StoredEvent, encode_event
from runtime.channel import Arrival
from runtime.journal.handover import (
    BY_OPERATOR,
    KEY_MOST,
    LABEL_MOST,
    REASON_MOST,
    PastPause,
    Paused,
    Pausing,
    Resuming,
    Sending,
    Telling,
    checked,
    dedup_of,
    paused_as,
    told_resumed,
)
from runtime.journal.memory import Conversation, MemoryJournal, Outgoing, Pause


class MemoryHandover:
    """A `Handover` over the store of a journal. Every method changes all between two checkpoints."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._store = journal.store

    async def pause(self, conversation: str, *, by: str, why: str) -> Pausing:
        """See `Handover.pause`."""
        checked("the operator's label", by, LABEL_MOST), checked("the reason", why, REASON_MOST)
        await trio.lowlevel.checkpoint()
        held = self._store.conversations.get(conversation)
        if held is None:
            return Pausing(conversation, "unknown")
        before = held.pause
        held.version += before is None or not before.held
        now = datetime.fromtimestamp(self._store.wall(), UTC)
        taken = "" if before is None else before.to or ("" if before.held else by)
        pause = replace(before or Pause(0, now, by, why), after=held.version, to=taken)
        held.muted_to = held.version
        self._store.pause(held, pause)
        cancelled = self._cancel(conversation)
        return Pausing(conversation, paused_as(before is None), pause.by, pause.why, pause.since, cancelled)

    async def in_flight(self, conversation: str) -> int:
        """See `Handover.in_flight`."""
        await trio.lowlevel.checkpoint()
        return sum(out.status == "sending" for out in self._said_by_the_bot(conversation))

    async def resume(self, conversation: str, *, by: str) -> Resuming:
        """See `Handover.resume`."""
        checked("the operator's label", by, LABEL_MOST)
        await trio.lowlevel.checkpoint()
        held = self._store.conversations.get(conversation)
        if held is None:
            return Resuming(conversation, "unknown")
        if held.pause is None:
            return Resuming(conversation, "not paused")
        held.version += 1
        held.muted_to = held.version
        self._store.pause(held, None, by, BY_OPERATOR)
        cancelled = self._cancel(conversation)
        key = dedup_of("r", conversation, str(held.version))
        return Resuming(conversation, "resumed", cancelled, self._append(held, key, told_resumed(by)))

    async def assign(self, conversation: str, *, to: str) -> bool:
        """See `Handover.assign`."""
        checked("the operator's label", to, LABEL_MOST)
        await trio.lowlevel.checkpoint()
        held = self._store.conversations.get(conversation)
        if held is None or held.pause is None:
            return False
        held.version += not held.pause.to
        self._store.pause(held, replace(held.pause, to=to))
        return True

    async def send(
        self, conversation: str, payload: bytes, *, by: str, key: str, expires: datetime
    ) -> Sending:
        """See `Handover.send`."""
        checked("the operator's label", by, LABEL_MOST), checked("the key", key, KEY_MOST)
        await trio.lowlevel.checkpoint()
        held = self._store.conversations.get(conversation)
        if held is None:
            return Sending(conversation, "unknown")
        dedup = dedup_of("w", conversation, key)
        if dedup in self._store.seen:
            return Sending(conversation, "repeated")
        self._store.seen.add(dedup)
        held.version += 1
        held.operated = True
        if held.pause is not None and not held.pause.to:
            self._store.pause(held, replace(held.pause, to=by))
        effect = Effect(conversation, held.channel, held.version, 0, Lane.SEND, payload)
        self._store.outbox[str(effect.id)] = Outgoing(effect, expires.timestamp(), operator=by)
        return Sending(conversation, "queued", str(effect.id))

    async def tell(self, conversation: str, command: OperatorCommand, *, key: str) -> Telling:
        """See `Handover.tell`."""
        dedup = dedup_of("o", conversation, checked("the key", key, KEY_MOST))
        await trio.lowlevel.checkpoint()
        held = self._store.conversations.get(conversation)
        if held is None:
            return Telling(conversation, "unknown")
        events = self._append(held, dedup, command)
        return Telling(conversation, "stored" if events else "repeated", events)

    async def paused(self, limit: int, conversations: Sequence[str] | None = None) -> Sequence[Paused]:
        """See `Handover.paused`."""
        await trio.lowlevel.checkpoint()
        found = [
            Paused(c.id, c.channel, p.since, p.by, p.why, p.to, len(c.inbox) - c.done_seq)
            for c in self._store.conversations.values()
            if (p := c.pause) is not None and (conversations is None or c.id in conversations)
        ]
        return sorted(found, key=lambda one: (one.since, one.conversation))[:limit]

    async def pauses(self, conversation: str, limit: int) -> Sequence[PastPause]:
        """See `Handover.pauses`."""
        await trio.lowlevel.checkpoint()
        return self._store.pauses.get(conversation, [])[::-1][:limit]

    def _said_by_the_bot(self, conversation: str) -> Sequence[Outgoing]:
        return [
            out
            for out in self._store.outbox.values()
            if out.effect.conversation == conversation and out.effect.lane is Lane.SEND and not out.operator
        ]

    def _cancel(self, conversation: str) -> int:
        waiting = [
            out for out in self._said_by_the_bot(conversation) if out.status in {"queued", "uncertain"}
        ]
        for out in waiting:
            out.status = "cancelled"
        return len(waiting)

    def _append(self, held: Conversation, dedup: str, command: OperatorCommand) -> Sequence[StoredEvent]:
        """Append a command to the events of a conversation, unless its key was there."""
        heard = Arrival(held.channel, (), dedup, encode_event(command), perishable=False)
        return self._journal.append([heard], [held.id])
