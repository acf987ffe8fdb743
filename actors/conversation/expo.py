"""Expo in a conversation: the facts of the next event, and a request to meet there."""

from __future__ import annotations

from actors.agency import expo
from actors.agency.expo import ExpoEvent
from actors.conversation import reaching
from actors.conversation.talk import Talk
from actors.wording.cards import EventFacts, event_card
from actors.wording.values import Code


async def enter(talk: Talk) -> None:
    """Tell of the next event."""
    async with talk.books() as books:
        ahead = await expo.ahead(books, talk.now, limit=1)
    if not ahead:
        talk.say(talk.text("expo-none"), choices=talk.offer("expo", ["person:call", "menu:main"]))
        return
    talk.say(event_card(talk.wording, talk.language, _facts(talk, ahead[0])), choices=talk.offer("expo"))


async def chosen(talk: Talk, what: str) -> None:
    """Take a choice: the only one is to be met."""
    talk.part.vertical = "expo"
    if what == "meet":
        talk.say(talk.text("expo-meeting-ask"), asked="meeting")
    else:
        await enter(talk)


async def asked(talk: Talk, words: str) -> None:
    """Keep the request to be met, with what was said of day and time."""
    async with talk.books() as books:
        ahead = await expo.ahead(books, talk.now, limit=1)
        number = None
        if ahead:
            number = await expo.ask_meeting(books, ahead[0], talk.part.lead, words, talk.message, talk.now)
    if number is None:
        talk.say(talk.text("expo-none"), choices=talk.offer("menu"))
        return
    told = talk.text("expo-meeting-stored", number=Code(f"E-{number:04d}"))
    phone = reaching.question(talk)
    talk.say(told, phone, choices=talk.offer("menu"), asked="phone" if phone else "")


def _facts(talk: Talk, event: ExpoEvent) -> EventFacts:
    title = event.title.get(talk.language) or event.title.get("en") or event.key
    return EventFacts(
        name=title,
        zone=talk.tenant.timezone,
        starts=event.starts_at,
        ends=event.ends_at,
        place=event.venue,
        stand=event.stand or "",
    )
