"""Days and times: named in four languages, in the tenant's time zone, in Persian with the Solar Hijri day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.language import LANGUAGES, Language
from actors.brain.solar_hijri import solar_hijri
from actors.wording import dates
from actors.wording.dates import (
    MONTHS,
    SOLAR_HIJRI_MONTHS,
    WEEKDAYS,
    day_text,
    moment_text,
    short_moment_text,
)

AT = datetime(2026, 12, 5, 11, tzinfo=UTC)
LONG_MONTHS = 6

#: First days of years, as the calendar of Iran has them; 1399, 1403 and 1408 are leap years.
NEW_YEARS = {
    1300: date(1921, 3, 21),
    1357: date(1978, 3, 21),
    1395: date(2016, 3, 20),
    1399: date(2020, 3, 20),
    1400: date(2021, 3, 21),
    1402: date(2023, 3, 21),
    1403: date(2024, 3, 20),
    1404: date(2025, 3, 21),
    1405: date(2026, 3, 21),
    1408: date(2029, 3, 20),
    1409: date(2030, 3, 21),
}


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Saturday, 5 December 2026, 15:00 (Dubai time)"),
        ("fa", "شنبه ۵ دسامبر ۲۰۲۶ (۱۴ آذر ۱۴۰۵)، ساعت ۱۵:۰۰ (به وقت دبی)"),
        ("ar", "السبت 5 ديسمبر 2026، الساعة 15:00 (بتوقيت دبي)"),
        ("ru", "суббота, 5 декабря 2026 г., 15:00 (по времени Дубая)"),
    ],
)
def test_a_moment_has_weekday_date_time_and_the_name_of_its_zone(language: Language, written: str) -> None:
    assert moment_text(language, AT, "Asia/Dubai") == written


def test_the_day_is_that_of_the_tenants_zone_whatever_zone_the_time_came_in() -> None:
    late = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    expected = "Friday, 1 January 2027, 02:30 (Dubai time)"
    for zone in (UTC, timezone(timedelta(hours=-5)), ZoneInfo("Asia/Tehran")):
        assert moment_text("en", late.astimezone(zone), "Asia/Dubai") == expected


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Europe/Moscow", "14:00 (Moscow time)"),
        ("Europe/London", "11:00 (London time)"),
        ("Asia/Kathmandu", "16:45 (UTC+5:45)"),
        ("America/New_York", "06:00 (UTC-5)"),
        ("Nowhere/Atall", "11:00 (UTC+0)"),
    ],
)
def test_another_zone_is_named_or_told_by_its_distance(zone: str, written: str) -> None:
    assert moment_text("en", AT, zone).endswith(written)


def test_a_system_without_zones_still_knows_dubai(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    dates._zone.cache_clear()
    monkeypatch.setattr(dates, "ZoneInfo", unknown)
    assert moment_text("en", AT, "Asia/Dubai").endswith("15:00 (Dubai time)")
    dates._zone.cache_clear()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        moment_text("en", AT.replace(tzinfo=None), "Asia/Dubai")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_day_of_a_year_is_named_by_its_own_names(language: Language) -> None:
    assert len(set(MONTHS[language])) == 12
    assert len(set(WEEKDAYS[language])) == 7
    for number in range(366):
        day = date(2028, 1, 1) + timedelta(days=number)
        written = day_text(language, day)
        assert WEEKDAYS[language][day.weekday()] in written
        assert f" {MONTHS[language][day.month - 1]} " in written
        assert (language == "fa") == any(f" {month} " in written for month in SOLAR_HIJRI_MONTHS)
        assert (language == "fa") == (not any(char in written for char in "0123456789"))


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Sat 5 Dec, 15:00"),
        ("fa", "شنبه ۵، ۱۵:۰۰"),
        ("ar", "السبت 5، 15:00"),
        ("ru", "Сб, 5 дек., 15:00"),
    ],
)
def test_the_short_form_is_for_buttons(language: Language, written: str) -> None:
    assert short_moment_text(language, AT, "Asia/Dubai") == written


@pytest.mark.parametrize(("year", "first"), NEW_YEARS.items())
def test_a_solar_hijri_year_begins_when_irans_does(year: int, first: date) -> None:
    assert solar_hijri(first) == (year, 1, 1)
    leap = year - 1 in (1399, 1403, 1408)
    assert solar_hijri(first - timedelta(days=1)) == (year - 1, 12, 30 if leap else 29)


@pytest.mark.parametrize(
    ("day", "hijri"),
    [
        (date(1979, 2, 11), (1357, 11, 22)),
        (date(2021, 3, 20), (1399, 12, 30)),
        (date(2025, 9, 22), (1404, 6, 31)),
        (date(2025, 9, 23), (1404, 7, 1)),
        (date(2026, 11, 26), (1405, 9, 5)),
    ],
)
def test_days_of_both_calendars(day: date, hijri: tuple[int, int, int]) -> None:
    assert solar_hijri(day) == hijri


@given(day=st.dates(date(1865, 3, 21), date(2122, 3, 1)))
def test_the_days_follow_each_other_in_both_calendars(day: date) -> None:
    year, month, number = solar_hijri(day)
    following = solar_hijri(day + timedelta(days=1))
    assert following in ((year, month, number + 1), (year, month + 1, 1), (year + 1, 1, 1))
    if following[1] != month:
        assert number == 31 if month <= LONG_MONTHS else number in ((29, 30) if month == 12 else (30,))


def test_a_day_before_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="before the first year"):
        solar_hijri(date(600, 1, 1))
