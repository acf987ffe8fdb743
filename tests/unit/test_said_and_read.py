"""What the bot writes it can read: sums and bedrooms, as the wording prints them, come back the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span
from actors.brain.amounts import CURRENCIES, Currency, amount
from actors.brain.bedrooms import bedrooms
from actors.brain.language import LANGUAGES, Language
from actors.wording.values import Bedrooms, Budget, Money
from tests.unit.wording_samples import WORDING

LANGUAGE = st.sampled_from(LANGUAGES)


@given(LANGUAGE, st.integers(1_000, 999_999_999), st.sampled_from(CURRENCIES))
def test_a_sum_comes_back_with_its_currency(language: Language, value: int, currency: Currency) -> None:
    written = WORDING.value(language, Money(value, currency))
    read = amount(written)
    assert read is not None, written
    assert (read.span, read.currency) == (Span(value, value), currency), written


@given(LANGUAGE, st.integers(1_000, 99_999_999), st.integers(1_000, 99_999_999), st.booleans(), st.booleans())
def test_a_budget_comes_back(language: Language, one: int, other: int, low: bool, high: bool) -> None:
    span = Span(min(one, other) if low else None, max(one, other) if high else None)
    written = WORDING.value(language, Budget(span))
    read = amount(written)
    if span == Span():
        assert read is None, written
    else:
        assert read is not None, written
        assert (read.span, read.currency) == (span, "AED"), written


@given(LANGUAGE, st.integers(1, 19), st.integers(1, 19), st.booleans(), st.booleans())
def test_bedrooms_come_back(language: Language, one: int, other: int, low: bool, high: bool) -> None:
    span = Span(min(one, other) if low else None, max(one, other) if high else None)
    written = WORDING.value(language, Bedrooms(span))
    assert bedrooms(written) == (None if span == Span() else span), written


def test_a_studio_comes_back() -> None:
    assert [bedrooms(WORDING.value(language, Bedrooms(Span(0, 0)))) for language in LANGUAGES] == [
        Span(0, 0)
    ] * 4
