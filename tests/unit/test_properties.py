"""What holds in every life of a conversation: random schedules on the in-memory journal, in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import ClassVar

import trio
import trio.testing
from hypothesis import given, settings

from runtime import BurstPolicy, Transaction, encode_event
from runtime.actor.event import EventCodec, StoredEvent
from runtime.actor.gathering import gather
from runtime.actor.record import Timer, TurnRecord
from runtime.drill.chronicler import Pressed, Told, name_of
from runtime.drill.nowhere import nowhere
from runtime.journal.memory import MemoryJournal, MemoryStore
from tests.unit.schedules import (
    START,
    Books,
    Kept,
    PastEvent,
    PastRow,
    Run,
    Schedule,
    Sent,
    check,
    schedules,
)


class Watched(MemoryJournal):
    """Notes each turn of a timer that commits while an event waits, or that was set anew since."""

    def __init__(self, store: MemoryStore, replica: str, wrong: list[str]) -> None:
        super().__init__(store, replica=replica)
        self._wrong = wrong

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        done = await super().commit(turns)
        for turn in turns:
            if turn.conversation in done and turn.timer is not None:
                self._watch(turn, turn.timer)
        return done

    def _watch(self, turn: TurnRecord, timer: Timer) -> None:
        """Look between two checkpoints; raising here would be a fault like any other, and be tried again."""
        if len(self._store.conversations[turn.conversation].inbox) > turn.last_seq:
            self._wrong.append(f"{timer.name} beat an answer")
        before = [one for one in self._store.turns if one.conversation == timer.conversation][:-1]
        if [one.version for one in before if timer.name in dict(one.reminders)][-1:] != [timer.generation]:
            self._wrong.append(f"{timer.name} had been set anew")


class MemoryWorld:
    """See `World`."""

    channel = "post:1"
    scale = 1.0
    codec = EventCodec((Told, Pressed))
    settings: ClassVar = {"turn_timeout": 1.0, "send_timeout": 1.0, "uncertain_wait": 2.0}

    def __init__(self) -> None:
        self.store = MemoryStore(lambda: START.timestamp() + trio.current_time())
        self.wrong: list[str] = []

    def journal(self, replica: str) -> MemoryJournal:
        return Watched(self.store, replica, self.wrong)

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        return nowhere()

    def now(self) -> datetime:
        return START + timedelta(seconds=trio.current_time())

    async def parked(self) -> Sequence[tuple[str, str]]:
        await trio.lowlevel.checkpoint()
        return [
            (
                c.id,
                f"due:{c.parked.timer}"
                if c.parked.timer
                else name_of(self.codec.decode(c.inbox[c.parked.seq - 1].payload)),
            )
            for c in self.store.conversations.values()
            if c.parked is not None
        ]

    async def unpark(self, conversation: str, *, skip: bool) -> None:
        await trio.lowlevel.checkpoint()
        self.store.unpark(conversation, skip=skip)

    async def end_leases(self) -> None:
        await trio.lowlevel.checkpoint()
        for shard in self.store.shards:
            shard.lease_until = float("-inf")

    async def quiet(self) -> bool:
        await trio.lowlevel.checkpoint()
        parked = any(c.parked is not None for c in self.store.conversations.values())
        return self.store.settled() and not parked and not self.store.timers

    async def books(self) -> Books:
        await trio.lowlevel.checkpoint()
        store = self.store
        conversations = [
            Kept(
                c.id,
                c.channel,
                c.version,
                c.done_seq,
                c.state,
                [PastEvent(event.payload, event.received_at) for event in c.inbox],
                [
                    PastRow(
                        t.version, t.first_seq, t.last_seq, t.now, t.timer.name if t.timer else "", t.stale
                    )
                    for t in store.turns
                    if t.conversation == c.id
                ],
                [
                    one.seq
                    for one in store.letters
                    if (one.conversation, one.fate, one.timer) == (c.id, "dead", "")
                ],
                [one.seq for one in store.letters if (one.conversation, one.fate) == (c.id, "stale")],
                [name for conversation, name in store.timers if conversation == c.id],
            )
            for c in store.conversations.values()
        ]
        outbox = {
            name: Sent(
                out.effect.conversation,
                out.effect.version,
                out.effect.ordinal,
                out.effect.lane.value,
                out.effect.payload,
                out.status,
                out.maybe_duplicate,
            )
            for name, out in store.outbox.items()
        }
        return Books(conversations, outbox)


async def live(schedule: Schedule) -> None:
    """Run a schedule in a world of its own and judge it."""
    world = MemoryWorld()
    run = Run(world, schedule)
    await check(run, await run())
    assert not world.wrong


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_every_life_leaves_its_books_in_order(schedule: Schedule) -> None:
    """Order, no lost update, each event in one turn, each effect once, no cancelled timer, an exact replay."""
    trio.run(live, schedule, clock=trio.testing.MockClock(autojump_threshold=0))


def test_what_rounding_leaves_of_a_bursts_wait_is_no_wait() -> None:
    """A wait that does not move the clock is over before it began, again and again."""
    policy = BurstPolicy(quiet=0.3, longest=1.0, of=(Told,))
    stored = StoredEvent("c", 0, 1, encode_event(Told(number=1)), START, "post:1")
    quiet_for = 0.3 - 2**-54
    assert quiet_for < 0.3
    assert gather(deque([stored]), EventCodec((Told,)), 10.0, policy, 0.5, quiet_for).wait == 0
