"""An agency's properties as a conversation sees them: what fits a wish, best first, and what would fit a similar one.

A wish rules out by deal, category, kind, budget, places and bedrooms, each as far as it is known, ends included; a
listing whose bedrooms are not known does not fit a number of them. Among those left, points decide, then the lower price:

| points | for |
|---|---|
| 40 | amenities: the share of those wished for that it has; 40 where none was wished for |
| 30 | the goal: of investment the yield, 30 at 10 % a year and above; of residency, that it leads to a visa; else 15 |
| 20 | the price: the further below the limit the more; 10 where there is no limit |
| 10 | facts: 5 for a picture, 5 for its area |

Only what is available is ever found and, where the agency needs permits for its adverts, only with one valid today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from actors.agency.places import neighbours_of
from actors.agency.relaxing import Counts, Relaxation, relaxations
from actors.agency.tenancy import TenantTransaction
from actors.agency.terms import Category, Deal, Kind, Span, Wish
from config import Tenant

_MOST_DIRHAMS, _MOST_BEDROOMS = 10**15, 1000


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A property on offer. `price` in whole dirhams, a year's rent for rent; None is what the agency does not state."""

    id: int
    reference: str
    title: dict[str, str]  # by language
    deal: Deal
    category: Category
    kind: Kind
    place: str
    price: int
    bedrooms: int | None  # 0: a studio
    bathrooms: int | None
    area_sqm: int | None
    features: frozenset[str]
    permit_number: str | None
    permit_expires: date | None
    yield_bp: int | None  # hundredths of a percent a year, gross
    visa_years: int | None
    pictures: int
    score: int

    def title_in(self, language: str) -> str:
        """Return its title in a language, else in English, else in any."""
        return self.title.get(language) or self.title.get("en") or next(iter(self.title.values()), "")


class Found(msgspec.Struct, frozen=True):
    """What fits; where nothing does, what would."""

    listings: Sequence[Listing] = ()
    relaxations: Sequence[Relaxation] = ()


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is sent."""

    mime: str
    content: bytes


class Shelf(msgspec.Struct, frozen=True):
    """What may be shown: whether a valid permit is needed, and which day it is where the agency is."""

    permits: bool
    today: date

    @classmethod
    def of(cls, tenant: Tenant, now: datetime) -> Shelf:
        """Return the shelf of an agency at a time."""
        return cls(tenant.requires_permit, now.astimezone(ZoneInfo(tenant.timezone)).date())


async def find(
    tx: TenantTransaction, wish: Wish, shelf: Shelf, *, lead: int | None = None, limit: int = 3
) -> Found:
    """Return what fits best and was not shown to the lead before; where nothing is left, the nearest relaxations."""
    terms = _terms(wish, shelf, lead)
    listings = await tx.read(Listing, "find_listings", *terms, sorted(wish.amenities), wish.goal, limit)
    if listings:
        return Found(listings)
    counts = await tx.first(Counts, "relax_listings", *terms, neighbours_of(wish.places))
    return Found((), relaxations(wish, counts or Counts()))


async def look_up(tx: TenantTransaction, number: int, shelf: Shelf) -> Listing | None:
    """Return one listing by its id; None if there is none (any more) that may be shown."""
    return await tx.first(Listing, "show_listing", number, shelf.permits, shelf.today)


async def remember(tx: TenantTransaction, lead: int, shown: Sequence[Listing], now: datetime) -> None:
    """Keep that these were shown to a lead: the next `find` brings others."""
    await tx.execute("remember_shown", lead, [listing.id for listing in shown], now)


async def forget(tx: TenantTransaction, lead: int) -> None:
    """Let everything be shown to a lead again."""
    await tx.execute("forget_shown", lead)


async def picture(tx: TenantTransaction, number: int, shelf: Shelf, position: int = 1) -> Picture | None:
    """Return a picture of a listing that may be shown; positions count from 1."""
    rows = await tx.rows("property_picture", number, position, shelf.permits, shelf.today)
    return msgspec.convert({"mime": rows[0][0], "content": rows[0][1]}, Picture) if rows else None


def _bounded(number: int | None, most: int) -> int | None:
    """Return a number that the database can hold: people write more digits than that."""
    return None if number is None else max(-1, min(number, most))


def _terms(wish: Wish, shelf: Shelf, lead: int | None) -> tuple[object, ...]:
    budget, bedrooms = wish.budget or Span(), wish.bedrooms or Span()
    return (
        wish.deal,
        wish.category,
        wish.kind,
        _bounded(budget.low, _MOST_DIRHAMS),
        _bounded(budget.high, _MOST_DIRHAMS),
        wish.places,
        _bounded(bedrooms.low, _MOST_BEDROOMS),
        _bounded(bedrooms.high, _MOST_BEDROOMS),
        shelf.permits,
        shelf.today,
        lead,
    )
