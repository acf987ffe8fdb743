"""Texts of several lines, of which each stands only where there is something to say: a listing, a wish, an event.

Pure. What it takes are facts, cleaned nowhere before: the door does that. Lines come in a fixed order, so the same facts
give the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import get_args

import msgspec

from actors.agency.terms import CURRENCY, Amenity, Deal, Kind, Wish
from actors.brain.language import Language
from actors.wording.keys import Key
from actors.wording.offers import Field, term
from actors.wording.texts import Wording
from actors.wording.values import (
    Area,
    Bathrooms,
    Bedrooms,
    Budget,
    Code,
    Count,
    Label,
    Link,
    Moment,
    Money,
    Name,
    Percent,
    Several,
    Value,
)


class ListingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a card says of a listing; "" and None stay unsaid.

    `price` is a year's rent where the deal is rent, `rental_yield` in hundredths; `visa_years` is 0 where the listing
    may lead to a residency visa of an unknown length.
    """

    title: str
    deal: Deal
    kind: Kind
    price: int
    currency: str = CURRENCY
    place: str = ""
    bedrooms: int | None = None
    bathrooms: int | None = None
    square_metres: float | Decimal | None = None
    amenities: frozenset[Amenity] = frozenset()
    rental_yield: float | Decimal | None = None
    visa_years: int | None = None
    permit: str = ""
    reference: str = ""


class EventFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an event; `zone` is the name of its time zone."""

    name: str
    zone: str
    starts: datetime | None = None
    ends: datetime | None = None
    place: str = ""
    stand: str = ""
    link: str = ""


def listing_card(wording: Wording, language: Language, facts: ListingFacts) -> str:
    """Return what a card says of a listing, its title first, its permit last."""
    return "\n".join(_listing_lines(wording, language, facts))


def wish_summary(
    wording: Wording, language: Language, wish: Wish, places: Sequence[str] = (), between: str = "\n"
) -> str:
    """Return what is known of a wish, a line each; "" if nothing is.

    `places` are the names of its locations, `between` stands between two lines: " · " makes it fit a template.
    """
    picked: tuple[tuple[Key, Field, str | None], ...] = (
        ("wish-goal", "goal", wish.goal),
        ("wish-deal", "deal", wish.deal),
        ("wish-category", "category", wish.category),
        ("wish-kind", "kind", wish.kind),
    )
    lines = [wording.text(language, key, value=term(field, each)) for key, field, each in picked if each]
    if wish.budget:
        lines.append(wording.text(language, "wish-budget", amount=Budget(wish.budget)))
    if places:
        lines.append(wording.text(language, "wish-places", value=Several(tuple(map(Name, places)))))
    if wish.bedrooms:
        lines.append(wording.text(language, "wish-bedrooms", bedrooms=Bedrooms(wish.bedrooms)))
    if wish.amenities:
        lines.append(wording.text(language, "wish-amenities", value=_amenities(wish.amenities)))
    if wish.urgency:
        lines.append(wording.text(language, "wish-urgency", value=term("urgency", wish.urgency)))
    return between.join(lines)


def event_card(wording: Wording, language: Language, facts: EventFacts) -> str:
    """Return what is said of an event, its name first."""
    lines = [wording.text(language, "expo-name", name=Name(facts.name))]
    times: tuple[tuple[Key, datetime | None], ...] = (("expo-from", facts.starts), ("expo-until", facts.ends))
    lines += [wording.text(language, key, when=Moment(at, facts.zone)) for key, at in times if at]
    if facts.place:
        lines.append(wording.text(language, "expo-place", place=Name(facts.place)))
    if facts.stand:
        lines.append(wording.text(language, "expo-stand", stand=Code(facts.stand)))
    if facts.link:
        lines.append(wording.text(language, "expo-link", link=Link(facts.link)))
    return "\n".join(lines)


def _listing_lines(wording: Wording, language: Language, facts: ListingFacts) -> Iterator[str]:
    yield wording.value(language, Name(facts.title))
    yield wording.value(language, Several(tuple(_measures(facts)), between=" · "))
    if facts.place:
        yield wording.text(language, "listing-place", place=Name(facts.place))
    price: Key = "listing-rent" if facts.deal == "rent" else "listing-price"
    yield wording.text(language, price, amount=Money(facts.price, facts.currency))
    if facts.rental_yield is not None:
        yield wording.text(language, "listing-yield", percent=Percent(facts.rental_yield))
    if facts.visa_years is not None:
        yield _residency(wording, language, facts.visa_years)
    if facts.amenities:
        yield wording.text(language, "listing-amenities", value=_amenities(facts.amenities))
    if facts.reference:
        yield wording.text(language, "listing-reference", reference=Code(facts.reference))
    if facts.permit:
        yield wording.text(language, "listing-permit", permit=Code(facts.permit))


def _residency(wording: Wording, language: Language, years: int) -> str:
    if not years:
        return wording.text(language, "listing-residency")
    return wording.text(language, "listing-residency-years", count=Count(years))


def _measures(facts: ListingFacts) -> Iterator[Value]:
    yield term("kind", facts.kind)
    if facts.bedrooms is not None:
        yield Bedrooms.exactly(facts.bedrooms)
    if facts.bathrooms:
        yield Bathrooms(facts.bathrooms)
    if facts.square_metres is not None:
        yield Area(facts.square_metres)


def _amenities(amenities: frozenset[Amenity]) -> Several:
    return Several(
        tuple[Label, ...](term("amenity", each) for each in get_args(Amenity) if each in amenities)
    )
