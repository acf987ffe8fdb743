"""Who may become a customer: one lead for each contact of an agency, what happened to it, and what that is worth.

`contact` is an opaque key of a person: `contact_of` the name under which channels know them, so that somebody who writes
to two numbers of an agency is one lead; the conversation's own id where there is no such name. Score and stage are never
set: they are what `scoring.standing` makes of the events, and are kept in the row for lists and sorting only. An event
counts once for its cause, so what is done twice changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec

from actors.agency.scoring import Kind, Stage, Standing, standing
from actors.agency.tenancy import TenantTransaction
from actors.agency.terms import Wish

PAGE = 100
"""Leads of a page, at most."""

LONGEST_NAME = 200
"""Characters of a name that are kept."""


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """A lead as it stands."""

    id: int
    contact: str
    conversation: str
    stage: Stage
    score: int
    name: str | None
    phone: str | None
    email: str | None
    language: str | None
    wish: Wish
    source: str | None
    source_ref: str | None
    created_at: datetime
    updated_at: datetime


class LeadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a lead, and what brought it."""

    kind: str
    cause: str
    data: dict[str, object]
    at: datetime


class Place(msgspec.Struct, frozen=True):
    """Where a page of leads ended; the next one goes on behind it."""

    score: int
    updated_at: datetime
    id: int

    @classmethod
    def of(cls, lead: Lead) -> Place:
        """Return the place of a lead in the list."""
        return cls(lead.score, lead.updated_at, lead.id)


def contact_of(address: str) -> str:
    """Return the key of a person whom channels know as `address` ("wa_id:971..."); "" of ""."""
    return "c" + blake2b(address.encode(), digest_size=16).hexdigest() if address else ""


async def ensure(
    tx: TenantTransaction,
    contact: str,
    conversation: str,
    now: datetime,
    *,
    source: str | None = None,
    source_ref: str | None = None,
) -> int:
    """Return the id of the contact's lead, a new one at the first call; later sources do not replace the first."""
    number = await tx.number("ensure_lead", contact, conversation, source, source_ref, now)
    if number is None:
        raise RuntimeError("a lead was neither made nor found")
    return number


async def learn(
    tx: TenantTransaction,
    lead: int,
    now: datetime,
    *,
    name: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    language: str | None = None,
    wish: Wish | None = None,
) -> None:
    """Keep what is known of a lead, of a name its beginning; None leaves it as it is.

    It scores nothing: see `note` and `scoring.told`.
    """
    encoded = None if wish is None else msgspec.json.encode(wish).decode()
    name = None if name is None else name[:LONGEST_NAME]
    await tx.execute("update_lead", lead, name, phone, email, language, encoded, now)


async def note(
    tx: TenantTransaction,
    lead: int,
    kinds: Sequence[Kind],
    cause: str,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> Standing:
    """Record that something happened to a lead, once for each cause, and return how it stands.

    `data` is for facts, such as the id of a listing; what people write is not kept there.
    """
    encoded = msgspec.json.encode(data or {}).decode()
    added = await tx.number("add_lead_events", lead, kinds, cause, encoded, now)
    rows = await tx.rows("lead_event_kinds", lead)
    stands = standing(str(row[0]) for row in rows)
    if added:
        await tx.execute("set_lead_standing", lead, stands.score, stands.stage, now)
    return stands


async def lead(tx: TenantTransaction, number: int) -> Lead | None:
    """Return a lead by its id, or None."""
    return await tx.first(Lead, "show_lead", number)


async def events(tx: TenantTransaction, number: int, limit: int = 200) -> Sequence[LeadEvent]:
    """Return the newest events of a lead, oldest first."""
    return await tx.read(LeadEvent, "list_lead_events", number, limit)


async def leads(
    tx: TenantTransaction,
    *,
    stage: Stage | None = None,
    at_least: int = 0,
    after: Place | None = None,
    limit: int = PAGE,
) -> Sequence[Lead]:
    """Return leads, the highest score first, then the one that changed last; `after` goes on behind a page."""
    behind = (after.score, after.updated_at, after.id) if after else (None, None, None)
    return await tx.read(Lead, "list_leads", stage, at_least, *behind, min(limit, PAGE))


async def all_leads(
    tx: TenantTransaction, *, stage: Stage | None = None, at_least: int = 0
) -> AsyncIterator[Lead]:
    """Yield leads in the order of `leads`, page by page; never more than a page of them is in memory."""
    after: Place | None = None
    while page := await leads(tx, stage=stage, at_least=at_least, after=after):
        for one in page:
            yield one
        after = Place.of(page[-1])
