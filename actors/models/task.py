"""The words between a bot and a model: what is asked, and all that may come of it.

An answer can do three things and no more, whatever it was talked into: fill slots of a wish with values that exist, name
one of a few intents, or say a few sentences. A transcript is data, as if the person had typed it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from actors.agency.terms import Wish
from actors.brain.language import Language
from runtime import Event

#: What is asked about: a text, a picture, something spoken.
AskKind = Literal["text", "image", "voice"]
#: What somebody may want who says nothing of a home; "none": nothing of these.
Intent = Literal["none", "menu", "person", "listings", "expo", "support"]
#: All that may come of a question. `circuit`: the service has failed so often that it is not asked for a while; `busy`:
#: `brain.at_once` others are being asked; `wrong`: the answer breaks its form; `lost`: nothing will come any more.
Outcome = Literal[
    "answered", "refused", "timed_out", "unavailable", "wrong", "busy", "circuit", "unreadable", "lost"
]


class Article(msgspec.Struct, frozen=True):
    """Something that an agency knows and a model may use."""

    title: str
    body: str


class Ask(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Ask a model about what a person sent in `message`, on behalf of a tenant; `id` names the question.

    `words`: the text, or what stands below a picture. `asked` and `known`: the open question and what is known so far, in
    words. `path`, `mime`, `size` and `sha256` are of the stored file. It holds no secret and no content of a file, so it
    is also what is recorded.
    """

    id: str
    tenant: int
    kind: AskKind
    message: str
    language: Language
    words: str = ""
    asked: str = ""
    known: str = ""
    agency: str = ""
    knowledge: tuple[Article, ...] = ()
    path: str = ""
    mime: str = ""
    size: int = 0
    sha256: str = ""


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an answer may do, after everything else in it was left out."""

    wish: Wish = Wish()
    intent: Intent = "none"
    reply: str = ""

    @property
    def nothing(self) -> bool:
        """Whether it is of no use."""
        return self.wish == Wish() and self.intent == "none" and not self.reply


class Thought(Event, frozen=True, kw_only=True):
    """What came of an `Ask`, once. Answered, it has a `reading`, or of something spoken a `transcript`.

    `tokens` and `cost`, in millionths of the currency of the prices, are what it took, rather too high than too low.
    Otherwise `code` is a word for the log.
    """

    ask: str
    tenant: int
    kind: AskKind
    message: str
    outcome: Outcome
    code: str = ""
    reading: Reading = Reading()
    transcript: str = ""
    tokens: int = 0
    cost: int = 0
