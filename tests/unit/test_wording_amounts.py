"""Numbers, money, bedrooms and areas in four languages, and the plurals that follow them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span
from actors.brain.language import LANGUAGES, Language
from actors.wording.catalogue import CatalogueError
from actors.wording.direction import FSI, LRI, PDI, RLM
from actors.wording.keys import Key
from actors.wording.numerals import count, percent
from actors.wording.offers import term
from actors.wording.values import (
    Area,
    Bedrooms,
    Budget,
    Count,
    Money,
    Name,
    Percent,
    Phone,
    Several,
    Size,
    Value,
)
from tests.unit.wording_samples import WORDING

NB = "\u00a0"


def plain(language: Language, value: Value) -> str:
    return WORDING.value(language, value).translate({ord(mark): None for mark in (FSI, LRI, PDI, RLM)})


@pytest.mark.parametrize(
    ("language", "number", "written"),
    [
        ("en", 3_000_000, "3,000,000"),
        ("fa", 3_000_000, "۳٬۰۰۰٬۰۰۰"),
        ("ar", 3_000_000, "3,000,000"),
        ("ru", 3_000_000, f"3{NB}000{NB}000"),
        ("en", 999, "999"),
        ("fa", 1_999, "۱٬۹۹۹"),
        ("ru", 1_000, f"1{NB}000"),
        ("fa", 0, "۰"),
        ("ru", -1_500, f"-1{NB}500"),
    ],
)
def test_a_number_is_grouped_as_the_language_does(language: Language, number: int, written: str) -> None:
    assert count(language, number) == written


@given(number=st.integers(0, 10**12))
def test_every_number_can_be_read_back(number: int) -> None:
    for language in LANGUAGES:
        written = count(language, number)
        assert int("".join(char for char in written if char.isdecimal())) == number
        assert (language == "fa") == (not written.isascii() and NB not in written)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "AED 3,000,000"),
        ("fa", "۳٬۰۰۰٬۰۰۰ درهم"),
        ("ar", "3,000,000 درهم إماراتي"),
        ("ru", f"3{NB}000{NB}000 дирхамов"),
    ],
)
def test_a_price_is_in_dirhams(language: Language, written: str) -> None:
    assert plain(language, Money(3_000_000)) == written
    assert written in plain(language, Several((Money(3_000_000),)))


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Did you mean AED 3,000,000?"),
        ("fa", "آیا منظور شما ۳٬۰۰۰٬۰۰۰ درهم است؟"),
        ("ar", "هل تقصدون 3,000,000 درهم إماراتي؟"),
        ("ru", f"Вы имеете в виду 3{NB}000{NB}000 дирхамов?"),
    ],
)
def test_an_amount_without_a_currency_is_confirmed_as_dirhams(language: Language, question: str) -> None:
    asked = WORDING.text(language, "confirm-amount", amount=Money(3_000_000))
    assert asked.replace(FSI, "").replace(PDI, "") == question


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("ru", 1, "AED", "1 дирхам"),
        ("ru", 2, "AED", "2 дирхама"),
        ("ru", 5, "AED", "5 дирхамов"),
        ("ru", 21, "AED", "21 дирхам"),
        ("ru", 111, "AED", "111 дирхамов"),
        ("ru", 1_500_022, "AED", f"1{NB}500{NB}022 дирхама"),
        ("ar", 0, "AED", "0 درهم إماراتي"),
        ("ar", 1, "AED", "درهم إماراتي واحد"),
        ("ar", 2, "AED", "درهمان إماراتيان"),
        ("ar", 3, "AED", "3 دراهم إماراتية"),
        ("ar", 11, "AED", "11 درهمًا إماراتيًا"),
        ("ar", 100, "AED", "100 درهم إماراتي"),
        ("ar", 2_500_011, "AED", "2,500,011 درهمًا إماراتيًا"),
        ("fa", 11, "AED", "۱۱ درهم"),
        ("en", 500_000, "USD", "USD 500,000"),
        ("fa", 500_000, "USD", "۵۰۰٬۰۰۰ دلار"),
        ("ar", 500_000, "usd", "500,000 دولار"),
        ("ru", 500_021, "USD", f"500{NB}021 доллар"),
        ("ru", 3_000_000, "RUB", f"3{NB}000{NB}000 рублей"),
        ("fa", 2_000_000_000, "IRT", "۲٬۰۰۰٬۰۰۰٬۰۰۰ تومان"),
        ("en", 1, "toman", "1 toman"),
        ("ru", 3, "IRT", "3 тумана"),
        ("ru", 10, "EUR", "10 евро"),
        ("en", 7_000, "CHF", "CHF 7,000"),
        ("fa", 7_000, "CHF", "۷٬۰۰۰ CHF"),
        ("ru", 7_000, "₹", f"7{NB}000 ₹"),
    ],
)
def test_a_currency_bends_to_its_number(language: Language, amount: int, currency: str, written: str) -> None:
    assert plain(language, Money(amount, currency)) == written


@pytest.mark.parametrize(
    ("language", "span", "written"),
    [
        ("en", Span(2_000_000, 3_000_000), "AED 2,000,000 to 3,000,000"),
        ("fa", Span(2_000_000, 3_000_000), "۲٬۰۰۰٬۰۰۰ تا ۳٬۰۰۰٬۰۰۰ درهم"),
        ("ar", Span(2_000_000, 3_000_000), "من 2,000,000 إلى 3,000,000 درهم إماراتي"),
        ("ru", Span(2_000_000, 3_000_000), f"2{NB}000{NB}000 – 3{NB}000{NB}000 дирхамов"),
        ("en", Span(None, 60_000), "up to AED 60,000"),
        ("fa", Span(None, 60_000), "تا ۶۰٬۰۰۰ درهم"),
        ("ar", Span(None, 60_000), "حتى 60,000 درهم إماراتي"),
        ("ru", Span(0, 60_000), f"до 60{NB}000 дирхамов"),
        ("en", Span(60_000, None), "from AED 60,000"),
        ("fa", Span(60_000, None), "از ۶۰٬۰۰۰ درهم"),
        ("ar", Span(60_000, None), "من 60,000 درهم إماراتي"),
        ("ru", Span(60_000, None), f"от 60{NB}000 дирхамов"),
        ("ru", Span(21, None), "от 21 дирхама"),
        ("ru", Span(None, 22), "до 22 дирхамов"),
        ("en", Span(60_000, 60_000), "AED 60,000"),
        ("en", Span(), "any amount"),
        ("en", Span(0, None), "any amount"),
    ],
)
def test_a_budget_is_a_range_with_open_sides(language: Language, span: Span, written: str) -> None:
    assert plain(language, Budget(span)) == written
    assert WORDING.title(language, Budget(span), 60).strip(RLM) == written[:1].upper() + written[1:]


def test_a_foreign_budget_keeps_its_currency() -> None:
    assert plain("en", Budget(Span(1_000, 2_000), "USD")) == "USD 1,000 – USD 2,000"
    assert plain("ru", Budget(Span(None, 2_000), "USD")) == f"до 2{NB}000 долларов"
    assert plain("fa", Budget(Span(1_000, None), "EUR")) == "از ۱٬۰۰۰ یورو"
    assert plain("ar", Budget(Span(5, 5), "CHF")) == "5 CHF"


@pytest.mark.parametrize(
    ("language", "number", "written"),
    [
        *(("en", 0, "Studio"), ("en", 1, "1 bedroom"), ("en", 2, "2 bedrooms")),
        *(("fa", 0, "استودیو"), ("fa", 1, "۱ خوابه"), ("fa", 2, "۲ خوابه"), ("fa", 11, "۱۱ خوابه")),
        *(("ar", 0, "استوديو"), ("ar", 1, "غرفة نوم واحدة"), ("ar", 2, "غرفتا نوم"), ("ar", 3, "3 غرف نوم")),
        *(("ar", 11, "11 غرفة نوم"), ("ar", 100, "100 غرفة نوم")),
        *(("ru", 0, "Студия"), ("ru", 1, "1 спальня"), ("ru", 2, "2 спальни"), ("ru", 5, "5 спален")),
        *(("ru", 11, "11 спален"), ("ru", 21, "21 спальня")),
    ],
)
def test_bedrooms_are_counted_as_the_language_does(language: Language, number: int, written: str) -> None:
    assert plain(language, Bedrooms.exactly(number)) == written


@pytest.mark.parametrize(
    ("span", "written"),
    [
        (Span(2, 3), ("2 to 3 bedrooms", "۲ تا ۳ خوابه", "من 2 إلى 3 غرف نوم", "2–3 спальни")),
        (Span(4, 5), ("4 to 5 bedrooms", "۴ تا ۵ خوابه", "من 4 إلى 5 غرف نوم", "4–5 спален")),
        (Span(5, None), ("5+ bedrooms", "۵ خوابه و بیشتر", "5 غرف نوم أو أكثر", "5 спален и больше")),
        (Span(None, 2), ("up to 2 bedrooms", "تا ۲ خوابه", "حتى غرفتي نوم", "до 2 спален")),
        (Span(0, 1), ("up to 1 bedroom", "تا ۱ خوابه", "حتى غرفة نوم واحدة", "до 1 спальни")),
        (Span(), ("No preference", "فرقی ندارد", "لا يوجد تفضيل", "Не имеет значения")),
    ],
)
def test_a_range_of_bedrooms_bends_to_its_end(span: Span, written: tuple[str, ...]) -> None:
    assert tuple(plain(language, Bedrooms(span)) for language in LANGUAGES) == written


@pytest.mark.parametrize(
    ("metres", "written"),
    [
        (
            92.9,
            (
                "93 sq m (1,000 sq ft)",
                "۹۳ متر مربع (۱٬۰۰۰ فوت مربع)",
                "93 مترًا مربعًا (1,000 قدم مربعة)",
                f"93 м² (1{NB}000 кв. футов)",
            ),
        ),
        (
            Decimal(3),
            (
                "3 sq m (32 sq ft)",
                "۳ متر مربع (۳۲ فوت مربع)",
                "3 أمتار مربعة (32 قدمًا مربعة)",
                "3 м² (32 кв. фута)",
            ),
        ),
        (
            1_000.5,
            (
                "1,001 sq m (10,769 sq ft)",
                "۱٬۰۰۱ متر مربع (۱۰٬۷۶۹ فوت مربع)",
                "1,001 متر مربع (10,769 قدمًا مربعة)",
                f"1{NB}001 м² (10{NB}769 кв. футов)",
            ),
        ),
    ],
)
def test_an_area_is_said_in_metres_and_in_feet(metres: float | Decimal, written: tuple[str, ...]) -> None:
    assert tuple(plain(language, Area(metres)) for language in LANGUAGES) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (7.5, ("7.5%", "۷٫۵ درصد", "7.5%", f"7,5{NB}%")),
        (Decimal("7.25"), ("7.25%", "۷٫۲۵ درصد", "7.25%", f"7,25{NB}%")),
        (4, ("4%", "۴ درصد", "4%", f"4{NB}%")),
        (10.0, ("10%", "۱۰ درصد", "10%", f"10{NB}%")),
        (6.666, ("6.67%", "۶٫۶۷ درصد", "6.67%", f"6,67{NB}%")),
    ],
)
def test_a_share_has_two_decimals_at_most(number: float | Decimal, written: tuple[str, ...]) -> None:
    assert tuple(percent(language, number) for language in LANGUAGES) == written
    assert tuple(plain(language, Percent(number)) for language in LANGUAGES) == written


@pytest.mark.parametrize(
    ("language", "number", "written"),
    [
        ("en", 1, "We found 1 matching property."),
        ("fa", 1, "۱ ملک مطابق خواسته شما پیدا کردیم."),
        ("fa", 11, "۱۱ ملک مطابق خواسته شما پیدا کردیم."),
        ("ar", 0, "لم نجد عقارات مطابقة لطلبكم."),
        ("ar", 1, "وجدنا عقارًا واحدًا مطابقًا لطلبكم."),
        ("ar", 2, "وجدنا عقارين مطابقين لطلبكم."),
        ("ar", 3, "وجدنا 3 عقارات مطابقة لطلبكم."),
        ("ar", 11, "وجدنا 11 عقارًا مطابقًا لطلبكم."),
        ("ar", 100, "وجدنا 100 عقار مطابق لطلبكم."),
        ("ru", 1, "Мы нашли 1 подходящий объект."),
        ("ru", 2, "Мы нашли 2 подходящих объекта."),
        ("ru", 5, "Мы нашли 5 подходящих объектов."),
        ("ru", 21, "Мы нашли 21 подходящий объект."),
    ],
)
def test_what_was_found_is_counted_as_the_language_does(
    language: Language, number: int, written: str
) -> None:
    assert WORDING.text(language, "found", count=Count(number)) == written


def test_minutes_are_counted_as_the_language_does() -> None:
    def expect(language: Language, number: int) -> str:
        return WORDING.text(language, "handover-expect", count=Count(number))

    assert "within 1 minute." in expect("en", 1)
    assert "۱۰ دقیقه" in expect("fa", 10)
    assert "خلال 10 دقائق" in expect("ar", 10)
    assert "خلال دقيقتين" in expect("ar", 2)
    assert "خلال 15 دقيقة" in expect("ar", 15)
    assert "в течение 21 минуты" in expect("ru", 21)
    assert "в течение 10 минут." in expect("ru", 10)


# ── the door ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("welcome", {"tenant": Phone("+1")}),
        ("confirm-amount", {"amount": Count(3)}),
        ("phone-noted", {"phone": Name("+971501234567")}),
        ("listing-permit", {"permit": Name("71")}),
        ("found", {"count": Money(3)}),
        ("welcome", {"tenant": Name("M"), "nobody": Name("M")}),
    ],
)
def test_a_value_of_another_kind_is_an_error(key: Key, wrong: dict[str, Value]) -> None:
    with pytest.raises(CatalogueError, match=rf"{key}: \$\w+ takes .*, and was given a \w+"):
        WORDING.text("en", key, **wrong)


def test_a_missing_value_is_an_error_and_never_shown() -> None:
    with pytest.raises(CatalogueError, match="tenant"):
        WORDING.text("en", "welcome")


def test_a_bare_number_is_no_text() -> None:
    for value in (Count(3), Size(3)):
        with pytest.raises(CatalogueError, match="put it into one"):
            WORDING.value("en", value)
        with pytest.raises(CatalogueError, match="put it into one"):
            WORDING.text("fa", "noted", value=Several((value,)))


def test_a_value_without_a_title_is_an_error() -> None:
    with pytest.raises(ValueError, match="amenity-helipad"):
        term("amenity", "helipad")


def test_titles_begin_with_a_capital_and_stand_small_within_a_text() -> None:
    assert WORDING.text("ru", "wish-goal", value=term("goal", "investment")) == "Цель: инвестиции"
    assert WORDING.title("ru", term("goal", "investment")) == "Инвестиции"
    assert WORDING.title("en", Name("iPhone Tower")) == "iPhone Tower"
