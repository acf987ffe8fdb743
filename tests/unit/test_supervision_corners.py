"""What happens at the seams: a timer that is gone, a cell that is dropped, a journal at fault; in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from typing import cast

import asyncpg
import msgspec
import pytest
import trio

from config import Node as NodeSettings
from runtime import BurstPolicy, Event, TimerDue, Turn, Verified
from runtime.actor.record import ConversationRow, TurnRecord
from runtime.actor.resources import Transaction
from runtime.journal.identity import shard_of
from runtime.journal.memory import MemoryJournal
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable
from tests.unit.test_node_in_memory import Said, said
from tests.unit.test_node_supervision import Notes, Scribe, Typist, World, remind, until


class Slow(Scribe):
    """Thinks for two seconds over each text."""

    running = 0
    most = 0

    async def receive(self, turn: Turn[Notes], event: Event) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if isinstance(event, Said):
                await trio.sleep(2)
            await super().receive(turn, event)
        finally:
            self.running -= 1


@asynccontextmanager
async def node_on(
    world: World,
    journal: MemoryJournal,
    begin: Callable[[], AbstractAsyncContextManager[Transaction]] | None = None,
    **settings: float,
) -> AsyncIterator[Node]:
    """Open a node on a journal of the test's own."""
    async with open_node(
        world.app,
        NodeSettings(**settings),
        journal=journal,
        http=None,
        begin=begin,
        now=world.wall,  # type: ignore[arg-type]
    ) as node:
        await node.leases.settled.wait()
        yield node


# ── timers ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("again", [False, True])
async def test_a_timer_that_an_answer_takes_back_while_it_waits_in_memory_is_not_begun(
    again: bool, autojump_clock: trio.testing.MockClock
) -> None:
    world = World(Slow())
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.acts["1"] = remind("nudge", hours=9) if again else lambda turn: turn.forget("nudge")
    world.actor.poison.add("due:nudge")
    async with world.node(max_attempts=2) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard() == ["0"])
        (timer,) = world.store.timers.values()
        await trio.sleep((timer.due_at - world.wall()).total_seconds() - 0.5)
        await node.store(Verified((said(1),)))  # its turn lasts from before the nudge is due until after
        await trio.sleep(300)
    assert [what for _, what in world.actor.handled] == ["0", "1"]
    assert world.parked() == []


async def test_all_of_many_timers_of_one_conversation_come(autojump_clock: trio.testing.MockClock) -> None:
    world = World()

    def many(turn: Turn[Notes]) -> None:
        for number in range(40):
            turn.remind(f"n{number:02}", after=timedelta(seconds=5))

    world.actor.acts["0"] = many
    world.actor.acts["due:n07"] = lambda turn: turn.remind("n07", after=timedelta(seconds=3))
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard().count("due:n07") == 3)
    assert {f"due:n{n:02}" for n in range(40)} <= set(world.heard())


# ── shards that go ────────────────────────────────────────────────────


def take(world: World, shard: int, owner: str | None) -> None:
    """Let a shard have another owner in the journal, or none."""
    held = world.store.shards[shard]
    held.owner, held.epoch = owner, held.epoch + 2
    held.lease_until = float("-inf") if owner is None else world.store.wall() + 10_000


@pytest.mark.parametrize("kind", ["holding", "gathering"])
async def test_a_pause_of_a_conversation_that_went_elsewhere_holds_up_no_stop(
    kind: str, autojump_clock: trio.testing.MockClock
) -> None:
    class Patient(Scribe):
        burst = BurstPolicy(quiet=100.0, longest=100.0, of=(Said,)) if kind == "gathering" else None

    world = World(Patient())
    world.actor.poison.add("0")
    async with world.node(max_attempts=100) as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(55)
        assert node.cells.statistics().busy == 1
        take(world, shard_of(next(iter(world.store.conversations))), "two")
        await until(lambda: node.leases.statistics().lost > 0)
        with trio.fail_after(0.1):
            await node.finish_turns()


async def test_a_conversation_that_comes_back_is_handled_by_one_task(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Slow())
    async with world.node() as node:
        await node.store(Verified(tuple(said(n) for n in range(4))))
        await trio.sleep(0.1)
        shard = shard_of(next(iter(world.store.conversations)))
        take(world, shard, "two")
        await until(lambda: node.leases.statistics().lost > 0)
        take(world, shard, None)
        await until(lambda: world.heard() == ["0", "1", "2", "3"])
        begun = [what for _, what in world.actor.handled]
    assert begun in (["0", "1", "2", "3"], ["0", "0", "1", "2", "3"])


async def test_a_conversation_that_a_later_owner_wrote_waits_for_the_leases_to_say_so(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    often: list[None] = []

    def count(_turn: Turn[Notes]) -> None:
        often.append(None)
        if len(often) > 50:  # a fault pauses, or time would stand still
            raise LookupError

    world.actor.acts["1"] = count
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard() == ["0"])
        (conversation,) = world.store.conversations.values()
        conversation.epoch += 1  # the database's clock has run ahead of our trust
        await node.store(Verified((said(1),)))
        await trio.sleep(10)
        assert len(world.actor.handled) < 20
        conversation.epoch -= 1
        await until(lambda: world.heard() == ["0", "1"])


class Forgetful(MemoryJournal):
    """A standby that lacked the last moment has taken over: the conversation is not there. Counts who asks for it."""

    asked = 0

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        return frozenset()

    async def load(self, conversations: Sequence[str]) -> Sequence[ConversationRow]:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        if self.asked > 50:
            await trio.sleep(0.1)  # or time would stand still
        return []

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        await trio.lowlevel.checkpoint()
        return []


