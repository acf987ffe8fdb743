"""Each class of error from the actor's reply to the provider's answer and what follows from it. In virtual time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import msgspec
import pytest
import structlog.testing
import trio

from actors.channels.errors import MEDIA_TRIES
from actors.channels.meta.provider import MetaProvider
from actors.messages import Text
from config import Channel, Secret, Settings
from config import Node as NodeSettings
from runtime import (
    Actor,
    App,
    Arrival,
    EffectFailed,
    Event,
    Failure,
    HttpClient,
    Receipt,
    Turn,
    Verified,
    encode_event,
)
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.protocol import Claim, ClaimRequest
from runtime.node.circuit import SILENCES
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable

Answer = Callable[[], httpx.Response]
AWAY = ResourceUnavailable("postgres", "away")


class Said(Event, frozen=True, kw_only=True):
    text: str


class Memory(msgspec.Struct):
    failures: list[tuple[str, str]] = []


class Parrot(Actor[Memory]):
    """Says what it hears and keeps what failed."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        match event:
            case Said(text=text):
                turn.reply(Text(text))
            case EffectFailed(code=code, kind=kind):
                turn.state.failures.append((code, kind.value))


def taken(number: int) -> httpx.Response:
    return httpx.Response(200, json={"messages": [{"id": f"wamid.{number}"}]})


def error(code: int, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code}})


