"""A turn tells another actor something: it arrives once, whatever happens on the way, in memory and in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import trio
import trio.testing

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
    Outcome,
    Pace,
    Request,
    ResourceUnavailable,
    Response,
    Turn,
    Verified,
    encode_event,
)
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.protocol import Ingested, ResultRecord
from runtime.node.node import Node, open_node


class Asked(Event, frozen=True, kw_only=True):
    to: str
    paused: bool = False


class Called(Event, frozen=True, kw_only=True):
    by: str


class Answered(Event, frozen=True, kw_only=True):
    word: str


class Line(msgspec.Struct, frozen=True, tag=True):
    body: str


class Memory(msgspec.Struct):
    heard: list[str] = []


class Caller(Actor[Memory]):
    """Calls somebody for whoever asks; who is called answers, and the one who asked hears of it."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        await trio.lowlevel.checkpoint()
        turn.state.heard.append(type(event).__name__)
        match event:
            case Asked(to=to, paused=paused):
                if paused:
                    turn.pause("asked for a person")
                turn.tell(Called(by=turn.conversation), identities=[f"id:{to}"])
            case Called(by=by):
                turn.reply(Line("somebody needs you"))
                turn.tell(Answered(word="coming"), conversation=by)


class Post:
    """A provider that takes whatever it gets."""

    name = "post"

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["post:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(80, 0.0, 45)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        self.got.append((delivery.address, msgspec.json.decode(delivery.payload)["body"]))
        return Accepted(f"p-{delivery.id}")


class Forgetful(MemoryJournal):
    """A journal that stores an event and loses its answer, and is away when the result is told; once each."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.lost = 0

    async def ingest(self, arrivals: Sequence[Arrival], receipts: Sequence[object] = ()) -> Ingested:
        done = await super().ingest(arrivals)
        if not self.lost and any(arrival.dedup.startswith("t|") for arrival in arrivals):
            self.lost += 1
            raise ResourceUnavailable("postgres", "the answer was lost")
        return done

    async def record(self, results: Sequence[ResultRecord]) -> Ingested:
        if self.lost == 1:
            self.lost += 1
            raise ResourceUnavailable("postgres", "away")
        return await super().record(results)


def _now() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=trio.current_time())


@asynccontextmanager
async def running(journal: MemoryJournal, post: Post) -> AsyncIterator[Node]:
    app = App(name="calls", actor=Caller(), providers=(post,), events=(Asked, Called, Answered))
    settings = NodeSettings()
    async with open_node(app, settings, journal=journal, http=None, begin=None, now=_now) as node:  # type: ignore[arg-type]
        yield node


async def asks(node: Node, store: MemoryStore, **what: object) -> None:
    """Let Ann ask for Bob, and wait until all is handled."""
    asked = encode_event(Asked(to="bob", **what))  # type: ignore[arg-type]
    await node.store(Verified((Arrival("post:1", ("id:ann",), "m1", asked),)))
    with trio.fail_after(600):
        while not (store.settled() and len(store.conversations) == 2):
            await trio.sleep(0.1)


def heard(store: MemoryStore) -> list[list[str]]:
    return sorted(msgspec.json.decode(c.state, type=Memory).heard for c in store.conversations.values())


@pytest.mark.parametrize("forgetful", [False, True])
@pytest.mark.parametrize("paused", [False, True])
async def test_what_a_turn_tells_another_actor_arrives_once_and_can_be_answered(
    autojump_clock: trio.testing.MockClock, forgetful: bool, paused: bool
) -> None:
    store, post = MemoryStore(lambda: _now().timestamp()), Post()
    journal = Forgetful(store) if forgetful else MemoryJournal(store)
    async with running(journal, post) as node:
        await asks(node, store, paused=paused)
    assert heard(store) == [["Asked", "Answered"], ["Called"]]
    assert post.got == [("id:bob", "somebody needs you")]
    if isinstance(journal, Forgetful):
        assert journal.lost == 2, "nothing was lost"


def test_a_tell_is_for_identities_or_for_a_conversation() -> None:
    turn: Turn[Memory] = Turn(
        conversation="c",
        channel="post:1",
        version=1,
        state=Memory(),
        now=_at(),
        resources=None,  # type: ignore[arg-type]
    )
    for where in ({}, {"identities": ["id:bob"], "conversation": "c"}):
        with pytest.raises(ValueError, match="either"):
            turn.tell(Called(by="c"), **where)  # type: ignore[arg-type]


def _at() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)
