"""What stands on the fact sheet of a listing, in the reader's language: the lines of its card, as a page has them. Pure.

Knows nothing of pages: `page` draws one.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from actors.brain.language import Language
from actors.wording.cards import ListingFacts, listing_card
from actors.wording.direction import RIGHT_TO_LEFT
from actors.wording.texts import Wording
from actors.wording.values import Label, Name

_DRAWN = 1
"""Counts the ways in which a page was drawn: with another one equal facts are another file."""


class Sheet(msgspec.Struct, frozen=True):
    """A page: `rows` are names of facts and what they are, `remarks` are facts that have no name."""

    language: Language
    agency: str
    heading: str
    title: str
    summary: str
    rows: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    foot: str

    @property
    def leftward(self) -> bool:
        """Whether it is read from right to left."""
        return self.language in RIGHT_TO_LEFT


def sheet_of(wording: Wording, language: Language, agency: str, facts: ListingFacts) -> Sheet:
    """Return the sheet of a listing."""
    title, summary, *lines = listing_card(wording, language, facts).split("\n")
    parted = [line.partition(": ") for line in lines]
    return Sheet(
        language=language,
        agency=wording.value(language, Name(agency)),
        heading=wording.value(language, Label("listing-sheet")),
        title=title,
        summary=summary,
        rows=tuple((name, value) for name, found, value in parted if found),
        remarks=tuple(line for line, found, _ in parted if not found),
        foot=wording.text(language, "sheet-foot"),
    )


def digest_of(sheet: Sheet, picture: str) -> str:
    """Return what a sheet is known by before it is drawn; `picture` is the digest of its picture, "" without one."""
    return sha256(msgspec.json.encode((_DRAWN, sheet, picture))).hexdigest()
