"""The lane of work: beside the sends, on places and a clock of its own, begun again after a crash. In virtual time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
import trio

from runtime import (
    Accepted,
    Actor,
    Answered,
    App,
    Broken,
    Delivery,
    EffectFailed,
    Event,
    HttpClient,
    Outcome,
    Refused,
    ResourceUnavailable,
    TryAgain,
    Turn,
    Uncertain,
    Verified,
)
from runtime.actor.effect import Lane
from runtime.node.outcomes import WORK_TRIES
from runtime.testing import rehearse
from tests.unit.test_node_in_memory import Line, Post, Said, World, quiet, said


class Fetched(Event, frozen=True, kw_only=True):
    """What comes of work here."""

    what: str


class Diary(msgspec.Struct):
    """What the bot was told."""

    fetched: list[str] = []
    lost: list[tuple[str, str]] = []


class Fetcher(Actor[Diary]):
    """Has what it hears fetched, and says at once that it does."""

    async def receive(self, turn: Turn[Diary], event: Event) -> None:
        await trio.lowlevel.checkpoint()
        match event:
            case Said(text=text):
                turn.work(Line(text))
                turn.reply(Line(text))
            case Fetched(what=what):
                turn.state.fetched.append(what)
            case EffectFailed(code=code, task=task):
                turn.state.lost.append((code, body_of(task)))


def body_of(payload: bytes | str) -> str:
    """Return what a piece of work is about."""
    return str(msgspec.json.decode(payload, type=Line).body)


class Quarry(Post):
    """Takes sends at once; work takes `seconds`, and ends as it is told, else well."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 30.0
        self.running = self.most = 0
        self.begun: list[tuple[float, str]] = []
        self.ends: Callable[[Delivery], Outcome] = lambda d: Answered(Fetched(what=body_of(d.payload)))

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        if delivery.lane is Lane.SEND:
            return await super().perform(delivery, http)
        self.running += 1
        self.most = max(self.most, self.running)
        self.begun.append((trio.current_time(), delivery.id))
        try:
            await trio.sleep(self.seconds)
        finally:
            self.running -= 1
        return self.ends(delivery)


class Place(World):
    def __init__(self) -> None:
        super().__init__()
        self.post = self.quarry = Quarry()
        self.app = App("fetcher", Fetcher(), (self.quarry,), (Said, Fetched))

    def diary(self) -> Diary:
        (conversation,) = self.store.conversations.values()
        return msgspec.json.decode(conversation.state, type=Diary)


def crowd(number: int) -> Verified:
    return Verified(tuple(said(1, f"p{n}") for n in range(number)))


async def test_work_runs_beside_the_sends_and_comes_back_as_one_event(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    async with place.node(send_timeout=10.0) as node:
        await node.store(Verified((said(1), said(2))))
        await trio.sleep(1)
        assert [text for _, text in place.post.got] == ["1", "2"]  # nothing waited for what is slow
        assert node.lanes.statistics().working == 2
        await quiet(place)
        assert trio.current_time() == pytest.approx(30, abs=1)  # and its clock is not that of a send
    assert place.diary().fetched in (["1", "2"], ["2", "1"])
    assert node.sending.outcomes["answered"] == 2


async def test_one_channel_may_hold_all_places_of_work_and_no_send_waits_for_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    async with place.node() as node:
        await node.store(crowd(40))
        await trio.sleep(2)
        assert (place.quarry.most, len(place.post.got)) == (16, 40)
        await quiet(place)
    assert place.quarry.most == 16
    assert len({effect for _, effect in place.quarry.begun}) == len(place.quarry.begun) == 40


async def test_work_of_a_channel_whose_circuit_is_open_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    place.quarry.answers.extend([Broken("190", "the token")] * 50)
    place.quarry.seconds = 1.0
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await trio.sleep(5)
        assert node.lanes.statistics().open_circuits == {"post:1": 1}
    assert place.diary().fetched == ["1"]


async def test_work_that_a_stop_cuts_off_is_begun_again_at_once_and_answered_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await trio.sleep(10)
        with trio.move_on_after(6) as budget:
            await node.finish_effects()
        assert budget.cancelled_caught
    assert place.quarry.running == 0
    (work,) = [out for out in place.store.outbox.values() if out.effect.lane is Lane.WORK]
    assert work.status == "sending"
    async with place.node():
        await trio.sleep(1)
        assert len(place.quarry.begun) == 2  # with no doubt to wait out
        await quiet(place)
    assert place.diary().fetched == ["1"]
    assert (work.status, work.attempts, work.maybe_duplicate) == ("done", 2, False)


async def test_a_stop_waits_for_work_that_ends_within_its_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await trio.sleep(27)
        with trio.fail_after(6):
            await node.finish_effects()
    assert [len(c.inbox) for c in place.store.conversations.values()] == [2]


@pytest.mark.parametrize(
    "outcome", [Uncertain("timeout"), TryAgain("busy"), None, ResourceUnavailable("http", "x")]
)
async def test_work_that_may_go_better_is_tried_again_and_given_up_in_the_end(
    autojump_clock: trio.testing.MockClock, outcome: Outcome | Exception | None
) -> None:
    place = Place()
    place.quarry.seconds = 1.0

    def ends(delivery: Delivery) -> Outcome:
        if outcome is None or isinstance(outcome, Exception):
            raise outcome or ValueError
        return outcome

    place.quarry.ends = ends
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await quiet(place)
    assert len(place.quarry.begun) == WORK_TRIES
    assert place.diary().lost == [("tries", "1")]


async def test_work_that_is_refused_is_told_to_its_actor_with_what_it_had_asked_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    place.quarry.ends = lambda delivery: Refused("unreadable", "x")
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await quiet(place)
    assert place.diary().lost == [("unreadable", "1")]


async def test_work_that_waits_too_long_expires_and_is_told(autojump_clock: trio.testing.MockClock) -> None:
    place = Place()
    place.quarry.ends = lambda delivery: Broken("disabled")
    async with place.node(reply_expires=100.0) as node:
        node.now = lambda: datetime.fromtimestamp(trio.current_time(), UTC)  # type: ignore[method-assign]
        await node.store(Verified((said(1),)))
        await quiet(place)
    assert place.diary().lost == [("expired", "1")]


async def test_work_of_which_there_is_nothing_to_tell_is_simply_done(
    autojump_clock: trio.testing.MockClock,
) -> None:
    place = Place()
    place.quarry.ends = lambda delivery: Accepted()
    async with place.node() as node:
        await node.store(Verified((said(1),)))
        await quiet(place)
    assert place.diary() == Diary()


async def test_a_rehearsal_tells_the_work_that_was_asked_for() -> None:
    done = await rehearse(Fetcher(), Said(text="picture"))
    assert (done.work, done.replies) == ([Line("picture")], [Line("picture")])
