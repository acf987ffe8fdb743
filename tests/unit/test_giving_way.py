"""A bot that gives way to a person, on a whole node in memory and in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

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
    Event,
    HttpClient,
    OperatorCommand,
    Outcome,
    Pace,
    Request,
    Response,
    TimerDue,
    TryAgain,
    Turn,
    Uncertain,
    Verified,
    encode_event,
)
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.memory_handover import MemoryHandover
from runtime.node.handing_over import HandingOver
from runtime.node.node import Node, open_node


def _now() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=trio.current_time())


class Said(Event, frozen=True, kw_only=True):
    text: str


class Line(msgspec.Struct, frozen=True, tag=True):
    body: str


class Memory(msgspec.Struct):
    heard: list[str] = []


class Clerk(Actor[Memory]):
    """Answers with what it hears, gives way when asked for a person, and greets when it is back."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        await trio.lowlevel.checkpoint()
        match event:
            case Said(text="human"):
                turn.pause("asked for a person")
                turn.reply(Line("a colleague will answer"))
                heard = "human"
            case Said(text="anew"):
                turn.resume()
                turn.pause("answered by a person")
                heard = "anew"
            case Said(text="wait"):
                turn.interject(Line("you are not forgotten"))
                heard = "wait"
            case Said(text="bot"):
                turn.resume()
                turn.reply(Line("here I am"))
                heard = "bot"
            case Said(text=text):
                turn.reply(Line(text))
                turn.remind("nudge", after=timedelta(seconds=30))
                heard = text
            case OperatorCommand(name=name, data=data):
                turn.reply(Line(f"{name} by {data.get('by', '?')}"))
                heard = name
            case TimerDue(name=name):
                turn.reply(Line(name))
                heard = name
            case _:
                heard = type(event).__name__
        turn.state.heard.append(f"({heard})" if turn.paused else heard)


