"""The words of the trade, as values: what somebody looks for, and what a listing is. Pure; no language is known here."""

from __future__ import annotations

from typing import Literal

import msgspec

Deal = Literal["buy", "rent"]
Goal = Literal["investment", "living", "residency"]
Category = Literal["residential", "commercial"]
Kind = Literal["apartment", "villa", "townhouse", "penthouse", "land", "office", "shop", "warehouse"]
Amenity = Literal["pool", "gym", "parking", "balcony", "sea_view", "garden", "furnished", "maid_room", "pets"]
Urgency = Literal["now", "quarter", "half_year", "later"]
"""Within a month; within three; within six; only looking."""

CATEGORY_OF: dict[Kind, Category] = {
    "apartment": "residential",
    "villa": "residential",
    "townhouse": "residential",
    "penthouse": "residential",
    "land": "commercial",
    "office": "commercial",
    "shop": "commercial",
    "warehouse": "commercial",
}
CURRENCY = "AED"
"""Of every price and budget that is kept."""


class Span(msgspec.Struct, frozen=True):
    """From `low` to `high`, both included; None leaves that side open."""

    low: int | None = None
    high: int | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody looks for, as far as it is known.

    `budget` in whole dirhams, a year's rent for rent. `places` are the keys of locations, `bedrooms` counts a studio
    as 0. Nothing of it was guessed: each came from a button or from words that say it.
    """

    goal: Goal | None = None
    deal: Deal | None = None
    category: Category | None = None
    kind: Kind | None = None
    budget: Span | None = None
    places: tuple[str, ...] = ()
    bedrooms: Span | None = None
    amenities: frozenset[Amenity] = frozenset()
    urgency: Urgency | None = None
