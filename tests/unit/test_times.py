"""When somebody can come, as they write it, and which of the free times that means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.free_times import choose
from actors.brain.language import LANGUAGES, Language
from actors.brain.times import When, when
from actors.wording.dates import moment_text, short_moment_text

MONDAY = date(2026, 3, 2)
DUBAI = ZoneInfo("Asia/Dubai")

SAID: list[tuple[str, list[int], list[str], str]] = [
    # what is written on Monday, 2 March; days of March, hours (the likelier first), and the span
    ("tomorrow at 3", [3], ["15:00"], ""),
    ("Tomorrow 3pm please", [3], ["15:00"], ""),
    ("can I come tomorrow at three in the afternoon?", [3], ["15:00"], ""),
    ("half past 3 tomorrow", [3], ["15:30"], ""),
    ("quarter to four on tuesday", [3], ["15:45"], ""),
    ("day after tomorrow at 11:30", [4], ["11:30"], ""),
    ("Wed 5 p.m.", [4], ["17:00"], ""),
    ("5 march at 16:00", [5], ["16:00"], ""),
    ("March 5th, 4 pm", [5], ["16:00"], ""),
    ("the 5th at 3pm", [5], ["15:00"], ""),
    ("5/3 at 14:00", [5], ["14:00"], ""),
    ("2026-03-05 at 2 pm", [5], ["14:00"], ""),
    ("Saturday morning", [7], [], "06:00-12:00"),
    ("next saturday at 10", [7, 14], ["10:00"], ""),
    ("friday or saturday at 4", [6, 7], ["16:00"], ""),
    ("3 or 4 pm tomorrow", [3], ["15:00", "16:00"], ""),
    ("tomorrow after 5", [3], [], "17:00-"),
    ("between 3 and 5 tomorrow", [3], [], "15:00-17:00"),
    ("from 10 to 12 on thursday", [5], [], "10:00-12:00"),
    ("next week tuesday afternoon", [10], [], "12:00-18:00"),
    ("in 3 days", [5], [], ""),
    ("this weekend", [7, 8], [], ""),
    ("at 15", [], ["15:00"], ""),
    ("can I come by at 10?", [], ["10:00"], ""),
    ("tonight", [2], [], "17:00-23:59"),
    ("فردا ساعت ۳", [3], ["15:00"], ""),
    ("فردا ساعت سه و نیم بعد از ظهر", [3], ["15:30"], ""),
    ("پس‌فردا صبح", [4], [], "06:00-12:00"),
    ("شنبه ساعت ۱۰ صبح", [7], ["10:00"], ""),
    ("سه‌شنبه عصر", [3], [], "15:00-20:00"),
    ("ساعت ۱۵:۳۰ چهارشنبه", [4], ["15:30"], ""),
    ("یکشنبه ۴ عصر", [8], ["16:00"], ""),
    ("۱۴ اسفند ساعت ۱۰", [5], ["10:00"], ""),
    ("فردا بعد از ۵", [3], [], "17:00-"),
    ("پنجشنبه بین ۳ تا ۵", [5], [], "15:00-17:00"),
    ("یک ربع به پنج فردا", [3], ["16:45"], ""),
    ("غدا الساعة 3 عصرا", [3], ["15:00"], ""),
    ("غداً الساعة الثالثة والنصف", [3], ["15:30"], ""),
    ("بعد غد صباحا", [4], [], "06:00-12:00"),
    ("السبت الساعة ١٠", [7], ["10:00"], ""),
    ("يوم الخميس ٤ مساء", [5], ["16:00"], ""),
    ("الأربعاء بعد الظهر", [4], [], "12:00-18:00"),
    ("بكرة الساعة 5 ونص", [3], ["17:30"], ""),
    ("بعد الساعة 5 غدا", [3], [], "17:00-"),
    ("بين ٣ و ٥ غدا", [3], [], "15:00-17:00"),
    ("غدا ٣م", [3], ["15:00"], ""),
    ("завтра в 15:00", [3], ["15:00"], ""),
    ("завтра в три", [3], ["15:00"], ""),
    ("послезавтра в 10 утра", [4], ["10:00"], ""),
    ("в субботу утром", [7], [], "06:00-12:00"),
    ("в среду в 4 часа дня", [4], ["16:00"], ""),
    ("в пятницу в половине пятого", [6], ["16:30"], ""),
    ("в час дня завтра", [3], ["13:00"], ""),
    ("завтра с 3 до 5", [3], [], "15:00-17:00"),
    ("после 17 в четверг", [5], [], "17:00-"),
    ("5 марта в 14-30", [5], ["14:30"], ""),
    ("5-го числа в 11", [5], ["11:00"], ""),
    ("вс 16.00", [8], ["16:00"], ""),
    ("на следующей неделе во вторник", [10], [], ""),
    ("через 3 дня в 12", [5], ["12:00"], ""),
    ("без четверти четыре завтра", [3], ["15:45"], ""),
    ("могу подъехать завтра в полпятого", [3], ["16:30"], ""),
    ("завтра около трёх", [3], ["15:00"], ""),
    ("завтра в три тридцать", [3], ["15:30"], ""),
    ("в ближайшую субботу в 12", [7], ["12:00"], ""),
    ("завтра с 10 до 12", [3], [], "10:00-12:00"),
    ("not before 3pm tomorrow", [3], [], "15:00-"),
    ("10 to 11 tomorrow morning", [3], [], "10:00-11:00"),
    ("how about tomorrow around 5", [3], ["17:00"], ""),
    ("any time after 4pm", [], [], "16:00-"),
    ("ساعت سه و ربع فردا", [3], ["15:15"], ""),
    ("دوشنبه هفته آینده ساعت ۱۰", [9], ["10:00"], ""),
    ("فردا ۱۰ تا ۱۲", [3], [], "10:00-12:00"),
    ("هل يمكنني الحضور غدا الساعة الرابعة؟", [3], ["16:00"], ""),
    ("الأحد القادم الساعة 4 عصرا", [8, 15], ["16:00"], ""),
    ("غدا قبل الظهر", [3], [], "06:00-12:00"),
]


@pytest.mark.parametrize(("text", "days", "hours", "span"), SAID)
def test_a_time_is_read_as_it_was_said(text: str, days: list[int], hours: list[str], span: str) -> None:
    said = when(text, MONDAY)
    assert said.days == tuple(date(2026, 3, day) for day in days)
    assert [f"{ways[0]:%H:%M}" for ways in said.hours] == hours
    earliest, latest = (f"{one:%H:%M}" if one else "" for one in (said.earliest, said.latest))
    assert (f"{earliest}-{latest}" if earliest or latest else "") == span


@pytest.mark.parametrize(
    "text",
    [
        *("", "yes", "I want 3 bedrooms", "a villa for 2 million", "the first one", "is there parking?"),
        *("I am thirty five years old", "I saw two of your ads", "two of them", "the second photo"),
        *("not tomorrow", "I can't on Saturday", "завтра не могу", "فردا نمی‌تونم", "لا يناسبني غدا"),
        *("сколько стоит?", "قیمت چنده", "كم السعر", "две спальни", "۲ خوابه", "غرفتين"),
    ],
)
def test_what_names_no_time_says_nothing(text: str) -> None:
    assert when(text, MONDAY).nothing


@given(st.text(max_size=300), st.dates(date(2020, 1, 1), date(2099, 12, 31)))
def test_no_text_breaks_it(text: str, today: date) -> None:
    assert isinstance(when(text, today), When)


WORDS = [
    "tomorrow",
    "at",
    "3",
    "-",
    "pm",
    "between",
    "25",
    "and",
    "half",
    "past",
    "quarter",
    "to",
    "march",
    "31",
    "th",
    "24:59",
    "12.99",
    "فردا",
    "ساعت",
    "نیم",
    "غدا",
    "الا",
    "ربع",
    "в",
    "час",
    "пол",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_no_order_of_its_words_breaks_it(words: list[str]) -> None:
    assert isinstance(when(" ".join(words), MONDAY), When)


FREE = st.lists(st.tuples(st.integers(0, 13), st.integers(8, 20)), min_size=1, max_size=40, unique=True).map(
    lambda found: sorted(
        datetime(2026, 3, 2, hour, tzinfo=DUBAI) + timedelta(days=day) for day, hour in found
    )
)


@given(st.sampled_from(LANGUAGES), FREE, st.data())
def test_a_time_that_the_bot_writes_is_the_one_that_is_read(
    language: Language, free: list[datetime], data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(free))
    for write in (moment_text, short_moment_text):
        text = write(language, one.astimezone(UTC), "Asia/Dubai")
        assert choose(when(text, MONDAY), free, 8).one == one, text


WHENS = st.builds(
    When,
    days=st.lists(st.dates(date(2026, 2, 20), date(2026, 3, 30)), max_size=3).map(tuple),
    hours=st.lists(st.lists(st.times(), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    earliest=st.none() | st.times(),
    latest=st.none() | st.times(),
)


@given(WHENS, FREE, st.integers(1, 8))
def test_only_free_times_are_chosen_and_never_none_where_there_are_any(
    said: When, free: list[datetime], limit: int
) -> None:
    chosen = choose(said, free, limit)
    assert (chosen.one is None) == bool(chosen.others)
    assert set(chosen.others) | {chosen.one or free[0]} <= set(free)
    assert list(chosen.others) == sorted(chosen.others)
    assert len(chosen.others) <= limit
    if chosen.fits and said.days:
        assert {one.date() for one in (*chosen.others, *filter(None, [chosen.one]))} <= set(said.days)


@given(FREE, st.integers(0, 13), st.integers(0, 23))
def test_a_time_that_is_not_free_leads_to_the_nearest(free: list[datetime], day: int, hour: int) -> None:
    aim = datetime(2026, 3, 2, hour, tzinfo=DUBAI) + timedelta(days=day)
    chosen = choose(When((aim.date(),), ((time(hour),),)), free, 3)
    if aim in free:
        assert chosen.one == aim
    else:
        nearest = sorted(free, key=lambda one: (abs(one - aim), one))[:3]
        assert (chosen.others, chosen.fits) == (tuple(sorted(nearest)), False)


def test_an_hour_that_may_be_two_is_the_one_that_is_free() -> None:
    free = [datetime(2026, 3, 3, hour, tzinfo=DUBAI) for hour in (9, 21)]
    assert choose(when("tomorrow at 9", MONDAY), free, 8).one == free[0]
    assert choose(when("tomorrow at 9", MONDAY), free[1:], 8).one == free[1]


def test_nothing_is_chosen_of_nothing() -> None:
    assert choose(when("tomorrow at 9", MONDAY), [], 8).others == ()
