"""Folding: what keyboards vary is one, twice is once, and no text breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.folding import LONGEST, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ميخواهم", "میخواهم"),
        ("كم", "کم"),
        ("شقة", "شقه"),
        ("إيجار", "ايجار"),
        ("أريد آپارتمان", "اريد اپارتمان"),
        ("مَرْحَبًا", "مرحبا"),
        ("مـــرحبا", "مرحبا"),
        ("دو\u200cخوابه", "دو خوابه"),
        ("трёшка", "ТРЕШКА"),
        ("۳ ٣ ３ ³", "3 3 3 3"),
        ("۱٫۵", "1.5"),
        ("۳٬۰۰۰", "3,000"),
        ("3\u00a0000\u202f000", "3 000 000"),
        ("2️⃣", "2"),
        ("👍🏽", "👍"),
        ("Straße", "STRASSE"),
        ("don’t", "don't"),
        ("2–3", "2-3"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),  # presentation forms, as old phones send them
        ("\u200f  Dubai\u200e \t Marina ", "dubai marina"),
        ("a \r\n\r\n b", "a\nb"),
    ],
)
def test_what_keyboards_vary_is_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("خانه", "خان"), ("نعم", "نعمه"), ("кот", "год"), ("3.5", "35")])
def test_words_that_differ_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_is_folding_once_and_the_length_is_bounded(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert len(folded) <= LONGEST * len(text)


@given(st.characters())
def test_each_character_by_itself(character: str) -> None:
    assert fold(fold(character)) == fold(character)
    assert len(fold(character)) <= LONGEST


def test_every_character_there_is_folds_to_characters_that_fold_to_themselves() -> None:
    for code in range(0x110000):
        folded = fold(chr(code))
        assert fold(folded) == folded, hex(code)
