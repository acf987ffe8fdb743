"""Random lives of a few conversations: what is said, what goes wrong and when, and what must hold once it is quiet.

A schedule is a list of steps for a `World`, which is a journal and what is around it. Everything that an actor does
follows from its state, its event and its turn; only its mishaps are its own, and leave no trace. `check` judges the
books of any journal.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, pairwise
from random import Random
from typing import Any, Protocol

import msgspec
import trio
from hypothesis import strategies as st

from config import Node as NodeSettings
from config import Settings
from runtime import (
    Accepted,
    App,
    Arrival,
    Delivery,
    EffectFailed,
    Event,
    HttpClient,
    Outcome,
    Pace,
    Refused,
    Request,
    ResourceUnavailable,
    Response,
    Transaction,
    TryAgain,
    Uncertain,
    Verified,
    encode_event,
)
from runtime.actor.effect import Lane, effect_id
from runtime.drill.chronicler import TIMERS, Chronicler, Gatherer, Pressed, Told
from runtime.drill.nowhere import nowhere
from runtime.drill.unsteady import Replica, UnsteadyJournal, Way
from runtime.journal.protocol import Journal
from runtime.testing import History, PastEvent, PastTurn, replay


class Post:
    """The world outside: answers as it is told, else accepts; keeps what arrived."""

    name = "post"

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.answers: deque[str] = deque()
        self.arrived: list[str] = []

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ()

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(10_000, 0.0, 1)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        match self.answers.popleft() if self.answers else "":
            case "again":
                return TryAgain("busy", after=0.05 * self.scale)
            case "refuse":
                return Refused("no")
            case "lost":
                return Uncertain("lost")
            case "unheard":
                self.arrived.append(delivery.id)
                return Uncertain("unheard")
            case "hang":
                self.arrived.append(delivery.id)
                await trio.sleep_forever()
            case "slow":
                self.arrived.append(delivery.id)
                await trio.sleep(0.4 * self.scale)
            case _:
                self.arrived.append(delivery.id)
        return Accepted(f"p-{delivery.id}")


# ── the schedule ──────────────────────────────────────────────────────


class Telling(msgspec.Struct, frozen=True, omit_defaults=True):
    says: int = 1
    asides: int = 0
    sets: dict[str, float] = {}
    forgets: tuple[str, ...] = ()
    mishaps: tuple[str, ...] = ()
    pressed: bool = False
    old: bool = False


class Say(msgspec.Struct, frozen=True):
    """A webhook of one person, who is known by some of two identities."""

    person: int
    known_as: tuple[str, ...]
    tellings: tuple[Telling, ...]


class Repeat(msgspec.Struct, frozen=True):
    """The provider sends an earlier webhook again."""

    which: int


class Wait(msgspec.Struct, frozen=True):
    seconds: float


class Meet(msgspec.Struct, frozen=True):
    """Wait until a turn handles a reminder, but not for long."""


class Start(msgspec.Struct, frozen=True):
    replica: str


class Kill(msgspec.Struct, frozen=True):
    replica: str


class Stop(msgspec.Struct, frozen=True):
    replica: str


class Freeze(msgspec.Struct, frozen=True):
    """A replica cannot renew its leases, which end though it still believes in them."""

    replica: str


class Trouble(msgspec.Struct, frozen=True):
    """Calls of the journal go wrong: not done (before), done and not answered (after), or done late (late)."""

    method: str
    ways: tuple[Way, ...]


class Answers(msgspec.Struct, frozen=True):
    answers: tuple[str, ...]


class Unpark(msgspec.Struct, frozen=True):
    skip: bool


Step = Say | Repeat | Wait | Meet | Start | Kill | Stop | Freeze | Trouble | Answers | Unpark


class Schedule(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...]
    timer_mishaps: dict[str, tuple[str, ...]]
    skips: bool
    bursts: bool
    settings: dict[str, float]


def _tuples(
    elements: st.SearchStrategy[Any], most: int, least: int = 0
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


def schedules(most: int = 20, scale: float = 1.0, *, hangs: bool = True) -> st.SearchStrategy[Schedule]:
    """Return schedules of at most so many steps; `scale` is what a second is in them."""
    hang = ["hang"] * hangs  # that waits for a deadline
    seconds = st.sampled_from([0.0, 0.01, 0.3, 1.0, 4.0]).map(lambda s: s * scale)
    mishaps = _tuples(st.sampled_from(["error", "group", "away", "slow", *hang]), 4)
    on_time = _tuples(st.sampled_from(["slow"] * 6 + ["error", "group", "away"]), 6, 2)
    seldom = st.booleans().flatmap(lambda yes: mishaps if yes else st.just(()))
    replicas = st.sampled_from(["one", "two"])
    telling = st.builds(
        Telling,
        says=st.integers(0, 2),
        asides=st.integers(0, 1),
        sets=st.dictionaries(st.sampled_from(TIMERS), seconds, max_size=2),
        forgets=_tuples(st.sampled_from(TIMERS), 1),
        mishaps=seldom,
        pressed=st.booleans(),
        old=st.sampled_from([False] * 7 + [True]),
    )
    say = st.builds(
        Say,
        person=st.integers(0, 2),
        known_as=st.sampled_from([("wa_id", "bsuid"), ("wa_id",), ("bsuid",)]),
        tellings=_tuples(telling, 4, 1),
    )
    methods = st.sampled_from(
        [
            *["commit"] * 6,
            "commit_within",
            "fail",
            "claim",
            "record",
            "ingest",
            "load",
            "read",
            "due",
            "effects",
            "backlog",
        ]
    )
    # Somebody answers while a reminder is being handled.
    telling_now = st.builds(Telling, sets=st.just(dict.fromkeys(TIMERS, 0.0)))
    duel = st.builds(
        lambda who, first, then: (
            Say(who.person, who.known_as, (first,)),
            Meet(),
            Say(who.person, who.known_as, then),
        ),
        say,
        telling_now,
        _tuples(telling, 2, 1),
    )
    step = st.one_of(
        say,
        say,
        say,
        st.builds(Wait, seconds),
        st.builds(Wait, seconds),
        st.builds(Repeat, st.integers(0, 5)),
        st.builds(Start, replicas),
        st.builds(Kill, replicas),
        st.builds(Stop, replicas),
        st.builds(Freeze, replicas),
        st.builds(Trouble, methods, _tuples(st.sampled_from(["before", "after", "late"]), 3, 1)),
        st.builds(
            Answers, _tuples(st.sampled_from(["again", "refuse", "lost", "unheard", "slow", *hang]), 3, 1)
        ),
        st.builds(Unpark, st.booleans()),
    )
    settings = st.fixed_dictionaries(
        {
            "max_active": st.sampled_from([1, 2, 20_000]),
            "mailbox_limit": st.sampled_from([1, 2, 256]),
            "passivate_after": st.sampled_from([1.0, 300.0]),
            "max_attempts": st.integers(1, 3),
        }
    )
    return st.builds(
        Schedule,
        steps=st.tuples(say, _tuples(st.one_of(step.map(lambda one: (one,)), duel), most - 1, most // 2)).map(
            lambda pair: (pair[0], *chain.from_iterable(pair[1]))
        ),
        timer_mishaps=st.fixed_dictionaries({f"due:{name}": on_time for name in TIMERS}),
        skips=st.booleans(),
        bursts=st.booleans(),
        settings=settings,
    )


# ── its run ───────────────────────────────────────────────────────────


class Sent(msgspec.Struct, frozen=True):
    """A row of the outbox."""

    conversation: str
    version: int
    ordinal: int
    lane: str
    payload: bytes
    status: str
    maybe_duplicate: bool


class PastRow(msgspec.Struct, frozen=True):
    """A row of the turns; `timer` is "" where events were handled."""

    version: int
    first_seq: int
    last_seq: int
    now: datetime
    timer: str
    stale: bool


class Kept(msgspec.Struct, frozen=True):
    """All that is kept of one conversation."""

    id: str
    channel: str
    version: int
    done_seq: int
    state: bytes
    inbox: Sequence[PastEvent]
    turns: Sequence[PastRow]
    dead: Sequence[int]
    stale: Sequence[int]
    timers: Sequence[str] = ()


class Books(msgspec.Struct, frozen=True):
    conversations: Sequence[Kept]
    outbox: Mapping[str, Sent]


class World(Protocol):
    """A journal, and what an operator and an onlooker see of it."""

    channel: str
    settings: Mapping[str, float]
    scale: float

    def journal(self, replica: str) -> Journal: ...

    def begin(self) -> AbstractAsyncContextManager[Transaction]: ...

    def now(self) -> datetime: ...

    async def parked(self) -> Sequence[tuple[str, str]]:
        """Return (conversation, what it stopped at as `name_of` says it)."""

    async def unpark(self, conversation: str, *, skip: bool) -> None: ...

    async def end_leases(self) -> None: ...

    async def quiet(self) -> bool:
        """Tell whether everything is handled and sent, and no timer is left."""

    async def books(self) -> Books: ...


class Run:
    """One schedule in one world. `acked` are the numbers that were acknowledged, in the order they were first said."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self.world = world
        self.schedule = schedule
        self.actor = (Gatherer if schedule.bursts else Chronicler)(world.scale)
        self.actor.mishaps = {name: deque(kinds) for name, kinds in schedule.timer_mishaps.items()}
        self.post = Post(world.scale)
        self.app = App("chronicle", self.actor, (self.post,), (Told, Pressed))
        self.faults: Counter[str] = Counter()
        self.acked: list[int] = []
        self.parks: set[str] = set()
        self._troubles: defaultdict[str, deque[Way]] = defaultdict(deque)
        self._replicas: dict[str, Replica] = {}
        self._webhooks: list[Verified] = []
        self._said = 0
        self._nursery: trio.Nursery

    async def __call__(self) -> Books:
        """Run the steps, then let it become quiet; return the books."""
        for name, mishaps in self.schedule.timer_mishaps.items():
            self._expect(name, mishaps)
        async with trio.open_nursery() as self._nursery:
            for step in self.schedule.steps:
                await self._take(step)
            await self._drain()
            books = await self.world.books()
            await trio.sleep(2 * self.world.scale)
            assert await self.world.books() == books, "it was not quiet"
            self._nursery.cancel_scope.cancel()
        return books

    def _expect(self, name: str, mishaps: Sequence[str]) -> None:
        self.faults[name] += sum(mishap in {"error", "group", "hang"} for mishap in mishaps)

    async def _take(self, step: Step) -> None:  # noqa: C901 - a case for each kind of step
        match step:
            case Say():
                self._webhooks.append(self._webhook(step))
                await self._store(self._webhooks[-1])
                self.acked += range(len(self.acked), self._said)
            case Repeat(which=which) if which < len(self._webhooks):
                await self._store(self._webhooks[which])
            case Wait(seconds=seconds):
                await trio.sleep(seconds)
            case Meet():
                with trio.move_on_after(2 * self.world.scale):
                    await self.actor.reminded.wait()
            case Start(replica=name):
                await self._start(name)
            case Kill(replica=name) if name in self._replicas:
                await self._kill(name)
            case Stop(replica=name) if name in self._replicas:
                await self._replicas.pop(name).stop(within=5 * self.world.scale)
            case Freeze(replica=name) if name in self._replicas:
                self._replicas[name].journal.cut_off = True
                await self.world.end_leases()
            case Trouble(method=method, ways=ways):
                self._troubles[method].extend(ways)
            case Answers(answers=answers):
                self.post.answers.extend(answers)
            case Unpark(skip=skip):
                await self._unpark(skip=skip)

    def _webhook(self, say: Say) -> Verified:
        arrivals = []
        for telling in say.tellings:
            number, self._said = self._said, self._said + 1
            self.actor.mishaps[str(number)] = deque(telling.mishaps)
            self._expect(str(number), telling.mishaps)
            event: Event = Told(
                number=number,
                says=telling.says,
                asides=telling.asides,
                sets=telling.sets,
                forgets=telling.forgets,
            )
            if telling.pressed:
                event = Pressed(number=number)
            stamped = int(self.world.now().timestamp()) - 2 * 86400 if telling.old else 0
            names = tuple(f"{kind}:{say.person}" for kind in say.known_as)
            dedup = f"m|{self.world.channel}|{number}"
            arrivals.append(Arrival(self.world.channel, names, dedup, encode_event(event), stamped))
        return Verified(tuple(arrivals))

    async def _store(self, webhook: Verified) -> None:
        """Send a webhook until somebody acknowledges it, as providers do."""
        while True:
            if not self._replicas:
                await self._start("one")
            replica = next(iter(self._replicas.values()))
            try:
                return await replica.node.store(webhook)
            except ResourceUnavailable:
                await trio.sleep(0.1 * self.world.scale)

    async def _start(self, name: str) -> None:
        if name not in self._replicas:
            journal = UnsteadyJournal(self.world.journal(name), self._way, late=0.5 * self.world.scale)
            replica = self._replicas[name] = Replica(name, journal)
            settings = NodeSettings(**{**self.world.settings, **self.schedule.settings})  # type: ignore[arg-type]
            await self._nursery.start(
                partial(
                    replica.run,
                    self.app,
                    settings,
                    begin=self.world.begin,
                    now=self.world.now,
                    dice=Random(0),
                )
            )

    async def _kill(self, name: str) -> None:
        replica = self._replicas.pop(name)
        replica.kill()
        await replica.gone.wait()

    def _way(self, method: str) -> Way:
        ways = self._troubles[method]
        return ways.popleft() if ways else ""

    async def _unpark(self, *, skip: bool) -> None:
        for conversation, stopped_at in await self.world.parked():
            self.parks.add(stopped_at)
            await self.world.unpark(conversation, skip=skip)

    async def _drain(self) -> None:
        """Nothing goes wrong any more but what the actor still has before it."""
        self._troubles.clear()
        self.post.answers.clear()
        for replica in self._replicas.values():
            replica.journal.cut_off = False
        if not self._replicas:
            await self._start("one")
        with trio.fail_after(2000 * self.world.scale):
            while not await self.world.quiet():
                await self._unpark(skip=self.schedule.skips)
                await trio.sleep(0.5 * self.world.scale)


