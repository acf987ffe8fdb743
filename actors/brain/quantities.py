"""Numbers with what they count: from, to, how sure, of what. Pure; amounts.py and bedrooms.py say which are theirs.

Digits or words of the four languages, also mixed: "2-3 млн", "up to a million and a half". The first of a range takes the
scale of the second: 2 in "2 to 3 million" is two million. "about" widens nothing: it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal

import msgspec

from actors.brain.lexicon import Item
from actors.brain.numerals import METRES, ROOMS, THOUSAND, Numerals, Value, number_words, shared
from actors.brain.tokens import Piece

Bound = Literal["", "up_to", "from"]

_LARGEST: Final = Decimal(10) ** 13
_COUNTED: Final = 20  # from here on a number after "bedrooms" is something else
_REACH: Final = 2  # items between a word and the number that it speaks of
_HYPHENS: Final = ("-", "х", "x", "ти", "м", "и")  # 2-х, 3-x, 5-ти
_LARGE_UNITS: Final = ("area", "percent", "week", "day", "hour")
"""What also a million may count; a million beside another unit is money."""
_BOUNDS: Final = ("upto", "from", "about")
_IS: Final = ("is", ":", "=", "это", "هو", "هی")
"""What may stand between a bound and its number: the maximum is 2m."""
_PERSIAN_A: Final = ("یه", "یک", "یکی")
_BREAKS: Final = (",", ";", "\n", ".")


class Quantity(msgspec.Struct, frozen=True):
    """A number or a range in a text, from item `first` to before `last`."""

    low: Decimal
    high: Decimal
    first: int
    last: int
    bound: Bound = ""
    about: bool = False
    scaled: bool = False
    """Said in thousands or millions."""
    plain: bool = True
    """In digits without marks: it may be a year."""
    currency: str | None = None
    unit: str = ""
    """What it counts: "bedroom", "area", ...; "" if that is not said."""
    period: str = ""
    aside: str = ""
    """"id" after words such as permit; "money" beside words such as deposit; "budget" after such as budget."""


def quantities(pieces: list[Piece]) -> tuple[list[Item], list[Quantity]]:
    """Return the items of numbers.toml in a text, and the quantities among them, from left to right."""
    items = number_words().find(pieces)
    return items, list(_Reader(items).read())


class _Before(msgspec.Struct, frozen=True):
    """What the words before a number say; `first` is where they begin."""

    first: int
    bound: Bound = ""
    about: bool = False
    currency: str | None = None
    between: bool = False


class _Reader(Numerals):
    """Walks over a row once."""

    def read(self) -> Iterator[Quantity]:
        place = 0
        while place < len(self._items):
            found = self._quantity(place)
            if found is None:
                place += 1
            else:
                yield found
                place = max(found.last, place + 1)

    def _quantity(self, start: int) -> Quantity | None:
        value = self.value(start)
        if value is None:
            return None
        before = self._before(start)
        after, currency = self._currency(value.last, before.currency)
        second = self._second(after, value, between=before.between or before.bound == "from")
        if second is not None:
            low, high = shared(value, second)
            if low.value <= high.value:
                after, currency = self._currency(second.last, currency)
                before = msgspec.structs.replace(before, bound="", currency=currency)
                return self._finish(start, before, low, high, after)
        if before.bound == "from" and self.is_persian_me(before.first, after):
            before = msgspec.structs.replace(before, first=before.first + 1, bound="")
        before = msgspec.structs.replace(before, currency=currency)
        return self._finish(start, before, value, value, after)

    def _finish(self, start: int, before: _Before, low: Value, high: Value, last: int) -> Quantity | None:
        if high.value > _LARGEST or (high.alone and high.scale == THOUSAND and not before.currency):
            return None  # "a thousand thanks"
        bound, last = self._bound_after(before.bound, last, single=low is high)
        about = before.about
        if self.has(last, "word", "about") and not self.number_at(last + 1):  # "3 млн примерно"
            about, last = True, last + 1
        period = ""
        item = self.at(last)
        if item is not None and item.group == "period":
            period, last = item.value, last + 1
        earlier = self.at(before.first - 1)
        if not period and earlier is not None and earlier.group == "period":
            period = earlier.value  # ماهی ۱۰ هزار
        unit, after = self._unit(last, high)
        period = "" if unit else period
        if high.scale > THOUSAND and unit not in _LARGE_UNITS:
            unit = ""
        elif unit:
            last = after
        elif high.value <= _COUNTED and high.scale == 1 and not high.fraction:
            unit = self._unit_before(before.first)
        if not bound:
            bound, last = self._bound_after(bound, last, single=low is high)
        return Quantity(
            low.value,
            high.value,
            before.first,
            last,
            bound,
            about=about,
            scaled=high.scale >= THOUSAND,
            plain=high.plain,
            currency=before.currency,
            unit=unit,
            period=period,
            aside=self._aside(before.first, last) or self._aside(start, last),
        )

    # ----- around the number

    def _before(self, place: int) -> _Before:
        bound: Bound = ""
        about = False
        currency = None
        while place > 0:
            item = self._items[place - 1]
            if item.group == "currency" and currency is None and not self.number_at(place - 2):
                currency = item.value
            elif item.group == "word" and item.value == "upto" and not bound:
                bound = "up_to"
            elif item.group == "word" and item.value == "from" and not bound:
                bound = "from"
            elif item.group == "word" and item.value == "about":
                about = True
            elif item.group == "word" and item.value == "between":
                return _Before(place - 1, bound, about, currency, between=True)
            elif item.group == "aside" and item.value == "budget" and self.has(place - 2, "word", *_BOUNDS):
                pass  # max budget 2m
            elif not self._passes(place - 1, told=bool(bound or about or currency)):
                break
            place -= 1
        return _Before(place, bound, about, currency)

    def _passes(self, place: int, *, told: bool) -> bool:
        """Return whether what stands at `place` changes nothing between a number and the words before it."""
        if self.reads(place, *_IS) and self.has(place - 1, "word", *_BOUNDS):
            return True
        return told and self.reads(place, ":", "a", "=", "the", "-")

    def _bound_after(self, bound: Bound, last: int, *, single: bool) -> tuple[Bound, int]:
        """Return what "max", "or more" and "+" after a number make of its bound, and the place after them."""
        if self.has(last, "word", "orless") or (self.has(last, "word", "upto") and self._closes(last + 1)):
            return "up_to", last + 1
        spare = self.reads(last, "plus") and not self._closes_all(last + 1)  # one bedroom plus study
        if (self.has(last, "word", "ormore") and not spare) or (
            self.has(last, "word", "from") and self._closes(last + 1)
        ):
            return "from", last + 1
        if single and self._is_plus(last):
            return "from", last + 1
        return bound, last

    def _is_plus(self, place: int) -> bool:
        """Return whether "or more" is written as in "2+ beds", other than "2br+maid" and "2 + 1"."""
        plus, after = self.at(place), self.at(place + 1)
        if plus is None or plus.first().text != "+" or not plus.first().glued or self.number_at(place + 1):
            return False
        return after is None or not after.first().glued

    def _closes_all(self, place: int) -> bool:
        """Return whether nothing of the sentence but a unit stands at `place`."""
        item = self.at(place)
        return item is None or item.group == "unit" or item.first().kind != "word"

    def _closes(self, place: int) -> bool:
        """Return whether a bound that stands before `place` belongs to the number before it."""
        return not (
            self.number_at(place) or any(self.has(place, group) for group in ("scale", "currency", "unit"))
        )

    def _currency(self, place: int, currency: str | None) -> tuple[int, str | None]:
        item = self.at(place)
        if item is not None and item.group == "currency" and currency in (None, item.value):
            return place + 1, item.value
        return place, currency

    def _second(self, place: int, first: Value, *, between: bool) -> Value | None:
        """Return the end of a range that began before `place`."""
        slash = self.reads(place, "/")
        if (
            slash
            or self.reads(place, "-", "~")
            or self.has(place, "word", "to", "or", "upto")
            or (between and self.has(place, "word", "and"))
        ):
            place += 1
        elif not (between and self.begins_with_and(place)):
            following = self.at(place)  # «два три», "two three"
            if following is None or following.group != "num" or not first.words:
                return None
            if not _is_next(first.value / first.scale, Decimal(following.value)):
                return None
            if first.scale != 1 and self.has(place + 1, "unit"):
                return None  # two million, three bedrooms
            if self.reads(place - 1, *_PERSIAN_A) and not self.has(place + 1, "scale"):
                return None  # یه دو خوابه: a two-bedroom
        while self.has(place, "word", "about", "upto") or self.has(place, "currency"):
            place += 1
        second = self.value(place)
        if second is None or (slash and (first.scale != 1 or second.value <= first.value)):
            return None
        return second

    # ----- what it counts

    def _unit(self, place: int, value: Value) -> tuple[str, int]:
        """Return what the number before `place` counts, and the place after that."""
        step = place
        while step < place + _REACH and self.reads(step, *_HYPHENS) and not self._items[step].group:
            step += 1
        if self.has(step, "word", "count") or (self.has(step, "word", "upto") and self.has(step + 1, "unit")):
            step += 1  # ۲ تا خواب
        item = self.at(step)
        if item is None:
            return "", place
        text = item.first().text
        if item.group == "letter" and text == "к" and value.value < ROOMS:
            return "room", step + 1
        if item.group == "letter" and text in ("m", "м", "م") and value.value >= METRES:
            return "area", step + 1
        if item.group == "unit":
            return "bedroom" if item.value == "onebed" else item.value, step + 1
        return "", place

    def _unit_before(self, first: int) -> str:
        step = first - 1
        if self.reads(step, ":", "-", "="):
            step -= 1
        item = self.at(step)
        if item is None or item.group != "unit" or self.number_at(step - 1):
            return ""
        return {"bedroom": "bedroom", "onebed": "bedroom", "bath": "bath", "floor": "floor"}.get(
            item.value, ""
        )

    def _aside(self, first: int, last: int) -> str:
        for back in range(1, _REACH + 2):
            item = self.at(first - back)
            if item is None or self.number_at(first - back):
                break
            if item.group == "aside":
                return "" if item.value == "id" and back > _REACH else item.value
            if item.group in ("unit", "currency", "scale") or item.first().text in _BREAKS:
                break
        for ahead in range(_REACH):
            if self.has(last + ahead, "aside", "money"):
                return "money"
            if self.number_at(last + ahead) or self.reads(last + ahead, *_BREAKS):
                break
        return ""


def _is_next(low: Decimal, high: Decimal) -> bool:
    """Return whether people say the one after the other for a range: two three, полтора два, двести триста."""
    step = next(step for step in (100, 10, 1) if low % step == 0 or step == 1)
    return low < high <= low + step
