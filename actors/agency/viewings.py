"""Viewings: what is free, booking, moving and cancelling. Nobody is booked twice: the database excludes it.

A time is looked up among the free ones first, so nothing outside of the agency's hours is ever booked; then it is
inserted, and where somebody else was faster the insert does nothing and the next operator who is free then is tried. No
error of the database comes of a race, so the turn's transaction goes on and can offer what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from actors.agency import leads
from actors.agency.slots import Away, Diary, Hours, Slot, Taken, offer, open_slots
from actors.agency.tenancy import TenantTransaction

MOST_AHEAD = 3
"""Viewings that one lead may have ahead of it: nobody books an agency out."""


class Viewing(msgspec.Struct, frozen=True, kw_only=True):
    """A viewing; times in UTC or with their offset. `reference` is the property's, as the agency calls it."""

    id: int
    operator: int
    operator_name: str
    lead: int
    property: int | None
    reference: str | None
    starts: datetime
    ends: datetime
    status: Literal["booked", "confirmed", "cancelled", "done", "no_show"]


class Booked(msgspec.Struct, frozen=True, tag=True):
    """It is booked; also when the same person had booked that very time before."""

    viewing: Viewing


class NotFree(msgspec.Struct, frozen=True, tag=True):
    """That time is gone, or never was one; `others` are free."""

    others: Sequence[Slot]


class TooMany(msgspec.Struct, frozen=True, tag=True):
    """The lead has as many viewings ahead as one may have."""

    ahead: Sequence[Viewing]


class _Book(msgspec.Struct, frozen=True):
    hours: Sequence[Hours] = ()
    taken: Sequence[Taken] = ()
    away: Sequence[Away] = ()


async def free(
    tx: TenantTransaction, diary: Diary, now: datetime, *, limit: int = 8, per_day: int = 0
) -> Sequence[Slot]:
    """Return the next free times, each once; with `per_day`, at most so many of one day where the agency is."""
    book = await _read(tx, diary, now)
    return offer(open_slots(diary, book.hours, book.taken, now, book.away), limit, per_day, diary.zone)


async def book(
    tx: TenantTransaction,
    diary: Diary,
    *,
    lead: int,
    property: int | None,  # noqa: A002 - it is what it is
    starts: datetime,
    cause: str,
    now: datetime,
) -> Booked | NotFree | TooMany:
    """Book the time that begins at `starts` with whoever is free then; `cause` is what asked for it."""
    ahead = await upcoming(tx, lead, now)
    if same := next((one for one in ahead if one.starts == starts), None):
        return Booked(same)
    if len(ahead) >= MOST_AHEAD:
        return TooMany(ahead)
    return await _book(tx, diary, lead, property, starts, cause, now)


async def move(
    tx: TenantTransaction, diary: Diary, viewing: Viewing, *, starts: datetime, cause: str, now: datetime
) -> Booked | NotFree:
    """Move a viewing to another free time; where that is gone the viewing stays as it is."""
    if viewing.starts == starts:
        return Booked(viewing)
    moved = await _book(tx, diary, viewing.lead, viewing.property, starts, cause, now, counts=False)
    if isinstance(moved, Booked):
        await tx.rows("cancel_viewing", viewing.id, viewing.lead, now)
    return moved


async def cancel(tx: TenantTransaction, number: int, *, lead: int, cause: str, now: datetime) -> bool:
    """Cancel a lead's viewing that lies ahead; False where there is none (any more)."""
    if await tx.number("cancel_viewing", number, lead, now) is None:
        return False
    await leads.note(tx, lead, ["viewing_cancelled"], cause, now, {"viewing": number})
    return True


async def upcoming(tx: TenantTransaction, lead: int, now: datetime) -> Sequence[Viewing]:
    """Return a lead's viewings that are ahead, the next first."""
    return await tx.read(Viewing, "viewings_of_lead", lead, now)


async def look_up(tx: TenantTransaction, number: int) -> Viewing | None:
    """Return a viewing by its id, whatever became of it."""
    return await tx.first(Viewing, "show_viewing", number)


async def _book(
    tx: TenantTransaction,
    diary: Diary,
    lead: int,
    property_id: int | None,
    starts: datetime,
    cause: str,
    now: datetime,
    *,
    counts: bool = True,
) -> Booked | NotFree:
    book = await _read(tx, diary, now)
    slots = open_slots(diary, book.hours, book.taken, now, book.away)
    for slot in [slot for slot in slots if slot.starts == starts]:
        number = await tx.number(
            "book_viewing", slot.operator, lead, property_id, slot.starts, slot.ends, cause, now
        )
        if number is not None and (viewing := await look_up(tx, number)) is not None:
            if counts:
                await leads.note(tx, lead, ["viewing_booked"], cause, now, {"viewing": number})
            return Booked(viewing)
    return NotFree(await free(tx, diary, now))


async def _read(tx: TenantTransaction, diary: Diary, now: datetime) -> _Book:
    return await tx.first(_Book, "viewing_diary", now, now + diary.horizon + diary.length) or _Book()
