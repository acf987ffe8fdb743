"""A bot that does all that a bot may do, as its events tell it, and writes down what comes.

Everything that it does follows from its state, its event and its turn; only its mishaps are its own, and leave no trace.
So its books can be judged, and its turns run again must give the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from random import Random

import msgspec
import trio

from runtime.actor.behaviour import Actor
from runtime.actor.event import Burst, EffectFailed, Event, Stale, TimerDue
from runtime.actor.gathering import BurstPolicy
from runtime.actor.turn import Turn
from runtime.app import App
from runtime.resources.errors import ResourceUnavailable

TIMERS = ("a", "b")
_REARMED_MOST = 2
_MISHAPS = ("error", "error", "group", "away", "slow", "hang")


class Told(Event, frozen=True, kw_only=True):
    """Something said: what the turn is to do is in it. Several may be one turn."""

    number: int
    says: int = 1
    asides: int = 0
    works: int = 0
    sets: dict[str, float] = msgspec.field(default_factory=dict)
    forgets: tuple[str, ...] = ()
    gives_way: bool = False


class Pressed(Event, frozen=True, kw_only=True):
    """Something that opens the turn's own transaction, and is always a turn of its own."""

    number: int


class Line(msgspec.Struct, frozen=True, tag=True):
    """What the bot says."""

    body: str


class Book(msgspec.Struct):
    """`heard` in order; `chain` depends on every turn's event, clock and dice, and on all that were before."""

    heard: list[str] = []
    chain: str = ""
    rearmed: int = 0


class Chronicler(Actor[Book]):
    """Writes down what comes. `mishaps` by what was heard happen once each, after all else has been done."""

    def __init__(self, scale: float = 1.0) -> None:
        """Let `scale` seconds be one."""
        self.scale = scale
        self.mishaps: dict[str, deque[str]] = {}
        self.reminded = trio.Event()

    async def receive(self, turn: Turn[Book], event: Event) -> None:
        """Hear, write down, then suffer what is laid up for it."""
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
                self._do(turn, event)
            case Pressed():
                turn.reply(Line(heard))
            case TimerDue(name=name, due_at=due_at):
                turn.reply(Line(f"{name} of {due_at.isoformat()}"))
                if state.rearmed < _REARMED_MOST:
                    state.rearmed += 1
                    turn.remind(turn.random.choice(TIMERS), at=turn.now + timedelta(seconds=self.scale))
            case Stale(newest=newest):
                turn.reply(Line(newest.isoformat()))
        state.heard.append(heard)
        facts = f"{state.chain}|{heard}|{turn.now.isoformat()}|{turn.random.getrandbits(64)}"
        state.chain = blake2b(facts.encode(), digest_size=6).hexdigest()

    def _do(self, turn: Turn[Book], told: Told) -> None:
        for name, after in told.sets.items():
            turn.remind(name, after=timedelta(seconds=after))
        for name in told.forgets:
            turn.forget(name)
        if told.gives_way:
            turn.pause("told to")
        for number in range(told.says):
            turn.reply(Line(f"{told.number}.{number} after {turn.state.chain}"))
        for _ in range(told.asides):
            turn.aside(Line(f"{turn.random.random()}"))
        for _ in range(told.works):
            turn.work(Line(f"{told.number}"))

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
                raise ResourceUnavailable("postgres", "away")
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
    return type(event).__name__


def chronicle(dice: Random) -> tuple[App, Callable[[Random, int], Event]]:
    """Return an app of a chronicler, and what it is told: all that a bot may do, and now and then a mishap."""
    actor = dice.choice((Chronicler, Gatherer))()
    on_time = ("slow", "error", "away")
    actor.mishaps |= {f"due:{name}": deque(dice.choices(on_time, k=2)) for name in TIMERS}

    def say(dice: Random, number: int) -> Event:
        if dice.random() < 0.25 and number > 0:
            actor.mishaps[str(number)] = deque(dice.choices(_MISHAPS, k=dice.randrange(1, 4)))
        if dice.random() < 0.1:
            return Pressed(number=number)
        return Told(
            number=number,
            says=dice.randrange(3),
            asides=dice.randrange(2),
            works=int(number > 0 and dice.random() < 0.2),
            sets={name: dice.choice((0.0, 0.3, 1.0, 4.0)) for name in TIMERS if dice.random() < 0.2},
            forgets=tuple(name for name in TIMERS if dice.random() < 0.1),
            gives_way=dice.random() < 0.05,
        )

    return App("chronicle", actor, (), (Told, Pressed)), say
