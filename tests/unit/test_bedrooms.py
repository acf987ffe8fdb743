"""Bedrooms as people count them, in four languages."""

from __future__ import annotations

import pytest

from actors.agency.terms import Span
from actors.brain.bedrooms import bedrooms

SAID: dict[str, tuple[int | None, int | None]] = {
    "two-bedroom": (2, 2),
    "2 bedrooms": (2, 2),
    "2br": (2, 2),
    "2 BR": (2, 2),
    "2 bhk in marina": (2, 2),
    "2BHK": (2, 2),
    "2 bed 2 bath": (2, 2),
    "one bed flat": (1, 1),
    "studio": (0, 0),
    "Studios": (0, 0),
    "3 bdr": (3, 3),
    "2 bedrom": (2, 2),
    "2-3 bed": (2, 3),
    "2 or 3 bedrooms": (2, 3),
    "at least 2 bedrooms": (2, None),
    "2+ bedrooms": (2, None),
    "up to 3 bedrooms": (None, 3),
    "bedrooms: 2": (2, 2),
    "studio or 1br": (0, 1),
    "1br 2br": (1, 2),
    "3+1": (3, 3),
    "5 bedroom villa with maid's room": (5, 5),
    "2 спальни": (2, 2),
    "с двумя спальнями": (2, 2),
    "двухспальная": (2, 2),
    "2х спальная": (2, 2),
    "две-три спальни": (2, 3),
    "до 3 спален": (None, 3),
    "спален: 3": (3, 3),
    "двушка": (1, 1),
    "двушку": (1, 1),
    "двухкомнатная": (1, 1),
    "2-х комнатная": (1, 1),
    "2-комнатную": (1, 1),
    "2к квартира": (1, 1),
    "трёшка": (2, 2),
    "три комнаты": (2, 2),
    "однушка": (0, 0),
    "однокомнатная": (0, 0),
    "студия": (0, 0),
    "студию": (0, 0),
    "۲ خوابه": (2, 2),
    "دو خوابه": (2, 2),
    "دوخوابه": (2, 2),
    "دو\u200cخوابه": (2, 2),
    "یه آپارتمان دو خوابه": (2, 2),
    "۲ تا خواب": (2, 2),
    "دو تا اتاق خواب": (2, 2),
    "یه دو خوابه میخوام": (2, 2),
    "یه واحد یه خوابه": (1, 1),
    "одна-две спальни": (1, 2),
    "two three bedrooms": (2, 3),
    "تک خواب": (1, 1),
    "یک خواب": (1, 1),
    "۲ یا ۳ خوابه": (2, 3),
    "استودیو": (0, 0),
    "غرفتين وصالة": (2, 2),
    "غرفتين": (2, 2),
    "غرفة وصالة": (1, 1),
    "غرفه و صاله": (1, 1),
    "غرفة نوم واحدة": (1, 1),
    "3 غرف": (3, 3),
    "٣ غرف نوم": (3, 3),
    "3 غرفة نوم": (3, 3),
    "ثلاث غرف نوم": (3, 3),
    "استوديو": (0, 0),
    "ستديو": (0, 0),
}


@pytest.mark.parametrize(("text", "expected"), SAID.items())
def test_bedrooms_are_read_as_said(text: str, expected: tuple[int | None, int | None]) -> None:
    assert bedrooms(text) == Span(*expected)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "2 bathrooms", "2 parking spaces", "3 million", "شقتين", "غرفة خادمة", "maid's room"),
        *("две ванные", "2 этажа", "нас 4 человека", "۲ میلیون", "bedroom furniture", "1200 sqft", "2 kids"),
    ],
)
def test_other_numbers_count_no_bedrooms(text: str) -> None:
    assert bedrooms(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", Span(2, 2)),
        ("۲", Span(2, 2)),
        ("two", Span(2, 2)),
        ("دو", Span(2, 2)),
        ("две", Span(2, 2)),
        ("2-3", Span(2, 3)),
        ("2 или 3", Span(2, 3)),
        ("3+", Span(3, None)),
        ("up to 4", Span(None, 4)),
        ("2+1", Span(2, 2)),
        ("two-three", Span(2, 3)),
    ],
)
def test_a_bare_number_counts_when_it_was_asked_for(text: str, expected: Span) -> None:
    assert bedrooms(text, asked=True) == expected
    assert bedrooms(text) in (None, Span(2, 2))


@pytest.mark.parametrize("text", ["3m", "2 bathrooms", "AED 5", "2026", "whatever"])
def test_other_numbers_count_none_even_when_asked(text: str) -> None:
    assert bedrooms(text, asked=True) is None
