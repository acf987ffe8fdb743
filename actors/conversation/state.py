"""What the bot remembers of one conversation. Grows with the tenants it visited, never with its length."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from actors.agency.terms import Wish
from actors.brain.amounts import Amount
from actors.brain.language import Language
from actors.models.task import AskKind

_MOST_TALLIES = 32
_LONGEST_NAME = 80
_MOST_CLICKS = 8

Vertical = Literal["", "realty", "expo", "support"]
Slot = Literal[
    "name", "goal", "deal", "category", "kind", "budget", "place", "bedrooms", "amenities", "urgency"
]
Asked = Slot | Literal["", "amount", "time", "meeting", "support", "phone"]
"""The open question: a slot, or an amount to confirm, a time to pick, when to meet, what happened, a number to call."""


class Part(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one tenant knows of the conversation; no other tenant's part is ever read for it.

    `passed`: slots that were skipped or are all the same. `amount`: money that was said without its currency. `lead`:
    the person's lead, 0 before there is one; `untold` means that it does not know all of this yet. `listing`: the one
    that was shown last. `offered`: ids and titles of the choices that were shown last. `missed`: answers in a row to the
    open question of which nothing could be used. `nudges`: how many of the ladder were sent since the person wrote;
    `ladder_at`: when the first of a ladder was sent last. `due`: a vertical that was opened by a link and is
    not entered yet. `phone`: where the person can be called; `hidden`: the channel does not tell, only their country
    (`region`), if that; `phone_asked` and `phone_given`: they were asked for it, and told it. `words`, `told`, `late`:
    which word about a slot is the latest, while an earlier one is still being read (latest.py).
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
    missed: int = 0
    nudges: int = 0
    wrote_at: datetime | None = None
    ladder_at: datetime | None = None
    source: str = ""
    source_ref: str = ""
    due: Vertical = ""
    phone: str = ""
    hidden: bool = False
    region: str = ""
    phone_asked: bool = False
    phone_given: bool = False
    words: int = 0
    told: dict[Slot, int] = {}
    late: int = 0

    def reached_by(self, address: str) -> None:
        """Take the name under which the channel knows the person, such as "wa_id:971501112233"."""
        kind, _, value = address.partition(":")
        if kind == "wa_id" and value.isascii() and value.isdecimal():
            self.phone, self.hidden, self.untold = f"+{value}", False, True
        elif address:
            region = value.partition(".")[0]
            self.hidden, self.region = True, region if len(region) == 2 and region.isalpha() else ""


class Tally(msgspec.Struct, kw_only=True):
    """How often something was noted, and when last."""

    times: int = 0
    last: datetime


class Handed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A conversation that waits for a person of a tenant, or has one: since `answered_at`, when they last were there.

    `called` are the ids of those who were asked to take it, `taken_by` of the one who did; `told`: it was said that it
    takes longer; `held`: an operator had it when the person went to another tenant.
    """

    tenant: int
    called: tuple[int, ...] = ()
    told: bool = False
    taken_by: int = 0
    answered_at: datetime | None = None
    held: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation to which the person of this one was called, as `operator` of a tenant; see calling.py."""

    conversation: str
    tenant: int
    operator: int
    by: str
    language: Language
    name: str
    link: str
    answered: bool = False
    taken: bool = False


class Pondering(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something of the person's that a model was asked about, and that the rules answer if nothing has come `until` then.

    `words`: a text, or the caption of the `medium` that it is; with `spoken` they are what was heard in a voice message.
    `number`: its place among the person's words (latest.py).
    """

    ask: str
    tenant: int
    kind: AskKind
    message: str
    until: datetime
    words: str = ""
    medium: str = ""
    spoken: bool = False
    number: int = 0


class EstateState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One conversation: its language, its tenant and one part per tenant."""

    chosen: Language | None = None
    shown: Language | None = None  # by the latest text that left no doubt
    tenant: int = 0  # where a link led; 0: nowhere yet. On a tenant's own number it is not used
    parts: dict[int, Part] = {}
    clicked: tuple[str, ...] = ()  # advertisements that have counted, the latest last
    help_told_at: datetime | None = None
    noted: dict[str, Tally] = {}
    opted_out: bool = False  # nothing may be sent that is marketing
    silenced: bool = False  # nothing may be sent but answers: the person told us so, not the provider
    consent_at: int = 0  # when the person last said so, in seconds since 1970
    heard_at: datetime | None = None  # when the person last did anything: windows.py
    ad_at: datetime | None = None  # when they last came from an advertisement
    nudge_at: datetime | None = None  # when the next follow-up is due; None: no timer is set
    apologized_at: datetime | None = None
    handed: Handed | None = None
    left: tuple[Handed, ...] = ()  # of tenants that were left meanwhile, one each
    calls: tuple[Call, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()  # ids and titles last shown that have no button: lines.py
    pondering: tuple[Pondering, ...] = ()

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

    def consent(self, *, allowed: bool, stamped: int, now: datetime, told_us: bool = False) -> None:
        """Take what the person allows, said at `stamped` or now; what they said before their latest word is void.

        `told_us`: they told us, so an opt-out is of everything; else the provider, of marketing.
        """
        latest = int(now.timestamp())
        said = min(stamped or latest, latest)
        if said >= self.consent_at:
            self.opted_out, self.consent_at = not allowed, said
            self.silenced = not allowed and (told_us or self.silenced)

    def note(self, name: str, now: datetime) -> None:
        """Count something that gets no answer, under `name`; the names beyond a bound share one tally."""
        name = name[:_LONGEST_NAME]
        if name not in self.noted and len(self.noted) >= _MOST_TALLIES:
            name = "others"
        tally = self.noted.setdefault(name, Tally(last=now))
        tally.times += 1
        tally.last = now
