"""Viewings in a conversation: times are offered, one is booked, moved or cancelled, and the person is reminded of it.

Times are the agency's; a choice names its listing and its moment, so what was offered long ago is looked up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from actors.agency import listings, viewings
from actors.agency.slots import Slot, reminders
from actors.agency.viewings import Booked, NotFree, TooMany, Viewing
from actors.conversation import quiet
from actors.conversation.talk import Talk
from actors.messages import Choice
from actors.wording.keys import Key
from actors.wording.values import Label, Moment, Name

_OFFERED: Final = 8
_PER_DAY: Final = 3


async def offer(talk: Talk, number: int, *before: str) -> None:
    """Offer times to see a listing, after some words that come first."""
    async with talk.books() as books:
        listing = await listings.look_up(books, number, talk.shelf)
        if listing is None:
            talk.say(talk.text("listing-gone"), choices=talk.offer("no-more"))
            return
        talk.part.listing = number
        title = Name(listing.title_in(talk.language))
        free = await viewings.free(books, talk.diary, talk.now, limit=_OFFERED, per_day=_PER_DAY)
        if not free:
            talk.say(
                talk.text("viewing-no-slots", listing=title), choices=talk.offer("no-more", ["person:call"])
            )
            return
        question = talk.text("viewing-offer", listing=title)
        talk.say(*before, question, choices=_times(talk, number, free), asked="time")


async def book(talk: Talk, number: int, starts: datetime) -> None:
    """Book a time for a listing; where it is gone, offer what is free."""
    async with talk.books() as books:
        listing = await listings.look_up(books, number, talk.shelf)
        if listing is None:
            talk.say(talk.text("listing-gone"), choices=talk.offer("no-more"))
            return
        outcome = await viewings.book(
            books,
            talk.diary,
            lead=talk.part.lead,
            property=number,
            starts=starts,
            cause=talk.message,
            now=talk.now,
        )
        title = Name(listing.title_in(talk.language))
        match outcome:
            case Booked(viewing):
                remind(talk, viewing)
                told = talk.text("viewing-booked", listing=title, when=_when(talk, viewing.starts))
                talk.say(told, choices=_about(talk, viewing))
            case NotFree(others):
                key: Key = "viewing-passed" if starts <= talk.now else "viewing-taken"
                choices = _times(talk, number, others[:_OFFERED])
                if not choices:
                    talk.say(talk.text("viewing-no-slots", listing=title))
                    return
                talk.say(talk.text(key), choices=choices, asked="time")
            case TooMany(ahead):
                told = talk.text("viewing-already", when=_when(talk, ahead[0].starts))
                talk.say(told, choices=_about(talk, ahead[0]))


async def cancel(talk: Talk, number: int, *, sure: bool) -> None:
    """Cancel a viewing once the person is sure."""
    async with talk.books() as books:
        ahead = await viewings.upcoming(books, talk.part.lead, talk.now)
        viewing = next((one for one in ahead if number in (0, one.id)), None)
        if viewing is None:
            talk.say(talk.text("viewing-none"), choices=talk.offer("menu"))
            return
        when = _when(talk, viewing.starts)
        if not sure:
            named = Name(viewing.reference or talk.tenant.name)
            ids = (
                (f"viewing:drop:{viewing.id}", "viewing-cancel"),
                (f"viewing:keep:{viewing.id}", "viewing-keep"),
            )
            choices = [talk.choice(choice, Label(key)) for choice, key in ids]  # type: ignore[arg-type]
            talk.say(talk.text("viewing-cancel-ask", listing=named, when=when), choices=choices)
            return
        await viewings.cancel(books, viewing.id, lead=talk.part.lead, cause=talk.message, now=talk.now)
        for name in _names(viewing.id):
            talk.reminders[name] = None
        named = Name(viewing.reference or talk.tenant.name)
        talk.say(talk.text("viewing-cancelled", listing=named, when=when), choices=talk.offer("no-more"))


async def keep(talk: Talk, number: int) -> None:
    """Leave a viewing as it is."""
    async with talk.books() as books:
        viewing = await viewings.look_up(books, number)
    if viewing is None or viewing.lead != talk.part.lead:
        talk.say(talk.text("viewing-none"), choices=talk.offer("menu"))
        return
    talk.say(talk.text("viewing-kept", when=_when(talk, viewing.starts)))


async def chosen(talk: Talk, what: str) -> None:
    """Take a choice about viewings: `what` is its id behind "viewing:"."""
    match [
        word if word.isalpha() else int(word) for word in what.split(":") if word.isalpha() or _whole(word)
    ]:
        case ["at", int(listing), int(stamp)]:
            await book(talk, listing, datetime.fromtimestamp(stamp, UTC))
        case ["for", int(listing)]:
            await offer(talk, listing)
        case ["cancel", int(viewing)]:
            await cancel(talk, viewing, sure=False)
        case ["drop", int(viewing)]:
            await cancel(talk, viewing, sure=True)
        case ["keep", int(viewing)]:
            await keep(talk, viewing)
        case _:
            talk.say(talk.text("choice-gone"), choices=talk.offer("menu"))


def _whole(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= 12


def remind(talk: Talk, viewing: Viewing) -> None:
    """Set the reminders of a viewing."""
    due = reminders(viewing.starts, talk.now)
    moved = quiet.reminders(quiet.Quiet.of(talk.tenant), due, viewing.starts, talk.now)
    for name, at in zip(_names(viewing.id), moved, strict=False):
        talk.reminders[name] = at


def _names(number: int) -> Sequence[str]:
    return (f"viewing:{number}:first", f"viewing:{number}:second")


def _when(talk: Talk, at: datetime) -> Moment:
    return Moment(at, talk.tenant.timezone)


def _times(talk: Talk, number: int, slots: Sequence[Slot]) -> list[Choice]:
    return [
        talk.wording.slot(
            talk.language,
            f"viewing:at:{number}:{int(slot.starts.timestamp())}",
            slot.starts,
            talk.tenant.timezone,
        )
        for slot in slots
    ]


def _about(talk: Talk, viewing: Viewing) -> list[Choice]:
    choices = [talk.choice(f"viewing:cancel:{viewing.id}", Label("viewing-cancel"))]
    if viewing.property is not None:
        other = talk.choice(f"viewing:for:{viewing.property}", Label("viewing-another-time"))
        choices.insert(0, other)
    return choices
