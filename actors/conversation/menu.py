"""What a tenant answers to a message: the menu and its verticals, the words that mean the same everywhere.

One answer a message. Menu words and choices move between verticals; free text that says what somebody looks for goes to
realty, wherever it is said.
"""

from __future__ import annotations

from actors.brain.questions import question
from actors.brain.slots import read_wish
from actors.conversation import asking, expo, search, support, viewing
from actors.conversation.answers import answer_to
from actors.conversation.hearing import Heard
from actors.conversation.realty import next_slot
from actors.conversation.state import Vertical
from actors.conversation.talk import Talk

VERTICALS: tuple[Vertical, ...] = ("realty", "expo", "support")


def show_menu(talk: Talk, *before: str) -> None:
    """Offer the verticals."""
    talk.part.vertical = ""
    talk.say(*before, talk.text("menu"), choices=talk.offer("menu"))


async def respond(talk: Talk, heard: Heard) -> None:
    """Answer what was heard."""
    part = talk.part
    match heard.what:
        case "choice":
            await _chosen(talk, heard.choice)
        case "menu":
            show_menu(talk)
        case "cancel":
            await _cancel(talk)
        case "greeting" | "thanks" as word if not part.asked:
            show_menu(talk, talk.text("hello" if word == "greeting" else "thanks"))
        case "yes" | "no" | "skip" | "language" if not part.vertical:
            show_menu(talk)
        case "thanks":
            await go_on(talk, talk.text("thanks"))
        case _:
            await _said(talk, heard)


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


def resume(talk: Talk, *before: str) -> None:
    """Put the open question of a search again, or the menu; the books stay closed."""
    slot = next_slot(talk.part) if talk.part.vertical == "realty" else None
    if slot is not None:
        asking.ask(talk, slot, *before)
    else:
        show_menu(talk, *before)


async def go_on(talk: Talk, *before: str) -> None:
    """Put the open question again, or offer what there is."""
    if talk.part.vertical == "realty":
        await search.go_on(talk, *before)
    else:
        show_menu(talk, *before)


async def _cancel(talk: Talk) -> None:
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
        case "nudge":
            await go_on(talk)
        case _ if not await search.chosen(talk, choice):
            await go_on(talk, talk.text("choice-gone"))


async def _said(talk: Talk, heard: Heard) -> None:
    """Answer words: first those that the open question waits for, then questions, then wishes."""
    part = talk.part
    if part.asked == "support":
        await support.described(talk, heard.text)
        return
    if part.asked == "meeting":
        await expo.asked(talk, heard.text)
        return
    asks = question(heard.text) if heard.what == "text" else None
    if part.vertical == "support" and await support.looked_up(talk, heard.text):
        return
    if part.vertical == "realty" or not read_wish(heard.text).nothing:
        part.vertical = "realty"
        await search.said(talk, heard, asks)
    elif asks is not None:
        show_menu(talk, answer_to(talk, asks))
    else:
        show_menu(talk, talk.text("not-understood"))
