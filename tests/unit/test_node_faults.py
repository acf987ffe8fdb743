"""A node whose journal misbehaves: lost answers, failed renewals, lost shards, work that is stuck. In virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
import trio

from config import Node as NodeSettings
from runtime import Accepted, Delivery, Event, HttpClient, Outcome, Pace, TimerDue, TryAgain, Turn, Verified
from runtime.actor.record import TurnRecord
from runtime.journal.identity import SHARDS, shard_of
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node import node as node_module
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable
from tests.unit.test_node_in_memory import Line, Memory, Parrot, Said, World, said

AWAY = ResourceUnavailable("postgres", "away")
ODD = asyncpg.InternalServerError("could not read a block")


class Moody(MemoryJournal):
    """Does its work, but loses the answer of a commit, or fails, when it is told to."""

    def __init__(self, store: MemoryStore, *, replica: str) -> None:
        super().__init__(store, replica=replica)
        self.lost_commits = 0
        self.blind = False
        self.faults: dict[str, Exception] = {}

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        done = await super().commit(turns)
        if self.lost_commits:
            self.lost_commits -= 1
            raise AWAY
        return done

    async def renew(self, *, ttl: float) -> dict[int, int]:
        self._fail("renew")
        return await super().renew(ttl=ttl)

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        self._fail("backlog")
        return [] if self.blind else await super().backlog(shards, limit, after)

    def _fail(self, where: str) -> None:
        if where in self.faults:
            raise self.faults.pop(where)


@asynccontextmanager
async def moody_node(
    world: World, replica: str = "one", *, blind: bool = False
) -> AsyncIterator[tuple[Node, Moody]]:
    journal = Moody(world.store, replica=replica)
    journal.blind = blind
    async with open_node(world.app, NodeSettings(), journal=journal, http=None, begin=None) as node:  # type: ignore[arg-type]
        await node.leases.settled.wait()
        await trio.sleep(1.5)
        yield node, journal


async def settled(world: World) -> None:
    """Wait until everything is handled and sent; long in vain is a failure."""
    with trio.fail_after(1000):
        while any(c.done_seq < len(c.inbox) for c in world.store.conversations.values()) or any(
            out.status != "done" for out in world.store.outbox.values()
        ):
            await trio.sleep(0.05)


def seize(world: World, shards: Sequence[int]) -> None:
    """Another replica takes these shards, for good."""
    for number in shards:
        shard = world.store.shards[number]
        shard.owner, shard.epoch, shard.lease_until = "other", shard.epoch + 1, float("inf")


def leave(world: World) -> None:
    """Whoever holds the shards is gone, its leases too."""
    for shard in world.store.shards:
        shard.lease_until = float("-inf")


async def test_the_sends_of_a_turn_whose_answer_was_lost_are_not_overtaken(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with moody_node(world) as (node, journal):
        journal.lost_commits = 1
        await node.store(Verified((said(1), said(2), said(3))))
        await settled(world)
    assert [text for _, text in world.post.got] == ["1", "2", "3"]


async def test_the_sends_of_a_reminder_whose_answer_was_lost_are_not_overtaken_though_its_cell_left_memory(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    receive = world.parrot.receive

    async def nudging(turn: Turn[Memory], event: Event) -> None:
        await receive(turn, event)
        if isinstance(event, TimerDue):
            turn.reply(Line("nudge"))
        elif not turn.state.heard[1:]:
            turn.remind("nudge", at=turn.now)

    world.parrot.receive = nudging  # type: ignore[method-assign]
    async with moody_node(world) as (node, journal):
        await node.store(Verified((said(1),)))
        await settled(world)
        journal.lost_commits = 1
        with trio.fail_after(3):
            while len(world.store.turns) < 2:
                await trio.sleep(0.01)
        await trio.sleep(0.5)
        node.cells.passivate(float("inf"))
        await node.store(Verified((said(2),)))
        await settled(world)
    assert [text for _, text in world.post.got] == ["1", "nudge", "2"]


async def test_the_sends_of_a_late_finisher_are_not_overtaken_by_the_new_owner(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    held, hold = trio.Event(), trio.Event()
    receive = world.parrot.receive

    async def slow(turn: Turn[Memory], event: Event) -> None:
        held.set()
        await hold.wait()
        await receive(turn, event)

    async with moody_node(world, "one") as (first, journal):
        world.parrot.receive = slow  # type: ignore[method-assign]
        await first.store(Verified((said(1),)))
        await held.wait()
        world.parrot.receive = receive  # type: ignore[method-assign]
        journal.renew = journal.acquire = _frozen  # type: ignore[method-assign]
        leave(world)
        async with moody_node(world, "two", blind=True) as (second, other):
            hold.set()
            with trio.fail_after(10):
                while first.room.turns < 1:
                    await trio.sleep(0.001)
            await second.store(Verified((said(2),)))
            other.blind = False
            await settled(world)
    assert [text for _, text in world.post.got] == ["1", "2"]


async def _frozen(**_: object) -> dict[int, int]:
    raise AWAY


async def test_shards_are_news_also_if_the_renewal_after_their_acquisition_failed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with moody_node(world) as (node, journal):
        seize(world, range(SHARDS))
        await trio.sleep(2)
        assert node.leases.shards == []
        leave(world)
        journal.faults["renew"] = AWAY
        journal.blind = True
        doubted: set[int] = set()
        doubt = node.lanes.doubt
        node.lanes.doubt = lambda shards: (doubted.update(shards), doubt(shards))[1]  # type: ignore[method-assign,func-returns-value]
        await trio.sleep(2)
        assert len(node.leases.shards) == SHARDS
        assert doubted == set(range(SHARDS))


async def test_lanes_of_lost_shards_are_forgotten(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with moody_node(world) as (node, _):
        world.post.answers.extend([TryAgain("busy", after=5.0)] * 2)
        await node.store(Verified((said(1), said(2, "bob"))))
        await trio.sleep(1)
        (bob,) = [c.id for c in world.store.conversations.values() if c.address == "id:bob"]
        seize(world, [shard_of(bob)])
        await trio.sleep(10)
        before = node.outbox.statistics().items
        await trio.sleep(10)
        assert node.outbox.statistics().items == before
    assert [text for _, text in world.post.got] == ["1"]


async def test_no_outbox_is_trusted_that_was_not_read(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with moody_node(world) as (node, _):
        seize(world, range(SHARDS))
        await trio.sleep(2)
        leave(world)
        node.leases.stop_turns()
        node.lanes.doubt({5})
        node._to_recover = {5}
        await node._look(everything=True)
        assert node.lanes._doubtful == {5}
        assert node._to_recover == {5}


async def test_conversations_that_are_stuck_hide_no_others_after_a_restart(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "_PENDING_MOST", 20)
    world = World()
    async with moody_node(world) as (node, _):
        node.sending.stop()
        await node.store(Verified(tuple(said(1, f"p{n}") for n in range(60))))
        while node.room.turns < 60:
            await trio.sleep(0.1)
    last = world.store.conversations[max(world.store.conversations)].address
    perform = world.post.perform

    async def only_last(delivery: Delivery, http: HttpClient) -> Outcome:
        return await perform(delivery, http) if delivery.address == last else TryAgain("no", after=30.0)

    world.post.perform = only_last  # type: ignore[method-assign]
    async with moody_node(world):
        with trio.fail_after(60):
            await world.post.until(1)


async def test_events_behind_many_that_fail_are_found_by_the_poll(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "_POLL_MOST", 20)
    world = World()
    ingest = MemoryJournal(world.store, replica="elsewhere")
    await ingest.ingest([said(1, f"p{n}") for n in range(60)])
    last = max(world.store.conversations)
    receive = world.parrot.receive

    async def only_last(turn: Turn[Memory], event: Event) -> None:
        if turn.conversation != last:
            raise ValueError
        await receive(turn, event)

    world.parrot.receive = only_last  # type: ignore[method-assign]
    async with moody_node(world):
        with trio.fail_after(60):
            await world.post.until(1)


class Marker(Parrot):
    """Asks for something beside the sends."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        assert isinstance(event, Said)
        turn.aside(Line(event.text))


