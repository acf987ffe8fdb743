"""What is said without having been asked: reminders of viewings."""

from __future__ import annotations

from actors.agency import viewings
from actors.conversation.talk import Talk
from actors.conversation.viewing import about
from actors.wording.values import Moment, Name

_STILL = frozenset({"booked", "confirmed"})


async def due(talk: Talk, name: str) -> None:
    """Say what a timer is for; nothing if it is for nothing any more."""
    match name.split(":"):
        case ["viewing", number, _] if number.isdecimal():
            await _viewing(talk, int(number))


async def _viewing(talk: Talk, number: int) -> None:
    async with talk.books() as books:
        viewing = await viewings.look_up(books, number)
    if viewing is None or viewing.status not in _STILL or viewing.starts <= talk.now:
        return
    named = Name(viewing.reference or talk.tenant.name)
    when = Moment(viewing.starts, talk.tenant.timezone)
    told = talk.text("viewing-reminder", listing=named, when=when)
    talk.remark(told, choices=about(talk, viewing))
