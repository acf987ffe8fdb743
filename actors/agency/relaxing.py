"""What to offer where nothing matches: a wish with one thing changed, and how many listings that would bring. Pure.

Counting is the database's; which of the counts become offers, in what order and in what round numbers, is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.agency.places import neighbours_of
from actors.agency.terms import CATEGORY_OF, Kind, Span, Wish


class RaiseBudget(msgspec.Struct, frozen=True, tag=True):
    """A higher limit, in whole dirhams."""

    to: int
    count: int


class LowerBudget(msgspec.Struct, frozen=True, tag=True):
    """A lower floor, in whole dirhams."""

    to: int
    count: int


class OtherPlace(msgspec.Struct, frozen=True, tag=True):
    """A place beside those that were named, by its key."""

    place: str
    count: int


class AnyPlace(msgspec.Struct, frozen=True, tag=True):
    """Wherever it is."""

    count: int


class OtherBedrooms(msgspec.Struct, frozen=True, tag=True):
    """One bedroom fewer or more; 0 is a studio."""

    bedrooms: int
    count: int


class OtherKind(msgspec.Struct, frozen=True, tag=True):
    """Another kind of the same category."""

    kind: Kind
    count: int


Relaxation = RaiseBudget | LowerBudget | OtherPlace | AnyPlace | OtherBedrooms | OtherKind


class Counts(msgspec.Struct, frozen=True):
    """What the database counted: prices beyond the budget, the nearest first, and numbers of listings."""

    above: Sequence[int] = ()
    below: Sequence[int] = ()
    beside: dict[str, int] = {}
    anywhere: int = 0
    fewer: int = 0
    more: int = 0
    kinds: dict[str, int] = {}


def relaxations(wish: Wish, counts: Counts) -> Sequence[Relaxation]:
    """Return the offers: budget, place, bedrooms, kind; of places and kinds the nearest or fullest two."""
    found: list[Relaxation] = []
    if counts.above:
        to = round_up(counts.above[0])
        found.append(RaiseBudget(to, sum(price <= to for price in counts.above)))
    if counts.below:
        to = round_down(counts.below[0])
        found.append(LowerBudget(to, sum(price >= to for price in counts.below)))
    beside = [place for place in neighbours_of(wish.places) if counts.beside.get(place)]
    found += [OtherPlace(place, counts.beside[place]) for place in beside[:2]]
    if counts.anywhere and not beside:
        found.append(AnyPlace(counts.anywhere))
    span = wish.bedrooms or Span()
    if counts.fewer and span.low:
        found.append(OtherBedrooms(span.low - 1, counts.fewer))
    if counts.more and span.high is not None:
        found.append(OtherBedrooms(span.high + 1, counts.more))
    fullest = sorted(CATEGORY_OF, key=lambda kind: -counts.kinds.get(kind, 0))
    found += [OtherKind(kind, counts.kinds[kind]) for kind in fullest[:2] if counts.kinds.get(kind)]
    return found


def relaxed(wish: Wish, relaxation: Relaxation) -> Wish:
    """Return the wish with that one thing changed."""
    budget, replace = wish.budget or Span(), msgspec.structs.replace
    match relaxation:
        case RaiseBudget(to):
            return replace(wish, budget=Span(budget.low, to))
        case LowerBudget(to):
            return replace(wish, budget=Span(to, budget.high))
        case OtherPlace(place):
            return replace(wish, places=(place,))
        case AnyPlace():
            return replace(wish, places=())
        case OtherBedrooms(bedrooms):
            return replace(wish, bedrooms=Span(bedrooms, bedrooms))
        case OtherKind(kind):
            return replace(wish, kind=kind, category=CATEGORY_OF[kind])


def round_up(price: int) -> int:
    """Return the next price that people would name."""
    return -(-price // _step(price)) * _step(price)


def round_down(price: int) -> int:
    """Return the price before it that people would name; never 0."""
    return max(1, price // _step(price) * _step(price))


def _step(price: int) -> int:
    return 5_000 if price < 200_000 else 50_000 if price < 2_000_000 else 100_000
