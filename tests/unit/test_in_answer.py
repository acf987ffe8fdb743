"""A short text answers the question that is open, and says nothing by itself."""

from __future__ import annotations

import pytest

from actors.agency.terms import Span, Urgency
from actors.brain.slots import read_wish
from actors.conversation.realty import read
from actors.conversation.state import Part


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("three months", "quarter"),
        ("6 months", "half_year"),
        ("two years", "later"),
        ("3 месяца", "quarter"),
        ("سه ماه", "quarter"),
        ("شش ماه دیگه", "half_year"),
        ("ثلاثة أشهر", "quarter"),
        ("2 weeks", "now"),
        ("أتصفح فقط", "later"),
    ],
)
def test_how_soon_is_told_by_a_span_alone(text: str, urgency: Urgency) -> None:
    part = Part(asked="urgency")
    read(part, text)
    assert part.wish.urgency == urgency


def test_months_to_come_are_told_by_themselves_and_others_are_not() -> None:
    assert read_wish("سه ماه دیگه").wish.urgency == "quarter"
    assert read_wish("سه ماه").wish.urgency is None
    assert read_wish("we stayed three months").wish.urgency is None


@pytest.mark.parametrize("text", ["living", "Home", "سكن", "خونه"])
def test_a_goal_is_told_by_one_word(text: str) -> None:
    part = Part(asked="goal")
    read(part, text)
    assert part.wish.goal == "living"
    assert read_wish(text).wish.goal is None


@pytest.mark.parametrize("text", ["any budget", "любой бюджет", "هر بودجه‌ای", "أي ميزانية"])
def test_any_leaves_open_what_is_asked_for_and_nothing_else(text: str) -> None:
    part = Part(asked="budget")
    assert read(part, text).filled == ("budget",)
    assert part.passed == {"budget"}
    other = Part(asked="bedrooms")
    assert read(other, text).nothing
    assert not other.passed


@pytest.mark.parametrize("text", ["غدا الساعة 4 مساء", "tomorrow at 4", "в среду в 4", "فردا ساعت ۴"])
def test_hours_of_a_day_are_neither_rooms_nor_money(text: str) -> None:
    rooms, money = Part(asked="bedrooms"), Part(asked="budget")
    assert read(rooms, text).nothing
    assert read(money, text).nothing


@pytest.mark.parametrize(("text", "rooms"), [("4", 4), ("3 or 4", 3), ("2-3", 2)])
def test_a_bare_number_counts_rooms(text: str, rooms: int) -> None:
    part = Part(asked="bedrooms")
    read(part, text)
    assert isinstance(part.wish.bedrooms, Span)
    assert part.wish.bedrooms.low == rooms
