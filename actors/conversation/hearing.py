"""What a message says to a tenant, in the one way in which it is acted on. Pure.

The order is what decides: an opt-out before anything, then a choice that was offered (by its button, its title or its
number), then a request for a person, then words that are a whole message ("menu", "yes"). Anything else is free text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.brain.choices import pick
from actors.brain.commands import Command, command
from actors.brain.people import wants_person
from actors.brain.phrases import Phrase, phrase, plain
from actors.brain.times import speaks_of_time
from actors.conversation.state import Part

What = Literal[
    "choice", "text", "opt_out", "opt_in", "person", "resume", "menu", "cancel", "skip", "yes", "no",
    "show", "thanks", "greeting", "language",
]  # fmt: skip

_COMMANDS: Final[dict[Command, What]] = {
    "human": "person",
    "resume": "resume",
    "menu": "menu",
    "start": "opt_in",
    "back": "menu",
    "cancel": "cancel",
    "skip": "skip",
    "help": "menu",
    "stop": "opt_out",
    "language": "language",
}
_PHRASES: Final[dict[Phrase, What]] = {
    "yes": "yes",
    "no": "no",
    "cancel": "cancel",
    "opt_out": "opt_out",
    "opt_in": "opt_in",
    "menu": "menu",
    "back": "menu",
    "skip": "skip",
    "show": "show",
    "thanks": "thanks",
    "greeting": "greeting",
}
_MEANT: Final[dict[What, tuple[str, ...]]] = {
    "yes": ("answer:yes", "viewing:drop:", "listing:similar"),
    "no": ("answer:no", "viewing:keep:"),
    "skip": ("answer:skip", "answer:done"),
}
"""How the ids begin that a word stands for where they are offered."""
_NUMBERS_ARE_ANSWERS: Final = frozenset({"bedrooms", "budget", "name", "support", "meeting", "phone"})
"""Questions to which "2" is no choice of the second."""


class Heard(msgspec.Struct, frozen=True):
    """What was said: `choice` is the id of what was picked, `text` what was written."""

    what: What
    text: str = ""
    choice: str = ""


def picked(choice: str) -> Heard:
    """Return a button or a list row as what it stands for."""
    if choice == "person:call":
        return Heard("person")
    if choice == "menu:main":
        return Heard("menu")
    return Heard("choice", choice=choice)


def heard(part: Part, text: str) -> Heard:
    """Return what a text says here."""
    if (order := command(text)) is not None:
        return Heard(_COMMANDS[order], text)
    said = phrase(text)
    what = _PHRASES.get(said) if said else None
    if what in ("opt_out", "opt_in"):
        return Heard(what, text)
    if (choice := _chosen(part, text, what)) is not None:
        return msgspec.structs.replace(picked(choice), text=text)
    if said in ("realty", "expo", "support"):
        return Heard("choice", text, f"menu:{said}")
    if wants_person(text):
        return Heard("person", text)
    return Heard(what or "text", text)


def _number(text: str, most: int) -> int | None:
    """Return the place that a bare number names: times are full of numbers, but for a short one alone."""
    word = plain(text)
    return int(word) - 1 if word.isdecimal() and len(word) <= 2 and 1 <= int(word) <= most else None


def _chosen(part: Part, text: str, what: What | None) -> str | None:
    """Return the id of the offered choice that a text means."""
    ids = [choice for choice, _ in part.offered]
    if what is not None:
        return next((choice for choice in ids if choice.startswith(_MEANT.get(what, ()))), None)
    if not ids or (part.asked in _NUMBERS_ARE_ANSWERS and any(char.isdigit() for char in text)):
        return None
    titles = [title for _, title in part.offered]
    place = _titled(text, titles) if part.asked == "time" and _is_time(text) else pick(text, titles)
    if place is None and part.asked == "time":
        place = _number(text, len(ids))
    return None if place is None else ids[place]


def _titled(text: str, titles: Sequence[str]) -> int | None:
    """Return the place of the one title that is all of a text."""
    same = [place for place, title in enumerate(titles) if plain(title) == plain(text)]
    return same[0] if len(same) == 1 else None


def _is_time(text: str) -> bool:
    """Return whether a text says when, and is no bare number, which may be the place of a choice."""
    return not plain(text).isdecimal() and speaks_of_time(text)
