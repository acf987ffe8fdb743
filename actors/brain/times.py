"""When somebody can come, as they write it: "tomorrow at 3", «в субботу утром», "فردا ساعت ۳", "غدا الساعة 3 عصرا". Pure.

A text names days, hours, parts of days or spans; a bare number is an hour only beside one of those or beside a word such
as "at". "3" may be two hours, and the likelier comes first: which of them is meant, and whether it can be had, is for
free_times.py to say. Somebody who says when they can *not* come says nothing here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date, time
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from actors.brain.days import Days, Times
from actors.brain.folding import fold
from actors.brain.lexicon import Item, Lexicon, entries_of
from actors.brain.tokens import split

LONGEST: Final = 200
"""Characters of a text that are read."""
_PARTS: Final[dict[str, tuple[time, time]]] = {
    "morning": (time(6), time(12)),
    "noon": (time(11, 30), time(14)),
    "afternoon": (time(12), time(18)),
    "late": (time(15), time(20)),
    "evening": (time(17), time(23, 59)),
    "night": (time(19), time(23, 59)),
}
_TONIGHT: Final = {"tonight": "evening", "امشب": "night", "اللیله": "night"}
_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d\d)")
_ISO: Final = re.compile(r"\b20\d\d-(\d\d)-(\d\d)\b")
_HALF: Final = re.compile(
    r"\bпол(?=(?:перв|втор|трет|четверт|пят|шест|седьм|восьм|девят|десят|одиннадцат|двенадцат))"
)
_MINUTES: Final = ("00", "15", "30", "45")
_COUNTED: Final = ("%", "m", "k")
_SILENT: Final = (",", "(", ")")

Hours = tuple[time, ...]
"""One hour of the clock that was said, in the ways in which it may be meant, the likelier first."""


class When(msgspec.Struct, frozen=True):
    """When somebody can come, on the clocks of a place: no `days` are any; `hours` are to be chosen from.

    `earliest` and `latest` are of each day, both included.
    """

    days: tuple[date, ...] = ()
    hours: tuple[Hours, ...] = ()
    earliest: time | None = None
    latest: time | None = None

    @property
    def nothing(self) -> bool:
        """Whether no time was spoken of."""
        return self == When()


def speaks_of_time(text: str) -> bool:
    """Return whether `text` says when somebody can come, whatever day it is. Never raises."""
    return not when(text, date(2024, 1, 1)).nothing


def names_a_day(text: str) -> bool:
    """Return whether `text` names a day: its numbers are hours then, and count nothing else. Never raises."""
    return bool(when(text, date(2024, 1, 1)).days)


@cache
def _words() -> Lexicon:
    return Lexicon(entries_of(tomllib.loads(files(__package__).joinpath("times.toml").read_text("utf-8"))))


def when(text: str, today: date) -> When:
    """Return when somebody can come who writes `text` on the day `today`. Never raises."""
    folded = _HALF.sub("пол ", _ISO.sub(r"\2/\1", fold(text[:LONGEST])))
    items = [item for item in _words().find(split(folded)) if item.first().text not in _SILENT]
    if any(item.group == "not" for item in items):
        return When()
    clock = any(":" in item.first().text and _CLOCK.fullmatch(item.first().text) for item in items)
    days, hours = Days(items, today, clock=clock), _Hours(items)
    place = 0
    while place < len(items):
        after = days.take(place) or hours.hour(place)
        if not after:
            days.word(place)
            hours.word(place)
        place = after or place + 1
    return hours.when(days.named())


class _Spoken(msgspec.Struct):
    """An hour as said, with the part of the day beside it; `bound`: "after", "before", "between", or "to" ends a span."""

    hour: int
    minute: int
    exact: bool
    part: str
    bound: str

    def ways(self, part: str) -> Hours:
        """Return the hours that may be meant; `part` is that of the day where none was said with it."""
        hour = self.hour % 12
        found: list[int]
        match self.part or part:
            case _ if self.exact:
                found = [self.hour % 24]
            case "morning":
                found = [hour]
            case "noon":
                found = [self.hour if self.hour >= 11 else hour + 12]
            case "night" if hour and hour <= 3:
                found = [hour, hour + 12]
            case "":
                found = [hour, hour + 12] if hour >= 8 else [hour + 12, hour]
            case _:
                found = [hour + 12]
        hours = [divmod(one * 60 + self.minute, 60) for one in found]
        return tuple(time(one % 24, minute) for one, minute in hours)


class _Hours(Times):
    """Walks over a row once with `hour` and `word`; `when` is what they came to."""

    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__(items)
        self._spoken: list[_Spoken] = []
        self._parts: list[str] = []

    def word(self, place: int) -> None:
        """Take a word for a part of the day at `place`, if one is there."""
        item = self._items[place]
        if self.is_part(place):
            self._parts.append(item.value)
        elif item.group == "day":
            last = item.pieces[-1].text  # tonight, this morning
            self._parts += [part for part in (_TONIGHT.get(last, last),) if part in _PARTS]

    def hour(self, place: int) -> int:
        """Take an hour that begins at `place`; return the place after it, 0 for none."""
        written = _CLOCK.fullmatch(self.text(place))
        number = int(written[1]) if written else self.number(place)
        if number is None or number > 24:
            return 0
        minute, after = (int(written[2]), place + 1) if written else self._minutes(place)
        first, told = place, after > place + 1 or ":" in self.text(place)
        minute, after, more = self._more(minute, after)
        if self.has(first - 1, "past"):
            minute += int(self._items[first - 1].value)
            first -= 1
        part = ""
        if self.has(after, "part"):
            part, after = self._items[after].value, after + 1
        ends = self.has(first - 1, "clock", "to") and bool(self._spoken) and self._spoken[-1].bound != "to"
        if not (told or more or part or ends or self._may_be(place, first, after)) or self.reads(
            after, *_COUNTED
        ):
            return 0
        if not -60 < minute < 60:
            return 0
        exact = not 0 < number <= 12 or self.text(place).startswith("0")
        self._spoken.append(_Spoken(number, minute, exact, part, self._bound(first, ends=ends)))
        return after

    def _minutes(self, place: int) -> tuple[int, int]:
        """Return the minutes of "15-00" and "at 9 30", and the place after them."""
        dash = self.at(place + 1)
        if (
            dash is not None
            and dash.first().text == "-"
            and dash.first().glued
            and self.reads(place + 2, *_MINUTES)
        ):
            return int(self.text(place + 2)), place + 3
        if self.lets_be_hour(place) and self.reads(place + 1, *_MINUTES):
            return int(self.text(place + 1)), place + 2
        return 0, place + 1

    def _more(self, minute: int, after: int) -> tuple[int, int, bool]:
        """Return the minutes with "and a half", the place after that and "o'clock", and whether there was any."""
        begins = after
        after += self.has(after, "clock", "hours")
        if self.has(after, "more"):
            minute, after = minute + int(self._items[after].value), after + 1
        after += self.has(after, "clock", "hours")
        return minute, after, after > begins

    def _may_be(self, place: int, first: int, after: int) -> bool:
        """Return whether a bare number is an hour, by what stands around it."""
        if self.lets_be_hour(place) or any(
            self.has(first - 1, day) for day in ("day", "weekday", "week", "next")
        ):
            return True
        if place:
            return False
        span = self.has(after, "clock", "to", "before")
        return all(item.first().kind != "word" for item in self._items[1:]) or (
            span and (self.number(after + 1) is not None or bool(_CLOCK.fullmatch(self.text(after + 1))))
        )

    def _bound(self, first: int, *, ends: bool) -> str:
        """Return what the word before an hour makes of it."""
        before = first - 1
        if self.has(before, "clock", "at") and not self.reads(before - 1, "by"):
            before -= 1
        if ends:
            begun = self._spoken[-1].bound in ("after", "between")
            return "to" if begun or self.reads(first - 1, "to", "-", "الی") else ""
        if self.has(before, "clock", "before") and self._spoken and self._spoken[-1].bound != "to":
            return "to"
        bounds = self.has(before, "clock", "after", "before", "between")
        return self._items[before].value if bounds else ""

    # ----- what it comes to

    def when(self, days: tuple[date, ...]) -> When:
        """Return what was said, with the days that were."""
        part = next((one for one in (*self._parts, *(said.part for said in self._spoken)) if one), "")
        hours: list[Hours] = []
        earliest = latest = None
        for place, spoken in enumerate(self._spoken):
            following = self._spoken[place + 1] if place + 1 < len(self._spoken) else None
            if following is not None and following.bound == "to":
                latest = following.ways(part)[0]
                begins = spoken.ways(part)
                earliest = next((one for one in begins if one < latest), begins[0])
            elif spoken.bound in ("after", "between"):
                earliest = spoken.ways(part)[0]
            elif spoken.bound == "before":
                latest = spoken.ways(part)[0]
            elif spoken.bound != "to":
                hours.append(spoken.ways(part))
        if self._parts and not self._spoken:
            spans = [_PARTS[one] for one in self._parts]
            earliest, latest = min(span[0] for span in spans), max(span[1] for span in spans)
        return When(days, tuple(hours), earliest, latest)
