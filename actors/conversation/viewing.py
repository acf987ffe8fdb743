"""Viewings in a conversation: times are offered, one is booked, moved or cancelled, and the person is reminded of it.

Times are the agency's; a choice names its listing and its moment, so what was offered long ago is looked up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from actors.agency import listings, viewings
from actors.agency.slots import Slot, reminders
from actors.agency.tenancy import TenantTransaction
from actors.agency.viewings import Booked, NotFree, TooMany, Viewing
from actors.conversation import quiet, reaching
from actors.conversation.talk import Talk
from actors.messages import Choice
from actors.wording.keys import Key
from actors.wording.values import Count, Label, Moment, Name

OFFERED: Final = 8
"""Times that are offered at once."""
_PER_DAY: Final = 3


async def offer(talk: Talk, number: int, *before: str) -> None:
    """Offer times to see a listing, after some words that come first."""
    async with talk.books() as books:
        listing = await listings.look_up(books, number, talk.shelf)
        if listing is None:
            talk.say(talk.text("listing-gone"), choices=talk.offer("gone"))
            return
        talk.part.listing = number
        title = Name(listing.title_in(talk.language))
        free = await viewings.free(books, talk.diary, talk.now, limit=OFFERED, per_day=_PER_DAY)
        if not free:
            talk.say(
                talk.text("viewing-no-slots", listing=title), choices=talk.offer("no-more", ["person:call"])
            )
            return
        question = talk.text("viewing-offer", listing=title)
        talk.say(*before, question, choices=times(talk, f"at:{number}", free), asked="time")


async def book(talk: Talk, number: int, starts: datetime) -> None:
    """Book a time for a listing; where it is gone, offer what is free."""
    async with talk.books() as books:
        listing = await listings.look_up(books, number, talk.shelf)
        if listing is None:
            talk.say(talk.text("listing-gone"), choices=talk.offer("gone"))
            return
        await book_in(talk, books, number, Name(listing.title_in(talk.language)), starts)


async def book_in(talk: Talk, books: TenantTransaction, number: int, title: Name, starts: datetime) -> None:
    """Book a time for a listing, in books that are open."""
    outcome = await viewings.book(
        books,
        talk.diary,
        lead=talk.part.lead,
        property=number,
        starts=starts,
        cause=talk.message,
        now=talk.now,
    )
    match outcome:
        case Booked(viewing):
            _booked(talk, viewing, title)
        case NotFree(others):
            _gone(talk, title, starts, times(talk, f"at:{number}", others))
        case TooMany(ahead):
            each = [
                talk.wording.slot(talk.language, f"viewing:cancel:{one.id}", one.starts, talk.tenant.timezone)
                for one in ahead
            ]
            talk.say(talk.text("viewing-too-many", count=Count(len(ahead))), choices=each)


async def move(talk: Talk, number: int, starts: datetime | None = None) -> None:
    """Offer other times for a viewing, or move it to one; until that is done, it stays as it is."""
    async with talk.books() as books:
        ahead = await viewings.upcoming(books, talk.part.lead, talk.now)
        viewing = next((one for one in ahead if one.id == number), None)
        if viewing is None:
            talk.say(talk.text("viewing-none"), choices=talk.offer("menu"))
            return
        title = await title_of(talk, books, viewing)
        if starts is None:
            free = await viewings.free(books, talk.diary, talk.now, limit=OFFERED + 1, per_day=_PER_DAY)
            free = [slot for slot in free if slot.starts != viewing.starts]
            if not free:
                told = talk.text("viewing-no-slots", listing=title)
                talk.say(told, choices=talk.offer("no-more", ["person:call"]))
                return
            question = talk.text("viewing-offer", listing=title)
            talk.say(question, choices=times(talk, f"to:{number}", free), asked="time")
            return
        await move_in(talk, books, viewing, title, starts)


async def move_in(
    talk: Talk, books: TenantTransaction, viewing: Viewing, title: Name, starts: datetime
) -> None:
    """Move a viewing to a time, in books that are open."""
    moved = await viewings.move(books, talk.diary, viewing, starts=starts, cause=talk.message, now=talk.now)
    if isinstance(moved, NotFree):
        _gone(talk, title, starts, times(talk, f"to:{viewing.id}", moved.others))
        return
    if moved.viewing.id != viewing.id:
        _forget(talk, viewing.id)
    _booked(talk, moved.viewing, title)


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
        _forget(talk, viewing.id)
        named = Name(viewing.reference or talk.tenant.name)
        talk.say(talk.text("viewing-cancelled", listing=named, when=when), choices=talk.offer("no-more"))


async def keep(talk: Talk, number: int) -> None:
    """Leave a viewing as it is."""
    async with talk.books() as books:
        viewing = await viewings.look_up(books, number)
    if viewing is None or viewing.lead != talk.part.lead:
        talk.say(talk.text("viewing-none"), choices=talk.offer("menu"))
        return
    told = talk.text("viewing-kept", when=_when(talk, viewing.starts))
    talk.say(told, choices=about(talk, viewing))


async def yours(talk: Talk) -> bool:
    """Tell the viewings that the person has ahead, beside whatever is open; False where there are none."""
    if not talk.part.lead:
        return False
    async with talk.books() as books:
        ahead = await viewings.upcoming(books, talk.part.lead, talk.now)
    if not ahead:
        return False
    times = [talk.wording.value(talk.language, _when(talk, one.starts)) for one in ahead]
    talk.remark("\n".join((talk.text("viewing-yours"), *times)), choices=about(talk, ahead[0]))
    return True


async def chosen(talk: Talk, what: str) -> None:
    """Take a choice about viewings: `what` is its id behind "viewing:"."""
    match [
        word if word.isalpha() else int(word) for word in what.split(":") if word.isalpha() or _whole(word)
    ]:
        case ["at", int(listing), int(stamp)]:
            await book(talk, listing, datetime.fromtimestamp(stamp, UTC))
        case ["for", int(listing)]:
            await offer(talk, listing)
        case ["move", int(viewing)]:
            await move(talk, viewing)
        case ["to", int(viewing), int(stamp)]:
            await move(talk, viewing, datetime.fromtimestamp(stamp, UTC))
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


def _forget(talk: Talk, number: int) -> None:
    for name in _names(number):
        talk.reminders[name] = None


def _names(number: int) -> Sequence[str]:
    return (f"viewing:{number}:first", f"viewing:{number}:second")


def _when(talk: Talk, at: datetime) -> Moment:
    return Moment(at, talk.tenant.timezone)


async def title_of(talk: Talk, books: TenantTransaction, viewing: Viewing) -> Name:
    """Return what a viewing is of: a property's title, or how the agency calls it once it is not shown any more."""
    listing = None
    if viewing.property is not None:
        listing = await listings.look_up(books, viewing.property, talk.shelf)
    return Name(listing.title_in(talk.language) if listing else viewing.reference or talk.tenant.name)


