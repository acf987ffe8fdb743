"""A time that somebody writes for a viewing: it is booked if it is free, else what is nearest to it is offered.

brain/times.py reads what was named, brain/free_times.py says which of the free times that means; viewing.py books.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from actors.agency import listings, viewings
from actors.agency.slots import Slot
from actors.agency.tenancy import TenantTransaction
from actors.agency.terms import Wish
from actors.agency.viewings import Viewing
from actors.brain.free_times import Chosen, choose
from actors.brain.questions import topics
from actors.brain.slots import read_wish
from actors.brain.times import When, when
from actors.conversation import viewing
from actors.conversation.talk import Talk
from actors.wording.values import Name

_MOST_FREE: Final = 1000
"""Free times that are looked at for one that was written: more than any agency has in its horizon."""


async def named(talk: Talk, text: str) -> bool:
    """Take a time that was written for a viewing; False where none was, or there is nothing to be seen then.

    The one that was named is booked, or is what an open viewing moves to; else those are offered that fit or are nearest.
    """
    open_choice = talk.part.offered[0][0] if talk.part.asked == "time" and talk.part.offered else ""
    if not open_choice.startswith(("viewing:at:", "viewing:to:")):
        open_choice = ""
    if not _is_about_viewing(talk, text, again=bool(open_choice)):
        return False
    zone = ZoneInfo(talk.tenant.timezone)
    said = when(text, talk.now.astimezone(zone).date())
    if said.nothing or _is_wish(text):
        return False
    async with talk.books() as books:
        seen = await _seen(talk, books, open_choice)
        if seen is None:
            talk.say(talk.text("listing-gone"), choices=talk.offer("gone"))
            return True
        if seen.moved is not None and not open_choice:
            here = seen.moved.starts.astimezone(zone)
            if choose(said, [here], 1).fits:  # see you tomorrow at three
                await viewing.move_in(talk, books, seen.moved, seen.title, here)
                return True
        slots = await viewings.free(books, talk.diary, talk.now, limit=_MOST_FREE)
        chosen = _choose(
            talk, said, [slot.starts.astimezone(zone) for slot in slots], again=bool(open_choice)
        )
        if chosen.one is not None and seen.moved is not None:
            await viewing.move_in(talk, books, seen.moved, seen.title, chosen.one)
        elif chosen.one is not None:
            await viewing.book_in(talk, books, seen.listing, seen.title, chosen.one)
        elif chosen.others:
            _offer(talk, seen, [slot for slot in slots if slot.starts in chosen.others], fits=chosen.fits)
        else:
            told = talk.text("viewing-no-slots", listing=seen.title)
            talk.say(told, choices=talk.offer("no-more", ["person:call"]))
    return True


def _is_about_viewing(talk: Talk, text: str, *, again: bool) -> bool:
    """Return whether a time in `text` would be one for a viewing; `again`: times are offered already."""
    part = talk.part
    if not again and not part.listing:
        return False
    if about := topics(text):
        return "viewing" in about
    shown = any(choice.startswith(("listing:viewing:", "viewing:move:")) for choice, _ in part.offered)
    return again or (shown and not part.asked)


class _Seen(msgspec.Struct, frozen=True):
    """What is to be seen; `moved` is the viewing whose time is looked for, None for a new one."""

    listing: int
    title: Name
    moved: Viewing | None = None


async def _seen(talk: Talk, books: TenantTransaction, open_choice: str) -> _Seen | None:
    """Return what a time is for: a viewing that is moved, what times were offered for, or what was shown last."""
    ahead = await viewings.upcoming(books, talk.part.lead, talk.now)
    what, number = (open_choice.split(":")[1], int(open_choice.split(":")[2])) if open_choice else ("", 0)
    if what == "to":
        moved = next((one for one in ahead if one.id == number), None)
    else:
        moved = next((one for one in ahead if not what and one.property == talk.part.listing), None)
    if moved is not None:
        return _Seen(moved.property or 0, await viewing.title_of(talk, books, moved), moved)
    listing = await listings.look_up(books, number if what == "at" else talk.part.listing, talk.shelf)
    return _Seen(listing.id, Name(listing.title_in(talk.language))) if listing is not None else None


def _choose(talk: Talk, said: When, free: Sequence[datetime], *, again: bool) -> Chosen:
    """Return which free time is meant; `again`: times are offered, and of several days theirs is meant."""
    chosen = choose(said, free, viewing.OFFERED)
    if chosen.one is None and again and said.hours:
        offered = [one for one in free if any(_is_at(choice, one) for choice, _ in talk.part.offered)]
        among = choose(said, offered, viewing.OFFERED)
        return among if among.one is not None else chosen
    return chosen


def _offer(talk: Talk, seen: _Seen, slots: Sequence[Slot], *, fits: bool) -> None:
    what = f"to:{seen.moved.id}" if seen.moved is not None else f"at:{seen.listing}"
    talk.part.listing = seen.listing or talk.part.listing
    question = talk.text("viewing-offer" if fits else "viewing-nearest", listing=seen.title)
    talk.say(question, choices=viewing.times(talk, what, slots), asked="time")


def _is_at(choice: str, at: datetime) -> bool:
    return choice.startswith("viewing:") and choice.rpartition(":")[2] == str(int(at.timestamp()))


def _is_wish(text: str) -> bool:
    """Return whether a text says what is looked for; "today" and "this week" are no more than times here."""
    said = read_wish(text)
    return said.amount is not None or msgspec.structs.replace(said.wish, urgency=None) != Wish()
