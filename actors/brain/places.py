"""A gazetteer: what places are called, and which of them a text names. Pure.

Names are data: places.toml has those of Dubai in four languages, and a tenant may have others. A name is known in any
folding and with one slip; "Business Bay" is a place and no view of a bay: what a name covers means nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec

from actors.brain.folding import fold
from actors.brain.lexicon import Lexicon, entries_of
from actors.brain.tokens import READ, Piece, split

_PLACE = "place"


class Gazetteer:
    """The names of places, compiled once."""

    def __init__(self, names: Mapping[str, Iterable[str]], people: Iterable[str] = ()) -> None:
        """Take names by the key of their place; `people`: phrases in which such a word is a person's name.

        Raises ValueError when a name names two places.
        """
        self.keys = frozenset(names)
        self._lexicon = Lexicon(
            [
                *((_PLACE, key, name) for key, called in names.items() for name in called),
                *(("none", "name", phrase) for phrase in people),
            ]
        )

    def mark(self, pieces: list[Piece]) -> list[Piece]:
        """Return the pieces with each name of a place as one: kind "place", its text the key."""
        marked: list[Piece] = []
        for item in self._lexicon.find(pieces):
            if item.group == _PLACE:
                marked.append(Piece(_PLACE, item.value))
            elif item.group:
                marked.append(Piece("silent", item.first().text))
            else:
                marked.extend(item.pieces)
        return marked

    def find(self, text: str) -> tuple[str, ...]:
        """Return the keys of the places that `text` names, in order, each once. Never raises."""
        marked = self.mark(split(fold(text[:READ])))
        return tuple(dict.fromkeys(piece.text for piece in marked if piece.kind == _PLACE))


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    place: dict[str, str]
    none: dict[str, str]


@cache
def dubai() -> Gazetteer:
    """Return the gazetteer of places.toml; the first call reads it."""
    table = msgspec.convert(
        tomllib.loads(files(__package__).joinpath("places.toml").read_text("utf-8")), type=_Names
    )
    names: dict[str, list[str]] = {}
    for _, key, name in entries_of({_PLACE: table.place}):
        names.setdefault(key, []).append(name)
    return Gazetteer(names, [phrase for _, _, phrase in entries_of({"none": table.none})])
