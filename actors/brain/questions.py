"""Whether a text asks rather than answers, and what about. Pure; the answers are another's."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

import msgspec

from actors.brain.folding import fold
from actors.brain.lexicon import Lexicon, entries_of
from actors.brain.tokens import READ, Piece, split

Topic = Literal[
    "service_charge",
    "residency",
    "payment_plan",
    "mortgage",
    "commission",
    "handover",
    "viewing",
    "price",
    "yield",
    "location",
]
"""What people ask about; `residency` is visas, `handover` when a home is ready, `viewing` how to see it."""
TOPICS: tuple[Topic, ...] = get_args(Topic)

_OPENING: Final = 4
"""Pieces that the longest opening has."""
_SHORT: Final = 3
"""Words of a text that names a topic and nothing else."""


class Question(msgspec.Struct, frozen=True):
    """A text that asks, and about what, in order, each once: none if that is not known."""

    topics: tuple[Topic, ...] = ()


@cache
def _words() -> tuple[Lexicon, Lexicon, Lexicon, Lexicon]:
    table = tomllib.loads(files(__package__).joinpath("questions.toml").read_text("utf-8"))
    return (
        Lexicon(entries_of({"opens": table["opens"]})),
        Lexicon(entries_of({"anywhere": table["anywhere"]})),
        Lexicon(entries_of({"topic": table["topic"]})),
        Lexicon(entries_of({"topic": table["how_much"]})),
    )


def is_question(text: str) -> bool:
    """Return whether `text` asks: by its mark, or by a word that asks in one of the four languages. Never raises."""
    return asks(split(fold(text[:READ])))


def topics(text: str) -> tuple[Topic, ...]:
    """Return the topics that `text` speaks of, asking or not, in order, each once."""
    return _topics(split(fold(text[:READ])))


def question(text: str) -> Question | None:
    """Return what `text` asks, or None if it does not ask. A topic alone ("service charge") asks about it, too."""
    return question_in(split(fold(text[:READ])))


def question_in(pieces: list[Piece]) -> Question | None:
    """Return the same from the pieces of a text."""
    about = _topics(pieces)
    if asks(pieces):
        return Question(about)
    short = sum(piece.kind == "word" for piece in pieces) <= _SHORT
    return Question(about) if about and short else None


def asks(pieces: list[Piece]) -> bool:
    """Return whether a text in pieces asks."""
    if any(piece.text == "?" for piece in pieces):
        return True
    opens, anywhere, *_ = _words()
    if len(pieces) > 1 and opens.find(pieces[:_OPENING])[0].group:
        return True
    return any(item.group for item in anywhere.find(pieces))


def _topics(pieces: list[Piece]) -> tuple[Topic, ...]:
    *_, named, implied = _words()
    for lexicon in (named, implied):
        found = dict.fromkeys(item.value for item in lexicon.find(pieces) if item.group)
        if found:
            return msgspec.convert(tuple(found), type=tuple[Topic, ...])
    return ()
