"""What is put into texts, as types: a text cannot be had with a bare string, so no value stays unformatted.

Pure. Knows how a value is cleaned when it is made, not how it is written; texts.py does that. What nobody may
reformat (phones, links, codes) is ASCII from the beginning: other digits are read, other dashes too.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

import msgspec

from actors.agency.terms import CURRENCY, Span
from actors.channels.limits import ELLIPSIS, cut, visible
from actors.wording.direction import one_line
from actors.wording.keys import Key

#: UTF-16 units of what others wrote that a text has room for. Longer ones end in an ellipsis.
NAME_ROOM: Final = 120
PROSE_ROOM: Final = 500

_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_IN_LINKS: Final = "!#$%&'()*+,/:;=?@[]~"


class Count(msgspec.Struct, frozen=True):
    """So many of something: its text bends to it. Not negative."""

    number: int


class Money(msgspec.Struct, frozen=True):
    """A whole amount; `currency` is its ISO 4217 code, or what people say: "toman", "rial"."""

    amount: int
    currency: str = CURRENCY


class Budget(msgspec.Struct, frozen=True):
    """A range of amounts, both ends included; an open side is said as such."""

    span: Span
    currency: str = CURRENCY


class Bedrooms(msgspec.Struct, frozen=True):
    """How many bedrooms; 0 is a studio."""

    span: Span

    @classmethod
    def exactly(cls, number: int) -> Bedrooms:
        """Return just so many."""
        return cls(Span(number, number))


class Bathrooms(msgspec.Struct, frozen=True):
    """How many bathrooms."""

    number: int


class Area(msgspec.Struct, frozen=True):
    """A floor or plot, shown in square metres and square feet, both rounded."""

    square_metres: float | Decimal


class Percent(msgspec.Struct, frozen=True):
    """A share, in hundredths: 7.5 is seven and a half per cent."""

    number: float | Decimal


class Size(msgspec.Struct, frozen=True):
    """The size of a file, in bytes."""

    bytes: int


class Moment(msgspec.Struct, frozen=True):
    """A time, shown in the time zone of this name (the tenant's). `at` has a time zone of its own."""

    at: datetime
    zone: str


class Name(msgspec.Struct, frozen=True):
    """What somebody or something is called, as it was written: never split, never bent, of no known language."""

    written: str

    def __post_init__(self) -> None:
        cleaned = _shown(self.written, NAME_ROOM)
        msgspec.structs.force_setattr(self, "written", cleaned)


class Prose(msgspec.Struct, frozen=True):
    """A few sentences that somebody else wrote, shown in one line."""

    written: str

    def __post_init__(self) -> None:
        cleaned = _shown(self.written, PROSE_ROOM)
        msgspec.structs.force_setattr(self, "written", cleaned)


class Phone(msgspec.Struct, frozen=True):
    """A phone number, in ASCII."""

    written: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "written", _ascii_digits(self.written))


class Code(msgspec.Struct, frozen=True):
    """A number or code by which something is found again (a permit, a request, a listing), in ASCII digits."""

    written: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "written", _ascii_digits(self.written))


class Link(msgspec.Struct, frozen=True):
    """An address to be opened, in ASCII: what is not is percent-encoded."""

    written: str

    def __post_init__(self) -> None:
        ascii_only = quote(one_line(self.written), safe=_IN_LINKS)
        msgspec.structs.force_setattr(self, "written", ascii_only)


class Label(msgspec.Struct, frozen=True):
    """A text of the catalogue that needs no values, put into another: the title of a kind, of a status."""

    key: Key


class Several(msgspec.Struct, frozen=True):
    """Some values in a row; `between` them stands a comma of the language, if nothing else is given."""

    values: tuple[Value, ...]
    between: str = ""


Value = (
    Count
    | Money
    | Budget
    | Bedrooms
    | Bathrooms
    | Area
    | Percent
    | Size
    | Moment
    | Name
    | Prose
    | Phone
    | Code
    | Link
    | Label
    | Several
)


def _shown(written: str, room: int) -> str:
    """Return what somebody wrote in the room there is; an ellipsis if a reader would see nothing."""
    line = one_line(written)
    return cut(line, room) if visible(line) else ELLIPSIS


def _ascii_digits(written: str) -> str:
    """Return a number or code as one line, every digit and dash of it in ASCII."""
    dashed = _DASHES.sub("-", one_line(written))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in dashed)
