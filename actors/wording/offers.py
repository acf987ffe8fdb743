"""What can be picked at each question: ids, which are stable and ASCII, and the values that give their titles.

Pure. An id is `question:answer`; `span_of` reads a range back from one. Places, times and listings are the
agency's and are not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from actors.agency.terms import CATEGORY_OF, Amenity, Category, Deal, Goal, Kind, Span, Urgency
from actors.wording.keys import KEYS, Key
from actors.wording.values import Bedrooms, Label, Value

Offer = Literal[
    "menu",
    "confirm",
    "name",
    "goal",
    "deal",
    "category",
    "kind",
    "kind-residential",
    "kind-commercial",
    "budget-buy",
    "budget-rent",
    "period",
    "place",
    "bedrooms",
    "amenities",
    "urgency",
    "listing",
    "relax",
    "gone",
    "no-more",
    "viewing",
    "viewing-cancel",
    "expo",
    "support",
    "nudge",
]
"""What is offered; "place" and "viewing" are what stands below the agency's own choices."""

Field = Literal["goal", "deal", "category", "kind", "amenity", "urgency", "status"]

_SPAN = re.compile(r"(?:budget|bedrooms):([0-9]{1,12})?(-)?([0-9]{1,12})?", re.ASCII)


def term(field: Field, value: str) -> Label:
    """Return the title of a value of terms.py, or of a support status; ValueError for one that has none."""
    key = f"{field}-{value.replace('_', '-')}"
    if key not in KEYS:
        raise ValueError(f"no text names the {field} {value!r}: add {key} to the catalogues")
    return Label(key)


def answer(topic: str) -> Key:
    """Return the text that answers a topic of brain/questions.py; the honest one where there is no other."""
    key = f"answer-{topic.replace('_', '-')}"
    return key if key in KEYS else "answer-unknown"


def span_of(choice: str) -> Span | None:
    """Return the range that the id of a budget or of bedrooms stands for; None for any other id, "any" too."""
    found = _SPAN.fullmatch(choice)
    if found is None or (found[1] is None and found[3] is None):
        return None
    low = int(found[1]) if found[1] else None
    if found[2] is None:
        return Span(low, low)
    return Span(low, int(found[3]) if found[3] else None)


def _terms(field: Field, values: tuple[str, ...]) -> tuple[tuple[str, Value], ...]:
    return tuple((f"{field}:{value}", term(field, value)) for value in values)


def _kinds(category: Category) -> tuple[tuple[str, Value], ...]:
    kinds = tuple(kind for kind in get_args(Kind) if CATEGORY_OF[kind] == category)
    return (*_terms("kind", kinds), ("kind:any", Label("no-preference")))


_SKIP: Final = ("answer:skip", Label("skip"))
_MENU: Final = ("menu:main", Label("menu-button"))
_PERSON: Final = ("person:call", Label("person"))
_CHANGE: Final = ("search:change", Label("change-search"))

OFFERS: Final[Mapping[Offer, tuple[tuple[str, Value], ...]]] = {
    "menu": (
        ("menu:realty", Label("menu-realty")),
        ("menu:expo", Label("menu-expo")),
        ("menu:support", Label("menu-support")),
    ),
    "confirm": (("answer:yes", Label("yes")), ("answer:no", Label("no"))),
    "name": (_SKIP,),
    "goal": _terms("goal", get_args(Goal)),
    "deal": _terms("deal", get_args(Deal)),
    "category": _terms("category", get_args(Category)),
    "kind": (*_terms("kind", get_args(Kind)), ("kind:any", Label("no-preference"))),
    "kind-residential": _kinds("residential"),
    "kind-commercial": _kinds("commercial"),
    "budget-buy": (
        ("budget:-1000000", Label("budget-buy-to-1m")),
        ("budget:1000000-2000000", Label("budget-buy-1m-2m")),
        ("budget:2000000-5000000", Label("budget-buy-2m-5m")),
        ("budget:5000000-", Label("budget-buy-from-5m")),
        ("budget:any", Label("no-preference")),
    ),
    "budget-rent": (
        ("budget:-60000", Label("budget-rent-to-60k")),
        ("budget:60000-100000", Label("budget-rent-60k-100k")),
        ("budget:100000-200000", Label("budget-rent-100k-200k")),
        ("budget:200000-", Label("budget-rent-from-200k")),
        ("budget:any", Label("no-preference")),
    ),
    "period": (("period:year", Label("period-year")), ("period:month", Label("period-month"))),
    "place": (("place:any", Label("place-any")),),
    "bedrooms": (
        *((f"bedrooms:{number}", Bedrooms.exactly(number)) for number in range(5)),
        ("bedrooms:5-", Bedrooms(Span(5, None))),
        ("bedrooms:any", Label("no-preference")),
    ),
    "amenities": (*_terms("amenity", get_args(Amenity)), ("amenity:any", Label("no-preference"))),
    "urgency": _terms("urgency", get_args(Urgency)),
    "listing": (
        ("listing:viewing", Label("listing-viewing")),
        ("listing:more", Label("listing-more")),
        ("listing:sheet", Label("listing-sheet")),
        _PERSON,
    ),
    "relax": (
        ("relax:budget", Label("relax-budget-title")),
        ("relax:floor", Label("relax-floor-title")),
        ("relax:place", Label("relax-place-title")),
        ("relax:anywhere", Label("place-any")),
        ("relax:bedrooms", Label("relax-bedrooms-title")),
        ("relax:kind", Label("relax-kind-title")),
        _CHANGE,
        _PERSON,
    ),
    "gone": (("listing:similar", Label("listing-more")), _CHANGE, _PERSON),
    "no-more": (_CHANGE, _PERSON, _MENU),
    "viewing": (
        ("viewing:other", Label("viewing-another-time")),
        ("viewing:cancel", Label("viewing-cancel")),
    ),
    "viewing-cancel": (
        ("viewing:cancel-now", Label("viewing-cancel")),
        ("viewing:keep", Label("viewing-keep")),
    ),
    "expo": (("expo:meet", Label("expo-meet")), _PERSON, _MENU),
    "support": (
        ("support:new", Label("support-new")),
        ("support:status", Label("support-look")),
        _MENU,
    ),
    "nudge": (("nudge:continue", Label("nudge-continue")), ("nudge:later", Label("nudge-not-now"))),
}
