"""What may understand people: the rules, which always can, and a model, which is asked where they understand nothing.

Whoever holds a `Brain` need not know which one it is: it says what may be asked of it, what that costs at most, and what
came of it. It never raises and never takes longer than `brain.timeout`; what fails is an outcome: the rules answer then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from actors.brain.slots import read_wish
from actors.models.task import Ask, AskKind, Outcome, Reading, Thought
from runtime import HttpClient

Read = Callable[[], Awaitable[bytes | None]]
"""Returns the content of a question's file, b"" where it has none; None where it cannot be read."""


@dataclass(frozen=True)
class Price:
    """The most that an answer takes: tokens, and money in millionths."""

    tokens: int = 0
    cost: int = 0


@dataclass(frozen=True)
class BrainStatistics:
    """Questions that are being asked; since the start, how those of each kind ended, what they took, retries.

    By service: whether its circuit is open, and how often it opened.
    """

    running: int = 0
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tokens: int = 0
    cost: int = 0
    retries: int = 0
    open_circuits: Mapping[str, int] = field(default_factory=dict)
    openings: Mapping[str, int] = field(default_factory=dict)


class Brain(Protocol):
    """One way to understand."""

    name: str

    def takes(self, kind: AskKind, mime: str = "", size: int = 0) -> bool:
        """Tell whether it may be asked about something of this kind."""

    def model(self, kind: AskKind) -> str:
        """Return the name of the model that would answer."""

    def price(self, ask: Ask) -> Price:
        """Return the most that an answer takes."""

    async def think(self, ask: Ask, read: Read, http: HttpClient) -> Thought:
        """Return what came of a question; `read` reads its file. Cancelled, it closes its connection."""

    def statistics(self) -> BrainStatistics:
        """Return the counts."""


class RulesBrain:
    """The rules of `actors.brain`: of texts alone, at once and for nothing. Turns ask them without an effect."""

    name = "rules"

    def takes(self, kind: AskKind, mime: str = "", size: int = 0) -> bool:  # noqa: ARG002
        """Return False: what the rules can do a turn has done already."""
        return False

    def model(self, kind: AskKind) -> str:  # noqa: ARG002
        """Return its name."""
        return self.name

    def price(self, ask: Ask) -> Price:  # noqa: ARG002
        """Return nothing."""
        return Price()

    async def think(self, ask: Ask, read: Read, http: HttpClient) -> Thought:  # noqa: ARG002
        """Return what a text says of any slot; pictures and voices are beyond it."""
        reading = Reading(read_wish(ask.words).wish) if ask.kind == "text" else Reading()
        return thought(ask, "unavailable" if reading.nothing else "answered", reading=reading)

    def statistics(self) -> BrainStatistics:
        """Return nothing: it is not counted."""
        return BrainStatistics()


def thought(
    ask: Ask,
    outcome: Outcome,
    code: str = "",
    *,
    reading: Reading | None = None,
    transcript: str = "",
    price: Price | None = None,
) -> Thought:
    """Return the event that answers a question."""
    took = price or Price()
    return Thought(
        ask=ask.id,
        tenant=ask.tenant,
        kind=ask.kind,
        message=ask.message,
        outcome=outcome,
        code=code,
        reading=reading or Reading(),
        transcript=transcript,
        tokens=took.tokens,
        cost=took.cost,
    )
