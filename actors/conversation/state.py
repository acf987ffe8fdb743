"""What the bot remembers of one conversation. Grows with the tenants it visited, never with its length."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from actors.agency.terms import Wish
from actors.brain.amounts import Amount
from actors.brain.language import Language

_MOST_TALLIES = 32
_LONGEST_NAME = 80
_MOST_CLICKS = 8

Vertical = Literal["", "realty", "expo", "support"]
Slot = Literal[
    "name", "goal", "deal", "category", "kind", "budget", "place", "bedrooms", "amenities", "urgency"
]
Asked = Slot | Literal["", "amount", "time", "meeting", "support"]
"""The open question: a slot, or an amount to confirm, a time to pick, when to meet, what happened."""


class Part(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one tenant knows of the conversation; no other tenant's part is ever read for it.

    `passed`: slots that were skipped or are all the same. `amount`: money that was said without its currency. `lead`:
    the person's lead, 0 before there is one; `untold` means that it does not know all of this yet. `listing`: the one
    that was shown last. `offered`: ids and titles of the choices that were shown last. `nudges`: how many of the ladder
    were sent since the person wrote. `due`: a vertical that was opened by a link and is not entered yet.
    """

    welcomed: bool = False
    closed_told_at: datetime | None = None
    vertical: Vertical = ""
    asked: Asked = ""
    name: str = ""
    wish: Wish = Wish()
    passed: frozenset[Slot] = frozenset()
    amount: Amount | None = None
    lead: int = 0
    untold: bool = False
    listing: int = 0
    offered: tuple[tuple[str, str], ...] = ()
    nudges: int = 0
    wrote_at: datetime | None = None
    source: str = ""
    source_ref: str = ""
    due: Vertical = ""


class Tally(msgspec.Struct, kw_only=True):
    """How often something was noted, and when last."""

    times: int = 0
    last: datetime


class EstateState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One conversation: its language, its tenant and one part per tenant."""

    chosen: Language | None = None
    shown: Language | None = None  # by the latest text that left no doubt
    tenant: int = 0  # where a link led; 0: nowhere yet. On a tenant's own number it is not used
    parts: dict[int, Part] = {}
    clicked: tuple[str, ...] = ()  # advertisements that have counted, the latest last
    help_told_at: datetime | None = None
    noted: dict[str, Tally] = {}
    opted_out: bool = False  # nothing may be sent but answers
    consent_at: int = 0  # when the person last said so, in seconds since 1970

    @property
    def language(self) -> Language | None:
        """The person's language, chosen or shown; None leaves it to the tenant's default."""
        return self.chosen or self.shown

    def part(self, tenant: int) -> Part:
        """Return the part of a tenant, a new one at its first visit."""
        return self.parts.setdefault(tenant, Part())

    def click(self, click: str) -> None:
        """Let a click on an advertisement count, once; the latest few are remembered."""
        self.clicked = (*self.clicked, click)[-_MOST_CLICKS:]

    def consent(self, *, allowed: bool, stamped: int, now: datetime) -> None:
        """Take what the person allows, said at `stamped` or now; what they said before their latest word is void."""
        latest = int(now.timestamp())
        said = min(stamped or latest, latest)
        if said >= self.consent_at:
            self.opted_out, self.consent_at = not allowed, said

    def note(self, name: str, now: datetime) -> None:
        """Count something that gets no answer, under `name`; the names beyond a bound share one tally."""
        name = name[:_LONGEST_NAME]
        if name not in self.noted and len(self.noted) >= _MOST_TALLIES:
            name = "others"
        tally = self.noted.setdefault(name, Tally(last=now))
        tally.times += 1
        tally.last = now
