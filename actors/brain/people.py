"""Whether a text asks for a person instead of the bot, in any of the four languages. Pure.

A text asks when it names somebody of ours near a word for reaching them ("can I talk to an agent about this"), or names
one and says nothing else ("real person please"), or is a whole message that asks ("call me back please"). It does not
where that is taken back ("I don't want to talk to an agent"), told ("I spoke to an agent"), or about somebody else
("talk to my wife"). A person somewhere in a sentence is no request: "a garden for one person".
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from actors.brain.folding import fold
from actors.brain.lexicon import Item, Lexicon, entries_of
from actors.brain.tokens import READ, Piece, split

_NEAR: Final = 4
"""Items that may stand between a person and the word for reaching them."""
_ENDS: Final = (".", ",", "!", "?", "\n", ";")
_ASKING: Final = 10
"""Items of a message that may be nothing but a person and fillers."""


@cache
def _words() -> tuple[Lexicon, Lexicon]:
    table = tomllib.loads(files(__package__).joinpath("human.toml").read_text("utf-8"))
    whole = table.pop("whole")
    return Lexicon(entries_of(table)), Lexicon(entries_of({"whole": whole}))


def wants_person(text: str) -> bool:
    """Return whether `text` asks for a person. Never raises; reads the first 4096 characters."""
    return asks_for_person(split(fold(text[:READ])))


def asks_for_person(pieces: list[Piece]) -> bool:
    """Return the same from the pieces of a text."""
    words, whole = _words()
    spoken = [piece for piece in pieces if piece.kind in ("word", "number")]
    if not spoken:
        return False
    sentences: list[list[Item]] = [[]]
    for item in words.find(pieces):
        if item.first().text in _ENDS:
            sentences.append([])
        elif item.first().kind in ("word", "number", "silent"):
            sentences[-1].append(item)
    asked = [item.value for item in whole.find(spoken)]
    if "ask" in asked and "" not in asked:
        return True
    return any(_reaches(sentence) or _only_names(sentence) for sentence in sentences if sentence)


def _reaches(sentence: list[Item]) -> bool:
    for place, item in enumerate(sentence):
        if item.group == "do" and item.value == "both" and not _broken(sentence, place, place):
            return True
        if item.group != "who":
            continue
        start, end = max(0, place - _NEAR - 1), place + _NEAR + 2
        for other in range(start, min(end, len(sentence))):
            reaches = sentence[other].group == "do" and sentence[other].value == "reach"
            if reaches and not _broken(sentence, min(place, other), max(place, other)):
                return True
    return False


def _broken(sentence: list[Item], first: int, last: int) -> bool:
    return any(near.group == "breaks" for near in sentence[max(0, first - 3) : last + 3])


def _only_names(sentence: list[Item]) -> bool:
    if len(sentence) > _ASKING:
        return False
    groups = {item.group for item in sentence}
    return "who" in groups and groups <= {"who", "do", "filler"}
