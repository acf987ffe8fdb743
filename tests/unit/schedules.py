"""Random lives of a few conversations: what is said, what goes wrong and when, and what must hold once it is quiet.

A schedule is a list of steps for a `World`, which is a journal and what is around it. Everything that an actor does
follows from its state, its event and its turn; only its mishaps are its own, and leave no trace. `check` judges the
books of any journal.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import chain, pairwise
from typing import Any, Protocol, Self

import msgspec
import trio
from hypothesis import strategies as st

from config import Node as NodeSettings
from config import Settings
from runtime import (
    Accepted,
    Actor,
    App,
    Arrival,
    Burst,
    BurstPolicy,
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
    Stale,
    TimerDue,
    Transaction,
    TryAgain,
    Turn,
    Uncertain,
    Verified,
    encode_event,
)
from runtime.actor.effect import Lane, effect_id
from runtime.journal.protocol import Journal
from runtime.node.node import Node, open_node
from runtime.testing import History, PastEvent, PastTurn, replay

AWAY = ResourceUnavailable("postgres", "away")
TIMERS = ("a", "b")
REARMED_MOST = 2


# ── the bot ───────────────────────────────────────────────────────────


class Told(Event, frozen=True, kw_only=True):
    """Something said: what the turn is to do is in it. Several may be one turn."""

    number: int
    says: int = 1
    asides: int = 0
    sets: dict[str, float] = msgspec.field(default_factory=dict)
    forgets: tuple[str, ...] = ()


class Pressed(Event, frozen=True, kw_only=True):
    """Something that opens the turn's own transaction, and is always a turn of its own."""

    number: int


class Line(msgspec.Struct, frozen=True, tag=True):
    body: str


class Book(msgspec.Struct):
    """`heard` in order; `chain` depends on every turn's event, clock and dice, and on all that were before."""

    heard: list[str] = []
    chain: str = ""
    rearmed: int = 0


