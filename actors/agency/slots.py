"""When a property can be seen: the free slots between an agency's hours and what is booked. Pure.

Hours are told in the agency's time zone and slots counted in real time from the first minute of each, so on a day on
which clocks change no slot is longer, shorter or there twice. An hour that the clocks skip begins where they go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from config import Tenant

#: Before a viewing, when its reminders are due.
REMINDERS = (timedelta(days=1), timedelta(hours=2))


class Hours(msgspec.Struct, frozen=True):
    """A weekday's hours of an operator; 1 is Monday."""

    operator: int
    weekday: int
    starts: time
    ends: time


class Taken(msgspec.Struct, frozen=True):
    """A time in which an operator is booked, the end not included."""

    operator: int
    starts: datetime
    ends: datetime


class Away(msgspec.Struct, frozen=True):
    """Days on which an operator shows nothing, both included; None: nobody does."""

    operator: int | None
    first: date
    last: date


class Slot(msgspec.Struct, frozen=True, order=True):
    """A time that can be booked with an operator; in UTC."""

    starts: datetime
    ends: datetime
    operator: int


class Diary(msgspec.Struct, frozen=True):
    """How an agency lets its viewings be booked: where, how long, how far ahead at least and at most."""

    zone: str
    length: timedelta
    notice: timedelta
    horizon: timedelta

    @classmethod
    def of(cls, tenant: Tenant) -> Diary:
        """Return the diary that the settings of an agency ask for."""
        return cls(
            tenant.timezone,
            timedelta(minutes=tenant.viewing_minutes),
            timedelta(hours=tenant.viewing_notice_hours),
            timedelta(days=tenant.viewing_horizon_days),
        )


def open_slots(
    diary: Diary,
    hours: Sequence[Hours],
    taken: Sequence[Taken],
    now: datetime,
    away: Sequence[Away] = (),
) -> Iterator[Slot]:
    """Yield every slot that can be booked at `now`, in order of time, then of operator."""
    zone, first, last = ZoneInfo(diary.zone), now + diary.notice, now + diary.horizon
    busy: dict[tuple[int, date], list[Taken]] = {}
    for one in taken:
        for touched in {one.starts.astimezone(UTC).date(), one.ends.astimezone(UTC).date()}:
            busy.setdefault((one.operator, touched), []).append(one)
    day, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    while day <= until:
        closed = {one.operator for one in away if one.first <= day <= one.last}
        today = [
            rule for rule in hours if rule.weekday == day.isoweekday() and not closed & {None, rule.operator}
        ]
        yield from sorted(
            {
                slot
                for rule in today
                for slot in _of_day(diary, rule, day, zone)
                if first <= slot.starts <= last and not _clashes(slot, busy)
            }
        )
        day += timedelta(days=1)


def offer(slots: Iterable[Slot], limit: int, per_day: int = 0, zone: str = "UTC") -> Sequence[Slot]:
    """Return the first `limit` slots of different times; with `per_day`, at most so many of one day in `zone`."""
    found: list[Slot] = []
    of_day: dict[date, int] = {}
    for slot in slots:
        day = slot.starts.astimezone(ZoneInfo(zone)).date()
        if (found and found[-1].starts == slot.starts) or (per_day and of_day.get(day, 0) >= per_day):
            continue
        found.append(slot)
        of_day[day] = of_day.get(day, 0) + 1
        if len(found) == limit:
            break
    return found


def reminders(starts: datetime, now: datetime) -> Sequence[datetime]:
    """Return when a person is to be reminded of a viewing, the earliest first; what is past is left out."""
    return [starts - before for before in REMINDERS if starts - before > now]


def _of_day(diary: Diary, rule: Hours, day: date, zone: ZoneInfo) -> Iterator[Slot]:
    starts = datetime.combine(day, rule.starts, zone).astimezone(UTC)
    closes = datetime.combine(day, rule.ends, zone).astimezone(UTC)
    while (ends := starts + diary.length) <= closes:
        yield Slot(starts, ends, rule.operator)
        starts = ends


def _clashes(slot: Slot, busy: Mapping[tuple[int, date], Sequence[Taken]]) -> bool:
    """Whether the operator is booked then. No slot is as long as a day, so both its ends see what it meets."""
    days = {slot.starts.date(), slot.ends.date()}
    return any(
        slot.starts < one.ends and one.starts < slot.ends
        for day in days
        for one in busy.get((slot.operator, day), ())
    )
