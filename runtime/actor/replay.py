"""Turns without a node: those of the past run again, and rehearsals of turns that have never been.

Theory of operation: a turn is a function of the state before it, of what it handled, of its `now` and of its dice, which
its conversation and version seed. All of these are kept, so the same code gives the same effects, byte for byte, as often
as it is asked: other ones tell that the code has changed, or that it looks at something that is not the turn's. What a
turn reads through `turn.postgres()`, `turn.redis` and `turn.http` is not kept; whoever lets it run again stands in for
them. Nothing is stored and nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from runtime.actor.behaviour import Actor
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import Burst, Event, EventCodec, Stale, TimerDue
from runtime.actor.resources import HttpClient, Redis, Transaction
from runtime.actor.state import StateCodec
from runtime.actor.turn import Turn

S = TypeVar("S", bound=msgspec.Struct)
R = TypeVar("R")
Begin = Callable[[], AbstractAsyncContextManager[Transaction]]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class PastEvent(msgspec.Struct, frozen=True):
    """An event as it was stored."""

    payload: bytes
    received_at: datetime


class PastTurn(msgspec.Struct, frozen=True):
    """A turn that has committed, and what it handled: `events`, in order, as one, or the timer of a name.

    `stale` events were not handed over one by one. `due_at` of a timer is needed only if no earlier turn has set it.
    `paused`: the bot was, and the turn knew.
    """

    version: int
    now: datetime
    events: Sequence[PastEvent] = ()
    timer: str = ""
    stale: bool = False
    due_at: datetime | None = None
    paused: bool = False


class History(msgspec.Struct, frozen=True):
    """Turns of one conversation, in order; `state` as it is stored is what the first of them found."""

    conversation: str
    channel: str
    turns: Sequence[PastTurn]
    state: bytes = b""


class Replayed(msgspec.Struct, frozen=True):
    """What a turn of the past gave, now: `state` is what it would store; a reminder of None was taken back."""

    version: int
    effects: Sequence[Effect]
    reminders: Mapping[str, datetime | None]
    state: bytes


class Rehearsed(msgspec.Struct, Generic[S], frozen=True):
    """What a rehearsed turn gave: what it asked for in each lane, in order, and the state that the next turn would find.

    A reminder of None was taken back. `paused`: the bot is, from the next turn on. What would be cancelled because it is
    paused is not among the replies.
    """

    state: S
    replies: Sequence[msgspec.Struct]
    asides: Sequence[msgspec.Struct]
    reminders: Mapping[str, datetime | None]
    work: Sequence[msgspec.Struct] = ()
    paused: bool = False


class Bot(Protocol):
    """What a replay needs of an app; every `App` has it."""

    @property
    def actor(self) -> Actor[Any]:
        """The behaviour."""

    @property
    def codec(self) -> EventCodec:
        """The types of its events."""


class NoStandIn(Exception):
    """A turn opened `turn.postgres()`, `turn.redis` or `turn.http`, and nothing stands in for it."""


class _StandIns(NamedTuple):
    """The resources of a turn that is not committed."""

    begin: Begin | None
    of_redis: Redis | None
    of_http: HttpClient | None

    @property
    def redis(self) -> Redis:
        return _given(self.of_redis, "turn.redis", "redis=")

    @property
    def http(self) -> HttpClient:
        return _given(self.of_http, "turn.http", "http=")

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return _given(self.begin, "turn.postgres()", "begin=, which returns what it is to find")()


def _given(stand_in: R | None, opened: str, give: str) -> R:
    if stand_in is None:
        raise NoStandIn(f"this turn opens {opened}: give {give}")
    return stand_in


async def replay(
    bot: Bot,
    history: History,
    *,
    begin: Begin | None = None,
    redis: Redis | None = None,
    http: HttpClient | None = None,
) -> Sequence[Replayed]:
    """Run a conversation's turns again, in order, each from the state that the one before it gives now.

    `begin`, `redis` and `http` stand in for what the turns open. Raises, with the turn's version as a note, what the
    actor raises, StateUnreadable for a state that it cannot read, NoStandIn, and ValueError for a timer of which it is
    not known when it was due. No turn is cut for taking long.
    """
    states = StateCodec(bot.actor)
    state = history.state
    due: dict[str, datetime] = {}
    done: list[Replayed] = []
    for past in history.turns:
        try:
            loaded = states.decode(state)
            turn = Turn(
                conversation=history.conversation,
                channel=history.channel,
                version=past.version,
                state=loaded.state,
                now=past.now,
                resources=_StandIns(begin, redis, http),
                paused=past.paused,
            )
            await bot.actor.receive(turn, _event_of(past, bot.codec, due))
            state = states.encode(loaded, turn.state)
        except Exception as error:
            error.add_note(f"at version {past.version} of {history.conversation}")
            raise
        due |= {name: at for name, at in turn.reminders.items() if at is not None}
        done.append(Replayed(past.version, turn.effects, turn.reminders, state))
    return done


async def rehearse(
    actor: Actor[S],
    event: Event,
    *,
    state: S | None = None,
    now: datetime = NOON,
    version: int = 1,
    conversation: str = "rehearsal",
    channel: str = "rehearsal:1",
    begin: Begin | None = None,
    redis: Redis | None = None,
    http: HttpClient | None = None,
    paused: bool = False,
    held: bool = False,
) -> Rehearsed[S]:
    """Let an actor handle one event as a turn would, from a copy of `state`, a fresh one if it is None.

    All goes through its stored form, so what a turn could not store or send fails here, too. `version` and `conversation`
    seed the turn's dice; `begin`, `redis` and `http` stand in for what the turn opens; `paused` the bot is, and `held`
    by an operator. Raises what the actor raises, and NoStandIn.
    """
    states = StateCodec(actor)
    loaded = states.decode(b"" if state is None else states.encode(states.decode(b""), state))
    said: dict[Lane, list[msgspec.Struct]] = {lane: [] for lane in Lane}

    class Rehearsal(Turn[S]):
        def _record(self, lane: Lane, message: msgspec.Struct) -> None:
            super()._record(lane, message)
            said[lane].append(msgspec.json.decode(self.effects[-1].payload, type=type(message)))

    turn = Rehearsal(
        conversation=conversation,
        channel=channel,
        version=version,
        state=loaded.state,
        now=now,
        resources=_StandIns(begin, redis, http),
        paused=paused,
        held=held,
    )
    await actor.receive(turn, event)
    kept = states.decode(states.encode(loaded, turn.state)).state
    speaks = not paused or turn.resuming or turn.interjecting or turn.pausing is not None
    replies = said[Lane.SEND] if speaks else []
    return Rehearsed(kept, replies, said[Lane.ASIDE], turn.reminders, said[Lane.WORK], turn.paused)


def _event_of(past: PastTurn, codec: EventCodec, due: Mapping[str, datetime]) -> Event:
    """Return what a turn of the past was handed."""
    if past.timer:
        at = past.due_at or due.get(past.timer)
        if at is None:
            raise ValueError(f"no turn before has set the timer {past.timer!r}: give its due_at")
        return TimerDue(name=past.timer, due_at=at)
    if past.stale:
        return Stale(count=len(past.events), newest=past.events[-1].received_at)
    events = tuple(codec.decode(event.payload) for event in past.events)
    return events[0] if len(events) == 1 else Burst(events=events)