class Chronicler(Actor[Book]):
    """Writes down what comes. `mishaps` by what was heard happen once each, after all else has been done."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.mishaps: dict[str, deque[str]] = {}
        self.reminded = trio.Event()

    async def receive(self, turn: Turn[Book], event: Event) -> None:
        if isinstance(event, TimerDue):
            self.reminded.set()
            self.reminded = trio.Event()
        for one in event.events if isinstance(event, Burst) else (event,):
            self._hear(turn, one)
        if isinstance(event, Pressed):
            async with turn.postgres() as tx:
                await tx.execute(
                    "insert into pressed values ($1, $2, $3)",
                    turn.conversation,
                    event.number,
                    turn.state.chain,
                )
        for one in event.events if isinstance(event, Burst) else (event,):
            if left := self.mishaps.get(name_of(one)):
                await self._suffer(left.popleft())

    def _hear(self, turn: Turn[Book], event: Event) -> None:
        state, heard = turn.state, name_of(event)
        match event:
            case Told():
                for name, after in event.sets.items():
                    turn.remind(name, after=timedelta(seconds=after))
                for name in event.forgets:
                    turn.forget(name)
                for number in range(event.says):
                    turn.reply(Line(f"{heard}.{number} after {state.chain}"))
                for _ in range(event.asides):
                    turn.aside(Line(f"{turn.random.random()}"))
            case Pressed():
                turn.reply(Line(heard))
            case TimerDue(name=name, due_at=due_at):
                turn.reply(Line(f"{name} of {due_at.isoformat()}"))
                if state.rearmed < REARMED_MOST:
                    state.rearmed += 1
                    turn.remind(turn.random.choice(TIMERS), at=turn.now + timedelta(seconds=self.scale))
            case Stale(newest=newest):
                turn.reply(Line(newest.isoformat()))
        state.heard.append(heard)
        facts = f"{state.chain}|{heard}|{turn.now.isoformat()}|{turn.random.getrandbits(64)}"
        state.chain = blake2b(facts.encode(), digest_size=6).hexdigest()

    async def _suffer(self, mishap: str) -> None:
        match mishap:
            case "error":
                raise ValueError
            case "group":
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(self._suffer, "error")
            case "hang":
                await trio.sleep_forever()
            case "away":
                raise AWAY
            case _:
                await trio.sleep(0.4 * self.scale)


class Gatherer(Chronicler):
    """The same, of several events at once."""

    burst = BurstPolicy(quiet=0.3, longest=1.0, of=(Told,), most=4)


def name_of(event: Event) -> str:
    """Return what a chronicler hears."""
    match event:
        case Told(number=number) | Pressed(number=number):
            return str(number)
        case TimerDue(name=name):
            return f"due:{name}"
        case Stale(count=count):
            return f"stale:{count}"
        case EffectFailed(effect=effect):
            return f"failed:{effect}"
    raise AssertionError(event)


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
    ways: tuple[str, ...]


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


class Unsteady:
    """A journal whose calls go wrong as it is told."""

    def __init__(self, journal: Journal, troubles: Mapping[str, deque[str]], scale: float) -> None:
        self._journal = journal
        self._troubles = troubles
        self._scale = scale
        self.frozen = False

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def call(*arguments: object, **named: object) -> object:
            ways = self._troubles[method]
            way = ways.popleft() if ways else ""
            if way == "late":
                await trio.sleep(0.5 * self._scale)
            if way == "before" or (self.frozen and method in {"acquire", "renew"}):
                await trio.lowlevel.checkpoint()
                raise AWAY
            done = await getattr(self._journal, method)(*arguments, **named)
            if way == "after":
                raise AWAY
            return done

        return call


class _Replica:
    """A node in a task of its own, so that it can be killed."""

    def __init__(self, journal: Unsteady) -> None:
        self.journal = journal
        self.scope = trio.CancelScope()
        self.gone = trio.Event()
        self.node: Node

    async def run(self, world: World, app: App, settings: NodeSettings, *, task_status: Any) -> None:
        try:
            with self.scope:
                async with open_node(
                    app,
                    settings,
                    journal=self.journal,  # type: ignore[arg-type]
                    http=None,  # type: ignore[arg-type]
                    begin=world.begin,
                    now=world.now,
                ) as self.node:
                    task_status.started()
                    await trio.sleep_forever()
        finally:
            self.gone.set()


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
        self._troubles: defaultdict[str, deque[str]] = defaultdict(deque)
        self._replicas: dict[str, _Replica] = {}
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
                node = self._replicas[name].node
                with trio.move_on_after(5 * self.world.scale):
                    await node.finish_turns()
                    await node.finish_effects()
                    await node.release()
                await self._kill(name)
            case Freeze(replica=name) if name in self._replicas:
                self._replicas[name].journal.frozen = True
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
            journal = Unsteady(self.world.journal(name), self._troubles, self.world.scale)
            replica = self._replicas[name] = _Replica(journal)
            settings = NodeSettings(**{**self.world.settings, **self.schedule.settings})  # type: ignore[arg-type]
            await self._nursery.start(replica.run, self.world, self.app, settings)

    async def _kill(self, name: str) -> None:
        replica = self._replicas.pop(name)
        replica.scope.cancel()
        await replica.gone.wait()

    async def _unpark(self, *, skip: bool) -> None:
        for conversation, stopped_at in await self.world.parked():
            self.parks.add(stopped_at)
            await self.world.unpark(conversation, skip=skip)

    async def _drain(self) -> None:
        """Nothing goes wrong any more but what the actor still has before it."""
        self._troubles.clear()
        self.post.answers.clear()
        for replica in self._replicas.values():
            replica.journal.frozen = False
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


class _Nowhere:
    async def fetch(self, sql: str, *args: object) -> Sequence[Any]:
        await trio.lowlevel.checkpoint()
        return ()

    async def execute(self, sql: str, *args: object) -> str:
        await trio.lowlevel.checkpoint()
        return ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def nowhere() -> AbstractAsyncContextManager[Transaction]:
    """Return a transaction whose statements do nothing."""
    return _Nowhere()


START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
