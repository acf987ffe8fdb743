"""Exhibitions: the facts of those ahead, and who wants to be met there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from actors.agency import leads
from actors.agency.tenancy import TenantTransaction

LONGEST = 1000
"""Characters of a meeting request that are kept."""


class ExpoEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An exhibition; `title` and `facts` by language."""

    id: int
    key: str
    title: dict[str, str]
    venue: str
    stand: str | None
    starts_at: datetime
    ends_at: datetime
    facts: dict[str, str]


async def ahead(tx: TenantTransaction, now: datetime, limit: int = 3) -> Sequence[ExpoEvent]:
    """Return the exhibitions that are not over, the next first."""
    return await tx.read(ExpoEvent, "expo_events_ahead", now, limit)


async def ask_meeting(
    tx: TenantTransaction, event: ExpoEvent, lead: int, words: str, cause: str, now: datetime
) -> int | None:
    """Keep that a lead wants to be met, one request for each exhibition, and return its number.

    Numbers count from 1 in each tenant; a lead that asks again keeps its own.
    """
    number = await tx.number("expo_meeting_number", event.id, lead) or await tx.number(
        "next_number", "meeting"
    )
    number = await tx.number("ask_expo_meeting", event.id, lead, words[:LONGEST], now, number)
    await leads.note(tx, lead, ["meeting_asked"], cause, now, {"event": event.key})
    return number


async def announce(tx: TenantTransaction, event: ExpoEvent) -> None:
    """Store an exhibition under its key; its id is not looked at."""
    title, facts = msgspec.json.encode(event.title).decode(), msgspec.json.encode(event.facts).decode()
    await tx.execute(
        "upsert_expo_event", event.key, title, event.venue, event.stand, event.starts_at, event.ends_at, facts
    )
