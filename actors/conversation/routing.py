"""Where a conversation belongs: the grammar of deep links, and the one table of what follows from a message. Pure.

A link is a whole message: `TENANT_<id>`, or `start_realty_<tenant>` (expo, support) with the id or the slug of a tenant.
Only what somebody opened moves a conversation, a link, a code or an advertisement, and only on a number that tenants
share; words never do. `ways` reads what a message says of where it wants to go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from actors.conversation.directory import Directory
from actors.conversation.state import Vertical
from config import Tenant

By = Literal["link", "code", "ad"]
"""What was opened: a link that names its tenant, an opaque code, an advertisement."""

_ID = "[1-9][0-9]{0,9}"
_LINK = re.compile(rf"(?ai:tenant)_({_ID})")
_START = re.compile(
    rf"(?ai:start)_(?ai:(realty|expo|support))_(?:({_ID})|((?![0-9]+\Z)[a-zA-Z0-9][a-zA-Z0-9-]{{1,62}}))"
)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_LARGEST_TENANT = 2**31 - 1


class Link(msgspec.Struct, frozen=True):
    """A link that names its tenant, by id or slug; `vertical` "" leaves it to the menu."""

    tenant: int | str
    vertical: Vertical = ""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody opened, and where it leads: `tenant` 0 where that is nowhere (any more).

    `named` is the code or the advertisement, for the record. `source` and `source_ref` say whence a lead came, `language`
    what is spoken with somebody of whom no language is known, `click` marks an advertisement that was clicked.
    """

    tenant: int | str
    by: By
    vertical: Vertical = ""
    named: str = ""
    source: str = ""
    source_ref: str = ""
    language: str = ""
    click: str = ""


class Stay(msgspec.Struct, frozen=True):
    """The conversation is at this tenant, as before or because the number is the tenant's own."""

    tenant: Tenant


class Enter(msgspec.Struct, frozen=True):
    """What was opened moved the conversation to this tenant."""

    tenant: Tenant
    reason: By = "link"


class Closed(msgspec.Struct, frozen=True):
    """The conversation is at a tenant that is suspended."""

    tenant: Tenant


class LinkElsewhere(msgspec.Struct, frozen=True):
    """A link to another tenant, sent to this tenant's own number."""

    tenant: Tenant


class LinkDead(msgspec.Struct, frozen=True):
    """A link to no tenant, or to a suspended one (`named`); the conversation is where it was (`active`)."""

    named: Tenant | None
    active: Tenant | None


class Lost(msgspec.Struct, frozen=True):
    """A shared number, and no tenant was ever named."""


Route = Stay | Enter | Closed | LinkElsewhere | LinkDead | Lost

_Number = Literal["own", "shared"]
_Leads = Literal["here", "away", "nowhere"]
_Follows = Literal["as words", "stay", "enter", "elsewhere", "dead"]

FOLLOWS: Final[Mapping[tuple[_Number, By, _Leads], _Follows]] = {
    ("shared", "link", "here"): "stay",
    ("shared", "link", "away"): "enter",
    ("shared", "link", "nowhere"): "dead",
    ("shared", "code", "here"): "stay",
    ("shared", "code", "away"): "enter",
    ("shared", "code", "nowhere"): "dead",
    ("shared", "ad", "here"): "stay",
    ("shared", "ad", "away"): "enter",
    ("shared", "ad", "nowhere"): "as words",
    ("own", "link", "here"): "stay",
    ("own", "link", "away"): "elsewhere",
    ("own", "link", "nowhere"): "elsewhere",
    ("own", "code", "here"): "stay",
    ("own", "code", "away"): "elsewhere",
    ("own", "code", "nowhere"): "dead",
    ("own", "ad", "here"): "stay",
    ("own", "ad", "away"): "as words",
    ("own", "ad", "nowhere"): "as words",
}
"""What follows from what was opened: on whose number, what it was, and whether it leads to where the conversation is.

A tenant's own number that is closed stays so whatever is opened; a suspended tenant is nowhere.
"""


def parse_link(text: str) -> Link | None:
    """Return the link if that is the whole message, else None.

    Any case, blanks around it, digits of the Latin, Persian or Arabic kind; ids from 1 to 2**31 - 1, written without
    leading zeros. What is all digits is an id, never a slug. Anything else is ordinary text.
    """
    words = text.strip().translate(_DIGITS)
    if (link := _LINK.fullmatch(words)) is not None:
        return _numbered(link[1], "")
    if (start := _START.fullmatch(words)) is None:
        return None
    vertical = msgspec.convert(start[1].lower(), Vertical)
    return _numbered(start[2], vertical) if start[2] else Link(start[3].lower(), vertical)


def _numbered(digits: str, vertical: Vertical) -> Link | None:
    number = int(digits)
    return Link(number, vertical) if number <= _LARGEST_TENANT else None


def route(directory: Directory, channel: str, active: int, way: Way | None) -> Route | None:
    """Return where a message on `channel` leads; `active` is the tenant before it (0: none), `way` what was opened.

    None means that the channel is not configured (any more): nothing can be said there.
    """
    if not directory.knows(channel):
        return None
    owner = directory.owner(channel)
    here = owner or directory.tenant(active)
    words = _at(here) if here else Lost()
    if way is None or (owner and owner.status != "active"):
        return words
    named = directory.named(way.tenant)
    live = named if named is not None and named.status == "active" else None
    leads: _Leads = "nowhere" if live is None else "here" if live is here else "away"
    follows = FOLLOWS["own" if owner else "shared", way.by, leads]
    if live is not None and follows in ("stay", "enter"):
        return Stay(live) if follows == "stay" else Enter(live, way.by)
    if owner is not None and follows == "elsewhere":
        return LinkElsewhere(owner)
    return LinkDead(named, here) if follows == "dead" else words


def _at(tenant: Tenant) -> Route:
    return Stay(tenant) if tenant.status == "active" else Closed(tenant)
