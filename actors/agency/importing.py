"""Properties and hours from CSV files: read whole and judged first, then stored in one transaction, or not at all.

Reading is pure but for the file; `columns.py` says which columns there are. Storing is one transaction of the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import BinaryIO

import msgspec

from actors.agency.columns import ARTICLES, AVAILABILITY, CLOSURES, PROPERTIES
from actors.agency.sheet import Faults, rows
from actors.agency.staff import operators
from actors.agency.tenancy import TenantTransaction
from actors.agency.terms import CATEGORY_OF, Category, Deal, Kind
from config import did_you_mean

#: Rows that go to the database at once.
_BATCH = 500


class Refused(Exception):
    """A file cannot be imported; the message lists its faults, row by row. Nothing was stored."""


class PropertyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A property as a file has it, and as the database takes it."""

    reference: str
    title: dict[str, str]
    deal: Deal
    category: Category
    kind: Kind
    place: str
    price: int
    bedrooms: int | None = None
    bathrooms: int | None = None
    area_sqm: int | None = None
    features: Sequence[str] = ()
    status: str = "available"
    permit_number: str | None = None
    permit_expires: str | None = None  # as ISO writes days
    yield_bp: int | None = None
    visa_years: int | None = None


class HoursRow(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of an operator on a weekday."""

    operator: str
    weekday: int
    starts: time
    ends: time
    phone: str | None = None
    handoff_order: int | None = None


class ClosureRow(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which an operator, or nobody, shows anything."""

    first_day: date
    last_day: date
    closed_for: str | None = None


class ArticleRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the agency knows, in one language."""

    key: str
    language: str
    title: str
    body: str


class Imported(msgspec.Struct, frozen=True):
    """What an import did, or would do."""

    rows: int
    added: int = 0
    changed: int = 0
    same: int = 0


def read_properties(file: BinaryIO) -> Sequence[PropertyRow]:
    """Return the properties of a file. Raises Refused."""
    faults = Faults()
    found: list[PropertyRow] = []
    first: dict[str, int] = {}
    for number, values in rows(file, PROPERTIES, faults):
        reference = str(values["reference"])
        if first.setdefault(reference, number) != number:
            faults.add(number, "reference", f"{reference!r} is in row {first[reference]} already")
        if ("permit_number" in values) != ("permit_expires" in values):
            faults.add(number, "permit_number", "goes together with permit_expires: give both or neither")
        if not any(name.startswith("title_") for name in values):
            faults.add(number, "title_en", "there is no title in any language")
        found.append(_property(values))
    _judge(faults, len(found))
    return found


def read_availability(file: BinaryIO) -> Sequence[HoursRow]:
    """Return the hours of a file. Raises Refused."""
    faults = Faults()
    found: list[HoursRow] = []
    of_day: dict[tuple[str, int], list[tuple[int, HoursRow]]] = {}
    for number, values in rows(file, AVAILABILITY, faults):
        row = msgspec.convert(values, HoursRow)
        if row.starts >= row.ends:
            faults.add(number, "ends", f"{row.ends:%H:%M} is not after {row.starts:%H:%M}")
        known = of_day.setdefault((row.operator, row.weekday), [])
        meets = (other for other, one in known if row.starts < one.ends and one.starts < row.ends)
        if (other := next(meets, None)) is not None:
            faults.add(number, "starts", f"overlaps the hours of the same operator in row {other}")
        else:  # so that there are never more of them than a day has minutes
            known.append((number, row))
        found.append(row)
    _judge(faults, len(found))
    return found


def read_closures(file: BinaryIO) -> Sequence[ClosureRow]:
    """Return the closures of a file, none of an empty one. Raises Refused."""
    faults = Faults()
    found: list[ClosureRow] = []
    for number, values in rows(file, CLOSURES, faults):
        row = msgspec.convert(values, ClosureRow)
        if row.first_day > row.last_day:
            faults.add(number, "last_day", f"{row.last_day} is before {row.first_day}")
        found.append(row)
    _judge(faults)
    return found


def read_articles(file: BinaryIO) -> Sequence[ArticleRow]:
    """Return the articles of a file, none of an empty one. Raises Refused."""
    faults = Faults()
    found: list[ArticleRow] = []
    first: dict[tuple[str, str], int] = {}
    for number, values in rows(file, ARTICLES, faults):
        row = msgspec.convert(values, ArticleRow)
        if (known := first.setdefault((row.key, row.language), number)) != number:
            faults.add(number, "key", f"{row.key!r} is in row {known} already in that language")
        found.append(row)
    _judge(faults)
    return found


async def store_properties(tx: TenantTransaction, properties: Sequence[PropertyRow]) -> Imported:
    """Add what is new and change what differs; what the file does not name stays as it is."""
    added = changed = 0
    for start in range(0, len(properties), _BATCH):
        batch = msgspec.json.encode(properties[start : start + _BATCH]).decode()
        for row in await tx.rows("import_properties", batch):
            added, changed = added + bool(row[0]), changed + (not row[0])
    return Imported(len(properties), added, changed, len(properties) - added - changed)


async def store_availability(tx: TenantTransaction, hours: Sequence[HoursRow]) -> Imported:
    """Let these hours take the place of those that the operators named had; unknown operators are added."""
    people: dict[str, dict[str, object]] = {}
    for row in hours:
        facts = {"phone": row.phone, "handoff_order": row.handoff_order}
        told = {name: value for name, value in facts.items() if value is not None}
        people.setdefault(row.operator, {"name": row.operator}).update(told)
    names = sorted(people)
    await tx.execute("upsert_operators", msgspec.json.encode([people[name] for name in names]).decode())
    await tx.execute("clear_hours", names)
    await tx.execute(
        "import_hours",
        [row.operator for row in hours],
        [row.weekday for row in hours],
        [row.starts for row in hours],
        [row.ends for row in hours],
    )
    return Imported(len(hours), added=len(hours))


async def store_closures(tx: TenantTransaction, closures: Sequence[ClosureRow]) -> Imported:
    """Let these closures take the place of all that the agency had. Raises Refused where an operator is unknown."""
    known = {operator.name for operator in await operators(tx)}
    faults = Faults()
    for number, row in enumerate(closures, 1):
        if row.closed_for is not None and row.closed_for not in known:
            hint = did_you_mean(row.closed_for, known)
            faults.add(0, "closed_for", f"{row.closed_for!r} (closure {number}) is no operator{hint}")
    _judge(faults)
    await tx.execute("clear_closures")
    await tx.execute(
        "import_closures",
        [row.closed_for for row in closures],
        [row.first_day for row in closures],
        [row.last_day for row in closures],
    )
    return Imported(len(closures), added=len(closures))


async def store_articles(tx: TenantTransaction, articles: Sequence[ArticleRow]) -> Imported:
    """Let these articles take the place of all that the agency had."""
    await tx.execute("clear_articles")
    await tx.execute(
        "import_articles",
        [row.key for row in articles],
        [row.language for row in articles],
        [row.title for row in articles],
        [row.body for row in articles],
    )
    return Imported(len(articles), added=len(articles))


def unfit_to_show(properties: Sequence[PropertyRow], today: str) -> int:
    """Return how many of these are on offer without a permit that is valid on that day (ISO)."""
    return sum(
        row.status == "available" and (row.permit_expires is None or row.permit_expires < today)
        for row in properties
    )


def _property(values: Mapping[str, object]) -> PropertyRow:
    titles = {name[6:]: value for name, value in values.items() if name.startswith("title_")}
    plain = {name: value for name, value in values.items() if not name.startswith("title_")}
    plain["place"], plain["yield_bp"] = plain.pop("location"), plain.pop("yield_percent", None)
    kind = msgspec.convert(values["kind"], Kind)
    return msgspec.convert({**plain, "title": titles, "category": CATEGORY_OF[kind]}, PropertyRow)


def _judge(faults: Faults, number: int = 1) -> None:
    """Raise Refused where there are faults, or where there is nothing and something was expected."""
    if not faults.number and not number:
        faults.add(0, "", "has no rows under its header")
    if faults.number:
        raise Refused(f"nothing was imported:\n{faults.told()}")
