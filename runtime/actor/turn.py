"""One turn: what an actor may read while it handles an event, and what it asks for.

Knows nothing of how a turn is stored: the cell reads what was collected here and commits it, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from random import Random
from typing import Generic, TypeVar

import msgspec

from runtime.actor.concern import EVENT
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import Event, encode_event
from runtime.actor.resources import HttpClient, Redis, Resources, Transaction
from runtime.actor.tell import Tell

S = TypeVar("S", bound=msgspec.Struct)
_LONGEST_NAME = 100
_MOST_REMINDERS = 100
_MOST_LABELS, _LONGEST_LABEL = 4, 64
#: What lines carry anyway; a label of that name would hide it.
_TAKEN = frozenset(
    {"conversation", "channel", "event", "events", "turn", "effect", "msg", "level", "timestamp"}
)


class Turn(Generic[S]):
    """One actor handling one event: its state, its clock, its dice, and the effects it records."""

    labels: Mapping[str, str] = {}

    def __init__(
        self,
        *,
        conversation: str,
        channel: str,
        version: int,
        state: S,
        now: datetime,
        resources: Resources,
        event: int | str = 0,
        events: int = 1,
        paused: bool = False,
        held: bool = False,
    ) -> None:
        """`event` is the number of the first of `events` events that it handles, or the name of a timer.

        `paused`: the bot is paused when it begins; `held`: an operator has paused it, or has taken the conversation.
        """
        self.conversation = conversation
        self.channel = channel
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.reminders: dict[str, datetime | None] = {}
        self.pausing: str | None = None
        self.resuming = False
        self.resumed_why = ""
        self.interjecting = False
        self._paused = paused
        self.held = held
        self._event = event
        self._events = events
        self._version = version
        self._resources = resources
        self._random: Random | None = None

    @property
    def random(self) -> Random:
        """Dice seeded by conversation and version, so that a replay throws the same."""
        if self._random is None:
            self._random = Random(f"{self.conversation}|{self._version}")  # noqa: S311
        return self._random

    def reply(self, message: msgspec.Struct) -> None:
        """Send a message to the person, after those recorded before it, once the turn has committed."""
        self._record(Lane.SEND, message)

    def aside(self, action: msgspec.Struct) -> None:
        """Ask the provider for something that need not wait for the sends: a read mark, a typing sign."""
        self._record(Lane.ASIDE, action)

    def work(self, task: msgspec.Struct) -> None:
        """Ask the provider for something slow whose repetition harms nobody: a download, say.

        It begins once the turn has committed and keeps nothing waiting. What came of it is an event of the provider's
        for this actor, once; `EffectFailed` if nothing can come of it any more.
        """
        self._record(Lane.WORK, task)

    def tell(self, event: Event, *, identities: Sequence[str] = (), conversation: str = "") -> None:
        """Let another actor of the same channel have an event, once, after this turn has committed.

        For whoever has these `identities`, "kind:value", the strongest first: somebody who never wrote gets a
        conversation by it, whose sends go to the first. Or for a `conversation` by its id, which must be one of this
        channel. What one turn tells may arrive in any order; `EffectFailed` comes for what could not be stored for as
        long as a reply may wait. Raises ValueError unless exactly one of the two is given.
        """
        if bool(identities) == bool(conversation):
            raise ValueError("turn.tell() takes either identities= or conversation=")
        encoded = msgspec.Raw(encode_event(event))
        self._record(Lane.WORK, Tell(encoded, tuple(identities), conversation))

    def remind(self, name: str, *, after: timedelta | None = None, at: datetime | None = None) -> None:
        """Let `TimerDue(name)` come after a time, or at one, if nothing else has arrived by then.

        Setting a name again replaces the reminder of that name. An event that arrives before its turn is handled first,
        also at the same instant, and may set or `forget` it. Raises ValueError unless exactly one of `after` and `at` is
        given, `at` with a time zone, and the name is 1 to 100 characters.
        """
        if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
            raise ValueError(f"a reminder's name is 1 to {_LONGEST_NAME} printable characters")
        if (after is None) == (at is None):
            raise ValueError("turn.remind() takes either after= or at=")
        due = self.now + after if after is not None else at
        if due is None or due.tzinfo is None:
            raise ValueError("turn.remind(at=...) needs a time zone")
        if len(self.reminders) >= _MOST_REMINDERS and name not in self.reminders:
            raise ValueError(f"a turn sets or forgets at most {_MOST_REMINDERS} reminders")
        self.reminders[name] = due

    def forget(self, name: str) -> None:
        """Take back a reminder, if there is one of this name: after this turn it never comes."""
        self.reminders[name] = None

    def label(self, **labels: str) -> None:
        """Name things that the log lines of this turn are to carry from now on: `turn.label(tenant="palm")`.

        For what an operator may read anywhere: never a name, a number or a text of a person. Raises ValueError for
        more than 4 labels, for a name that lines have already, and for a value that is not 1 to 64 printable characters.
        """
        for name, value in labels.items():
            if name in _TAKEN or name.startswith("_") or len(name) > _LONGEST_LABEL:
                raise ValueError(
                    f"turn.label({name[:_LONGEST_LABEL]}=...): lines have such a field, or it is too long"
                )
            if not value.isprintable() or not 0 < len(value) <= _LONGEST_LABEL:
                raise ValueError(f"turn.label({name}=...) takes 1 to {_LONGEST_LABEL} printable characters")
        merged = {**self.labels, **labels}
        if len(merged) > _MOST_LABELS:
            raise ValueError(f"a turn has at most {_MOST_LABELS} labels")
        self.labels = merged

    def told(self) -> Mapping[str, object]:
        """Return what a log line about this turn carries."""
        several = {"events": self._events} if self._events > 1 else {}
        return {
            "conversation": self.conversation,
            "channel": self.channel,
            EVENT: self._event,
            **several,
            "turn": self._version,
            **self.labels,
        }

    @property
    def paused(self) -> bool:
        """Whether a person answers in the bot's place.

        The turn runs and its state is kept, but what it asks to send is cancelled when it commits.
        """
        return self.pausing is not None or (self._paused and not self.resuming)

    def pause(self, reason: str) -> None:
        """Leave the conversation to people from here on, until an operator, or a later turn, resumes it.

        What this turn asks to send still leaves; what earlier turns asked for and is still queued does not, nor
        anything later ones ask for. Nothing changes where the bot is paused already; but after `resume` in the same
        turn the pause begins anew, also for what was said as it began and is still queued. `reason` is shown to
        operators: 1 to 100 printable characters, no words of the person's. Raises ValueError for others.
        """
        if not reason.isprintable() or not 0 < len(reason) <= _LONGEST_NAME:
            raise ValueError(f"turn.pause() takes a reason of 1 to {_LONGEST_NAME} printable characters")
        if not self._paused or self.resuming:
            self.pausing = reason
        self.resuming = False

    def resume(self, reason: str = "") -> None:
        """Let the bot answer again, from what this turn asks to send on; what was held back before stays cancelled.

        `reason` is shown to operators: at most 100 printable characters, no words of the person's. Raises ValueError for
        others.
        """
        if (reason and not reason.isprintable()) or len(reason) > _LONGEST_NAME:
            raise ValueError(f"turn.resume() takes a reason of at most {_LONGEST_NAME} printable characters")
        self.resumed_why = reason
        self.pausing = None
        self.interjecting = False
        self.resuming = self._paused

    def interject(self, message: msgspec.Struct) -> None:
        """Send a message though the bot is paused; it stays paused.

        Only while a pause is the bot's own, which waits for a person: once an operator has paused the bot, taken the
        conversation or written in it (`turn.held`), it is cancelled like any other. All else that this turn asks to send
        leaves too.
        """
        self.interjecting = self._paused and not self.resuming and not self.held
        self.reply(message)

    def postgres(self) -> AbstractAsyncContextManager[Transaction]:
        """Open one transaction for the app's own tables; the turn commits in it, last.

        `async with turn.postgres() as tx:` may be entered once a turn. Leaving the block keeps the transaction open
        until the turn commits; an exception or a cancellation rolls it back.
        """
        return self._resources.transaction()

    @property
    def redis(self) -> Redis:
        """Redis, for what may be lost: a counter, a cache. It may be away or empty; what it did is not undone."""
        return self._resources.redis

    @property
    def http(self) -> HttpClient:
        """HTTP, to read from. A request is repeated by each try of the turn, so what must happen once is an effect."""
        return self._resources.http

    def _record(self, lane: Lane, message: msgspec.Struct) -> None:
        payload = msgspec.json.encode(message)
        place = len(self.effects)
        self.effects.append(Effect(self.conversation, self.channel, self._version, place, lane, payload))
