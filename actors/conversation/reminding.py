"""What is said without having been asked: reminders of viewings."""

from __future__ import annotations

from actors.agency import viewings
from actors.conversation.talk import Talk
from actors.conversation.viewing import about
from actors.wording.values import Moment, Name

_STILL = frozenset({"booked", "confirmed"})


def tenant_of(name: str) -> int:
    """Return the id of the tenant that set a timer; 0 if the name does not tell."""
    match name.split(":"):
        case ["viewing", tenant, _, _] if tenant.isdecimal():
            return int(tenant)
    return 0


async def due(talk: Talk, name: str) -> None:
    """Say what a timer is for; nothing if it is for nothing any more."""
    match name.split(":"):
        case ["viewing", _, number, _] if number.isdecimal():
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