class Graph:
    """The provider's side of the HTTP client: answers as it is told to, else takes what comes."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str]] = []
        self.taken: list[str] = []
        self.answers: list[httpx.Response | Exception | None] = []
        self.always: dict[str, httpx.Response | Exception | None] = {}
        self.ids: list[str] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        body = json.loads(content or b"")
        channel, text = url.split("/")[-2], body["text"]["body"]
        self.asked.append((trio.current_time(), channel, text))
        self.ids.append(body["biz_opaque_callback_data"])
        if self.answers:
            answer = self.answers.pop(0)
        elif channel in self.always:
            answer = self.always[channel]
        else:
            self.taken.append(text)
            return taken(len(self.asked))
        if answer is None:
            await trio.sleep_forever()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.asked]

    @property
    def times(self) -> list[float]:
        return [time for time, _, _ in self.asked]


CHANNELS = [str(number) for number in range(1, 10)]


class World:
    def __init__(self, journal: type[MemoryJournal] = MemoryJournal) -> None:
        self.wall: Callable[[], float] = trio.current_time
        self.store = MemoryStore(lambda: self.wall())  # noqa: PLW0108 - it is replaced on the way
        self.graph = Graph()
        provider = MetaProvider()
        secret = Secret("s")
        channels = tuple(
            Channel(provider="meta", id=name, app_secret=(secret,), verify_token=secret, access_token=secret)
            for name in CHANNELS
        )
        provider.configure(Settings(data_dir=Path("unused"), channels=channels))
        self.app = App("parrot", Parrot(), (provider,), (Said,))
        self.journal = journal(self.store, replica="one")

    @asynccontextmanager
    async def node(self, **settings: float) -> AsyncIterator[Node]:
        http: HttpClient = self.graph  # type: ignore[assignment]
        async with open_node(
            self.app,
            NodeSettings(**settings),
            journal=self.journal,
            http=http,
            begin=None,
            now=now,  # type: ignore[arg-type]
        ) as node:
            await node.leases.settled.wait()
            yield node

    @property
    def failures(self) -> list[tuple[str, str]]:
        states = [c.state for c in self.store.conversations.values() if c.state]
        return [failed for state in states for failed in msgspec.json.decode(state, type=Memory).failures]

    @property
    def settled(self) -> bool:
        return all(c.done_seq == len(c.inbox) for c in self.store.conversations.values()) and all(
            out.status in {"done", "failed"} for out in self.store.outbox.values()
        )


def now() -> datetime:
    return datetime.fromtimestamp(trio.current_time(), UTC)


def said(text: str, person: str = "971501112233", channel: str = "1") -> Arrival:
    dedup = f"m|{channel}|{person}|{text}"
    return Arrival(f"meta:{channel}", (f"wa_id:{person}",), dedup, encode_event(Said(text=text)))


def people(number: int, channel: str = "1") -> Verified:
    return Verified(tuple(said(f"{channel}.{n}", f"9715{n:08d}", channel) for n in range(number)))


async def until(ready: Callable[[], bool], seconds: float = 10_000) -> None:
    with trio.fail_after(seconds):
        while not ready():
            await trio.sleep(0.05)


# ── one send ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [2, 130429, 131016])
async def test_a_busy_provider_is_asked_again_with_growing_intervals(
    autojump_clock: trio.testing.MockClock, code: int
) -> None:
    world = World()
    world.graph.answers = [error(code, 429)] * 4
    async with world.node() as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: world.settled)
    assert world.graph.texts == ["a", "a", "a", "a", "a", "b"]
    waits = [b - a for a, b in pairwise(world.graph.times[:5])]
    for tries, wait in enumerate(waits):
        assert 0.25 * 2**tries <= wait <= 0.5 * 2**tries + 0.2
    assert (node.sending.outcomes["again"], world.failures) == (4, [])


async def test_the_pair_limit_holds_one_person_on_its_own_clock_and_nobody_else(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.answers = [error(131056, 429)] * 3
    async with world.node() as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: len(world.graph.asked) == 3)
        await node.store(Verified((said("other", "971504445566"),)))
        await until(lambda: world.settled)
    assert world.graph.taken == ["other", "a", "b"]
    mine = [time for time, _, text in world.graph.asked if text == "a"]
    waits = [b - a for a, b in pairwise(mine)]
    assert [round(wait) for wait in waits] == [1, 4, 16]


async def test_the_clock_of_the_pair_limit_counts_no_other_refusals(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    limited, busy = error(131056, 429), httpx.Response(503)
    world.graph.answers = [busy, busy, busy, limited, busy, limited]
    async with world.node() as node:
        await node.store(Verified((said("a"),)))
        await until(lambda: world.settled)
    waits = [round(b - a) for a, b in pairwise(world.graph.times)]
    assert (waits[3], waits[5]) == (1, 4)


@pytest.mark.parametrize(
    "answer", [error(131000, 500), httpx.Response(502), httpx.ReadError("x"), httpx.Response(200), None]
)
async def test_an_unknown_outcome_waits_for_an_echo_then_leaves_once_more(
    autojump_clock: trio.testing.MockClock, answer: httpx.Response | Exception | None
) -> None:
    world = World()
    world.graph.answers = [answer]
    async with world.node(uncertain_wait=20.0) as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: world.settled)
    assert world.graph.texts == ["a", "a", "b"]
    assert world.graph.times[1] - world.graph.times[0] >= 20
    assert [out.maybe_duplicate for out in world.store.outbox.values()] == [True, False]
    assert world.failures == []


async def test_an_unknown_outcome_that_is_echoed_leaves_once(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.graph.answers = [None]
    async with world.node() as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: bool(world.graph.asked))
        await node.store(Verified((), (Receipt("meta:1", world.graph.ids[0], "wamid.echo", "sent"),)))
        await until(lambda: world.settled)
    assert world.graph.texts == ["a", "b"]
    first = next(iter(world.store.outbox.values()))
    assert (first.status, first.provider_id, first.maybe_duplicate, first.code) == (
        "done",
        "wamid.echo",
        False,
        "",
    )


async def test_a_second_unknown_outcome_waits_for_an_echo_and_then_fails_as_unsettled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.answers = [httpx.Response(500)] * 2
    async with world.node(uncertain_wait=20.0) as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: len(world.graph.asked) == 3)
        assert trio.current_time() - world.graph.times[1] >= 20
        await until(lambda: world.settled)
    assert world.graph.texts == ["a", "a", "b"]
    assert world.failures == [("unsettled", "unsettled")]
    assert node.sending.outcomes["unsettled"] == 1


@pytest.mark.parametrize("code", [131052, 131053])
async def test_a_medium_is_tried_again_but_not_for_ever(
    autojump_clock: trio.testing.MockClock, code: int
) -> None:
    world = World()
    world.graph.answers = [error(code)] * 20
    async with world.node() as node:
        await node.store(Verified((said("a"),)))
        await until(lambda: world.settled)
        world.graph.answers = []
        await node.store(Verified((said("b"),)))
        await until(lambda: world.settled)
    assert world.graph.texts == ["a"] * MEDIA_TRIES + ["b"]
    assert world.graph.times[MEDIA_TRIES - 1] - world.graph.times[0] > 20
    assert world.failures == [(str(code), "never")]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (131048, Failure.LONG),
        (131049, Failure.LONG),
        (131064, Failure.LONG),
        (131047, Failure.TEMPLATE),
        (131050, Failure.OPTED_OUT),
        (131026, Failure.NEVER),
        (132001, Failure.NEVER),
    ],
)
async def test_a_refusal_fails_at_once_and_says_what_may_help(
    autojump_clock: trio.testing.MockClock, code: int, kind: Failure
) -> None:
    world = World()
    world.graph.answers = [error(code)]
    async with world.node() as node:
        await node.store(Verified((said("a"), said("b"))))
        await until(lambda: world.settled, 5)
    assert world.graph.texts == ["a", "b"]
    assert world.failures == [(str(code), kind.value)]
    assert node.sending.outcomes["refused"] == 1


async def test_a_halt_alerts_a_human_once_and_is_counted(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.graph.always["1"] = error(131042)
    with structlog.testing.capture_logs() as logs:
        async with world.node() as node:
            await node.store(people(30))
            await node.store(people(3, "2"))
            await until(lambda: world.settled)
            halted = node.lanes.statistics().halted
    alerts = [entry for entry in logs if entry["log_level"] == "error"]
    assert [(entry["channel"], entry["code"]) for entry in alerts] == [("meta:1", "131042")]
    assert "payment" in alerts[0]["reason"]
    assert halted == {"meta:1": 30}
    assert world.failures == [("131042", "halted")] * 30


# ── the circuit of a channel ──────────────────────────────────────────


@pytest.mark.parametrize("answer", [error(190, 401), error(10, 403), httpx.Response(401)])
async def test_broken_credentials_make_the_channel_wait_and_a_reload_tries_it_at_once(
    autojump_clock: trio.testing.MockClock, answer: httpx.Response
) -> None:
    world = World()
    world.graph.always["1"] = answer
    async with world.node() as node:
        await node.store(people(100))
        await node.store(people(20, "2"))
        await until(lambda: len(world.graph.taken) == 20)
        await trio.sleep(300)
        tried = [time for time, channel, _ in world.graph.asked if channel == "1"]
        assert len(tried) < 32 + 15  # those in flight at first, then probes
        statistics = node.lanes.statistics()
        assert statistics.open_circuits == {"meta:1": 1, "meta:2": 0}
        assert statistics.held == {"meta:1": 100, "meta:2": 0}
        assert {out.status for out in world.store.outbox.values()} == {"queued", "done"}
        world.graph.always.clear()
        node.sending.adjust()
        await until(lambda: world.settled, 5)
        assert node.lanes.statistics().open_circuits["meta:1"] == 0
    assert sorted(world.graph.taken) == sorted([f"1.{n}" for n in range(100)] + [f"2.{n}" for n in range(20)])
    assert {out.attempts for out in world.store.outbox.values()} == {1}
    assert world.failures == []


async def test_without_a_reload_a_probe_finds_out_within_a_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.always["1"] = error(190)
    async with world.node() as node:
        await node.store(people(50))
        await trio.sleep(600)
        world.graph.always.clear()
        await until(lambda: world.settled, 65)


async def test_when_it_closes_what_is_too_old_is_not_sent_and_is_counted_as_stale(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.always["1"] = error(190)
    async with world.node(reply_expires=600.0) as node:
        await node.store(people(40))
        await trio.sleep(595)
        await node.store(Verified((said("young", "971509999999"),)))
        await trio.sleep(10)
        world.graph.always.clear()
        node.sending.adjust()
        await until(lambda: world.settled, 10)
        assert node.sending.outcomes["stale"] == 40
    assert world.graph.taken == ["young"]
    assert world.failures == [("expired", "stale")] * 40


@pytest.mark.parametrize("answer", [httpx.ConnectError("x"), None], ids=["no connection", "no answer"])
async def test_a_channel_that_does_not_answer_is_left_in_peace_and_then_sends_all(
    autojump_clock: trio.testing.MockClock, answer: Exception | None
) -> None:
    world = World()
    world.graph.always["1"] = answer
    async with world.node() as node:
        await node.store(people(100))
        await trio.sleep(300)
        assert SILENCES <= len(world.graph.asked) <= 32 + SILENCES + 15
        assert node.lanes.statistics().open_circuits == {"meta:1": 1}
        world.graph.always.clear()
        await until(lambda: world.settled)
    assert set(world.graph.taken) == {f"1.{n}" for n in range(100)}
    assert world.failures == []


async def test_probes_of_a_silent_channel_use_up_first_tries_before_second_ones(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.always["1"] = None
    async with world.node() as node:
        await node.store(people(40))
        await trio.sleep(100)
        await node.store(people(100))
        await trio.sleep(1700)
        assert len(world.graph.asked) > 32 + 20
        assert max(out.attempts for out in world.store.outbox.values()) == 1
        world.graph.always.clear()
        await until(lambda: world.settled)
    assert world.failures == []


async def test_eight_channels_that_hang_hold_no_ninth_back(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    async with world.node() as node:
        for channel in CHANNELS[:8]:
            world.graph.always[channel] = None
            await node.store(people(200, channel))
        await trio.sleep(6)  # none of them is given up yet
        assert len(world.graph.asked) > 120
        await node.store(people(50, "9"))
        await until(lambda: len(world.graph.taken) == 50, 3)


async def test_a_channel_that_is_not_configured_waits_for_its_settings(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        await node.store(Verified((said("a", channel="77"),)))
        await trio.sleep(600)
        assert node.lanes.statistics().open_circuits == {"meta:77": 1}
        assert node.claims.statistics().items < 40
    assert world.graph.asked == []


# ── lost answers, strange clocks, ends ────────────────────────────────


class Forgetful(MemoryJournal):
    """Claims, but loses the answer when it is told to."""

    lose = 0

    async def claim(self, requests: list[ClaimRequest], uncertain_wait: float) -> list[Claim]:  # type: ignore[override]
        claims = await super().claim(requests, uncertain_wait)
        if self.lose:
            self.lose -= 1
            raise AWAY
        return list(claims)


async def test_a_claim_whose_answer_was_lost_delays_nothing_and_marks_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Forgetful)
    async with world.node(uncertain_wait=20.0) as node:
        world.journal.lose = 3  # type: ignore[attr-defined]
        await node.store(Verified((said("a"),)))
        await until(lambda: world.settled, 3)
    (out,) = world.store.outbox.values()
    assert (out.attempts, out.maybe_duplicate) == (1, False)


async def test_what_did_leave_is_in_doubt_whatever_answer_was_lost_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Forgetful)
    record = world.journal.record

    async def broken(results: object) -> object:
        world.journal.record = record  # type: ignore[method-assign]
        world.journal.lose = 2  # type: ignore[attr-defined]
        raise ValueError

    async with world.node(uncertain_wait=20.0) as node:
        world.journal.record = broken  # type: ignore[method-assign,assignment]
        await node.store(Verified((said("a"),)))
        await until(lambda: world.settled)
    assert world.graph.texts == ["a", "a"]
    assert world.graph.times[1] - world.graph.times[0] >= 20
    (out,) = world.store.outbox.values()
    assert out.maybe_duplicate


async def test_a_database_clock_that_jumps_back_an_hour_keeps_nobody_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.wall = lambda: trio.current_time() + 3600
    world.graph.answers = [httpx.Response(500)]
    async with world.node(uncertain_wait=20.0) as node:
        await node.store(Verified(tuple(said(str(n)) for n in range(5))))
        await until(lambda: len(world.graph.asked) == 1)
        world.wall = trio.current_time
        await until(
            lambda: world.settled, 2 * 20 + 5 * 6 + 2
        )  # twice the doubt, then as if the burst were spent
    assert world.graph.taken == list("01234")


async def test_what_others_added_while_the_shards_were_away_is_not_overtaken(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.answers = [error(131056)] * 4
    other = MemoryJournal(world.store, replica="two")
    http: HttpClient = world.graph  # type: ignore[assignment]
    async with world.node() as node:
        await node.store(Verified((said("a"),)))
        await until(lambda: len(world.graph.asked) == 4)  # now it pauses for 64 s
        for shard in world.store.shards:
            shard.lease_until = float("-inf")
        await other.acquire(own=False, ttl=10.0)
        async with open_node(
            world.app, NodeSettings(), journal=other, http=http, begin=None, now=now
        ) as second:  # type: ignore[arg-type]
            second.sending.stop()
            await until(lambda: not node.leases.shards and len(second.leases.shards) == 128)
            await second.store(Verified((said("b"),)))
            await until(lambda: second.room.turns == 1)
            await second.finish_turns()
            await second.release()
        await until(lambda: len(node.leases.shards) == 128)
        await node.store(Verified((said("c"),)))
        await until(lambda: world.settled)
    assert world.graph.taken == ["a", "b", "c"]


async def test_after_the_stop_no_lane_begins_and_no_outbox_is_read(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.always["1"] = error(190)
    async with world.node() as node:
        await node.store(people(10))
        await trio.sleep(2)
        node.sending.stop()
        await trio.sleep(1)
        assert node.lanes.statistics().lanes == 0
        before = node.outbox.statistics().items
        await node.store(people(20))
        await until(lambda: node.room.turns == 20)
        await trio.sleep(60)
        assert (node.lanes.statistics().lanes, node.outbox.statistics().items) == (0, before)
    assert len(world.store.outbox) == 20


async def test_the_outbox_of_a_channel_that_nobody_serves_is_read_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    arrival = Arrival("gone:1", ("wa_id:1",), "m1", encode_event(Said(text="a")))
    async with world.node() as node:
        await node.store(Verified((arrival,)))
        await trio.sleep(60)
        assert node.lanes.statistics().lanes == 0
        assert node.outbox.statistics().items <= 1


async def test_a_long_queue_is_read_in_parts_and_leaves_in_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        node.sending.stop()
        await node.store(Verified(tuple(said(str(n)) for n in range(350))))
        await until(lambda: node.room.turns == 350)
    async with world.node() as node:
        for text, sent in (("350", 10), ("351", 110), ("352", 220)):
            await until(lambda sent=sent: len(world.graph.taken) > sent)  # type: ignore[misc]
            await node.store(Verified((said(text),)))
        await until(lambda: world.settled)
        assert node.outbox.statistics().items >= 4
    assert world.graph.taken == [str(n) for n in range(353)]
