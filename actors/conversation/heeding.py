"""What is said of a model's answer: slots are filled as if the person had named them, an intent is followed, or a reply.

Whatever the answer is, nothing else can come of it: its money is confirmed by the person before it counts, and its words
are shown as somebody else's, each line running as its own letters say.
"""

from __future__ import annotations

from actors.conversation import asking, menu, realty, resuming, search, showing
from actors.conversation.hearing import Heard
from actors.conversation.realty import Understood
from actors.conversation.talk import Talk
from actors.models.task import Reading
from actors.wording.direction import one_line
from actors.wording.values import Prose


async def look(talk: Talk, reading: Reading, caption: str) -> None:
    """Say what a model has seen on a picture, and show a home like it.

    What stands below the picture the rules read themselves, and it counts more than what is on it.
    """
    part = talk.part
    understood = realty.fill(part, reading.wish)
    if caption:
        asked, part.asked = part.asked, ""  # it answers no question
        below = realty.read(part, caption)
        part.asked = asked
        filled = tuple(slot for slot in realty.ORDER if slot in understood.filled + below.filled)
        understood = Understood(filled, below.amount or understood.amount)
    if reading.reply:
        _lead(talk, talk.text("media-image-seen", text=Prose(one_line(reading.reply))))
    if not understood.filled:
        resuming.put(talk)
        return
    part.vertical, part.untold, part.missed = "realty", True, 0
    _lead(talk, asking.noted(talk, understood))
    await showing.similar(talk, reading.wish)


async def heed(talk: Talk, reading: Reading) -> bool:
    """Answer by what a model has read; True where a person of the agency is wanted, which is the caller's to do."""
    part, asked = talk.part, talk.part.asked
    understood = realty.fill(part, reading.wish)
    if reading.reply:
        _lead(talk, talk.wording.quoted(talk.language, reading.reply))
    if not understood.nothing:
        part.vertical, part.untold, part.missed = "realty", True, 0
    if reading.intent == "person":
        return True
    if not understood.nothing:
        await search.filled(talk, understood, asked=asked)
        return False
    match reading.intent:
        case "menu":
            menu.show_menu(talk)
        case "listings":
            await menu.respond(talk, Heard("show"))
        case "expo" | "support" as vertical:
            await menu.enter(talk, vertical)
        case _:
            resuming.put(talk)
    return False


def _lead(talk: Talk, words: str) -> None:
    """Let these words come before whatever is said."""
    talk.head = "\n\n".join(filter(None, (talk.head, words)))
