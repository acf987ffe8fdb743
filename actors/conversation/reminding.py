"""What is said without having been asked: reminders of viewings."""

from __future__ import annotations

from actors.agency import viewings
from actors.conversation.quiet import Quiet
from actors.conversation.state import EstateState
from actors.conversation.talk import Talk
from actors.conversation.unasked import hold, tell
from actors.conversation.viewing import about
from actors.wording.values import Moment, Name

_STILL = frozenset({"booked", "confirmed"})


async def due(talk: Talk, state: EstateState, name: str, *, shared: bool) -> None:
    """Say what a timer is for; nothing if it is for nothing any more. On a `shared` number it says whose it is."""
    match name.split(":"):
        case ["viewing", number, _] if number.isdecimal():
            await _viewing(talk, state, name, int(number), shared=shared)


async def _viewing(talk: Talk, state: EstateState, name: str, number: int, *, shared: bool) -> None:
    async with talk.books() as books:
        viewing = await viewings.look_up(books, number)
    if viewing is None or viewing.status not in _STILL or viewing.starts <= talk.now:
        return
    if (later := Quiet.of(talk.tenant).after(talk.now)) > talk.now:  # it is late, and now it is quiet
        hold(talk, "viewing", "quiet_hours")
        talk.reminders[name] = later if later < viewing.starts else None
        return
    agency, listing = Name(talk.tenant.name), Name(viewing.reference or talk.tenant.name)
    when = Moment(viewing.starts, talk.tenant.timezone)
    if shared:  # whoever is with another agency by now is told by which
        text = talk.text("template-viewing", tenant=agency, listing=listing, when=when)
    else:
        text = talk.text("viewing-reminder", listing=listing, when=when)
    message = talk.wording.ask(talk.language, text, about(talk, viewing))
    tell(talk, state, "viewing", message, agency, listing, when)
