"""What people take back, how they count rooms and money, and what a word for a flat says, in their own ways."""

from __future__ import annotations

import pytest

from actors.agency.terms import Span, Wish
from actors.brain.slots import read_wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("rent instead of buying", Wish(deal="rent")),
        ("JVC rather than Marina", Wish(places=("jvc",))),
        ("not a villa but a flat", Wish(kind="apartment", category="residential")),
        ("a pool no. garden yes", Wish(amenities=frozenset({"garden"}))),
        ("pool, no garden", Wish(amenities=frozenset({"pool"}))),
        ("вместо виллы квартира", Wish(kind="apartment", category="residential")),
        ("вместо Марины JVC", Wish(places=("jvc",))),
        ("не аренда, а покупка", Wish(deal="buy")),
        ("خرید نه، اجاره", Wish(deal="rent")),
        ("ویلا نه، آپارتمان", Wish(kind="apartment", category="residential")),
        ("به جای ویلا آپارتمان", Wish(kind="apartment", category="residential")),
        ("ليس شراء بل إيجار", Wish(deal="rent")),
        ("شقة بدلا من فيلا", Wish(kind="apartment", category="residential")),
        ("فيلا وليس شقة", Wish(kind="villa", category="residential")),
        ("مش فيلا، شقة", Wish(kind="apartment", category="residential")),
    ],
)
def test_what_is_taken_back_does_not_count(text: str, wish: Wish) -> None:
    assert read_wish(text).wish == wish


@pytest.mark.parametrize(
    ("text", "rooms"),
    [
        ("دوتا اتاق خواب", 2),
        ("سه‌تا خواب", 3),
        ("چهارتا اتاق خواب میخوام", 4),
        ("с 2-мя спальнями", 2),
        ("a pair of bedrooms", 2),
    ],
)
def test_rooms_are_counted_as_people_count_them(text: str, rooms: int) -> None:
    assert read_wish(text).wish.bedrooms == Span(rooms, rooms)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("от 2-х до 3-х млн", 2_000_000, 3_000_000),
        ("до 3-х млн дирхам", None, 3_000_000),
        ("миллиона за три", 3_000_000, 3_000_000),
        ("شقة ٣م", 3_000_000, 3_000_000),
    ],
)
def test_money_is_counted_as_people_write_it(text: str, low: int | None, high: int) -> None:
    assert read_wish(text).wish.budget == Span(low, high)


@pytest.mark.parametrize("text", ["двушка в Марине", "снимем трёшку", "евродвушку"])
def test_a_word_for_the_rooms_of_a_flat_is_a_flat(text: str) -> None:
    assert read_wish(text).wish.kind == "apartment"


@pytest.mark.parametrize("text", ["a villa or a townhouse", "شقة أو فيلا", "квартира или вилла"])
def test_two_kinds_are_no_kind_but_may_be_of_one_category(text: str) -> None:
    assert read_wish(text).wish == Wish(category="residential")


def test_two_kinds_of_two_categories_are_nothing() -> None:
    assert read_wish("an office or a villa").wish == Wish()


def test_metres_are_no_money() -> None:
    assert read_wish("شقة ١٢٠ م في المارينا").wish.budget is None
