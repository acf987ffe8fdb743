"""Which of the times that are free somebody means: the one they named, or the nearest to it. Pure.

Times are aware and on the clocks of one place, as people there say them; times.py reads what somebody writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from actors.brain.times import When


class Chosen(msgspec.Struct, frozen=True):
    """`one` is what somebody named, where no other fits as well; else `others` in order of time.

    They fit what was said if it `fits`, and are the nearest to it if nothing does.
    """

    one: datetime | None = None
    others: tuple[datetime, ...] = ()
    fits: bool = False


def choose(when: When, free: Sequence[datetime], limit: int) -> Chosen:
    """Return which of `free` is meant, or at most `limit` of them that are nearest to it; nothing of nothing."""
    pool = sorted(one for one in free if not when.days or one.date() in when.days)
    if when.hours:
        if len(exact := _named(when, pool)) == 1:
            return Chosen(one=exact[0], fits=True)
        if exact:
            return Chosen(others=tuple(exact[:limit]), fits=True)
        aims = [(days, ways[0]) for ways in when.hours for days in when.days or (None,)]
        return Chosen(others=_nearest(aims, free, limit))
    if when.earliest is None and when.latest is None:
        within = pool
    else:
        within = [one for one in pool if _within(when, one.timetz().replace(tzinfo=None))]
    if within:
        return Chosen(others=tuple(within[:limit]), fits=True)
    middle = when.earliest or when.latest or time(12)
    return Chosen(others=_nearest([(day, middle) for day in when.days or (None,)], free, limit))


def _named(when: When, pool: Sequence[datetime]) -> list[datetime]:
    """Return the times at the hours that were named; of two ways to mean one, the likelier that is free."""
    found: set[datetime] = set()
    for ways in when.hours:
        for hour in ways:
            if hits := [one for one in pool if (one.hour, one.minute) == (hour.hour, hour.minute)]:
                found.update(hits)
                break
    return sorted(found)


def _within(when: When, hour: time) -> bool:
    return (when.earliest is None or hour >= when.earliest) and (when.latest is None or hour <= when.latest)


def _nearest(
    aims: Iterable[tuple[date | None, time]], free: Sequence[datetime], limit: int
) -> tuple[datetime, ...]:
    """Return the times that are nearest to one of `aims`; an aim of no day is on the day of each."""
    wanted = list(aims)

    def distance(one: datetime) -> tuple[timedelta, datetime]:
        each = (datetime.combine(day or one.date(), hour, one.tzinfo) for day, hour in wanted)
        return min(abs(one - aim) for aim in each), one

    return tuple(sorted(sorted(free, key=distance)[:limit]))
