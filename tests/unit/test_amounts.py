"""Sums of money as people write them, in four languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span
from actors.brain.amounts import Amount, Currency, amount, amounts

M = 1_000_000


def exactly(value: float, currency: Currency | None = None, *, about: bool = False) -> Amount:
    return Amount(Span(int(value), int(value)), currency, about)


def up_to(value: float, currency: Currency | None = None) -> Amount:
    return Amount(Span(None, int(value)), currency)


def over(value: float) -> Amount:
    return Amount(Span(int(value), None))


def between(low: float, high: float, currency: Currency | None = None) -> Amount:
    return Amount(Span(int(low), int(high)), currency)


SAID: dict[str, Amount] = {
    # English
    "3m": exactly(3 * M),
    "3 M": exactly(3 * M),
    "1.5 million": exactly(1.5 * M),
    "800k": exactly(800_000),
    "800 K": exactly(800_000),
    "3 mln": exactly(3 * M),
    "3mio": exactly(3 * M),
    "2.5mil": exactly(2.5 * M),
    "up to 2m": up_to(2 * M),
    "under 2 mil": up_to(2 * M),
    "max 900k": up_to(900_000),
    "900k max": up_to(900_000),
    "no more than 1.2m": up_to(1.2 * M),
    "2m or less": up_to(2 * M),
    "2m and above": over(2 * M),
    "at least 2 million": over(2 * M),
    "3m+": over(3 * M),
    "3,000,000 AED": exactly(3 * M, "AED"),
    "AED 2.5M": exactly(2.5 * M, "AED"),
    "AED2.5M": exactly(2.5 * M, "AED"),
    "2.5m dhs": exactly(2.5 * M, "AED"),
    "2.500.000": exactly(2.5 * M),
    "2'500'000": exactly(2.5 * M),
    "2.500 million": exactly(2.5 * M),
    "2,500k": exactly(2.5 * M),
    "3,000,000.00": exactly(3 * M),
    "a million": exactly(M),
    "half a million": exactly(500_000),
    "a million and a half": exactly(1.5 * M),
    "one and a half million": exactly(1.5 * M),
    "two point five million": exactly(2.5 * M),
    "three million": exactly(3 * M),
    "three hundred thousand": exactly(300_000),
    "three hundred and fifty thousand dirhams": exactly(350_000, "AED"),
    "2 million 500 thousand": exactly(2.5 * M),
    "about three million": exactly(3 * M, about=True),
    "around 1.2m": exactly(1.2 * M, about=True),
    "~2m": exactly(2 * M, about=True),
    "my budget is around aed 3m": exactly(3 * M, "AED", about=True),
    "2 to 3 million": between(2 * M, 3 * M),
    "2-3m": between(2 * M, 3 * M),
    "2m - 3m": between(2 * M, 3 * M),
    "between 1 and 2 million": between(M, 2 * M),
    "from 1.5 to 2 mln aed": between(1.5 * M, 2 * M, "AED"),
    "800k-1.2m": between(800_000, 1.2 * M),
    "500-1m": between(500_000, M),
    "AED 1,200,000 - 1,500,000": between(1.2 * M, 1.5 * M, "AED"),
    "min 1m max 2m": between(M, 2 * M),
    "15 lakh": exactly(1.5 * M),
    "$500k": exactly(500_000, "USD"),
    "500 000 $": exactly(500_000, "USD"),
    "usd 700,000": exactly(700_000, "USD"),
    "up to 1,5 million euro": up_to(1.5 * M, "EUR"),
    "10,000": exactly(10_000),
    "budget 500000": exactly(500_000),
    # Russian
    "2-3 млн": between(2 * M, 3 * M),
    "2,5 млн": exactly(2.5 * M),
    "2,5млн": exactly(2.5 * M),
    "2 млн. дирхам": exactly(2 * M, "AED"),
    "3 000 000": exactly(3 * M),
    "3\u00a0000\u00a0000 дирхам": exactly(3 * M, "AED"),
    "полтора миллиона": exactly(1.5 * M),
    "два с половиной миллиона": exactly(2.5 * M),
    "полмиллиона": exactly(500_000),
    "миллион двести": exactly(1.2 * M),
    "три миллиона двести тысяч": exactly(3.2 * M),
    "пятьсот тысяч": exactly(500_000),
    "миллиона три": exactly(3 * M),
    "миллиона два-три": between(2 * M, 3 * M),
    "полтора-два миллиона": between(1.5 * M, 2 * M),
    "от миллиона до полутора": between(M, 1.5 * M),
    "двести-триста тысяч": between(200_000, 300_000),
    "пару миллионов": exactly(2 * M),
    "2кк": exactly(2 * M),
    "2 ляма": exactly(2 * M),
    "800к": exactly(800_000),
    "800 т.р.": exactly(800_000),
    "до 3х млн": up_to(3 * M),
    "до 2 млн": up_to(2 * M),
    "не больше 1,5 миллионов": up_to(1.5 * M),
    "от 2 млн": over(2 * M),
    "от 2 до 3 млн": between(2 * M, 3 * M),
    "от 500 до 800 тыс руб": between(500_000, 800_000, "RUB"),
    "800 тыс - 1,2 млн": between(800_000, 1.2 * M),
    "минимум 1 млн, максимум 2 млн": between(M, 2 * M),
    "около 3 млн": exactly(3 * M, about=True),
    "где-то 3 млн": exactly(3 * M, about=True),
    "сто двадцать тысяч": exactly(120_000),
    "50 млн ₽": exactly(50 * M, "RUB"),
    "300 тысяч долларов": exactly(300_000, "USD"),
    # Persian
    "حدود ۳ میلیون": exactly(3 * M, about=True),
    "۳٬۰۰۰٬۰۰۰": exactly(3 * M),
    "۳،۰۰۰،۰۰۰ درهم": exactly(3 * M, "AED"),
    "تا ۲ میلیون": up_to(2 * M),
    "حداکثر دو میلیون درهم": up_to(2 * M, "AED"),
    "۲میلیون": exactly(2 * M),
    "دو میلیون و پانصد": exactly(2.5 * M),
    "دو میلیون و پانصد هزار": exactly(2.5 * M),
    "یک و نیم میلیون": exactly(1.5 * M),
    "یه میلیون و نیم": exactly(1.5 * M),
    "نیم میلیون": exactly(500_000),
    "۲ و نیم میلیون": exactly(2.5 * M),
    "۲٫۵ میلیون": exactly(2.5 * M),
    "۱/۵ میلیون": exactly(1.5 * M),
    "سیصد و پنجاه هزار": exactly(350_000),
    "۲ تا ۳ میلیون": between(2 * M, 3 * M),
    "بین ۲ تا ۳ میلیون": between(2 * M, 3 * M),
    "از ۲ تا ۳ میلیون درهم": between(2 * M, 3 * M, "AED"),
    "من ۲ میلیون دارم": exactly(2 * M),
    "یکی دو میلیون": between(M, 2 * M),
    "سه چهار میلیون درهم": between(3 * M, 4 * M, "AED"),
    "۵ میلیارد تومان": exactly(5000 * M, "toman"),
    "پنج میلیارد تومن": exactly(5000 * M, "toman"),
    "۵۰۰ هزار دلار": exactly(500_000, "USD"),
    # Arabic
    "نصف مليون": exactly(500_000),
    "مليون": exactly(M),
    "مليون ونصف": exactly(1.5 * M),
    "مليون ونص": exactly(1.5 * M),
    "مليونين": exactly(2 * M),
    "مليونين ونصف": exactly(2.5 * M),
    "١٫٥ مليون": exactly(1.5 * M),
    "3مليون": exactly(3 * M),
    "ثلاثة ملايين درهم": exactly(3 * M, "AED"),
    "ثمانمئة ألف": exactly(800_000),
    "مليون و 200 ألف": exactly(1.2 * M),
    "مليون ومئتين الف": exactly(1.2 * M),
    "مليون ونصف مليون": exactly(1.5 * M),
    "مليون إلا ربع": exactly(750_000),
    "مليون ومئتين": exactly(1.2 * M),
    "من 2 إلى 3 مليون": between(2 * M, 3 * M),
    "بين مليون ومليونين": between(M, 2 * M),
    "حوالي ٣ ملايين": exactly(3 * M, about=True),
    "بحدود مليون": exactly(M, about=True),
    "لحد 2 مليون": up_to(2 * M),
    "أقل من ٢ مليون درهم": up_to(2 * M, "AED"),
    "2 مليون كحد أقصى": up_to(2 * M),
    "500 ألف دولار": exactly(500_000, "USD"),
    "3,000,000 درهم": exactly(3 * M, "AED"),
}

NO_MONEY = (
    *("", "hi", "2", "in 2025", "2026", "since 1999", "handover Q4 2027", "24.12.2026", "10:30"),
    *("call me 0501234567", "+971 50 123 4567", "971501234567", "00971501234567", "8 916 123-45-67"),
    *("۰۹۱۲۳۴۵۶۷۸۹", "permit 7112345678", "permit 71-12345-678", "RERA 12345", "ref 445566"),
    *("رقم الرخصة 712345", "شماره مجوز ۷۱۲۳۴۵", "номер 123456", "1200 sqft", "12000 sqft", "120 m2", "120м2"),
    *("120 متر", "15000 قدم", "5%", "60/40", "unit A30500", "2 bedrooms", "3 kids", "15 этаж"),
    *("down payment 500k", "первый взнос 500 тыс", "my salary is 30k", "https://example.com/3000000"),
    *("a@3000000.com", "99999999999", "about the villa", "up to you", "от вас до метро"),
)


@pytest.mark.parametrize(("text", "expected"), SAID.items())
def test_a_sum_is_read_as_said(text: str, expected: Amount) -> None:
    assert amounts(text) == [expected]


@pytest.mark.parametrize("text", NO_MONEY)
def test_other_numbers_are_no_money(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "period", "dirhams"),
    [
        ("80k per year", "year", 80_000),
        ("6000 per month", "month", 72_000),
        ("6k/month", "month", 72_000),
        ("monthly 6k", "month", 72_000),
        ("ماهی ۵ هزار درهم", "month", 60_000),
        ("سنوي 80 الف", "year", 80_000),
        ("5 тыс в месяц", "month", 60_000),
        ("۵۰۰۰ درهم ماهانه", "month", 60_000),
        ("90 الف بالسنة", "year", 90_000),
    ],
)
def test_a_rent_is_counted_for_a_year(text: str, period: str, dirhams: int) -> None:
    found = amount(text)
    assert found is not None
    assert (found.period, found.dirhams) == (period, Span(dirhams, dirhams))


@pytest.mark.parametrize("text", ["500k usd", "5 میلیارد تومان", "50 млн ₽", "300k €", "2 مليون ريال"])
def test_money_of_another_kind_is_never_dirhams(text: str) -> None:
    found = amount(text)
    assert found is not None
    assert found.currency not in (None, "AED")
    assert found.dirhams is None


def test_lines_are_read_apart() -> None:
    assert amounts("budget 3m\nme@example.com\n2\n500 000") == [exactly(3 * M), exactly(500_000)]


def test_a_bare_number_counts_when_it_was_asked_for() -> None:
    assert amounts("2000") == []
    assert amount("2000", asked=True) == exactly(2000)


def test_the_budget_comes_before_other_sums() -> None:
    assert amount("the one I saw was 900k, my budget is 800k") == exactly(800_000)


def written(value: int) -> list[str]:
    """Return `value` as the four languages write it."""
    grouped = f"{value:,}"
    persian = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")
    eastern = str.maketrans("0123456789,.", "٠١٢٣٤٥٦٧٨٩٬٫")
    millions = f"{value / M:.6f}".rstrip("0").rstrip(".")
    return [
        f"AED {grouped}",
        f"{grouped} dirhams",
        grouped.translate(persian) + " درهم",
        grouped.translate(eastern) + " درهم",
        grouped.replace(",", "\u00a0") + " дирхам",
        grouped.replace(",", "\u202f") + " дирхам",
        grouped.replace(",", "."),
        f"{millions} million aed",
        f"AED {millions}M",
        millions.translate(persian) + " میلیون درهم",
        millions.translate(eastern) + " مليون درهم",
        millions.replace(".", ",") + " млн дирхам",
    ]


@given(st.integers(100_000, 99_999_999))
def test_an_amount_reads_back_however_it_is_written(value: int) -> None:
    for text in written(value):
        found = amount(text)
        assert found is not None, text
        assert found.span == Span(value, value), text


@given(st.text(max_size=4096))
def test_no_text_breaks_it(text: str) -> None:
    for found in amounts(text):
        low, high = found.span.low, found.span.high
        assert low is None or high is None or low <= high
