"""Quiet hours: nothing unasked is due in them, on any day of any zone, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.conversation.quiet import CLOSE, Quiet, reminders

DUBAI = ZoneInfo("Asia/Dubai")
NIGHT = Quiet(time(21), time(9), "Asia/Dubai")
ZONES = ["Asia/Dubai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
READINGS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
MOMENTS = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
HOURS = st.builds(Quiet, READINGS, READINGS, st.sampled_from(ZONES))
DAY = timedelta(days=1)


def at(written: str, zone: ZoneInfo = DUBAI) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("due", "moved"),
    [
        ("2026-03-02 20:59:59", "2026-03-02 20:59:59"),
        ("2026-03-02 21:00", "2026-03-03 09:00"),
        ("2026-03-03 00:00", "2026-03-03 09:00"),
        ("2026-03-03 08:59:59", "2026-03-03 09:00"),
        ("2026-03-03 09:00", "2026-03-03 09:00"),
    ],
)
def test_what_is_due_in_quiet_hours_moves_to_their_end(due: str, moved: str) -> None:
    assert NIGHT.after(at(due)) == at(moved)


def test_quiet_hours_may_lie_within_a_day_and_may_be_none() -> None:
    siesta = Quiet(time(13), time(15), "Asia/Dubai")
    assert siesta.after(at("2026-03-02 14:00")) == at("2026-03-02 15:00")
    assert siesta.after(at("2026-03-02 23:00")) == at("2026-03-02 23:00")
    never = Quiet(time(9), time(9), "Asia/Dubai")
    assert never.after(at("2026-03-02 09:00")) == at("2026-03-02 09:00")


def test_a_night_on_which_clocks_change_ends_by_the_clock_on_the_wall() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Quiet(time(21), time(9), "Europe/Berlin")
    for evening, hours in (("2026-03-28 21:00", 11), ("2026-10-24 21:00", 13), ("2026-06-01 21:00", 12)):
        begins = at(evening, berlin)
        ends = night.after(begins)
        assert ends.astimezone(berlin).time() == time(9)
        assert ends - begins.astimezone(UTC) == timedelta(hours=hours)


def test_an_end_that_clocks_skip_is_where_they_go_on_and_one_that_comes_twice_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Quiet(time(21), time(2, 30), "Europe/Berlin")
    assert night.after(at("2026-03-28 23:00", berlin)) == at("2026-03-29 03:30", berlin)
    ends = night.after(at("2026-10-24 23:00", berlin))
    assert ends == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert night.after(ends + timedelta(minutes=45)) == ends + timedelta(
        minutes=45
    )  # 02:15 for the second time


@settings(max_examples=500, deadline=None)
@given(HOURS, MOMENTS)
def test_nothing_that_was_moved_is_in_quiet_hours_nor_moved_far(quiet: Quiet, due: datetime) -> None:
    later, earlier = quiet.after(due), quiet.before(due)
    assert earlier <= due <= later
    assert later - due < DAY + timedelta(hours=2)
    if quiet.night(due) is None:
        assert earlier == due == later
    if (quiet.ends.hour - quiet.begins.hour) % 24 < 20:  # of longer nights two may meet where clocks change
        assert quiet.night(later) is None
        assert quiet.night(earlier) is None


@settings(max_examples=300, deadline=None)
@given(HOURS, st.sampled_from(ZONES), MOMENTS, st.integers(0, 4000))
def test_reminders_come_in_order_before_the_viewing_and_after_now(
    quiet: Quiet, zone: str, now: datetime, minutes: int
) -> None:
    starts = now + timedelta(minutes=minutes)
    due = [starts - DAY, starts - timedelta(hours=2)]
    told = reminders(quiet, due, starts, now)
    assert list(told) == sorted(set(told))
    assert len(told) <= len(due)
    assert all(now < one < starts for one in told)
    for one in told:
        assert one in due or quiet.night(one) is None or (quiet.ends.hour - quiet.begins.hour) % 24 >= 20
        assert one in due or one <= starts - CLOSE or quiet.night(one + timedelta(minutes=1)) is not None


@pytest.mark.parametrize(
    ("starts", "told"),
    [
        ("2026-03-04 14:00", ["2026-03-03 14:00", "2026-03-04 12:00"]),
        (
            "2026-03-04 10:00",
            ["2026-03-03 10:00", "2026-03-04 09:00"],
        ),  # two hours before is quiet: the end is not late
        (
            "2026-03-04 09:30",
            ["2026-03-03 09:30", "2026-03-03 20:59"],
        ),  # the end would be: the evening before
        ("2026-03-04 22:00", ["2026-03-04 09:00", "2026-03-04 20:00"]),
        ("2026-03-03 09:30", []),  # booked at night for the morning: it stands right above
    ],
)
def test_a_reminder_in_quiet_hours_comes_after_them_or_where_that_is_too_late_before(
    starts: str, told: list[str]
) -> None:
    begins, now = at(starts), at("2026-03-02 22:00")
    due = [begins - before for before in (DAY, timedelta(hours=2)) if begins - before > now]
    assert list(reminders(NIGHT, due, begins, now)) == [at(one) for one in told]
