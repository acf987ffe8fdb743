"""What a tenant answers to a message: the menu and its verticals, the words that mean the same everywhere.

One answer a message. Menu words and choices move between verticals; free text that says what somebody looks for goes to
realty, wherever it is said.
"""

from __future__ import annotations

from typing import Final

from actors.brain.phrases import plain
from actors.brain.questions import question
from actors.brain.slots import read_wish
from actors.conversation import (
    expo,
    named_times,
    nudging,
    reaching,
    resuming,
    search,
    showing,
    support,
    viewing,
)
from actors.conversation.answers import answer_to
from actors.conversation.hearing import Heard, What, picked
from actors.conversation.state import Vertical
from actors.conversation.talk import Talk
from actors.wording.offers import Offer

VERTICALS: tuple[Vertical, ...] = ("realty", "expo", "support")
WAIT_FOR_WORDS: Final = ("support", "meeting")
"""Questions to which almost any words are the answer."""
_STANDING: Final[tuple[Offer, ...]] = ("menu", "no-more", "expo", "support")


def show_menu(talk: Talk, *before: str) -> None:
    """Offer the verticals."""
    talk.part.vertical = ""
    talk.say(*before, talk.text("menu"), choices=talk.offer("menu"))


async def respond(talk: Talk, heard: Heard) -> None:
    """Answer what was heard."""
    part = talk.part
    if heard.what == "text" and part.asked not in WAIT_FOR_WORDS:
        heard = written(talk, heard)
    match heard.what:
        case "choice":
            await _chosen(talk, heard.choice)
        case "menu":
            show_menu(talk)
        case "cancel":
            _cancel(talk)
        case "show" if part.asked not in WAIT_FOR_WORDS:
            part.vertical = "realty"
            await showing.show(talk, again=bool(part.listing and not part.asked))
        case _ if not _in_passing(talk, heard.what):
            await _said(talk, heard)


def _in_passing(talk: Talk, what: What) -> bool:
    """Answer what is said by the way, and put what is open again; False for what says something itself."""
    asked = talk.part.asked
    match what:
        case "greeting" if asked not in WAIT_FOR_WORDS:
            hello = "" if talk.head else talk.text("hello")
            resuming.put(talk, hello) if asked else show_menu(talk, hello)
        case "thanks" if asked not in WAIT_FOR_WORDS:
            resuming.put(talk, talk.text("thanks"))
        case "no" | "skip" | "yes" if asked == "phone":
            talk.part.asked = ""
            resuming.put(talk)
        case "no" | "skip" if asked in WAIT_FOR_WORDS:
            _cancel(talk)
        case "yes" | "language" if not asked or asked in WAIT_FOR_WORDS:
            resuming.put(talk)
        case "no" | "skip" if not asked:
            resuming.put(talk)
        case _:
            return False
    return True


def written(talk: Talk, heard: Heard) -> Heard:
    """Return a text that is the title of a button that may be used at any time as that button."""
    words = plain(heard.text)
    for offer in _STANDING:
        for choice in talk.offer(offer):
            if plain(choice.title) == words:
                return picked(choice.id)
    if words == plain(talk.text("viewing-cancel")):
        return Heard("choice", choice="viewing:cancel:0")
    return heard


async def enter(talk: Talk, vertical: Vertical) -> None:
    """Go to a vertical."""
    talk.part.vertical = vertical
    match vertical:
        case "realty":
            await search.go_on(talk)
        case "expo":
            await expo.enter(talk)
        case "support":
            await support.enter(talk)
        case _:
            show_menu(talk)


async def arrive(talk: Talk, heard: Heard | None) -> bool:
    """Enter the vertical that a link named; False where none is due, or what was `heard` says itself where to go."""
    vertical, talk.part.due = talk.part.due, ""
    if not vertical or (heard is not None and _says_where(heard)):
        return False
    await enter(talk, vertical)
    return True


def _says_where(heard: Heard) -> bool:
    if heard.what == "text":
        return question(heard.text) is not None or not read_wish(heard.text).nothing
    return heard.what not in ("greeting", "thanks", "yes", "no", "skip", "language")


async def go_on(talk: Talk, *before: str) -> None:
    """Put the open question again, or offer what there is."""
    if talk.part.vertical == "realty":
        await search.go_on(talk, *before)
    else:
        show_menu(talk, *before)


async def again(talk: Talk) -> None:
    """Put again whatever is open."""
    if talk.part.asked == "time" and talk.part.listing:
        await viewing.offer(talk, talk.part.listing)
    else:
        resuming.put(talk)


def _cancel(talk: Talk) -> None:
    """Leave the step that is open."""
    open_step = talk.part.asked or talk.part.vertical
    talk.part.amount = None
    show_menu(talk, talk.text("step-cancelled" if open_step else "nothing-to-cancel"))


async def _chosen(talk: Talk, choice: str) -> None:
    field, _, rest = choice.partition(":")
    match field:
        case "menu" if rest in VERTICALS:
            await enter(talk, rest)
        case "viewing":
            await viewing.chosen(talk, rest)
        case "expo":
            await expo.chosen(talk, rest)
        case "support":
            await support.chosen(talk, rest)
        case "nudge" if rest == "later":
            nudging.later(talk)
        case "nudge":
            await again(talk)
        case _ if not await search.chosen(talk, choice):
            await go_on(talk, talk.text("choice-gone"))


async def _waited_for(talk: Talk, heard: Heard) -> bool:
    """Take words that the open question waits for, or a time or a number to call, which may come at any time."""
    part = talk.part
    if part.asked == "support":
        await support.described(talk, heard.text)
    elif part.asked == "meeting":
        await expo.asked(talk, heard.text)
    elif reaching.told(talk, heard.text):
        part.asked = "" if part.asked == "phone" else part.asked
        resuming.put(talk, reaching.thanks(talk))
        await talk.learn()
    elif part.asked == "phone" and (again := reaching.unclear(talk, heard.text)):
        talk.say(again, asked="phone")
    else:
        part.asked = "" if part.asked == "phone" else part.asked
        return heard.what == "text" and await named_times.named(talk, heard.text)
    return True


async def _said(talk: Talk, heard: Heard) -> None:
    """Answer words: first those that the open question waits for, then questions, then wishes."""
    part = talk.part
    if await _waited_for(talk, heard):
        return
    asks = question(heard.text) if heard.what == "text" else None
    numbered = part.vertical == "support" or heard.text.lstrip()[:1] in ("S", "s")
    if numbered and await support.looked_up(talk, heard.text):
        return
    if part.vertical == "realty" or not read_wish(heard.text).nothing:
        part.vertical = "realty"
        await search.said(talk, heard, asks)
    elif asks is not None and "viewing" in asks.topics and await viewing.yours(talk):
        return
    elif asks is not None:
        show_menu(talk, answer_to(talk, asks))
    elif part.vertical == "support":
        talk.say(talk.text("not-understood"), choices=talk.offer("support"))
    else:
        show_menu(talk, "" if talk.head else talk.text("not-understood"))