async def test_an_event_whose_conversation_the_journal_has_lost_is_let_go(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    journal = Forgetful(world.store, replica="one")
    async with node_on(world, journal) as node:
        await node.store(Verified((said(0), said(1))))
        await trio.sleep(10)
        assert node.cells.statistics().busy == 0
        assert journal.asked == 1


# ── faults that are not the actor's ───────────────────────────────────


class Faulty(MemoryJournal):
    """Its commits fail in a way that is no fault of the data, as long as it is told to."""

    failing = True

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        if self.failing:
            raise RuntimeError("relation has no such column")
        return await super().commit(turns)


async def test_a_journal_that_is_itself_at_fault_parks_nobody(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    journal = Faulty(world.store, replica="one")
    async with node_on(world, journal, max_attempts=1) as node:
        await node.store(Verified((said(0), said(10, "bob"))))
        await trio.sleep(30)
        assert world.parked() == []
        assert all(c.attempts == 0 for c in world.store.conversations.values())
        journal.failing = False
        await until(lambda: world.heard() == ["0"] and world.heard("bob") == ["10"])


def both() -> BaseException:
    return BaseExceptionGroup(
        "a nursery", [KeyError("not there yet"), ResourceUnavailable("postgres", "away")]
    )


def wrapped() -> BaseException:
    error = LookupError("no price")
    error.__cause__ = ResourceUnavailable("http", "away")
    return error


def while_handling() -> BaseException:
    error = LookupError("no price")
    error.__context__ = ResourceUnavailable("redis", "away")
    return error


@pytest.mark.parametrize("outage", [both, wrapped, while_handling, asyncpg.DeadlockDetectedError])
async def test_an_outage_blames_nobody_however_the_actor_passes_it_on(
    outage: object, autojump_clock: trio.testing.MockClock
) -> None:
    class Through(Scribe):
        async def receive(self, turn: Turn[Notes], event: Event) -> None:
            if self.crash:
                raise outage()  # type: ignore[operator]
            await super().receive(turn, event)

    world = World(Through())
    world.actor.crash.add("")
    async with world.node(max_attempts=1) as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(30)
        assert world.parked() == []
        world.actor.crash.clear()
        await until(lambda: world.heard() == ["0"])


async def _away() -> None:
    raise ResourceUnavailable("postgres", "away")


async def test_a_turn_that_was_cut_while_it_retried_what_was_away_is_no_fault(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Stubborn(Scribe):
        async def receive(self, turn: Turn[Notes], event: Event) -> None:
            while self.crash:
                try:
                    await _away()
                except ResourceUnavailable:
                    await trio.sleep(0.7)
            await super().receive(turn, event)

    world = World(Stubborn())
    world.actor.crash.add("")
    async with world.node(max_attempts=1, turn_timeout=2.0) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: node.cells.statistics().waits > 3)
        assert world.parked() == []
        world.actor.crash.clear()
        await until(lambda: world.heard() == ["0"])


# ── bursts ────────────────────────────────────────────────────────────


async def test_texts_that_another_replica_stored_are_one_turn_too(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Typist())
    elsewhere = MemoryJournal(world.store, replica="two")
    async with world.node() as node:
        for number in range(5):
            for event in (await elsewhere.ingest([said(number)])).events:
                node.wake(event.conversation, event.shard)
            await trio.sleep(0.6)
        await until(lambda: world.heard() != [])
    assert world.heard() == ["0+1+2+3+4"]


async def test_a_burst_may_be_longer_than_a_mailbox(autojump_clock: trio.testing.MockClock) -> None:
    world = World(Typist())
    async with world.node(mailbox_limit=1) as node:
        for number in range(5):
            await node.store(Verified((said(number),)))
            await trio.sleep(0.6)
        await until(lambda: world.heard() != [])
    assert world.heard() == ["0+1+2+3+4"]


async def test_what_does_not_join_ends_a_burst_also_from_the_journal(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Picky(Scribe):
        burst = BurstPolicy(quiet=50.0, longest=100.0, of=(TimerDue,))

    world = World(Picky())
    async with world.node(mailbox_limit=1) as node:
        await node.store(Verified(tuple(said(n) for n in range(5))))
        await until(lambda: len(world.heard()) == 5, 5)


async def test_stale_events_before_a_burst_are_a_turn_of_their_own(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Typist())
    journal = MemoryJournal(world.store, replica="ingress only")
    old = int(world.store.wall()) - 30 * 3600
    stale = [msgspec.structs.replace(said(n), stamped=old) for n in (0, 1, 4)]
    await journal.ingest([stale[0], stale[1], said(2), said(3), stale[2], said(5)])
    async with world.node(mailbox_limit=2):
        await until(lambda: len(world.heard()) == 4)
    assert world.heard() == ["stale:2", "2+3", "stale:1", "5"]


# ── the actor's own transaction ───────────────────────────────────────


async def test_a_transaction_that_an_exception_left_is_undone_though_the_turn_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ends: list[str] = []

    @asynccontextmanager
    async def begin() -> AsyncIterator[Transaction]:
        try:
            yield cast("Transaction", None)
        except ValueError:
            ends.append("undone")
            raise
        ends.append("done")

    class Careful(Scribe):
        async def receive(self, turn: Turn[Notes], event: Event) -> None:
            with suppress(ValueError):
                async with turn.postgres():
                    raise ValueError
            await super().receive(turn, event)

    world = World(Careful())
    async with node_on(world, MemoryJournal(world.store, replica="one"), begin) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard() == ["0"])
    assert ends == ["undone"]
