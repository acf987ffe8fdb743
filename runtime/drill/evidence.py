"""What a run left, as values, and what may be said against it. Pure; the rules are in `history`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from runtime.journal.entries import LedgerEntry, LedgerSend, LedgerTurn

Kind = Literal[
    "lost",
    "unhandled",
    "stored twice",
    "handled twice",
    "unacknowledged, handled twice",
    "out of order",
    "gap",
    "zombie",
    "two owners",
    "mixed",
    "crossed tenants",
    "wrong person",
    "orphan reply",
    "sent twice",
    "unsent",
    "misrecorded",
    "left open",
    "said while paused",
]


class SentEvent(msgspec.Struct, frozen=True):
    """An event that somebody sent: when it was first sent and first acknowledged (None: never), on one clock."""

    dedup: str
    sender: str
    begun: float
    acknowledged: float | None
    tenant: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """Something that the provider took: the effect it was sent as, to whom, and under which id."""

    effect: str
    to: str
    provider_id: str
    tenant: str = ""


class Silence(msgspec.Struct, frozen=True):
    """A pause on which somebody relied: of the bot nothing was accepted from number `first` to before `last`.

    But for `passing` effects, which had been tried so often before it: a replica that froze then may wake up late. They
    are not tried again.
    """

    conversation: str
    first: int
    last: int
    passing: Mapping[str, int] = {}


class RunHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What a run left. `effects` are in the order of their turns, `accepted` in the order of arrival.

    A person is a sender at a tenant, and has one conversation. `tenants` says whose a conversation is, where that is
    known. `interventions` counts, by conversation, the versions that operators used up (a replay, a skip, a
    pause, its end and a send take one each). `silences` are what they were told of pauses.
    """

    sent: Sequence[SentEvent]
    entries: Sequence[LedgerEntry]
    effects: Sequence[LedgerSend]
    accepted: Sequence[Accepted]
    turns: Sequence[LedgerTurn] = ()
    tenants: Mapping[str, str] = {}
    interventions: Mapping[str, int] = {}
    silences: Sequence[Silence] = ()


class Violation(msgspec.Struct, frozen=True):
    """A promise that was broken, the events it is about (or the effect, if none is known), and the shortest reason."""

    kind: Kind
    events: tuple[str, ...]
    what: str
    effect: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.events) or self.effect}: {self.what}"


class Judgement(msgspec.Struct, frozen=True):
    """What is wrong; and what looks wrong but was recorded as possible, a send whose outcome was unknown."""

    violations: Sequence[Violation]
    tolerated: Sequence[Violation]


class Views:
    """A history by its keys: what each event became, what each turn covers, what the provider has of each effect."""

    def __init__(self, history: RunHistory) -> None:
        self.sent = {event.dedup: event for event in history.sent}
        self.stored: dict[str, list[LedgerEntry]] = defaultdict(list)
        self.covered: dict[tuple[str, int], list[LedgerEntry]] = defaultdict(list)
        for entry in sorted(history.entries, key=lambda one: (one.conversation, one.seq)):
            self.stored[entry.dedup].append(entry)
            if entry.version is not None:
                self.covered[entry.conversation, entry.version].append(entry)
        self.effects = {effect.effect: effect for effect in history.effects}
        self.accepted: dict[str, list[Accepted]] = defaultdict(list)
        self.answered: dict[tuple[str, int], int] = {}
        for place, reply in enumerate(history.accepted):
            self.accepted[reply.effect].append(reply)
            if (effect := self.effects.get(reply.effect)) is not None and effect.lane == "send":
                self.answered.setdefault((effect.conversation, effect.version), place)

    def about(self, effect: LedgerSend) -> tuple[str, ...]:
        """Return the last event of an effect's turn, none of a timer's."""
        covered = self.covered.get((effect.conversation, effect.version), ())
        return tuple(entry.dedup for entry in covered[-1:])
