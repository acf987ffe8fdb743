"""What one text from a person says, all of it at once: command, phrase, wish for a person, question, slots. Pure.

The conversation decides which of it counts: a command before a phrase, a phrase before anything else, and so on. What a
text says in answer to a question that was asked (a bare number, a title) is asked for by itself: `amount(asked=True)`,
`bedrooms(asked=True)`, `choices.pick`.
"""

from __future__ import annotations

import msgspec

from actors.brain.commands import Command, command
from actors.brain.folding import fold
from actors.brain.people import asks_for_person, wants_person
from actors.brain.phrases import Phrase, phrase
from actors.brain.places import Gazetteer
from actors.brain.questions import Question, question, question_in
from actors.brain.slots import Said, read_wish, wish_in
from actors.brain.tokens import READ, split


class Understood(msgspec.Struct, frozen=True):
    """What a text says. Of a command or a phrase that is all; of other texts any of the rest may be there."""

    command: Command | None = None
    phrase: Phrase | None = None
    person: bool = False
    """It asks for a person instead of the bot."""
    question: Question | None = None
    said: Said = Said()


def understand(text: str, places: Gazetteer | None = None) -> Understood:
    """Return what `text` says; `places` are those of the tenant, those of Dubai if None.

    Never raises. Reads the first 4096 characters, in time linear in them: about half a millisecond for 200.
    """
    commanded = command(text)
    if commanded is not None:
        return Understood(command=commanded)
    whole = phrase(text)
    if whole is not None:
        return Understood(phrase=whole)
    pieces = split(fold(text[:READ]))
    return Understood(
        person=asks_for_person(pieces), question=question_in(pieces), said=wish_in(pieces, places)
    )


def prepare() -> None:
    """Read all lists of words now (about a tenth of a second), not at the first text: for a start."""
    phrase("x")
    question("x")
    wants_person("x")
    read_wish("x")
