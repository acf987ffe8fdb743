"""The Solar Hijri calendar, by which Iran counts its days. Pure.

Days are counted by its rule of 8 leap years in 33, as in ICU (persncal.cpp), which agrees with the observed calendar
from 1244 to 1501 (1865 to 2122).
"""

from __future__ import annotations

from datetime import date
from typing import Final

#: Day 0 of the calendar, as `date.toordinal` counts.
_EPOCH: Final = 226_895
_FIRST_HALF: Final = 6 * 31  # six months of 31 days, then five of 30, then the rest


def solar_hijri(day: date) -> tuple[int, int, int]:
    """Return year, month and day in the Solar Hijri calendar; ValueError before its first year."""
    days = day.toordinal() - _EPOCH
    if days < 0:
        raise ValueError(f"{day} is before the first year of the Solar Hijri calendar")
    year = (33 * days + 3) // 12_053 + 1
    while _new_year(year) > days:
        year -= 1
    while _new_year(year + 1) <= days:
        year += 1
    passed = days - _new_year(year)
    if passed < _FIRST_HALF:
        return year, passed // 31 + 1, passed % 31 + 1
    return year, (passed - _FIRST_HALF) // 30 + 7, (passed - _FIRST_HALF) % 30 + 1


def _new_year(year: int) -> int:
    """Return the days that passed before a year."""
    return 365 * (year - 1) + (8 * year + 21) // 33
