"""Every text of the catalogues, filled in with values that people really have, and with nasty ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

from fluent.syntax import FluentParser, ast, visitor

from actors.agency.terms import Span
from actors.brain.language import LANGUAGES, Language
from actors.wording.keys import KEYS, Key
from actors.wording.offers import term
from actors.wording.texts import Wording
from actors.wording.values import (
    Area,
    Bedrooms,
    Budget,
    Code,
    Count,
    Label,
    Link,
    Moment,
    Money,
    Name,
    Percent,
    Phone,
    Prose,
    Several,
    Size,
    Value,
)

WORDING = Wording.load()
LINK = "https://majlis.example/r/aB3-x?t=1&u=2"
PHONE = "+971501234567"
PERMIT = "7123-4567/A"
CODE = "S-1024"

NASTY_NAMES = (
    "Marina Homes",
    "Sir Archibald Featherstonehaugh-Cholmondeley of Greater Bottomley " * 4,
    "الدار للعقارات",
    "عبد الرحمن بن محمد بن عبد الله آل نهيان المكتوم " * 5,
    "Александра Константиновна Преображенская-Воскресенская " * 5,
    "بهرام آذرنوش",
    "Marina مارينا Homes",
    "\u202eevil\u2069\u2066\u200f",
    "two\nlines\r\nand\u2028three",
    "12-34",
    "👩‍👩‍👧‍👦",
    "",
    " \u200f\u2069\n",
    "*bold* _it_ { $name }",
)
COUNTS = (*range(25), 99, 100, 101, 102, 103, 110, 111, 1_000, 1_000_003, 3_000_000)


class _Variables(visitor.Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802
        self.found.add(node.id.name)


def _variables() -> dict[str, frozenset[str]]:
    source = files("config").joinpath("locales", "en.ftl").read_text("utf-8")
    found: dict[str, frozenset[str]] = {}
    for entry in FluentParser().parse(source).body:
        if isinstance(entry, ast.Message):
            collector = _Variables()
            collector.visit(entry)
            found[entry.id.name] = frozenset(collector.found)
    return found


#: What each text needs.
NEEDS = _variables()
#: Parts of amounts, which only amounts.py asks for.
INNER = {key for key in KEYS if NEEDS[key] & {"low", "code"}}


def values(name: str, number: int) -> Mapping[str, Value]:
    """Return a value for every variable."""
    return {
        "amount": Money(number),
        "bedrooms": Bedrooms(Span(number, number)),
        "count": Count(number),
        "limit": Size(20 * 1024 * 1024),
        "link": Link(LINK),
        "listing": Name(name),
        "name": Name(name),
        "number": Code(CODE),
        "percent": Percent(Decimal("7.25")),
        "permit": Code(PERMIT),
        "phone": Phone(PHONE),
        "place": Name(name),
        "reference": Code("12-AB"),
        "stand": Code("B12"),
        "status": Label("status-open"),
        "tenant": Name(name),
        "text": Prose(name),
        "value": Several((term("kind", "villa"), Name(name))),
        "when": Moment(datetime(2026, 12, 5, 11, tzinfo=UTC), "Asia/Dubai"),
    }


#: Further values of variables that take several kinds.
OTHERS: Mapping[str, tuple[Value, ...]] = {
    "amount": (
        Budget(Span(2_000_000, 3_000_000)),
        Budget(Span(None, 3_000_000)),
        Budget(Span(1_500_000, None)),
        Budget(Span(None, None)),
        Money(500_000, "USD"),
        *(Money(1_000_021, currency) for currency in ("GBP", "RUB", "INR", "toman", "rial", "EUR")),
        Money(7, "CHF"),
        Budget(Span(100, 500_000), "EUR"),
        Budget(Span(None, 500_000), "CHF"),
        Budget(Span(21, None), "RUB"),
    ),
    "bedrooms": (Bedrooms(Span(1, 3)), Bedrooms(Span(2, None)), Bedrooms(Span(None, 4)), Bedrooms(Span())),
    "place": (Label("place-any"),),
    "value": (Label("goal-living"), Area(92.9), Name("JBR")),
    "when": (
        Moment(datetime(2027, 9, 29, 22, 5, tzinfo=UTC), "Europe/London"),
        Moment(datetime(2027, 9, 29, 22, 5, tzinfo=UTC), "Asia/Kathmandu"),
    ),
}


def text(language: Language, key: Key, given: Mapping[str, Value]) -> str:
    return WORDING.text(language, key, **{name: given[name] for name in NEEDS[key]})


def all_texts(language: Language) -> Iterator[tuple[Key, str]]:
    """Yield every text with every nasty name, every number and every kind of value."""
    for key in (key for key in KEYS if key not in INNER):
        needs = NEEDS[key]
        yield key, text(language, key, values(NASTY_NAMES[0], 3))
        if needs & {"listing", "name", "place", "tenant", "text", "value"}:
            for name in NASTY_NAMES:
                yield key, text(language, key, values(name, 3))
        if needs & {"count", "amount", "bedrooms"}:
            for number in COUNTS:
                yield key, text(language, key, values(NASTY_NAMES[0], number))
        for variable in needs & OTHERS.keys():
            for other in OTHERS[variable]:
                yield key, text(language, key, {**values(NASTY_NAMES[1], 11), variable: other})


ALL_TEXTS: Mapping[Language, tuple[tuple[Key, str], ...]] = {
    language: tuple(all_texts(language)) for language in LANGUAGES
}
