"""Words and phrases with meanings, and the longest of them that stand in a text. Pure; knows no language.

An entry is words with spaces between: `sea view`. A star ends the beginning of any word: `apartment*`. A word of six
letters and more is also known with one slip of the fingers: a letter too many, too few, another, or two exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from actors.brain.folding import fold
from actors.brain.tokens import Piece, slips, split

_BETWEEN = re.compile(r"[,\n]")


class Item(msgspec.Struct, frozen=True):
    """One or more pieces of a text that mean something (`group` and `value`), or one that does not (both empty)."""

    group: str
    value: str
    pieces: tuple[Piece, ...]

    def first(self) -> Piece:
        """Return the piece that it begins with."""
        return self.pieces[0]


class _Entry(msgspec.Struct, frozen=True):
    rest: tuple[str, ...]
    group: str
    value: str


class Lexicon:
    """Entries by meaning. `find` is linear in the text for entries of bounded length."""

    def __init__(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Take (group, value, entry) triples. Raises ValueError when one entry is given two meanings of a group."""
        self._begins: dict[str, list[_Entry]] = {}
        self._words: set[str] = set()
        meant: dict[tuple[str, tuple[str, ...]], str] = {}
        for group, value, written in entries:
            for words in _spellings(written):
                before = meant.setdefault((group, words), value)
                if before != value:
                    raise ValueError(f"{written!r} is both {group} {before} and {value}")
                self._begins.setdefault(words[0], []).append(_Entry(words[1:], group, value))
                self._words.update(words)
        for begun in self._begins.values():
            begun.sort(key=lambda entry: -len(entry.rest))
        self._slips: dict[str, str] = {}
        for word in sorted(self._words):
            for slip in slips(word.rstrip("*")):
                self._slips.setdefault(slip, word)

    def _known(self, piece: Piece) -> list[str]:
        """Return the words of entries that `piece` may be, the likeliest first."""
        words = self._words
        if not words.isdisjoint(piece.forms):
            return [form for form in piece.forms if form in words]
        if piece.slips and not self._slips.keys().isdisjoint(piece.slips):
            word = piece.text
            for slip in piece.slips:
                meant = self._slips.get(slip)
                if meant is not None and meant[0] == word[0] and abs(len(meant.rstrip("*")) - len(word)) <= 1:
                    return [meant]
        return []

    def lists(self, piece: Piece) -> bool:
        """Return whether `piece` is a word of an entry as it stands, without a slip of the fingers."""
        return not self._words.isdisjoint(piece.forms)

    def find(self, pieces: list[Piece]) -> list[Item]:
        """Return the pieces as items, from left to right, the longest entry first; none overlap, none is left out."""
        items: list[Item] = []
        known = [self._known(piece) if piece.kind == "word" else _signs(piece) for piece in pieces]
        place, end = 0, len(pieces)
        while place < end:
            best: _Entry | None = None
            for word in known[place]:
                for entry in self._begins.get(word, ()):
                    if best is not None and len(entry.rest) <= len(best.rest):
                        break
                    if _follows(entry.rest, known, place + 1):
                        best = entry
                        break
            if best is None:
                items.append(Item("", "", (pieces[place],)))
                place += 1
            else:
                after = place + 1 + len(best.rest)
                items.append(Item(best.group, best.value, tuple(pieces[place:after])))
                place = after
        return items


def _signs(piece: Piece) -> list[str]:
    return [piece.text] if piece.kind in ("sign", "number") else []


def _follows(rest: tuple[str, ...], known: list[list[str]], place: int) -> bool:
    if place + len(rest) > len(known):
        return False
    for word in rest:
        if word not in known[place]:
            return False
        place += 1
    return True


def _spellings(written: str) -> Iterable[tuple[str, ...]]:
    """Return the words of an entry; those with a zero-width non-joiner are also written without anything there."""
    for way in {written, written.replace("\u200c", "")}:
        words: list[str] = []
        for part in fold(way).split():
            pieces = split(part.rstrip("*"))
            words.extend(piece.text for piece in pieces)
            if part.endswith("*") and pieces:
                words[-1] += "*"
        if words:
            yield tuple(words)


def entries_of(table: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str, str]]:
    """Return the entries of a table of tables: group, value, and entries with commas or line breaks between."""
    for group, values in table.items():
        for value, written in values.items():
            for entry in _BETWEEN.split(written):
                if entry.strip():
                    yield group, value, entry.strip()
