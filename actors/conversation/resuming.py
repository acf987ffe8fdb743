"""What is open, put once more: after a detour to another agency, in another language, after thanks. Changes nothing.

An id says what a choice is for, so its title is written anew, in the language of now; a choice of which that cannot be
told keeps the title that it had. The books stay closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from actors.conversation import asking
from actors.conversation.realty import ORDER, next_slot
from actors.conversation.talk import Talk
from actors.messages import Choice
from actors.wording.keys import Key
from actors.wording.offers import OFFERS
from actors.wording.values import Label, Value

_KNOWN: Final[Mapping[str, Value]] = {choice: value for offer in OFFERS.values() for choice, value in offer}
_LED_BY: Final[Mapping[str, Key]] = {
    "listing:viewing": "listing-viewing",
    "listing:sheet": "listing-sheet",
    "viewing:move": "viewing-another-time",
    "viewing:drop": "viewing-cancel",
    "viewing:keep": "viewing-keep",
    "relax:to": "relax-budget-title",
    "relax:from": "relax-floor-title",
    "relax:place": "relax-place-title",
    "relax:bedrooms": "relax-bedrooms-title",
    "relax:kind": "relax-kind-title",
}
"""Titles of choices whose ids end with what they are about."""


def put(talk: Talk, *before: str) -> None:
    """Put what is open once more, after some words; where nothing is, the menu."""
    part = talk.part
    if part.asked == "phone":  # asked once
        part.asked = ""
    slot = next_slot(part) if part.vertical == "realty" else None
    menu = tuple(choice for choice, _ in OFFERS["menu"])
    if part.asked == "support":
        talk.say(*before, talk.text("support-ask"), asked="support")
    elif part.asked == "meeting":
        talk.say(*before, talk.text("expo-meeting-ask"), asked="meeting")
    elif part.asked == "amount" and part.amount is not None:
        asking.ask(talk, "budget", *before)
    elif part.asked == "amenities" and part.wish.amenities:
        asking.ask_more(talk, *before)
    elif part.asked in ORDER:
        asking.ask(talk, part.asked, *before)
    elif part.offered and part.offered[0][0] not in menu:
        question = "" if before and not part.asked else talk.text("choose-again")
        talk.say(*before, question, choices=choices(talk), asked=part.asked)
    elif slot is not None:
        asking.ask(talk, slot, *before)
    else:
        talk.say(*before, talk.text("menu"), choices=talk.offer("menu"))


def return_to(talk: Talk) -> None:
    """Put what is open once more for somebody who was elsewhere, and leave it exactly as it was."""
    part = talk.part
    if part.asked == "phone":
        talk.say(talk.text("ask-phone"), choices=choices(talk), asked="phone")
    elif not part.asked and part.offered and part.offered[0][0] == OFFERS["menu"][0][0]:
        talk.say(talk.text("menu"), choices=talk.offer("menu"))
    else:
        put(talk)


def choices(talk: Talk) -> Sequence[Choice]:
    """Return the choices that were offered last."""
    return [_choice(talk, choice, title) for choice, title in talk.part.offered]


def _choice(talk: Talk, choice: str, title: str) -> Choice:
    led, _, rest = choice.rpartition(":")
    if (value := _KNOWN.get(choice)) is not None:
        return talk.choice(choice, value)
    if led == "place":
        return talk.choice(choice, asking.place_name(talk, rest))
    if led in _LED_BY:
        return talk.choice(choice, Label(_LED_BY[led]))
    if led.startswith(("viewing:at:", "viewing:to:")) and rest.isdecimal():
        at = datetime.fromtimestamp(int(rest), UTC)
        return talk.wording.slot(talk.language, choice, at, talk.tenant.timezone)
    return Choice(choice, title)
