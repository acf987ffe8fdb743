"""One number in a row of items, in digits or words, with its scale: "2.5m", «миллион двести». Pure.

What the number counts, and whether it is "up to" or "about", is quantities.py's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Final

import msgspec

from actors.brain.lexicon import Item, Lexicon, entries_of

THOUSAND: Final = Decimal(1000)
ONE: Final = Decimal(1)
METRES: Final = 50
""" "m" after a number from here on is metres, where no money is spoken of. """
ROOMS: Final = 10
"""«к» after a number below is rooms: «2к квартира»."""
_LARGEST_SCALE: Final = Decimal(10) ** 9
_ENDINGS: Final = ("х", "x", "ех", "ти")  # 3х млн
_PERSIAN: Final = frozenset(
    ("دارم", "داریم", "دارد", "داره", "میخوام", "میخواهم", "بودجه", "بودجم", "را", "رو", "است", "تا")
)
_PERSIAN_SCALES: Final = ("می", "هزار")


@cache
def number_words() -> Lexicon:
    """Return the lexicon of numbers.toml; the first call reads it."""
    return Lexicon(entries_of(tomllib.loads(files(__package__).joinpath("numbers.toml").read_text("utf-8"))))


class Value(msgspec.Struct, frozen=True):
    """A number; `last` is the index of the item after it, `scale` is 1 where none was said."""

    value: Decimal
    last: int
    scale: Decimal = ONE
    plain: bool = False
    """In digits without marks."""
    words: bool = False
    alone: bool = False
    """A scale with no number before it: "a million"."""
    fraction: Decimal | None = None
    """The other reading of "2.500"."""


class Row:
    """Items by index; what is outside is nothing."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def at(self, place: int) -> Item | None:
        """Return the item at `place`, None outside."""
        return self._items[place] if 0 <= place < len(self._items) else None

    def has(self, place: int, group: str, *values: str) -> bool:
        """Return whether an item of `group` with one of `values`, if given, is at `place`."""
        item = self.at(place)
        return item is not None and item.group == group and (not values or item.value in values)

    def reads(self, place: int, *texts: str) -> bool:
        """Return whether the item at `place` begins with one of `texts`."""
        item = self.at(place)
        return item is not None and item.first().text in texts

    def number_at(self, place: int) -> bool:
        """Return whether a number begins at `place`, in digits or words."""
        item = self.at(place)
        return item is not None and (
            item.group in ("num", "scaled") or (not item.group and item.first().number is not None)
        )

    def begins_with_and(self, place: int) -> bool:
        """Return whether Arabic wrote "and" together with the word at `place`."""
        item = self.at(place)
        return item is not None and item.first().text.startswith("و")

    def past_and(self, place: int) -> int:
        """Return the place after an "and" at `place`, or `place`."""
        return place + 1 if self.has(place, "word", "and") else place


