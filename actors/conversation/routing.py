"""Where a conversation belongs: the grammar of deep links, and the one table of what follows from them.

Pure. Only an explicit link moves a conversation, and only on a number that tenants share; words never do.
"""

from __future__ import annotations

import re

import msgspec

from actors.conversation.directory import Directory
from config import Tenant

_LINK = re.compile(r"(?ai:tenant)_([1-9۱-۹١-٩][0-9۰-۹٠-٩]{0,9})")
_LARGEST_TENANT = 2**31 - 1


class Stay(msgspec.Struct, frozen=True):
    """The conversation is at this tenant, as before or because the number is the tenant's own."""

    tenant: Tenant


class Enter(msgspec.Struct, frozen=True):
    """A link moved the conversation to this tenant."""

    tenant: Tenant
    reason: str = "link"


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


def parse_link(text: str) -> int | None:
    """Return the id in `TENANT_<id>` if that is the whole message, else None.

    Any case, spaces around it, digits of the Latin, Persian or Arabic kind; ids from 1 to 2**31 - 1, written
    without leading zeros. Anything else is ordinary text.
    """
    link = _LINK.fullmatch(text.strip())
    if link is None:
        return None
    number = int(link[1])
    return number if number <= _LARGEST_TENANT else None


def route(directory: Directory, channel: str, active: int, link: int | None) -> Route | None:
    """Return where a message on `channel` leads; `active` is the tenant before it (0: none), `link` its link.

    None means that the channel is not configured (any more): nothing can be said there.
    """
    if not directory.knows(channel):
        return None
    if owner := directory.owner(channel):
        if link in (None, owner.id) or owner.status != "active":
            return _at(owner)
        return LinkElsewhere(owner)
    here = directory.tenant(active)
    if link is None:
        return _at(here) if here else Lost()
    named = directory.tenant(link)
    if named is None or named.status != "active":
        return LinkDead(named, here)
    return Stay(named) if named is here else Enter(named)


def _at(tenant: Tenant) -> Route:
    return Stay(tenant) if tenant.status == "active" else Closed(tenant)