class Post:
    """A provider that takes `takes` seconds for each send and answers as it is told, else accepts."""

    name = "post"

    def __init__(self) -> None:
        self.takes = 0.0
        self.got: list[str] = []
        self.answers: deque[Outcome] = deque()
        self.begun = trio.Event()

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["post:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(80, 0.0, 45)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        self.begun.set()
        await trio.sleep(self.takes)
        outcome = self.answers.popleft() if self.answers else Accepted(f"p-{delivery.id}")
        if isinstance(outcome, Accepted | Uncertain):
            self.got.append(msgspec.json.decode(delivery.payload)["body"])
        return outcome


class World:
    """One node, its operators, and the provider."""

    def __init__(self, store: MemoryStore, post: Post, node: Node) -> None:
        self.store, self.post, self.node = store, post, node
        self._told = 0
        journal = MemoryJournal(store, replica="desk")
        self.desk = HandingOver(MemoryHandover(journal), node, expires=3600)

    async def say(self, *texts: str) -> None:
        for text in texts:
            self._told += 1
            await self.node.store(
                Verified((Arrival("post:1", ("id:ann",), f"m{self._told}", encode_event(Said(text=text))),))
            )

    async def quiet(self) -> None:
        """Wait until all is handled and sent."""
        while not self.store.settled():
            await trio.sleep(0.1)

    @property
    def name(self) -> str:
        (name,) = self.store.conversations
        return name

    @property
    def heard(self) -> list[str]:
        return msgspec.json.decode(self.store.conversations[self.name].state, type=Memory).heard


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


@asynccontextmanager
async def open_world(**settings: float) -> AsyncIterator[World]:
    store, post = MemoryStore(lambda: _now().timestamp()), Post()
    app = App("clerk", Clerk(), (post,), (Said,))
    journal = MemoryJournal(store, replica="one")
    async with open_node(
        app, NodeSettings(**settings), journal=journal, http=None, begin=None, now=_now
    ) as node:  # type: ignore[arg-type]
        await node.leases.settled.wait()
        yield World(store, post, node)


async def test_a_bot_that_gives_way_says_its_last_words_and_then_only_listens(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    await world.say("hello", "human", "are you there?", "hello??")
    await world.quiet()
    assert world.post.got[-1] == "a colleague will answer"
    assert world.heard == ["hello", "(human)", "(are you there?)", "(hello??)"]
    assert {out.status for out in world.store.outbox.values()} <= {"done", "cancelled"}


async def test_a_bot_interjects_until_an_operator_has_the_conversation(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    await world.say("human", "hello?", "wait", "hello?")
    await world.quiet()
    assert world.post.got == ["a colleague will answer", "you are not forgotten"]
    assert (await world.desk.pause(world.name, by="sara", why="x", within=1.0)).outcome == "paused before"
    await world.say("wait")
    await world.quiet()
    await world.desk.resume(world.name, by="sara")
    await world.quiet()
    assert world.post.got == ["a colleague will answer", "you are not forgotten", "resumed by sara"]


async def test_a_pause_that_begins_anew_mutes_the_last_words_of_the_one_before(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.post.takes = 5.0
    await world.say("one")
    await world.post.begun.wait()
    await world.say("human", "anew", "wait")
    await world.quiet()
    assert world.post.got == ["one", "you are not forgotten"]


async def test_what_was_queued_before_it_gave_way_is_not_said(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.post.takes = 5.0
    await world.say("one")
    await world.post.begun.wait()
    await world.say("two", "human")
    await world.quiet()
    assert world.post.got == ["one", "a colleague will answer"]


async def test_a_pause_waits_for_the_send_that_is_on_its_way(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.post.takes = 5.0
    await world.say("one", "two", "three")
    await world.post.begun.wait()
    before = trio.current_time()
    done = await world.desk.pause(world.name, by="sara", why="x", within=30)
    assert (done.outcome, done.in_flight) == ("paused", 0)
    assert trio.current_time() - before > 4
    assert world.post.got == ["one"]
    await world.quiet()
    assert world.post.got == ["one"]


async def test_a_pause_that_can_wait_no_longer_says_so_and_holds(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.post.takes = 5.0
    world.post.answers.append(TryAgain("busy"))
    await world.say("one")
    await world.post.begun.wait()
    done = await world.desk.pause(world.name, by="sara", why="x", within=1)
    assert done.in_flight == 1
    await world.quiet()
    assert world.post.got == []


async def test_an_operators_words_arrive_at_once_though_the_bots_wait_for_a_long_time(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.post.answers.append(TryAgain("later", after=600))
    await world.say("one")
    await world.post.begun.wait()
    await world.desk.pause(world.name, by="sara", why="x", within=5)
    before = trio.current_time()
    for number in range(3):
        sent = await world.desk.send(world.name, Line(f"by hand {number}"), by="sara", key=f"k{number}")
        assert sent.outcome == "queued"
    await world.quiet()
    assert trio.current_time() - before < 2
    assert world.post.got == ["by hand 0", "by hand 1", "by hand 2"]
    assert world.desk.statistics() == {"paused": 1, "queued": 3}


async def test_an_operators_words_come_before_what_the_bot_says_later_also_if_nobody_was_in_memory(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_world(passivate_after=1.0, poll_interval=30.0) as world:
        await world.say("one")
        await world.quiet()
        await trio.sleep(100)
        assert world.node.cells.statistics().in_memory == 0
        elsewhere = MemoryHandover(MemoryJournal(world.store))  # another process, which can tell nobody
        later = world.node.now() + timedelta(hours=1)
        payload = msgspec.json.encode(Line("by hand"))
        await elsewhere.send(world.name, payload, by="sara", key="k", expires=later)
        await world.say("two")
        await world.quiet()
        assert world.post.got == ["one", "nudge", "by hand", "two"]


async def test_resumed_the_bot_hears_of_it_and_speaks_again(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    await world.say("human")
    await world.quiet()
    await world.say("a")
    await world.quiet()
    await world.desk.send(world.name, Line("by hand"), by="sara", key="k1")
    done = await world.desk.resume(world.name, by="sara")
    assert done.outcome == "resumed"
    await world.quiet()
    await world.say("b")
    await world.quiet()
    assert world.post.got == ["a colleague will answer", "by hand", "resumed by sara", "b"]
    assert world.heard == ["(human)", "(a)", "resumed", "b"]


async def test_a_bot_can_come_back_by_itself(world: World, autojump_clock: trio.testing.MockClock) -> None:
    await world.say("human", "a")
    await world.quiet()
    await world.say("bot", "b")
    await world.quiet()
    assert world.post.got == ["a colleague will answer", "here I am", "b"]
    assert world.heard == ["(human)", "(a)", "bot", "b"]


async def test_a_reminder_comes_during_a_pause_and_says_nothing(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    await world.say("a")
    await world.quiet()
    await world.desk.pause(world.name, by="sara", why="x", within=5)
    await trio.sleep(60)
    await world.quiet()
    assert world.heard == ["a", "(nudge)"]
    assert world.post.got == ["a"]


async def test_a_command_reaches_the_actor_once(world: World, autojump_clock: trio.testing.MockClock) -> None:
    await world.say("a")
    await world.quiet()
    for key in ("k1", "k1"):
        await world.desk.tell(world.name, "quote", {"by": "omar"}, key=key)
    await world.quiet()
    assert world.post.got == ["a", "quote by omar"]
    with pytest.raises(ValueError, match="at most"):
        await world.desk.tell(world.name, "quote", {"by": "x" * 20_000}, key="k2")
