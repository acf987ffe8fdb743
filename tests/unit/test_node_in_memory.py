"""A whole node on the in-memory journal in virtual time: what holds without any server."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest
import trio

from config import Node as NodeSettings
from config import Settings
from runtime import (
    Accepted,
    Actor,
    App,
    Arrival,
    Delivery,
    EffectFailed,
    Event,
    HttpClient,
    Outcome,
    Pace,
    Receipt,
    Refused,
    Request,
    Response,
    TryAgain,
    Turn,
    Uncertain,
    Verified,
    encode_event,
)
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node


class Said(Event, frozen=True, kw_only=True):
    text: str


class Line(msgspec.Struct, frozen=True, tag=True):
    body: str


class Memory(msgspec.Struct):
    heard: list[str] = []
    failures: list[str] = []


class Parrot(Actor[Memory]):
    """Repeats what it hears; fails, or spoils its state, once for each text that it is told to."""

    def __init__(self) -> None:
        self.to_fail: deque[str] = deque()
        self.to_spoil: deque[str] = deque()
        self.fault: BaseException = ValueError()

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        await trio.lowlevel.checkpoint()
        match event:
            case Said(text=text):
                turn.state.heard.append(text)
                turn.reply(Line(text))
                if text in self.to_fail:
                    self.to_fail.remove(text)
                    raise self.fault
                if text in self.to_spoil:
                    self.to_spoil.remove(text)
                    turn.state.heard = 5  # type: ignore[assignment]
            case EffectFailed(code=code):
                turn.state.failures.append(code)


class Post:
    """A provider in memory: answers as it is told, else accepts."""

    name = "post"

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.answers: deque[Outcome] = deque()
        self.ids: list[str] = []
        self.times: list[float] = []
        self.arrived = trio.Event()

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["post:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(80, 6.0, 45)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        self.ids.append(delivery.id)
        outcome = self.answers.popleft() if self.answers else Accepted(f"p-{len(self.ids)}")
        if isinstance(outcome, Accepted | Uncertain):
            self.got.append((delivery.address, msgspec.json.decode(delivery.payload)["body"]))
            self.times.append(trio.current_time())
        self.arrived.set()
        return outcome

    async def until(self, number: int) -> None:
        while len(self.got) < number:
            self.arrived = trio.Event()
            await self.arrived.wait()


class World:
    def __init__(self) -> None:
        self.store = MemoryStore(trio.current_time)
        self.parrot = Parrot()
        self.post = Post()
        self.app = App("parrot", self.parrot, (self.post,), (Said,))

    @asynccontextmanager
    async def node(self, replica: str = "one", **settings: float) -> AsyncIterator[Node]:
        journal = MemoryJournal(self.store, replica=replica)
        async with open_node(
            self.app, NodeSettings(**settings), journal=journal, http=None, begin=None
        ) as node:  # type: ignore[arg-type]
            await node.leases.settled.wait()
            yield node

    def state(self) -> Memory:
        (conversation,) = self.store.conversations.values()
        return msgspec.json.decode(conversation.state, type=Memory)


def said(number: int, person: str = "ann") -> Arrival:
    return Arrival("post:1", (f"id:{person}",), f"m|{person}|{number}", encode_event(Said(text=str(number))))


async def quiet(world: World) -> None:
    """Wait until everything stored is handled and everything to be sent is settled."""
    while any(c.done_seq < len(c.inbox) for c in world.store.conversations.values()) or any(
        out.status in {"queued", "sending", "uncertain"} for out in world.store.outbox.values()
    ):
        await trio.sleep(0.05)


async def test_each_event_becomes_one_turn_and_one_reply_in_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        for number in range(20):
            await node.store(Verified((said(number), said(number, "bob"))))
        await quiet(world)
    assert [text for who, text in world.post.got if who == "id:ann"] == [str(n) for n in range(20)]
    assert [text for who, text in world.post.got if who == "id:bob"] == [str(n) for n in range(20)]
    assert len(world.store.turns) == 40


async def test_a_duplicate_is_handled_once(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with world.node() as node:
        await node.store(Verified((said(1), said(1), said(2))))
        await node.store(Verified((said(1),)))
        await quiet(world)
    assert world.post.got == [("id:ann", "1"), ("id:ann", "2")]


async def test_a_turn_that_fails_leaves_no_trace_and_is_tried_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.parrot.to_fail.extend(["1", "1"])
    async with world.node() as node:
        await node.store(Verified((said(1), said(2), said(3, "bob"))))
        await quiet(world)
    assert [t for who, t in world.post.got if who == "id:ann"] == ["1", "2"]
    assert [turn.version for turn in world.store.turns if turn.first_seq == 1] == [1, 1]
    assert node.room.faults == 2


@pytest.mark.parametrize("fault", [SystemExit(1), GeneratorExit(), BaseExceptionGroup("two", [SystemExit()])])
async def test_an_actor_that_wants_to_end_the_process_fails_its_own_turn_alone(
    autojump_clock: trio.testing.MockClock, fault: BaseException
) -> None:
    world = World()
    world.parrot.to_fail.append("1")
    world.parrot.fault = fault
    async with world.node() as node:
        await node.store(Verified((said(1), said(2), said(3, "bob"))))
        await quiet(world)
    assert [t for who, t in world.post.got if who == "id:ann"] == ["1", "2"]
    assert ("id:bob", "3") in world.post.got
    assert node.room.faults == 1


async def test_a_state_that_could_not_be_read_again_fails_the_turn_that_made_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.parrot.to_spoil.append("2")
    async with world.node() as node:
        await node.store(Verified((said(1), said(2), said(3))))
        await quiet(world)
    assert node.room.faults == 1
    assert world.state().heard == ["1", "2", "3"]
    assert [text for _, text in world.post.got] == ["1", "2", "3"]


async def test_a_send_that_may_try_again_holds_its_lane(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.post.answers.extend([TryAgain("busy"), TryAgain("busy", after=3.0)])
    async with world.node() as node:
        await node.store(Verified((said(1), said(2))))
        await quiet(world)
    assert [text for _, text in world.post.got] == ["1", "2"]
    assert world.post.ids[0] == world.post.ids[1] == world.post.ids[2]


async def test_an_uncertain_send_waits_then_leaves_once_more_as_maybe_duplicate(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.post.answers.append(Uncertain("timeout"))
    async with world.node(uncertain_wait=20.0) as node:
        await node.store(Verified((said(1), said(2))))
        await quiet(world)
    assert [text for _, text in world.post.got] == ["1", "1", "2"]
    assert world.post.times[1] - world.post.times[0] >= 20.0
    assert [out.maybe_duplicate for out in world.store.outbox.values()] == [True, False]


async def test_a_receipt_settles_an_uncertain_send_at_once(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.post.answers.append(Uncertain("timeout"))
    async with world.node(uncertain_wait=20.0) as node:
        await node.store(Verified((said(1), said(2))))
        await world.post.until(1)
        await trio.sleep(1)
        before = trio.current_time()
        await node.store(Verified((), (Receipt("post:1", world.post.ids[0], "wamid", "sent"),)))
        await world.post.until(2)
        assert trio.current_time() - before < 1
        await quiet(world)
    assert [text for _, text in world.post.got] == ["1", "2"]


async def test_a_receipt_of_another_channel_settles_nothing(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.post.answers.append(Uncertain("timeout"))
    async with world.node() as node:
        await node.store(Verified((said(1),)))
        await world.post.until(1)
        await node.store(Verified((), (Receipt("post:2", world.post.ids[0], "wamid", "sent"),)))
        assert [out.status for out in world.store.outbox.values()] != ["done"]


async def test_a_refused_send_comes_back_as_an_event_and_the_lane_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.post.answers.append(Refused("131026", "not on the network"))
    async with world.node() as node:
        await node.store(Verified((said(1), said(2))))
        await quiet(world)
    assert [text for _, text in world.post.got] == ["2"]
    assert world.state().failures == ["131026"]


async def test_a_send_that_is_too_old_fails_as_expired(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.post.answers.extend([TryAgain("busy", after=8.0)] * 2)
    async with world.node(reply_expires=10.0) as node:
        node.now = lambda: datetime.fromtimestamp(trio.current_time(), UTC)  # type: ignore[method-assign]
        await node.store(Verified((said(1),)))
        await quiet(world)
    assert world.post.got == []
    assert world.state().failures == ["expired"]


async def test_a_crash_between_claim_and_answer_is_settled_by_the_next_life(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        stuck = trio.Event()
        perform = world.post.perform

        async def hang(delivery: Delivery, http: HttpClient) -> Outcome:
            stuck.set()
            await trio.sleep_forever()
            raise AssertionError

        world.post.perform = hang  # type: ignore[method-assign]
        await node.store(Verified((said(1), said(2))))
        await stuck.wait()
        world.post.perform = perform  # type: ignore[method-assign]
    assert world.post.got == []
    async with world.node():
        await quiet(world)
    assert [text for _, text in world.post.got] == ["1", "2"]
    assert [out.maybe_duplicate for out in world.store.outbox.values()] == [True, False]


async def test_nothing_overtakes_what_a_lane_left_behind(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with world.node() as node:
        trusted = node.leases._holding.trusted_until
        await node.store(Verified((said(1), said(2, "bob"))))
        node.lanes.outbox = _InDoubt(node)  # type: ignore[assignment]
        while node.room.turns < 2:
            await trio.sleep(0.01)
        node.lanes.outbox = node
        assert trusted <= node.leases._holding.trusted_until
        await node.store(Verified((said(3), said(4))))
        await quiet(world)
    assert [text for who, text in world.post.got if who == "id:ann"] == ["1", "3", "4"]


async def test_after_a_restart_new_sends_come_behind_those_in_the_outbox(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        node.sending.stop()
        await node.store(Verified((said(1), said(2))))
        while node.room.turns < 2:
            await trio.sleep(0.01)
        await node.store(Verified((said(3),)))
    for _ in range(5):
        async with world.node() as node:
            await node.store(Verified((said(3), said(4))))
            await world.post.until(1)
    async with world.node():
        await quiet(world)
    assert [text for _, text in world.post.got] == ["1", "2", "3", "4"]


class _InDoubt:
    """An outbox of which no epoch is certain."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def claim_epoch(self, shard: int) -> None:
        return None

    async def effects(self, conversation: str) -> Sequence[object]:
        return await self._node.effects(conversation)


