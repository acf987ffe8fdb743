"""Realty, the part with the agency's books: what fits is shown one by one, and what would fit a similar wish is offered.

Ids of choices name the listing that they are about, so that a button that was shown long ago means what it said then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.agency import leads, listings
from actors.agency.listings import Listing
from actors.agency.relaxing import (
    AnyPlace,
    LowerBudget,
    OtherBedrooms,
    OtherKind,
    OtherPlace,
    RaiseBudget,
    Relaxation,
    relaxed,
)
from actors.agency.terms import CATEGORY_OF, Span, Wish
from actors.conversation.asking import place_name
from actors.conversation.talk import Talk
from actors.messages import Choice
from actors.outbound.names import FactSheet, ListingPicture
from actors.wording.cards import listing_card, wish_summary
from actors.wording.facts import facts_of
from actors.wording.offers import term
from actors.wording.values import Bedrooms, Budget, Count, Label, Name

_LOOKED_AT: Final = 20
"""Listings that are counted; more are "20"."""
_MOST_RELAXED: Final = 6
FILE_LOST: Final = frozenset({"131052", "131053"})
"""Codes by which WhatsApp says, after it took a message, that its picture or document could not be delivered."""


async def show(talk: Talk, *, again: bool = False) -> None:
    """Show the next listing that fits; where none is left, say so, and what would fit.

    A new wish (not `again`) that only listings fit which were shown before shows them once more.
    """
    async with talk.books() as books:
        lead = talk.part.lead
        found = await listings.find(books, talk.part.wish, talk.shelf, lead=lead, limit=_LOOKED_AT)
        if not found.listings and not again:
            seen = await listings.find(books, talk.part.wish, talk.shelf, limit=_LOOKED_AT)
            found = seen if seen.listings else found
        if found.listings:
            first = found.listings[0]
            await listings.remember(books, lead, [first], talk.now)
            await leads.note(books, lead, ["shown"], talk.message, talk.now, {"listing": first.id})
            head = "" if again else talk.text("found", count=Count(len(found.listings)))
            _present(talk, first, head)
        elif again:
            talk.say(talk.text("no-more"), choices=talk.offer("no-more"))
        else:
            _relax(talk, found.relaxations)


async def similar(talk: Talk, like: Wish) -> None:
    """Show a listing that is like what is on a picture: as near to the person's own wish as there is one.

    Who wants to buy is shown nothing to rent, however much it looks like it.
    """
    own = talk.part.wish
    freer = msgspec.structs.replace(like, deal=own.deal, budget=own.budget)
    async with talk.books() as books:
        for wish in (own, freer, msgspec.structs.replace(freer, budget=None)):
            found = await listings.find(books, wish, talk.shelf, limit=_LOOKED_AT)
            if found.listings:
                first = found.listings[0]
                await listings.remember(books, talk.part.lead, [first], talk.now)
                await leads.note(
                    books, talk.part.lead, ["shown"], talk.message, talk.now, {"listing": first.id}
                )
                fits = talk.text("found", count=Count(len(found.listings)))
                _present(talk, first, fits if wish is own else talk.text("media-image-like"))
                return
        nearest = await listings.find(books, own, talk.shelf, limit=1)
    _relax(talk, nearest.relaxations)


async def relax(talk: Talk, choice: str) -> None:
    """Take the offer to change one thing of the wish, and show what fits then."""
    if (wish := _relaxed(talk.part.wish, choice)) is None:
        talk.say(talk.text("choice-gone"), choices=talk.offer("no-more"))
        return
    talk.part.wish, talk.part.untold = wish, True
    await show(talk)


async def sheet(talk: Talk, number: int) -> None:
    """Hand out the fact sheet of a listing, which is made when it is sent."""
    async with talk.books() as books:
        listing = await listings.look_up(books, number, talk.shelf)
    if listing is None:
        talk.say(talk.text("listing-gone"), choices=talk.offer("gone"))
        return
    talk.part.listing = listing.id
    ready = talk.text("sheet-ready", listing=Name(listing.title_in(talk.language)))
    talk.say(ready, choices=about(talk, number))
    instead = f"{talk.text('sheet-instead')}\n\n{_card(talk, listing)}"
    talk.hand(str(FactSheet(talk.tenant.id, number, talk.language)), instead)


async def without_file(talk: Talk) -> None:
    """Say in words what was shown last: its picture, or its sheet, did not arrive. What is open stays so."""
    if not talk.part.listing:
        return
    async with talk.books() as books:
        listing = await listings.look_up(books, talk.part.listing, talk.shelf)
    if listing is not None:
        talk.remark(_card(talk, listing), choices=about(talk, listing.id))


def about(talk: Talk, number: int) -> Sequence[Choice]:
    """Return what can be done about a listing that was shown."""
    return [*_ways_on(talk, number), talk.choice("person:call", Label("person"))]


def _ways_on(talk: Talk, number: int) -> Sequence[Choice]:
    return [
        talk.choice(f"listing:viewing:{number}", Label("listing-viewing")),
        talk.choice("listing:more", Label("listing-more")),
    ]


def _present(talk: Talk, listing: Listing, head: str) -> None:
    talk.part.listing = listing.id
    sheet_of_it = talk.choice(f"listing:sheet:{listing.id}", Label("listing-sheet"))
    talk.say(head, _card(talk, listing), choices=[*_ways_on(talk, listing.id), sheet_of_it])
    if listing.pictures:
        talk.illustrate(str(ListingPicture(talk.tenant.id, listing.id)))


def _card(talk: Talk, listing: Listing) -> str:
    return listing_card(talk.wording, talk.language, facts_of(listing, talk.language))


def _relax(talk: Talk, found: Sequence[Relaxation]) -> None:
    places = [place_name(talk, key).written for key in talk.part.wish.places]
    summary = wish_summary(talk.wording, talk.language, talk.part.wish, places)
    if not found:
        choices = talk.offer("relax", ["search:change", "person:call"])
        talk.say(talk.text("no-match-at-all"), choices=choices)
        return
    choices = [_offered(talk, one) for one in found[:_MOST_RELAXED]]
    more = talk.offer("relax", ["search:change", "person:call"])
    talk.say(summary, talk.text("no-match"), choices=[*choices, *more])


def _offered(talk: Talk, relaxation: Relaxation) -> Choice:
    match relaxation:
        case RaiseBudget(to):
            told = talk.text("relax-budget", amount=Budget(Span(None, to)))
            return talk.choice(f"relax:to:{to}", Label("relax-budget-title"), told)
        case LowerBudget(to):
            told = talk.text("relax-budget", amount=Budget(Span(to, None)))
            return talk.choice(f"relax:from:{to}", Label("relax-floor-title"), told)
        case OtherPlace(place):
            told = talk.text("relax-place", place=place_name(talk, place))
            return talk.choice(f"relax:place:{place}", Label("relax-place-title"), told)
        case AnyPlace():
            return talk.choice("relax:anywhere", Label("place-any"))
        case OtherBedrooms(bedrooms):
            told = talk.text("relax-bedrooms", bedrooms=Bedrooms.exactly(bedrooms))
            return talk.choice(f"relax:bedrooms:{bedrooms}", Label("relax-bedrooms-title"), told)
        case OtherKind(kind):
            told = talk.text("relax-kind", value=term("kind", kind))
            return talk.choice(f"relax:kind:{kind}", Label("relax-kind-title"), told)


def _relaxed(wish: Wish, choice: str) -> Wish | None:
    """Return the wish as the id of an offer would have it, None for an id that is none."""
    _, _, rest = choice.partition(":")
    what, _, value = rest.partition(":")
    number = int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else None
    relaxation: Relaxation | None = None
    match what:
        case "to" if number:
            relaxation = RaiseBudget(number, 0)
        case "from" if number:
            relaxation = LowerBudget(number, 0)
        case "bedrooms" if number is not None:
            relaxation = OtherBedrooms(number, 0)
        case "place" if value:
            relaxation = OtherPlace(value, 0)
        case "anywhere":
            relaxation = AnyPlace(0)
        case "kind" if value in CATEGORY_OF:
            relaxation = OtherKind(value, 0)
    return relaxed(wish, relaxation) if relaxation else None
