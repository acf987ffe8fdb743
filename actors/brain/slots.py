"""What a free text says of every slot of a Wish, in any order, in any of the four languages or a mixture. Pure.

Nothing is guessed: of two different answers to one slot neither counts, a word that is taken back ("no pool") does not
either, and a question about visas or yields is no wish for one. Where one word includes another the narrower counts: a
penthouse apartment is a penthouse, and who invests for a visa looks for residency. Knows no conversation: it does not
know which question a text answers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from actors.agency.terms import CATEGORY_OF, Kind, Urgency, Wish
from actors.brain.amounts import Amount, amounts_of
from actors.brain.bedrooms import bedrooms_of
from actors.brain.folding import fold
from actors.brain.lexicon import Item, Lexicon, entries_of
from actors.brain.places import Gazetteer, dubai
from actors.brain.quantities import Quantity, quantities
from actors.brain.questions import asks
from actors.brain.tokens import READ, Piece, split

_WEAK: Final = frozenset(
    ["a", "an", "the", "any", "in", "at", "on", "for", "to", "на", "в", "для", "с", "у", "با", "فی", "من"]
)
"""Words that may stand between "not" and what it takes back."""
_IN: Final = frozenset(
    (
        *("in", "within", "next", "через", "течение", "ближайшие", "за", "до"),
        *("ظرف", "طی", "خلال", "بعد", "در", "تا"),
    )
)
"""Words before a number of months that make it a time to come."""
_FROM_NOW: Final = frozenset(("دیگه", "دیگر", "آینده", "اینده", "from"))
"""Words after it that do."""
_MONTHS: Final[tuple[tuple[int, Urgency], ...]] = ((1, "now"), (3, "quarter"), (6, "half_year"))
_MONTHS_OF: Final = {"day": Decimal(1) / 30, "week": Decimal(1) / 4, "month": Decimal(1), "year": Decimal(12)}
_NARROWER: Final[dict[str, str]] = {"penthouse": "apartment", "townhouse": "villa"}
"""The first includes the second, where one stands beside the other: a penthouse apartment, but not villa or townhouse."""


class Said(msgspec.Struct, frozen=True):
    """What one text said. `wish.budget` is there only if `amount` may be dirhams: no currency said is for asking."""

    wish: Wish = Wish()
    amount: Amount | None = None
    """The budget as said. `currency` None: confirm that it is dirhams. Another currency: ask; nothing is in the wish."""

    @property
    def nothing(self) -> bool:
        """Whether no slot was spoken of."""
        return self.amount is None and self.wish == Wish()


@cache
def trade_words() -> Lexicon:
    """Return the lexicon of trade.toml; the first call reads it."""
    return Lexicon(entries_of(tomllib.loads(files(__package__).joinpath("trade.toml").read_text("utf-8"))))


def read_wish(text: str, places: Gazetteer | None = None) -> Said:
    """Return what `text` says; `places` are those of the tenant, those of Dubai if None.

    Never raises; reads the first 4096 characters, in time linear in them.
    """
    return wish_in(split(fold(text[:READ])), places)


def wish_in(pieces: list[Piece], places: Gazetteer | None = None) -> Said:
    """Return the same from the pieces of a text."""
    pieces = (places or dubai()).mark(pieces)
    items, found = quantities(pieces)
    words = trade_words().find(pieces)
    meant: dict[str, list[str]] = {}
    for group, value in _kept(words):
        meant.setdefault(group, []).append(value)
    sums = amounts_of(found)
    amount = sums[0] if sums else None
    rooms = bedrooms_of(items, found)
    kind = _one(meant.get("kind"))
    if "kind" not in meant and any(map(_is_flat, items)):
        kind = "apartment"
    kinds = msgspec.convert([kind] if kind else meant.get("kind", ()), type=tuple[Kind, ...])
    goals = meant.get("goal", [])
    if "goal_unless_asked" in meant and not asks(pieces):
        goals = goals + meant["goal_unless_asked"]
    goal = "residency" if set(goals) == {"investment", "residency"} else _one(goals)
    wish = {
        "goal": goal,
        "deal": _deal(meant.get("deal"), goal, amount),
        "category": _one(meant.get("category")) or _one([CATEGORY_OF[one] for one in kinds]),
        "kind": kind,
        "budget": amount.dirhams if amount else None,
        "places": tuple(dict.fromkeys(meant.get("place", ()))),
        "bedrooms": rooms,
        "amenities": frozenset(meant.get("amenity", ())),
        "urgency": _one(meant.get("urgency")) or _within(items, found),
    }
    return Said(msgspec.convert(wish, type=Wish), amount)


def _kept(items: list[Item]) -> Iterable[tuple[str, str]]:
    """Yield (slot, value) of the words that were not taken back."""
    for place, item in enumerate(items):
        group, value = item.group, item.value
        if item.first().kind == "place":
            group, value = "place", item.first().text
        if group in ("", "none", "not") or _taken_back(items, place) or _is_wider(items, place):
            continue
        yield group, value


def _is_wider(items: list[Item], place: int) -> bool:
    """Return whether a narrower word stands beside this one."""
    beside = (items[near].value for near in (place - 1, place + 1) if 0 <= near < len(items))
    return any(_NARROWER.get(value) == items[place].value for value in beside)


def _taken_back(items: list[Item], place: int) -> bool:
    before = place - 1
    if before > 0 and not items[before].group and items[before].first().text in _WEAK:
        before -= 1
    if before >= 0 and items[before].group == "not":
        if items[before].value == "before":
            return True
        if items[before].value == "both" and not (before and _is_slot(items[before - 1])):
            return True
    after = place + 1
    if _ends(items, after + 1) and items[after].group == "not" and items[after].value == "before":
        return True  # "a villa no, a flat": nothing comes for it to take back
    if after < len(items) and not items[after].group and items[after].first().text in ("is", "هم"):
        after += 1
    return after < len(items) and items[after].group == "not" and items[after].value in ("after", "both")


def _is_flat(item: Item) -> bool:
    """Return whether a word that counts rooms is said of flats alone: a studio, «двушка», «трёшка»."""
    text = item.first().text
    return item.group == "bedrooms" and (item.value == "0" or "ушк" in text or "ешк" in text)


def _ends(items: list[Item], place: int) -> bool:
    """Return whether a part of a sentence ends before this place."""
    return place == len(items) or (place < len(items) and items[place].first().text in (",", "."))


def _is_slot(item: Item) -> bool:
    return item.first().kind == "place" or item.group not in ("", "none", "not")


def _one(values: list[str] | None) -> str | None:
    """Return the one value that was said; None when they differ."""
    different = set(values or ())
    return different.pop() if len(different) == 1 else None


def _deal(values: list[str] | None, goal: str | None, amount: Amount | None) -> str | None:
    if values is None:
        return "rent" if amount is not None and amount.period is not None else None
    if len(set(values)) > 1 and goal in ("investment", "residency"):
        return "buy"  # who buys to let speaks of rent, too
    return _one(values)


def urgency(text: str) -> Urgency | None:
    """Return how soon a text says, which answers just that: "three months". Never raises."""
    items, found = quantities(split(fold(text[:READ])))
    return _within(items, found, asked=True)


def _within(items: list[Item], found: list[Quantity], *, asked: bool = False) -> Urgency | None:
    """Return the urgency of "in three months"; where it was `asked` for, of "three months"."""
    for quantity in found:
        months = _MONTHS_OF.get(quantity.unit)
        if months is None:
            continue
        before = items[quantity.first - 1].first().text if quantity.first else ""
        after = items[quantity.last].first().text if quantity.last < len(items) else ""
        if not asked and quantity.bound != "up_to" and before not in _IN and after not in _FROM_NOW:
            continue
        due = quantity.high * months
        return next((urgency for most, urgency in _MONTHS if due <= most), "later")
    return None
