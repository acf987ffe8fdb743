"""Quiet hours: when nothing is said that nobody asked for, and where to what is due then moves. Pure.

Each night is a span of real time, from one wall clock reading to the next, so nothing is lost or twice on a day on which
clocks change; a reading that the clocks skip is taken where they go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from config import Tenant

#: A reminder that would come later than this before a viewing is of no use: it goes before the quiet hours instead.
CLOSE: Final = timedelta(hours=1)
_A_MINUTE: Final = timedelta(minutes=1)
_MOST_NIGHTS: Final = 4


class Quiet(msgspec.Struct, frozen=True):
    """The quiet hours of an agency, on its clock; none if they end when they begin."""

    begins: time
    ends: time
    zone: str

    @classmethod
    def of(cls, tenant: Tenant) -> Quiet:
        """Return the quiet hours that the settings of an agency ask for."""
        return cls(
            time.fromisoformat(tenant.quiet_from), time.fromisoformat(tenant.quiet_to), tenant.timezone
        )

    def night(self, at: datetime) -> tuple[datetime, datetime] | None:
        """Return the quiet time that `at` falls into, its end not included; None if it falls into none."""
        today = at.astimezone(ZoneInfo(self.zone)).date()
        nights = (self._night(today + timedelta(days=days)) for days in (-1, 0, 1))
        return next(((first, end) for first, end in nights if first <= at < end), None)

    def after(self, at: datetime) -> datetime:
        """Return `at`, or the end of the quiet time that it falls into."""
        for _ in range(_MOST_NIGHTS):  # two nights meet where clocks skip the minutes between them
            if (night := self.night(at)) is None:
                break
            at = night[1]
        return at

    def before(self, at: datetime) -> datetime:
        """Return `at`, or the last minute before the quiet time that it falls into."""
        for _ in range(_MOST_NIGHTS):
            if (night := self.night(at)) is None:
                break
            at = night[0] - _A_MINUTE
        return at

    def _night(self, day: date) -> tuple[datetime, datetime]:
        """Return the quiet time that begins on a day; an empty one if there is none."""
        zone = ZoneInfo(self.zone)
        until = day if self.begins <= self.ends else day + timedelta(days=1)
        first, end = (
            datetime.combine(on, reading, zone).astimezone(UTC)
            for on, reading in ((day, self.begins), (until, self.ends))
        )
        return first, end


def reminders(quiet: Quiet, due: Iterable[datetime], starts: datetime, now: datetime) -> Sequence[datetime]:
    """Return when to remind of what `starts`, as it is `due` but never in quiet hours; the earliest first, none twice.

    One moves to the end of the quiet time, or before it where that would be too late. What is past then is left out.
    """
    moved = {_moved(quiet, at, starts) for at in due}
    return sorted(at for at in moved if now < at < starts)


def _moved(quiet: Quiet, at: datetime, starts: datetime) -> datetime:
    later = quiet.after(at)
    return later if later == at or later <= starts - CLOSE else quiet.before(at)
