"""The world outside of a simulation: a provider that keeps what it takes, and answers as dice say.

Each outcome that a provider may give comes, also those where the answer and what happened are two things. What is taken
may be receipted: early, late, twice, or never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from random import Random

import msgspec
import trio

from config import Settings
from runtime.actor.effect import Lane
from runtime.actor.event import Event
from runtime.actor.resources import HttpClient
from runtime.channel import Accepted as Taken
from runtime.channel import (
    Answered,
    Broken,
    Delivery,
    Outcome,
    Pace,
    Receipt,
    Refused,
    Request,
    Response,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.drill.evidence import Accepted
from runtime.drill.unsteady import UnsteadyJournal
from runtime.resources.errors import ResourceUnavailable


class _Trouble(msgspec.Struct, frozen=True):
    """What may come of a send: whether it was taken, and what is heard, or raised, after so many seconds."""

    taken: bool
    heard: Outcome | None = None
    after: float = 0.0
    fault: Callable[[], Exception] | None = None


TROUBLES = (
    _Trouble(False, TryAgain("busy")),
    _Trouble(False, TryAgain("later", after=0.05)),
    _Trouble(False, TryAgain("unreachable", unreachable=True)),
    _Trouble(False, fault=lambda: ResourceUnavailable("http", "no connection")),
    _Trouble(False, Refused("no")),
    _Trouble(False, Broken("credentials")),
    *(_Trouble(False, Uncertain("lost")), _Trouble(False, after=inf)) * 2,
    *(_Trouble(True, Uncertain("unheard")), _Trouble(True, after=inf)) * 2,
    _Trouble(True, fault=lambda: ValueError("a fault of the provider's code")),
    _Trouble(True, after=0.4),
)


class Outside:
    """What the provider has, and how it is today. `trouble` is the part of the sends that meets one of TROUBLES."""

    def __init__(
        self,
        dice: Random,
        trouble: float,
        *,
        receipt: Callable[[Receipt], None],
        answer: Callable[[Random], Event],
    ) -> None:
        """`receipt` takes what the provider says of a send; `answer` makes the event that ends a piece of work."""
        self.accepted: list[Accepted] = []
        self._troubles = 0
        self._dice = dice
        self._trouble = trouble
        self._receipt = receipt
        self._answer = answer

    def calm(self) -> None:
        """Answer at once and well from now on."""
        self._trouble = 0.0

    def take(self, delivery: Delivery) -> str:
        """Keep what arrived; return the provider's id."""
        name = f"p{len(self.accepted) + 1}"
        self.accepted.append(Accepted(delivery.id, delivery.address, name, delivery.channel))
        for status in ("sent", "delivered"):
            if delivery.lane is Lane.SEND and self._dice.random() < 0.2:
                self._receipt(Receipt(delivery.channel, delivery.id, name, status))
        return name

    def statistics(self) -> Mapping[str, int]:
        """Return what was taken, and how many sends met trouble."""
        return {"accepted": len(self.accepted), "sends in trouble": self._troubles}

    async def perform(self, delivery: Delivery) -> Outcome:
        """Answer one request."""
        await trio.sleep(self._dice.choice((0.0, 0.0, 0.01, 0.1)))
        trouble = _Trouble(taken=True)
        if self._dice.random() < self._trouble:
            trouble = self._dice.choice(TROUBLES)
            self._troubles += 1
        name = self.take(delivery) if trouble.taken else ""
        if trouble.after == inf and delivery.lane is Lane.WORK:  # work keeps a deadline of its own
            await trio.sleep(2.0)
            return TryAgain("timeout")
        await trio.sleep(trouble.after)
        if trouble.fault is not None:
            raise trouble.fault()
        if trouble.heard is not None:
            return trouble.heard
        return Answered(self._answer(self._dice)) if delivery.lane is Lane.WORK else Taken(name)


class Line:
    """The provider as one replica reaches it: a frozen one sends nothing and hears nothing."""

    name = "sim"

    def __init__(self, outside: Outside, journal: UnsteadyJournal) -> None:
        self._outside = outside
        self._journal = journal

    def configure(self, settings: Settings) -> None:
        """Take nothing: it has all channels."""

    def channels(self) -> Sequence[str]:
        """Name none."""
        return ()

    def receive(self, request: Request) -> Verified | Response:  # noqa: ARG002
        """Find nothing: events come another way."""
        return Verified()

    def pace(self, channel: str) -> Pace:  # noqa: ARG002
        """Bear everything."""
        return Pace(10_000)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:  # noqa: ARG002
        """See `Provider.perform`."""
        await self._journal.awake()
        outcome = await self._outside.perform(delivery)
        await self._journal.awake()
        return outcome