def _booked(talk: Talk, viewing: Viewing, title: Name) -> None:
    """Say that a viewing is booked, and what can be done about it."""
    remind(talk, viewing)
    told = talk.text("viewing-booked", listing=title, when=_when(talk, viewing.starts))
    number = reaching.question(talk)
    talk.say(told, number, choices=about(talk, viewing), asked="phone" if number else "")


def about(talk: Talk, viewing: Viewing) -> Sequence[Choice]:
    """Return what can be done about a viewing that is booked."""
    ids: tuple[tuple[str, Key], ...] = (
        (f"viewing:move:{viewing.id}", "viewing-another-time"),
        (f"viewing:cancel:{viewing.id}", "viewing-cancel"),
        ("listing:more", "listing-more"),
    )
    return [talk.choice(choice, Label(key)) for choice, key in ids]


def _gone(talk: Talk, title: Name, starts: datetime, others: Sequence[Choice]) -> None:
    """Say that a time cannot be had any more, and which can."""
    if others:
        key: Key = "viewing-passed" if starts <= talk.now else "viewing-taken"
        talk.say(talk.text(key), choices=others, asked="time")
        return
    told = talk.text("viewing-no-slots", listing=title)
    talk.say(told, choices=talk.offer("no-more", ["person:call"]))


def times(talk: Talk, what: str, slots: Sequence[Slot]) -> list[Choice]:
    """Return times as choices; `what` says of what: "at:" and a listing, or "to:" and a viewing."""
    return [
        talk.wording.slot(
            talk.language,
            f"viewing:{what}:{int(slot.starts.timestamp())}",
            slot.starts,
            talk.tenant.timezone,
        )
        for slot in slots[:OFFERED]
    ]
