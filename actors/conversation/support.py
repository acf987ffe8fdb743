"""Support in a conversation: a request is stored with a number, and its status is told."""

from __future__ import annotations

from typing import Final

from actors.agency import support
from actors.agency.support import SupportRequest, parse_name
from actors.conversation import reaching
from actors.conversation.talk import Talk
from actors.wording.offers import term
from actors.wording.values import Code, Value

_SHORTEST: Final = 8
"""Letters of a request from which a colleague can tell something."""


async def enter(talk: Talk) -> None:
    """Offer a new request, and the status of those there are."""
    async with talk.books() as books:
        known = await support.find(books, lead=talk.part.lead, limit=1)
    if known:
        told = talk.text("support-status", number=Code(known[0].name), status=_status(known[0]))
        talk.say(told, choices=talk.offer("support"))
    else:
        talk.say(talk.text("support-ask"), asked="support")


async def chosen(talk: Talk, what: str) -> None:
    """Take a choice: a new request, or the status of the latest."""
    talk.part.vertical = "support"
    if what == "new":
        talk.say(talk.text("support-ask"), asked="support")
        return
    async with talk.books() as books:
        known = await support.find(books, lead=talk.part.lead, limit=5)
    if not known:
        talk.say(talk.text("support-none"), choices=talk.offer("support", ["support:new", "menu:main"]))
        return
    lines = [talk.text("support-status", number=Code(one.name), status=_status(one)) for one in known]
    talk.say("\n".join(lines), choices=talk.offer("support", ["support:new", "menu:main"]))


async def described(talk: Talk, words: str) -> None:
    """Store what somebody wrote as a request."""
    if sum(char.isalpha() for char in words) < _SHORTEST:
        talk.say(talk.text("support-too-short"), asked="support")
        return
    async with talk.books() as books:
        request = await support.ask(books, talk.part.lead, "support", words, talk.message, talk.now)
    told = talk.text("support-stored", number=Code(request.name), status=_status(request))
    phone = reaching.question(talk)
    talk.say(told, phone, choices=talk.offer("support"), asked="phone" if phone else "")


async def looked_up(talk: Talk, words: str) -> bool:
    """Tell the status of the request whose number was written; False where the words are no number."""
    number = parse_name(words)
    if number is None:
        return False
    async with talk.books() as books:
        known = await support.find(books, lead=talk.part.lead, number=number)
    if known:
        told = talk.text("support-status", number=Code(known[0].name), status=_status(known[0]))
    else:
        told = talk.text("support-unknown", number=Code(words.strip()[:20]))
    talk.say(told, choices=talk.offer("support"))
    return True


def _status(request: SupportRequest) -> Value:
    return term("status", request.status)