async def test_asides_that_must_wait_keep_no_others_waiting(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    object.__setattr__(world.app, "actor", Marker())
    done: list[str] = []

    async def perform(delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        if delivery.address != "id:good":
            return TryAgain("disabled")
        done.append(delivery.address)
        return Accepted()

    world.post.perform = perform  # type: ignore[method-assign]
    async with moody_node(world) as (node, _):
        await node.store(Verified(tuple(said(1, f"p{n}") for n in range(64))))
        await trio.sleep(5)
        await node.store(Verified((said(1, "good"),)))
        await trio.sleep(5)
    assert done == ["id:good"]


@pytest.mark.parametrize("where", ["renew", "backlog"])
async def test_no_error_of_the_database_ends_a_node(
    autojump_clock: trio.testing.MockClock, where: str
) -> None:
    world = World()
    async with moody_node(world) as (node, journal):
        journal.faults[where] = ODD
        await trio.sleep(3)
        assert not journal.faults
        await node.store(Verified((said(1),)))
        await settled(world)


async def test_an_outbox_that_could_not_be_read_is_read_before_the_next_send(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with moody_node(world) as (node, _):
        node.sending.stop()
        await node.store(Verified((said(1),)))
        while node.room.turns < 1:
            await trio.sleep(0.01)
    journal = Moody(world.store, replica="one")
    effects = journal.effects

    async def broken(conversations: Sequence[str]) -> Sequence[object]:
        raise ODD

    journal.effects = broken  # type: ignore[method-assign,assignment]
    async with open_node(world.app, NodeSettings(), journal=journal, http=None, begin=None) as node:  # type: ignore[arg-type]
        await trio.sleep(2)
        journal.effects = effects  # type: ignore[method-assign]
        await node.store(Verified((said(2),)))
        await settled(world)
    assert [text for _, text in world.post.got] == ["1", "2"]


async def test_people_at_their_pair_limit_do_not_use_up_their_channel(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.post.pace = lambda channel: Pace(10, 6.0, 1)  # type: ignore[method-assign]
    async with moody_node(world) as (node, _):
        for number in range(20):
            await node.store(Verified(tuple(said(number, f"p{n}") for n in range(45))))
        await trio.sleep(100)
    # Forty-five people bear 7.5 a second together, and the channel 8.5.
    assert len(world.post.got) > 650
    for first, eleventh in zip(world.post.times, world.post.times[10:], strict=False):
        assert eleventh - first > 1 - 1e-6


async def test_a_shard_lost_and_regained_under_a_running_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    held, hold = trio.Event(), trio.Event()
    receive = world.parrot.receive

    async def slow(turn: Turn[Memory], event: Event) -> None:
        if not held.is_set():
            held.set()
            await hold.wait()
        await receive(turn, event)

    world.parrot.receive = slow  # type: ignore[method-assign]
    async with moody_node(world) as (node, _):
        await node.store(Verified(tuple(said(number) for number in range(5))))
        await held.wait()
        seize(world, range(SHARDS))
        await trio.sleep(2)
        leave(world)
        await trio.sleep(2.5)
        hold.set()
        await settled(world)
    assert [text for _, text in world.post.got] == list("01234")
    assert len(world.store.turns) == 5


async def test_thousands_that_wait_for_a_resource_leave_time_to_those_who_get_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    receive = world.parrot.receive
    tries: list[float] = []
    away = True

    async def crowded(turn: Turn[Memory], event: Event) -> None:
        tries.append(trio.current_time())
        if away:
            raise ResourceUnavailable("postgres", "1000 callers are waiting already")
        await receive(turn, event)

    world.parrot.receive = crowded  # type: ignore[method-assign]
    async with world.node() as node:
        await node.store(Verified(tuple(said(1, f"guest{n}") for n in range(3000))))
        await trio.sleep(30)
        lately = [at for at in tries if at > trio.current_time() - 20]
        assert 300 * 20 < len(lately) < 600 * 20
        away = False
        with trio.fail_after(12):  # none had to wait much longer than all of them together need
            while node.cells.statistics().turns < 3000:
                await trio.sleep(0.05)
        assert node.cells.statistics().faults == 0
