"""How the next question of a search is put, and how what was understood is said back. Makes texts, decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Final, get_args

from actors.agency.places import places
from actors.agency.terms import Amenity
from actors.brain.language import Language
from actors.conversation.realty import ORDER, Understood
from actors.conversation.state import Slot
from actors.conversation.talk import Talk
from actors.messages import Choice
from actors.wording.keys import Key
from actors.wording.offers import Offer, term
from actors.wording.values import Bedrooms, Budget, Label, Money, Name, Several, Value

POPULAR: Final = (
    "dubai-marina",
    "downtown",
    "jvc",
    "business-bay",
    "palm-jumeirah",
    "dubai-hills",
    "jlt",
    "creek-harbour",
)
"""Places that are offered as choices; any other can be written."""
AMENITIES: Final = tuple(f"amenity:{one}" for one in get_args(Amenity))
"""Ids of choices of which one may pick several."""
_EXAMPLE: Final = {"rent": 90_000, "buy": 1_500_000}


def ask(talk: Talk, slot: Slot, *before: str) -> None:
    """Ask for a slot, after some words that come first."""
    deal = talk.part.wish.deal or "buy"
    if talk.part.amount is not None and slot == "budget":
        amount = talk.part.amount
        question = talk.text("confirm-amount", amount=Budget(amount.dirhams or amount.span))
        talk.say(*before, question, choices=talk.offer("confirm"), asked="amount")
        return
    offer: Offer
    match slot:
        case "budget":
            key: Key = "ask-budget-rent" if deal == "rent" else "ask-budget-buy"
            offer = "budget-rent" if deal == "rent" else "budget-buy"
        case "kind":
            key, category = "ask-kind", talk.part.wish.category
            offer = "kind-commercial" if category == "commercial" else "kind-residential"
        case "place":
            talk.say(*before, talk.text("ask-place"), choices=_place_choices(talk), asked="place")
            return
        case _:
            key, offer = f"ask-{slot}", slot  # type: ignore[assignment]
    talk.say(*before, talk.text(key), choices=talk.offer(offer), asked=slot)


def ask_more(talk: Talk, *before: str) -> None:
    """Ask for more amenities once one was picked: those that are left, until that is all."""
    wanted = talk.part.wish.amenities
    told = talk.text("noted", value=Several(tuple(term("amenity", one) for one in sorted(wanted))))
    left = [choice for choice in AMENITIES if choice.partition(":")[2] not in wanted]
    done = talk.choice("answer:done", Label("done"))
    choices = [done, *talk.offer("amenities", left)]
    talk.say(*before, told, talk.text("ask-amenities"), choices=choices, asked="amenities")


def noted(talk: Talk, understood: Understood) -> str:
    """Return what was understood, so that the person can see it; "" if it was the answer to what was asked, by button."""
    values = [value for slot in understood.filled for value in _said(talk, slot)]
    return talk.text("noted", value=Several(tuple(values))) if values else ""


def summary(talk: Talk, language: Language) -> str:
    """Return in one line what is looked for, in a language that may not be the person's; "" if nothing is known."""
    of = copy(talk)
    of.language = language
    values = [
        value for slot in ORDER if slot != "name" for value in _said(of, slot) if slot not in of.part.passed
    ]
    return of.wording.value(language, Several(tuple(values))) if values else ""


def unclear(talk: Talk, slot: Slot) -> str:
    """Return what to say of an answer that cannot be used."""
    match slot:
        case "name":
            return talk.text("ask-name-again")
        case "budget":
            example = _EXAMPLE[talk.part.wish.deal or "buy"]
            return talk.text("budget-unclear", amount=Money(example))
        case "place":
            return talk.text("place-unknown")
        case _:
            return talk.text("not-understood")


def place_name(talk: Talk, key: str) -> Name:
    """Return the name of a place in the person's language; its key where nobody named it."""
    place = places().get(key)
    return Name((place.names.get(talk.language) or place.names["en"]) if place else key)


def _place_choices(talk: Talk) -> Sequence[Choice]:
    known = [key for key in POPULAR if key in places()]
    return [
        *(talk.choice(f"place:{key}", place_name(talk, key)) for key in known),
        *talk.offer("place"),
    ]


def _said(talk: Talk, slot: Slot) -> Sequence[Value]:  # noqa: PLR0911 - one line a slot
    wish = talk.part.wish
    if slot in talk.part.passed:
        return [Label("no-preference")]
    match slot:
        case "name":
            return [Name(talk.part.name)]
        case "budget":
            return [Budget(wish.budget)] if wish.budget else []
        case "place":
            return [place_name(talk, key) for key in wish.places]
        case "bedrooms":
            return [Bedrooms(wish.bedrooms)] if wish.bedrooms else []
        case "amenities":
            return [term("amenity", one) for one in sorted(wish.amenities)]
        case "category":
            return [term("category", wish.category)] if wish.category and not wish.kind else []
        case _:
            value = getattr(wish, slot)
            return [term(slot, value)] if value else []
