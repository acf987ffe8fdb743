"""Free slots: inside of the hours, clear of what is booked, the same length on days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from actors.agency.slots import Away, Diary, Hours, Slot, Taken, offer, open_slots, reminders

HOUR = timedelta(hours=1)
DUBAI = Diary("Asia/Dubai", HOUR, 3 * HOUR, timedelta(days=14))
MONDAY_TEN = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)


def local(slots: list[Slot], zone: str = "Asia/Dubai") -> list[str]:
    return [slot.starts.astimezone(ZoneInfo(zone)).strftime("%a %d %H:%M") for slot in slots]


def test_slots_fill_the_hours_and_what_does_not_fit_whole_is_left_out() -> None:
    hours = [Hours(1, 2, time(9), time(11, 30))]
    found = list(open_slots(DUBAI, hours, [], MONDAY_TEN))
    assert local(found) == ["Tue 01 09:00", "Tue 01 10:00", "Tue 08 09:00", "Tue 08 10:00"]


def test_the_notice_and_the_horizon_are_kept() -> None:
    hours = [Hours(1, 1, time(9), time(18))]
    found = local(list(open_slots(DUBAI, hours, [], MONDAY_TEN)))
    assert found[0] == "Mon 30 13:00"  # 10:00 and three hours
    assert found[-1] == "Mon 14 10:00"  # a fortnight on


def test_a_booking_takes_every_slot_that_it_touches_from_its_operator_alone() -> None:
    hours = [Hours(operator, 2, time(9), time(13)) for operator in (1, 2)]
    starts = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
    found = [
        slot
        for slot in open_slots(DUBAI, hours, [Taken(1, starts, starts + HOUR)], MONDAY_TEN)
        if slot.starts.day == 1
    ]
    assert local([slot for slot in found if slot.operator == 1]) == ["Tue 01 11:00", "Tue 01 12:00"]
    assert len([slot for slot in found if slot.operator == 2]) == 4


def test_a_day_on_which_somebody_or_everybody_is_away_has_no_slots_of_theirs() -> None:
    hours = [Hours(operator, day, time(9), time(10)) for operator in (1, 2) for day in (2, 3)]
    away = [Away(1, date(2026, 12, 1), date(2026, 12, 2)), Away(None, date(2026, 12, 8), date(2026, 12, 8))]
    found = list(open_slots(DUBAI, hours, [], MONDAY_TEN, away))
    assert list(zip(local(found), (slot.operator for slot in found), strict=True)) == [
        ("Tue 01 09:00", 2),
        ("Wed 02 09:00", 2),
        ("Wed 09 09:00", 1),
        ("Wed 09 09:00", 2),
    ]


def test_an_offer_names_each_time_once_and_spreads_over_days() -> None:
    hours = [Hours(operator, day, time(9), time(13)) for operator in (1, 2) for day in (2, 3)]
    slots = list(open_slots(DUBAI, hours, [], MONDAY_TEN))
    assert local(list(offer(slots, 3))) == ["Tue 01 09:00", "Tue 01 10:00", "Tue 01 11:00"]
    spread = local(list(offer(slots, 3, per_day=1, zone="Asia/Dubai")))
    assert spread == ["Tue 01 09:00", "Wed 02 09:00", "Tue 08 09:00"]


def test_clocks_that_change_neither_stretch_nor_double_a_slot() -> None:
    berlin = Diary("Europe/Berlin", HOUR, timedelta(), timedelta(days=2))
    every_hour = [Hours(1, 7, time(0), time(6))]
    spring = list(open_slots(berlin, every_hour, [], datetime(2026, 3, 28, 12, tzinfo=UTC)))
    assert local(spring, "Europe/Berlin") == [f"Sun 29 {hour:02}:00" for hour in (0, 1, 3, 4, 5)]
    autumn = list(open_slots(berlin, every_hour, [], datetime(2026, 10, 24, 12, tzinfo=UTC)))
    assert local(autumn, "Europe/Berlin") == [f"Sun 25 {hour:02}:00" for hour in (0, 1, 2, 2, 3, 4, 5)]
    assert len({slot.starts for slot in autumn}) == 7


def test_reminders_are_a_day_and_two_hours_before_and_never_in_the_past() -> None:
    assert list(reminders(MONDAY_TEN + 30 * HOUR, MONDAY_TEN)) == [
        MONDAY_TEN + 6 * HOUR,
        MONDAY_TEN + 28 * HOUR,
    ]
    assert list(reminders(MONDAY_TEN + 3 * HOUR, MONDAY_TEN)) == [MONDAY_TEN + HOUR]
    assert list(reminders(MONDAY_TEN + HOUR, MONDAY_TEN)) == []


times = st.integers(0, 23 * 60).map(lambda minutes: time(minutes // 60, minutes % 60))
rules = st.tuples(st.integers(1, 3), st.integers(1, 7), times, times).filter(lambda rule: rule[2] < rule[3])
bookings = st.tuples(st.integers(1, 3), st.integers(0, 30 * 24), st.integers(15, 480))


@given(
    st.lists(rules, max_size=8),
    st.lists(bookings, max_size=12),
    st.sampled_from(
        ["Asia/Dubai", "Europe/Berlin", "America/New_York", "Asia/Tehran", "Australia/Lord_Howe"]
    ),
    st.integers(15, 240),
    st.integers(0, 365 * 24 * 60).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)
def test_whatever_the_rules_slots_are_whole_free_in_hours_and_in_time(
    some_rules: list[tuple[int, int, time, time]],
    some_bookings: list[tuple[int, int, int]],
    zone: str,
    minutes: int,
    now: datetime,
) -> None:
    diary = Diary(zone, timedelta(minutes=minutes), 3 * HOUR, timedelta(days=20))
    hours = [Hours(*rule) for rule in some_rules]
    taken = [
        Taken(operator, now + ahead * HOUR, now + ahead * HOUR + timedelta(minutes=length))
        for operator, ahead, length in some_bookings
    ]
    found = list(open_slots(diary, hours, taken, now))
    assert [slot.starts.astimezone(ZoneInfo(zone)).date() for slot in found] == sorted(
        slot.starts.astimezone(ZoneInfo(zone)).date() for slot in found
    )
    for slot in found:
        assert slot.ends - slot.starts == diary.length
        assert now + diary.notice <= slot.starts <= now + diary.horizon
        assert not any(
            one.operator == slot.operator and one.starts < slot.ends and slot.starts < one.ends
            for one in taken
        )
        begins, ends = (at.astimezone(ZoneInfo(zone)) for at in (slot.starts, slot.ends))
        assert any(
            rule.operator == slot.operator
            and rule.weekday in {begins.isoweekday(), ends.isoweekday()}
            and datetime.combine(begins.date(), rule.starts, ZoneInfo(zone)).astimezone(UTC) <= slot.starts
            for rule in hours
        )
    by_rule_of_one = [slot for slot in found if slot.operator == 1]
    if len([rule for rule in hours if rule.operator == 1]) == 1:
        assert all(a.ends <= b.starts for a, b in pairwise(by_rule_of_one))