async def test_the_pair_limit_is_kept_by_waiting(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with world.node() as node:
        await node.store(Verified(tuple(said(number) for number in range(60))))
        await quiet(world)
    assert [text for _, text in world.post.got] == [str(n) for n in range(60)]
    full = 45.0
    level, last = full, world.post.times[0]
    for time in world.post.times:
        level = min(full, level + (time - last) / 6.0) - 1
        last = time
        assert level >= -1e-6


async def test_a_standby_takes_over_what_a_stopped_node_left(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with world.node("one") as first, world.node("two") as second:
        assert len(first.leases.shards) == 128
        assert second.leases.shards == []
        await second.store(Verified((said(1),)))
        await world.post.until(1)
        await first.finish_turns()
        await second.store(Verified((said(2),)))
        await first.finish_effects()
        await first.release()
        await world.post.until(2)
        assert len(second.leases.shards) == 128
    assert world.post.got == [("id:ann", "1"), ("id:ann", "2")]
    assert [(turn.first_seq, turn.last_seq) for turn in world.store.turns] == [(1, 1), (2, 2)]


async def test_a_channel_keeps_its_pace_when_its_shards_leave_and_come_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node("one") as first, world.node("two") as second:
        await first.store(Verified(tuple(said(1, f"p{number}") for number in range(300))))
        await world.post.until(20)
        for shard in world.store.shards:  # as if the lease had expired unseen
            shard.lease_until = float("-inf")
        await MemoryJournal(world.store, replica="two").acquire(own=False, ttl=10.0)
        with trio.fail_after(10):
            while not second.leases.shards or first.leases.shards:
                await trio.sleep(0.1)
        await second.finish_turns()
        await second.finish_effects()
        await second.release()
        back = trio.current_time()
        with trio.fail_after(60):
            await quiet(world)
        assert trio.current_time() - back < 10
    assert sorted(who for who, _ in world.post.got) == sorted(f"id:p{number}" for number in range(300))


async def test_whoever_waited_for_a_place_asks_again_whether_the_shard_is_still_ours(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        await node.store(Verified(tuple(said(1, f"p{number}") for number in range(200))))
        await world.post.until(20)
        while node.room.turns < 200:
            await trio.sleep(0.01)
        sent = len(world.post.ids)
        node.leases.claim_epoch = lambda _shard: None  # type: ignore[method-assign]
        await trio.sleep(5)
        assert len(world.post.ids) - sent <= 2


async def test_stopping_does_not_wait_for_a_turn_that_keeps_failing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.parrot.to_fail.extend(["1"] * 100)
    async with world.node(max_attempts=1000) as node:
        await node.store(Verified((said(1),)))
        while node.room.faults < 9:
            await trio.sleep(1)
        started = trio.current_time()
        await node.finish_turns()
        assert trio.current_time() - started < 0.1
    assert world.post.got == []


async def test_a_late_finisher_is_fenced(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hold, held = trio.Event(), trio.Event()
    async with world.node("one", lease_ttl=3.0) as first:
        receive = world.parrot.receive
        waited: list[int] = []

        async def slow(turn: Turn[Memory], event: Event) -> None:
            if not waited:
                waited.append(1)
                held.set()
                await hold.wait()
            await receive(turn, event)

        world.parrot.receive = slow  # type: ignore[method-assign]
        await first.store(Verified((said(1),)))
        await held.wait()
        for shard in world.store.shards:  # as if the lease had expired unseen
            shard.lease_until = float("-inf")
        await MemoryJournal(world.store, replica="two").acquire(own=False, ttl=100.0)
        async with world.node("two"):
            await world.post.until(1)
            hold.set()
            await quiet(world)
    assert len(world.store.turns) == 1
    assert world.post.got == [("id:ann", "1")]


async def test_store_refuses_when_the_journal_is_away(autojump_clock: trio.testing.MockClock) -> None:
    from runtime.resources.errors import ResourceUnavailable

    world = World()
    async with world.node() as node:

        async def away(*_: object) -> None:
            raise ResourceUnavailable("postgres", "away")

        node._journal.ingest = away  # type: ignore[assignment,method-assign]
        with pytest.raises(ResourceUnavailable):
            await node.store(Verified((said(1),)))
