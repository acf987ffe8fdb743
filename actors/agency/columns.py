"""The columns of the files that agencies import, and how each cell is read. Pure.

Properties, one a row; what is not starred may be empty or absent:

| column | what it holds |
|---|---|
| `reference`* | the agency's own name of it, once in a file; a known one is changed, a new one added |
| `title_en`, `title_fa`, `title_ar`, `title_ru` | what people read; at least one of them |
| `deal`* | `buy` or `rent` |
| `kind`* | `apartment`, `villa`, `townhouse`, `penthouse`, `land`, `office`, `shop`, `warehouse` |
| `location`* | a key of places.toml or its English name |
| `price`* | whole dirhams, a year's rent for rent: `1250000` or `1,250,000` |
| `bedrooms`, `bathrooms` | 0 to 50; 0 bedrooms is a studio |
| `area_sqm` | whole square metres |
| `features` | any of `pool`, `gym`, ... (terms.py), with `;` between them |
| `status` | `available` (where it is empty), `reserved`, `gone`, `hidden` |
| `permit_number`, `permit_expires` | both or neither; the last day on which the permit is valid, as `2027-03-31` |
| `yield_percent` | gross, a year: `6.25` |
| `visa_years` | of the residency visa that a buyer may apply for |

Availability, hours a row; those of each operator in the file take the place of the hours that operator had:

| column | what it holds |
|---|---|
| `operator`* | a name; an unknown one is added |
| `weekday`* | `monday` ... `sunday`, or 1 (Monday) to 7 |
| `starts`*, `ends`* | `09:00` and `18:00`, in the agency's time zone |
| `phone` | of the operator, in E.164: `+971...` |
| `handoff_order` | who is asked first to take a conversation over: 1, 2, ... |

Closures, a row each; those of the file take the place of all that the agency had:

| column | what it holds |
|---|---|
| `closed_for` | the name of an operator; empty: nobody shows anything then |
| `first_day`*, `last_day`* | as `2026-12-02`, both included |

Knowledge, an article in one language a row, from which a model may answer; those of the file take the place of all that
the agency had:

| column | what it holds |
|---|---|
| `key`* | the agency's own name of the article, the same in each language |
| `language`* | `en`, `fa`, `ar`, `ru` |
| `title`* | what it is about |
| `body`* | what holds; at most 2,000 characters, links and numbers that people may be given among them |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from typing import get_args

from actors.agency.places import places
from actors.agency.sheet import Column, one_of, refused
from actors.agency.terms import CATEGORY_OF, Amenity
from config import did_you_mean

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHOLE = re.compile(r"(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.0{1,2})?", re.ASCII)
_PERMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z/-]{3,29}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))? ?%?", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def text(most: int) -> Callable[[str], str]:
    """Return a reader of a text of so many characters at most."""

    def read(cell: str) -> str:
        if len(cell) > most:
            raise refused(cell, f"is longer than {most} characters")
        return cell

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of a whole number, with or without commas between thousands."""

    def read(cell: str) -> int:
        found = _WHOLE.fullmatch(cell)
        if found is None:
            raise refused(cell, "is not a whole number such as 1250000 or 1,250,000")
        number = int(found[1].replace(",", ""))
        if not least <= number <= most:
            raise refused(cell, f"is not between {least:,} and {most:,}")
        return number

    return read


def day(cell: str) -> str:
    """Read a date; days and months in other orders are not guessed."""
    wrong = refused(cell, "is not a date such as 2027-03-31 (year, month, day)")
    if not _DAY.fullmatch(cell):
        raise wrong
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        raise wrong from None


def clock(cell: str) -> time:
    """Read a time of day."""
    if not re.fullmatch(r"\d{1,2}:\d\d", cell, re.ASCII):
        raise refused(cell, "is not a time such as 09:30")
    hours, minutes = map(int, cell.split(":"))
    if hours > 23 or minutes > 59:
        raise refused(cell, "is not a time between 00:00 and 23:59")
    return time(hours, minutes)


def percent(cell: str) -> int:
    """Read a percentage as hundredths of a percent."""
    found = _PERCENT.fullmatch(cell)
    hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1
    if not 0 <= hundredths <= 10_000:
        raise refused(cell, "is not a percentage between 0 and 100 such as 6.25")
    return hundredths


def location(cell: str) -> str:
    """Read a place by its key or its English name."""
    known = {place.names["en"].lower(): key for key, place in places().items()}
    known |= {key: key for key in places()}
    if (key := known.get(cell.lower())) is None:
        raise refused(cell, f"is no location that is known{did_you_mean(cell.lower(), known)}")
    return key


def amenities(cell: str) -> list[str]:
    """Read features with semicolons between them."""
    read = one_of(get_args(Amenity))
    return sorted({read(word.strip()) for word in cell.split(";") if word.strip()})


def weekday(cell: str) -> int:
    """Read a weekday as its ISO number."""
    if cell in {"1", "2", "3", "4", "5", "6", "7"}:
        return int(cell)
    return WEEKDAYS.index(one_of(WEEKDAYS)(cell)) + 1


def matching(pattern: re.Pattern[str], why: str) -> Callable[[str], str]:
    """Return a reader of what has a shape."""

    def read(cell: str) -> str:
        if not pattern.fullmatch(cell):
            raise refused(cell, why)
        return cell

    return read


PROPERTIES = (
    Column("reference", text(64), required=True),
    *(Column(f"title_{language}", text(300)) for language in ("en", "fa", "ar", "ru")),
    Column("deal", one_of(("buy", "rent")), required=True),
    Column("kind", one_of(CATEGORY_OF), required=True),
    Column("location", location, required=True),
    Column("price", whole(1, 10**12), required=True),
    Column("bedrooms", whole(0, 50)),
    Column("bathrooms", whole(0, 50)),
    Column("area_sqm", whole(1, 10**7)),
    Column("features", amenities),
    Column("status", one_of(("available", "reserved", "gone", "hidden"))),
    Column("permit_number", matching(_PERMIT, "is no permit number: 4 to 30 digits, letters, / and -")),
    Column("permit_expires", day),
    Column("yield_percent", percent),
    Column("visa_years", whole(1, 99)),
)
AVAILABILITY = (
    Column("operator", text(100), required=True),
    Column("weekday", weekday, required=True),
    Column("starts", clock, required=True),
    Column("ends", clock, required=True),
    Column("phone", matching(_PHONE, "is no number such as +971501234567")),
    Column("handoff_order", whole(1, 1000)),
)
CLOSURES = (
    Column("closed_for", text(100)),
    Column("first_day", day, required=True),
    Column("last_day", day, required=True),
)
ARTICLES = (
    Column("key", text(64), required=True),
    Column("language", one_of(("en", "fa", "ar", "ru")), required=True),
    Column("title", text(200), required=True),
    Column("body", text(2000), required=True),
)