# ── what must hold ────────────────────────────────────────────────────


async def check(run: Run, books: Books) -> None:
    """Judge the books of a run that has become quiet."""
    codec = run.app.codec
    numbers = []
    for kept in books.conversations:
        events = [codec.decode(event.payload) for event in kept.inbox]
        said = [event.number for event in events if isinstance(event, Told | Pressed)]
        assert said == sorted(set(said)), "what a person said is stored once, in order"
        numbers += said
        _check_turns(kept)
        _check_timers(kept, events)
        await _check_replay(run, kept, books)
    assert sorted(numbers) == run.acked, "what was acknowledged is stored, in one conversation"
    _check_sends(run, books)
    # Attempts are counted for what comes next, whatever that is: those at a timer count for the event that overtakes it.
    carried = sum(run.faults[f"due:{name}"] for name in TIMERS)
    most = run.schedule.settings["max_attempts"]
    own = {name: 0 if name.startswith("due:") else run.faults[name] for name in run.parks}
    blamed = {name for name, faults in own.items() if faults + carried < most}
    assert not blamed, f"parked for what was not its fault: {blamed}"


def _check_turns(kept: Kept) -> None:
    """Each event was handled by one turn, or skipped, in order."""
    covered = [seq for turn in kept.turns for seq in range(turn.first_seq, turn.last_seq + 1)]
    assert sorted([*covered, *kept.dead]) == list(range(1, len(kept.inbox) + 1))
    assert covered == sorted(covered)
    assert kept.done_seq == len(kept.inbox)
    assert kept.stale == [
        seq for turn in kept.turns if turn.stale for seq in range(turn.first_seq, turn.last_seq + 1)
    ]
    versions = [turn.version for turn in kept.turns]
    assert all(before < after for before, after in pairwise([0, *versions]))
    assert not versions or versions[-1] <= kept.version


