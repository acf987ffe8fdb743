"""What a node does about faults of the actor, about time, and about events that belong together; in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import trio

from config import Node as NodeSettings
from runtime import Actor, App, Burst, BurstPolicy, Event, Stale, TimerDue, Turn, Verified
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node
from tests.unit.test_node_in_memory import Line, Post, Said, said

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Notes(msgspec.Struct):
    heard: list[str] = []


class Scribe(Actor[Notes]):
    """Writes down what comes, and does with it what a test tells it to."""

    def __init__(self) -> None:
        self.acts: dict[str, Callable[[Turn[Notes]], None]] = {}
        self.poison: set[str] = set()
        self.hang: set[str] = set()
        self.crash: set[str] = set()
        self.handled: list[tuple[float, str]] = []

    async def receive(self, turn: Turn[Notes], event: Event) -> None:
        match event:
            case Said(text=text):
                heard = text
            case Burst(events=events):
                heard = "+".join(each.text for each in events if isinstance(each, Said))
            case TimerDue(name=name):
                heard = f"due:{name}"
            case Stale(count=count):
                heard = f"stale:{count}"
            case _:
                heard = type(event).__name__
        turn.state.heard.append(heard)
        self.handled.append((trio.current_time(), heard))
        for part in heard.split("+"):
            if part in self.acts:
                self.acts[part](turn)
            if part in self.poison:
                raise ValueError("a person's words: " + part)
            if part in self.hang:
                await trio.sleep_forever()
            if part in self.crash:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(self._fail)
                    nursery.start_soon(self._fail)
        turn.reply(Line(heard))

    async def _fail(self) -> None:
        await trio.lowlevel.checkpoint()
        raise LookupError


class Typist(Scribe):
    burst = BurstPolicy(quiet=2.0, longest=10.0, of=(Said,))


class World:
    def __init__(self, actor: Scribe | None = None) -> None:
        self.store = MemoryStore(lambda: START.timestamp() + trio.current_time())
        self.actor = actor or Scribe()
        self.post = Post()
        self.app = App("scribe", self.actor, (self.post,), (Said,))
        self.ahead = timedelta()

    def wall(self) -> datetime:
        return START + timedelta(seconds=trio.current_time()) + self.ahead

    @asynccontextmanager
    async def node(self, replica: str = "one", **settings: float) -> AsyncIterator[Node]:
        journal = MemoryJournal(self.store, replica=replica)
        async with open_node(
            self.app, NodeSettings(**settings), journal=journal, http=None, begin=None, now=self.wall
        ) as node:  # type: ignore[arg-type]
            await node.leases.settled.wait()
            yield node

    def heard(self, person: str = "ann") -> list[str]:
        name = self.store.aliases["post:1", f"id:{person}"]
        return msgspec.json.decode(self.store.conversations[name].state or b"{}", type=Notes).heard

    def parked(self) -> list[str]:
        return [c.id for c in self.store.conversations.values() if c.parked is not None]


async def until(holds: Callable[[], bool], seconds: float = 1000.0) -> None:
    with trio.fail_after(seconds):
        while not holds():
            await trio.sleep(0.05)


# ── faults of the actor ───────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["poison", "hang", "crash"])
async def test_the_last_attempt_parks_the_conversation_and_nobody_else(
    kind: str, autojump_clock: trio.testing.MockClock
) -> None:
    world = World()
    getattr(world.actor, kind).add("1")
    async with world.node(turn_timeout=1.0, max_attempts=4) as node:
        await node.store(Verified(tuple(said(n) for n in range(3))))
        await node.store(Verified(tuple(said(n + 10, "bob") for n in range(3))))
        await until(lambda: bool(world.parked()))
        assert [what for _, what in world.actor.handled].count("1") == 4
        assert (world.heard(), world.heard("bob")) == (["0"], ["10", "11", "12"])
        await node.store(Verified((said(3),)))
        await trio.sleep(600)
        assert [what for _, what in world.actor.handled].count("1") == 4
        assert node.cells.statistics().parks == 1
        getattr(world.actor, kind).clear()
        world.store.unpark(world.parked()[0])
        await until(lambda: world.heard() == ["0", "1", "2", "3"])
    assert [text for who, text in world.post.got if who == "id:ann"] == ["0", "1", "2", "3"]


class Hoarder(Scribe):
    """Keeps the cancellations of its tasks and raises them again with their errors, long after they were due."""

    async def receive(self, turn: Turn[Notes], event: Event) -> None:
        gathered: list[BaseException] = [LookupError()]
        with trio.move_on_after(1):
            try:
                await trio.sleep_forever()
            except trio.Cancelled as cancelled:
                gathered.append(cancelled)
        if self.crash:
            raise BaseExceptionGroup("all of them", gathered)
        if self.hang:
            raise gathered[1]
        await super().receive(turn, event)


@pytest.mark.parametrize("kind", ["crash", "hang"])
async def test_a_cancellation_that_nobody_asked_for_is_a_fault_and_closes_nothing(
    kind: str, autojump_clock: trio.testing.MockClock
) -> None:
    world = World(Hoarder())
    getattr(world.actor, kind).add("")
    async with world.node(max_attempts=2) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: bool(world.parked()))
        getattr(world.actor, kind).clear()
        await node.store(Verified((said(10, "bob"),)))
        await until(lambda: world.heard("bob") == ["10"])
    assert world.heard("bob") == ["10"]


async def test_what_was_committed_leaves_though_the_conversation_is_parked_after_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.poison.add("1")
    async with world.node(max_attempts=1) as node:
        await node.store(Verified((said(0), said(1))))
        await until(lambda: bool(world.parked()))
        await world.post.until(1)
    assert [text for _, text in world.post.got] == ["0"]


async def test_attempts_outlive_the_process(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.actor.poison.add("0")
    for _ in range(3):
        before = len(world.actor.handled)
        async with world.node(max_attempts=4) as node:
            if not world.store.seen:
                await node.store(Verified((said(0),)))
            (conversation,) = world.store.conversations.values()
            attempts = conversation.attempts
            await until(lambda: conversation.attempts > attempts)  # noqa: B023
            assert len(world.actor.handled) > before
    async with world.node(max_attempts=4):
        await until(lambda: bool(world.parked()))
    assert len(world.actor.handled) == 4


async def test_faults_further_back_than_the_window_are_forgotten(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.hang.add("0")
    async with world.node(max_attempts=3, restart_window=2.5, turn_timeout=2.0) as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(120)
        assert len(world.actor.handled) > 20
        assert world.parked() == []


async def test_a_skipped_event_is_kept_as_a_dead_letter_and_the_next_one_is_handled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.poison.add("0")
    async with world.node(max_attempts=2) as node:
        await node.store(Verified((said(0), said(1))))
        await until(lambda: bool(world.parked()))
        world.store.unpark(world.parked()[0], skip=True)
        await until(lambda: world.heard() == ["1"])
    assert [(letter.seq, letter.fate) for letter in world.store.letters] == [(1, "dead")]


async def test_a_parked_conversation_is_found_parked_by_the_next_owner(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.poison.add("0")
    async with world.node(max_attempts=2) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: bool(world.parked()))
    tries = len(world.actor.handled)
    async with world.node("two", max_attempts=2) as node:
        await node.store(Verified((said(1),)))
        await trio.sleep(100)
        assert len(world.actor.handled) == tries
        world.actor.poison.clear()
        world.store.unpark(world.parked()[0])
        await until(lambda: world.heard() == ["0", "1"])


# ── bursts ────────────────────────────────────────────────────────────


async def test_five_texts_in_three_seconds_are_one_turn(autojump_clock: trio.testing.MockClock) -> None:
    world = World(Typist())
    async with world.node() as node:
        for number in range(5):
            await node.store(Verified((said(number),)))
            await trio.sleep(0.6)
        await until(lambda: world.heard() != [])
    assert world.heard() == ["0+1+2+3+4"]
    (turn,) = world.store.turns
    assert (turn.first_seq, turn.last_seq) == (1, 5)
    assert world.actor.handled[0][0] == pytest.approx(4 * 0.6 + 2.0, abs=0.2)


async def test_somebody_who_never_stops_typing_gets_an_answer(autojump_clock: trio.testing.MockClock) -> None:
    world = World(Typist())
    async with world.node() as node:
        for number in range(30):
            await node.store(Verified((said(number),)))
            await trio.sleep(1.0)
        await until(lambda: "29" in "+".join(world.heard()))
    assert len(world.heard()) >= 3
    assert "+".join(world.heard()).split("+") == [str(n) for n in range(30)]
    assert world.actor.handled[0][0] <= 10.5


async def test_the_burst_ends_with_the_most_that_fit(autojump_clock: trio.testing.MockClock) -> None:
    class Hasty(Scribe):
        burst = BurstPolicy(quiet=100.0, longest=100.0, of=(Said,), most=3)

    world = World(Hasty())
    async with world.node() as node:
        await node.store(Verified(tuple(said(n) for n in range(6))))
        await until(lambda: len(world.heard()) == 2, 5.0)
    assert world.heard() == ["0+1+2", "3+4+5"]


async def test_a_burst_that_fails_is_handled_event_by_event_and_only_the_poison_is_blamed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(Typist())
    world.actor.poison.add("2")
    async with world.node(max_attempts=3) as node:
        await node.store(Verified(tuple(said(n) for n in range(4))))
        await until(lambda: bool(world.parked()))
        assert world.heard() == ["0", "1"]
        (conversation,) = world.store.conversations.values()
        assert conversation.parked is not None
        assert (conversation.parked.seq, conversation.parked.attempts) == (3, 3)
        world.store.unpark(conversation.id, skip=True)
        await until(lambda: "3" in world.heard())


async def test_a_stop_does_not_wait_for_a_burst_to_end(autojump_clock: trio.testing.MockClock) -> None:
    world = World(Typist())
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(0.5)
        started = trio.current_time()
        await node.finish_turns()
        assert trio.current_time() - started < 0.1
    assert world.heard() == []


# ── timers ────────────────────────────────────────────────────────────


def remind(name: str, **when: float) -> Callable[[Turn[Notes]], None]:
    return lambda turn: turn.remind(name, after=timedelta(**when))


async def test_a_reminder_comes_when_it_is_due_and_once(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    world.actor.acts["0"] = remind("nudge", minutes=15)
    async with world.node(lease_ttl=30.0) as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(14 * 60)
        assert world.heard() == ["0"]
        await trio.sleep(3600)
    assert world.heard() == ["0", "due:nudge"]
    assert world.actor.handled[1][0] == pytest.approx(15 * 60, abs=1.5)
    assert [text for _, text in world.post.got] == ["0", "due:nudge"]
    assert world.store.timers == {}


async def test_a_reminder_comes_after_passivation_and_after_a_restart(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.acts["0"] = remind("first", minutes=10)
    world.actor.acts["due:first"] = remind("second", minutes=10)
    async with world.node(passivate_after=1.0) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: node.cells.statistics().passivated == 1)
        await until(lambda: world.heard() == ["0", "due:first"])
    async with world.node():
        await until(lambda: world.heard() == ["0", "due:first", "due:second"])


@pytest.mark.parametrize("lead", [0.0, 0.001, 0.3, 0.9])
async def test_an_answer_beats_its_nudge(lead: float, autojump_clock: trio.testing.MockClock) -> None:
    """However close the answer comes before the node looks for timers, the nudge that it takes back never comes."""
    world = World()
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.acts["1"] = lambda turn: turn.forget("nudge")
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard() == ["0"])
        (timer,) = world.store.timers.values()
        await trio.sleep((timer.due_at - world.wall()).total_seconds() - lead)
        await node.store(Verified((said(1),)))
        await trio.sleep(300)
    assert world.heard() == ["0", "1"]


async def test_an_answer_that_waits_in_the_journal_beats_the_nudge_of_the_next_life(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.acts["1"] = remind("nudge", seconds=30)
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await until(lambda: world.heard() == ["0"])
    await trio.sleep(300)
    journal = MemoryJournal(world.store, replica="ingress only")
    await journal.ingest([said(1)])
    async with world.node():
        await until(lambda: len(world.heard()) == 2, 20)
        assert world.heard() == ["0", "1"]
        await until(lambda: world.heard() == ["0", "1", "due:nudge"])


async def test_a_nudge_that_is_being_handled_is_fenced_by_the_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Slow(Scribe):
        async def receive(self, turn: Turn[Notes], event: Event) -> None:
            if isinstance(event, TimerDue):
                await trio.sleep(2)
            await super().receive(turn, event)

    world = World(Slow())
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.acts["1"] = lambda turn: turn.forget("nudge")
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(61)
        await node.store(Verified((said(1),)))
        await trio.sleep(60)
    assert world.heard() == ["0", "1"]
    assert [text for _, text in world.post.got] == ["0", "1"]


async def test_a_parked_conversation_keeps_its_timers_until_it_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.poison.add("1")
    async with world.node(max_attempts=1) as node:
        await node.store(Verified((said(0), said(1))))
        await trio.sleep(600)
        assert world.heard() == ["0"]
        world.actor.poison.clear()
        world.store.unpark(world.parked()[0])
        await until(lambda: world.heard() == ["0", "1", "due:nudge"])


async def test_a_timer_whose_handling_fails_parks_and_can_be_skipped(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.actor.acts["0"] = remind("nudge", seconds=60)
    world.actor.poison.add("due:nudge")
    async with world.node(max_attempts=3) as node:
        await node.store(Verified((said(0),)))
        await until(lambda: bool(world.parked()))
        world.store.unpark(world.parked()[0], skip=True)
        await node.store(Verified((said(1),)))
        await until(lambda: world.heard() == ["0", "1"])
        await trio.sleep(100)
    assert [what for _, what in world.actor.handled].count("due:nudge") == 3


# ── old events, and clocks ────────────────────────────────────────────


async def test_what_waited_a_day_is_recorded_and_told_in_sum(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    journal = MemoryJournal(world.store, replica="ingress only")
    await journal.ingest([said(0), said(1), said(2)])
    await trio.sleep(25 * 3600)  # no node runs
    await journal.ingest([said(3)])
    async with world.node():
        await until(lambda: world.heard() == ["stale:3", "3"])
    assert [(letter.seq, letter.fate) for letter in world.store.letters] == [
        (1, "stale"),
        (2, "stale"),
        (3, "stale"),
    ]
    assert [(turn.first_seq, turn.last_seq) for turn in world.store.turns] == [(1, 3), (4, 4)]


@pytest.mark.parametrize(
    ("hours", "stale"),
    [(0.0, False), (23, False), (25, True), (8 * 24 - 1, True), (8 * 24 + 1, False), (-48, False)],
)
async def test_an_old_stamp_is_believed_between_one_day_and_eight(
    hours: float, stale: bool, autojump_clock: trio.testing.MockClock
) -> None:
    world = World()
    async with world.node() as node:
        stamped = int(world.store.wall() - hours * 3600)
        await node.store(Verified((msgspec.structs.replace(said(0), stamped=stamped),)))
        await until(lambda: world.heard() != [])
    assert world.heard() == (["stale:1"] if stale else ["0"])


async def test_what_must_be_handled_however_old_is_handled(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    old = msgspec.structs.replace(said(0), stamped=int(START.timestamp()) - 2 * 86400, perishable=False)
    async with world.node() as node:
        await node.store(Verified((old,)))
        await until(lambda: world.heard() == ["0"])


@pytest.mark.parametrize("hours", [-1, 1, 48])
async def test_a_wall_clock_that_jumps_changes_nothing(
    hours: int, autojump_clock: trio.testing.MockClock
) -> None:
    world = World()
    world.actor.acts["0"] = remind("nudge", minutes=15)
    async with world.node() as node:
        await node.store(Verified((said(0),)))
        await trio.sleep(60)
        world.ahead = timedelta(hours=hours)
        await trio.sleep(13 * 60)
        await node.store(Verified((said(1, "bob"),)))
        await until(lambda: world.heard("bob") == ["1"])
        assert world.heard() == ["0"]
        await until(lambda: world.heard() == ["0", "due:nudge"])
        assert trio.current_time() == pytest.approx(15 * 60, abs=1.5)
        assert node.now() == START + timedelta(seconds=trio.current_time())