class Numerals(Row):
    """Reads numbers out of a row; each look ahead is bounded."""

    def value(self, place: int) -> Value | None:
        """Return the number that begins at `place`, with its scale and all that belongs to it."""
        item = self.at(place)
        if item is None:
            return None
        if item.group == "scaled":
            scale = Decimal(10) ** (len(item.value) - 1)
            value, last = self._more(Decimal(item.value), scale, place + 1, words=True)
            return Value(value, last, scale, words=True)
        small = self._small(place)
        if small is None:
            return self._scale_alone(place, item)
        money = self.has(place - 1, "currency")
        scale, last = self._scale(small, money=money)
        if scale == 1:
            return small
        number = small.value if small.fraction is None or scale <= THOUSAND else small.fraction
        scale, last = self._larger(number, scale, last)
        value, last = self._more(number * scale, min(scale, _LARGEST_SCALE), last, words=small.words)
        return Value(value, last, scale, words=small.words)

    def _scale_alone(self, place: int, item: Item) -> Value | None:
        if item.group != "scale" or Decimal(item.value) < THOUSAND or self.number_at(place - 1):
            return None
        if not number_words().lists(item.first()):
            return None  # «میدونی» is no million, with no number before it
        scale = Decimal(item.value)
        after = self._small(place + (2 if self.reads(place + 1, "за", "около", "примерно") else 1))
        if (
            after is not None
            and after.words
            and after.value < 20
            and item.first().text.endswith(("миллиона", "миллионов", "тысячи", "тысяч"))
            and not self.has(after.last, "unit")
        ):
            return Value(after.value * scale, after.last, scale, words=True)  # «миллиона три»
        value, last = self._more(scale, scale, place + 1, words=True)
        return Value(value, last, scale, words=True, alone=True)

    # ----- the number itself

    def _small(self, place: int) -> Value | None:
        """Return the number before any scale."""
        item = self.at(place)
        if item is None:
            return None
        if item.group == "half":
            follows = self.has(self._past_article(place + 1), "scale") and not item.value.startswith("-")
            return Value(Decimal(item.value), place + 1, words=True) if follows else None
        if item.group == "num":
            return self._words(place)
        return None if item.group else self._digits(place, item)

    def _past_article(self, place: int) -> int:
        """Return the place after "of a"."""
        place += self.reads(place, "of")
        return place + self.reads(place, "a", "an")

    def _digits(self, place: int, item: Item) -> Value | None:
        piece = item.first()
        before = self.at(place - 1)
        if piece.number is None:
            return None
        if piece.glued and before is not None and before.first().kind == "word":
            letters = before.first().text
            if not before.group and letters not in ("و", "ب", "ل"):
                return None  # G4, B2B
        if self._persian_fraction(place):
            tail = self._items[place + 2].first().text
            return Value(piece.number + Decimal(tail) / 10 ** len(tail), place + 3)
        value, last = self._half(piece.number, place + 1)
        return Value(
            value, last, plain=piece.text.isdigit() and value == piece.number, fraction=piece.fraction
        )

    def _words(self, place: int) -> Value:
        value, last = self._sum(place)
        if value < 10 and self.has(last, "scale", "100"):  # three hundred and fifty
            value, last = value * 100, last + 1
            step = self.past_and(last)
            if self.has(step, "num"):
                rest, after = self._sum(step)
                value, last = (value + rest, after) if rest < 100 else (value, last)
            return Value(value, last, words=True)
        tail = self.at(last + 1)
        if self.reads(last, "point") and tail is not None and tail.group == "num" and len(tail.value) == 1:
            return Value(value + Decimal(tail.value) / 10, last + 2, words=True)
        value, last = self._half(value, last)
        return Value(value, last, words=True)

    def _sum(self, place: int) -> tuple[Decimal, int]:
        """Return what number words from `place` on come to: each is smaller than the one before."""
        value = least = Decimal(self._items[place].value)
        last = place + 1
        while True:
            step = self.past_and(last)
            following = self.at(step)
            if following is None or following.group != "num":
                break
            more = Decimal(following.value)
            if least < 10 and 20 <= more < 100 and self.begins_with_and(step):
                value, least, last = value + more, more, step + 1  # خمسة وثمانين
                continue
            if least < 20 or least % 10 or more >= (100 if least >= 100 else 10):
                break
            value, least, last = value + more, more, step + 1
        return value, last

    def _persian_fraction(self, place: int) -> bool:
        """Return whether "1/5 میلیون" stands here: a slash is the decimal point of many Persian keyboards."""
        tail, scale = self.at(place + 2), self.at(place + 3)
        return (
            self.reads(place + 1, "/")
            and tail is not None
            and tail.first().number is not None
            and tail.first().text.isdigit()
            and scale is not None
            and scale.group == "scale"
            and scale.first().text.startswith("می")
        )

    def _half(self, value: Decimal, place: int) -> tuple[Decimal, int]:
        """Add "and a half" to a number when a scale follows."""
        step = self.past_and(place)
        scaled = self.has(step + 1, "scale") or (
            self.has(step + 1, "word", "to", "upto", "and") and self.number_at(step + 2)
        )
        if self.has(step, "half") and scaled and value < 1000:
            return value + Decimal(self._items[step].value), step + 1
        return value, place

    # ----- its scale, and what follows it

    def _scale(self, small: Value, *, money: bool = False) -> tuple[Decimal, int]:
        """Return the scale after a number and the place after it; 1 if there is none."""
        step = self._past_article(small.last) if small.value < 1 else small.last  # half a million
        item = self.at(step)
        if item is not None and item.first().text in _ENDINGS and item.first().glued:
            step += 1
            item = self.at(step)
        if item is not None and item.group == "scale":
            dotted = item.first().text in ("млн", "тыс", "млрд") and self.reads(step + 1, ".")
            return Decimal(item.value), step + 2 if dotted else step + 1
        spoken = small.words and (small.value < 10 or not self.reads(step, "k", "к"))  # five hundred k
        if item is not None and item.group == "letter" and not spoken and small.scale == 1:
            letter = item.first().text
            money = money or self.has(step + 1, "currency")
            metres = letter in ("m", "м", "م") and (
                small.value >= METRES or self.reads(step + 1, "2", "кв", "sq")
            )
            if not (metres or (letter == "к" and small.value < ROOMS)) or money:
                return Decimal(item.value), step + 1
        return ONE, small.last

    def _larger(self, number: Decimal, scale: Decimal, last: int) -> tuple[Decimal, int]:
        """Return the scale with another one after it: three hundred thousand."""
        again, after = self._scale(Value(number * scale, last, scale))
        return (scale * again, after) if scale < THOUSAND and again > scale else (scale, last)

    def _more(self, value: Decimal, scale: Decimal, place: int, *, words: bool) -> tuple[Decimal, int]:
        """Add what follows a scale: "and a half", "and 200 thousand", «двести» after a million."""
        step = self.past_and(place)
        joined = step > place or self.begins_with_and(step)
        if self.has(step, "half"):
            again = self.has(step + 1, "scale", str(scale))  # مليون ونصف مليون
            if again or not self.has(step + 1, "scale"):
                return value + scale * Decimal(self._items[step].value), step + 1 + again
        if words and self.reads(step, ",") and self._is_thousands(step + 1):
            step += 1  # one million, two hundred thousand
        small = self._small(step) if scale > THOUSAND or joined or words else None
        if small is None or small.value >= THOUSAND:
            return value, place
        smaller, last = self._scale(small)
        smaller, last = self._larger(small.value, smaller, last) if smaller > 1 else (smaller, last)
        if THOUSAND <= smaller < scale and small.value * smaller < scale:
            return self._more(value + small.value * smaller, smaller, last, words=small.words)
        hundreds = smaller == 1 and small.value >= 100 and (joined or small.words)
        if hundreds and not self.has(last, "unit"):
            return value + small.value * (scale / THOUSAND), last
        return value, place

    def _is_thousands(self, place: int) -> bool:
        """Return whether a number in words that is of thousands begins at `place`."""
        small = self._small(place) if self.has(place, "num") else None
        return small is not None and small.words and self._scale(small)[0] == THOUSAND

    def is_persian_me(self, first: int, last: int) -> bool:
        """Return whether «من» at `first` is Persian "I", not Arabic "from": a scale tells, else the other words."""
        if not self.reads(first, "من"):
            return False
        scales = [item.first().text for item in self._items[first:last] if item.group in ("scale", "scaled")]
        return scales[-1].startswith(_PERSIAN_SCALES) if scales else self._is_persian

    @cached_property
    def _is_persian(self) -> bool:
        words = [piece.text for item in self._items for piece in item.pieces if piece.kind == "word"]
        return not _PERSIAN.isdisjoint(words) or any(letter in word for word in words for letter in "پچژگ")


def shared(low: Value, high: Value) -> tuple[Value, Value]:
    """Give the first of a range the scale of the second, or the one below: 500 in "500-1m" is thousands."""
    if low.scale != 1 or high.scale == 1 or low.value >= 10_000 or low.alone:
        if high.scale == 1 and low.scale >= THOUSAND and high.value < 1000 and not high.fraction:
            return low, msgspec.structs.replace(high, value=high.value * low.scale, scale=low.scale)
        return low, high
    scale = high.scale
    number = low.value if low.fraction is None or scale <= THOUSAND else low.fraction
    if number * scale > high.value and scale > THOUSAND:
        scale /= THOUSAND
    return msgspec.structs.replace(low, value=number * scale, scale=scale), high
