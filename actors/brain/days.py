"""Which days a text names, in items of times.toml: "tomorrow", «в пятницу», "۱۴ اسفند", "5/3", "in 3 days". Pure.

Hours are times.py's; a number is a day only beside a month, an ending such as "th", or words such as "in".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from actors.brain.lexicon import Item
from actors.brain.numerals import Row
from actors.brain.solar_hijri import solar_hijri

_A_YEAR: Final = 366
_MOST_AHEAD: Final = 90
_IN: Final = ("in", "within", "через", "بعد", "خلال", "تا")
_AFTER_AN_HOUR: Final = ("am", "pm", "a", "p", "ص", "م")
_DATE: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})(?:[./-](?:\d\d)?\d\d)?")

Pair = tuple[int, int]
"""A month and a day of it."""


class Times(Row):
    """Items of times.toml by index; what is outside is nothing."""

    def text(self, place: int) -> str:
        """Return the first word or number of the item at `place`, "" outside."""
        item = self.at(place)
        return item.first().text if item is not None else ""

    def number(self, place: int) -> int | None:
        """Return the small number at `place`, in digits or words; «час» alone is one."""
        text = self.text(place)
        if text.isdecimal() and len(text) <= 2:
            return int(text)
        if text == "час":
            before = self.text(place - 1).isdecimal() or self.has(place - 1, "hour")
            return None if before else 1
        item = self.at(place)
        return int(item.value) if item is not None and item.group == "hour" else None

    def lets_be_hour(self, place: int) -> bool:
        """Return whether what stands before `place` makes an hour of a number there."""
        return self.has(place - 1, "clock") or self.has(place - 1, "past") or self.is_part(place - 1)

    def is_part(self, place: int) -> bool:
        """Return whether a part of the day is at `place` that needs no hour before it, as "pm" does."""
        return self.has(place, "part") and not self.reads(place, *_AFTER_AN_HOUR)


class Days(Times):
    """Walks over a row once with `word` and `take`; `named` is what they came to."""

    def __init__(self, items: Sequence[Item], today: date, *, clock: bool) -> None:
        """Take the items, the day on which they were written, and whether an hour such as 13:00 is among them."""
        super().__init__(items)
        self._today, self._clock = today, clock
        self._days: list[date] = []
        self._weekdays: list[int] = []
        self._monthdays: list[int] = []
        self._dates: list[Pair] = []
        self._hijri: list[Pair] = []
        self._next = self._week = False

    def add(self, month: int, day: int) -> None:
        """Take a date, which is that of the coming year."""
        self._dates.append((month, day))

    def word(self, place: int) -> None:
        """Take a word for a day at `place`, if one is there."""
        item = self._items[place]
        match item.group:
            case "day":
                self._ahead(int(item.value))
            case "weekday":
                self._weekdays.append(int(item.value))
            case "next":
                self._next = True
            case "week" if item.value == "weekend":
                self._weekdays += [6, 7]
            case "week":
                self._week = True
                first = (7 if item.value == "next" else 0) - self._today.weekday()
                self._days += [self._today + timedelta(days=first + day) for day in range(7)]
            case "later" if item.value == "2" or self.reads(place - 1, *_IN):
                self._ahead(int(item.value))

    def take(self, place: int) -> int:
        """Take a date that begins at `place`; return the place after it, 0 for none."""
        written = _DATE.fullmatch(self.text(place))
        if written and not self.lets_be_hour(place) and 1 <= int(written[2]) <= 12:
            self.add(int(written[2]), int(written[1]))
            return place + 1
        return self._day_of(place) or self._month_first(place)

    def _month_first(self, place: int) -> int:
        day = self.number(place + 1)
        for group, found in self._calendars():
            if day and self.has(place, group):
                found.append((int(self._items[place].value), day))
                return place + 2 + self.has(place + 2, "ordinal")
        return 0

    def _day_of(self, place: int) -> int:
        """Take a day's number at `place`, and the month after it if there is one."""
        number = self.number(place)
        if number is None:
            return 0
        after = place + 1
        if self.reads(after, "-") and self.has(after + 1, "ordinal"):
            after += 1
        ordinal = self.has(after, "ordinal") and not self.reads(after, "of")
        while self.has(after, "ordinal"):
            after += 1
        for group, found in self._calendars():
            if self.has(after, group):
                found.append((int(self._items[after].value), number))
                return after + 1
        if ordinal or self._repeats(place):
            self._monthdays.append(number)
            return after
        return self._slash(number, after) or self._in(number, place)

    def _slash(self, day: int, after: int) -> int:
        month = self.number(after + 1)
        if not self.reads(after, "/") or not month or month > 12:
            return 0
        self.add(month, day)
        return after + 2

    def _in(self, number: int, place: int) -> int:
        """Take a number of days or weeks from now."""
        counted = self.at(place + 1)
        if counted is None or not self.reads(place - 1, *_IN):
            return 0
        if counted.group != "later" and counted.first().text != "дня":
            return 0
        self._ahead(min(number * (7 if counted.value == "7" else 1), _MOST_AHEAD))
        return place + 2

    def _repeats(self, place: int) -> bool:
        """Return whether the number after a weekday is its date, for the hour is told apart: "دوشنبه ۲، ۱۳:۰۰"."""
        return self._clock and self.has(place - 1, "weekday") and self.text(place).isdecimal()

    def _calendars(self) -> tuple[tuple[str, list[Pair]], tuple[str, list[Pair]]]:
        return ("month", self._dates), ("hijri", self._hijri)

    def _ahead(self, days: int) -> None:
        self._days.append(self._today + timedelta(days=days))

    # ----- what it comes to

    def named(self) -> tuple[date, ...]:
        """Return the days that were named, each once: a weekday beside a date only repeats it."""
        return tuple(dict.fromkeys(self._named()))

    def _named(self) -> Iterator[date]:
        if self._dates or self._hijri:
            yield from self._coming(lambda day: (day.month, day.day) in self._dates)
            yield from self._coming(lambda day: solar_hijri(day)[1:] in self._hijri)
        elif self._monthdays:
            found = self._coming(lambda day: day.day in self._monthdays)
            yield from (day for _, day in zip(set(self._monthdays), found, strict=False))
        elif self._week and self._weekdays:
            yield from (day for day in self._days if day.isoweekday() in self._weekdays)
        elif self._weekdays and not self._days:
            for weekday in self._weekdays:
                day = self._today + timedelta(days=(weekday - self._today.isoweekday()) % 7)
                yield day
                if self._next or day == self._today:
                    yield day + timedelta(days=7)
        else:
            yield from self._days

    def _coming(self, fits: Callable[[date], bool]) -> Iterator[date]:
        """Yield the days of the coming year that fit."""
        days = (self._today + timedelta(days=ahead) for ahead in range(_A_YEAR))
        return (day for day in days if fits(day))
