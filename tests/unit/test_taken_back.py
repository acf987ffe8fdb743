"""A correction says what is wanted instead; what it takes back counts no more."""

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
    ("text", "rooms"), [("دوتا اتاق خواب", 2), ("سه‌تا خواب", 3), ("چهارتا اتاق خواب میخوام", 4)]
)
def test_rooms_are_counted_as_people_count_them(text: str, rooms: int) -> None:
    assert read_wish(text).wish.bedrooms == Span(rooms, rooms)