def _check_timers(kept: Kept, events: Sequence[Event]) -> None:
    """No timer came that was not set, was set anew, was forgotten or had come; none before its time."""
    assert not kept.timers
    held: dict[str, datetime | None] = {}  # None: set by a turn that a timer began
    for turn in kept.turns:
        if turn.timer:
            assert turn.timer in held
            due = held.pop(turn.timer)
            assert due is None or due <= turn.now
            assert turn.last_seq == turn.first_seq - 1
            held |= dict.fromkeys(TIMERS)  # which one it may have set, only its dice know: see the replay
        elif not turn.stale:
            for event in events[turn.first_seq - 1 : turn.last_seq]:
                if isinstance(event, Told):
                    held |= {n: turn.now + timedelta(seconds=after) for n, after in event.sets.items()}
                    for name in event.forgets:
                        held.pop(name, None)


def history_of(kept: Kept) -> History:
    """Return what `replay` takes."""
    past = [
        PastTurn(t.version, t.now, kept.inbox[t.first_seq - 1 : t.last_seq], t.timer, t.stale)
        for t in kept.turns
    ]
    return History(kept.id, kept.channel, past)


async def _check_replay(run: Run, kept: Kept, books: Books) -> None:
    """The same turns give the same again: effects, reminders and state, byte for byte; and nothing else is there."""
    bot = App("again", type(run.actor)(run.world.scale), (), (Told, Pressed))
    done = await replay(bot, history_of(kept), begin=nowhere)
    given = {
        str(e.id): (e.conversation, e.version, e.ordinal, e.lane.value, e.payload)
        for r in done
        for e in r.effects
    }
    stored = {
        name: (s.conversation, s.version, s.ordinal, s.lane, s.payload)
        for name, s in books.outbox.items()
        if s.conversation == kept.id
    }
    assert given == stored
    assert (done[-1].state if done else b"") == kept.state
    held: dict[str, datetime] = {}
    for turn, again in zip(kept.turns, done, strict=True):
        if turn.timer:
            assert held.pop(turn.timer) <= turn.now
        for name, due in again.reminders.items():
            if due is None:
                held.pop(name, None)
            else:
                held[name] = due


def _check_sends(run: Run, books: Books) -> None:
    """Each effect arrived once, but those in doubt; sends of one conversation in order; nothing of a turn undone."""
    arrived = Counter(run.post.arrived)
    assert set(arrived) <= set(books.outbox)
    inbox = [run.app.codec.decode(event.payload) for kept in books.conversations for event in kept.inbox]
    failures = [event.effect for event in inbox if isinstance(event, EffectFailed)]
    failed = [
        name for name, sent in books.outbox.items() if (sent.status, sent.lane) == ("failed", Lane.SEND)
    ]
    assert sorted(failures) == sorted(failed)
    for name, sent in books.outbox.items():
        assert name == str(effect_id(sent.conversation, sent.version, sent.ordinal))
        assert sent.status in {"done", "failed"}
        assert sent.status == "failed" or arrived[name] >= 1
        assert arrived[name] <= 1 or sent.maybe_duplicate
    for kept in books.conversations:
        order = [
            (sent.version, sent.ordinal)
            for name in run.post.arrived
            if (sent := books.outbox[name]).conversation == kept.id and sent.lane == Lane.SEND
        ]
        assert order == sorted(order)


START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
