"""Phone numbers as people write them, wherever they are from."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.phones import phone, region_of, shown

EMIRATES, RUSSIA, IRAN, EGYPT = "971501234567", "79161234567", "989121234567", "201001234567"


@pytest.mark.parametrize(
    ("text", "sender", "expected"),
    [
        ("+971 50 123 4567", "", "+971501234567"),
        ("00971501234567", "", "+971501234567"),
        ("971501234567", RUSSIA, "+971501234567"),
        ("050 123 4567", EMIRATES, "+971501234567"),
        ("050-123-4567", "", "+971501234567"),
        ("my number is 0501234567, call after 5", "", "+971501234567"),
        ("٠٥٠١٢٣٤٥٦٧", EMIRATES, "+971501234567"),
        ("8 916 123-45-67", RUSSIA, "+79161234567"),
        ("8 (916) 123-45-67", RUSSIA, "+79161234567"),
        ("+7 916 123 45 67", EMIRATES, "+79161234567"),
        ("۰۹۱۲۱۲۳۴۵۶۷", IRAN, "+989121234567"),
        ("شماره من ۰۹۱۲ ۱۲۳ ۴۵۶۷ است", IRAN, "+989121234567"),
        ("01001234567", EGYPT, "+201001234567"),
        ("050 123 4567", RUSSIA, "+971501234567"),  # not Russian: the tenant's
        ("+44 20 7946 0958", IRAN, "+442079460958"),
    ],
)
def test_a_number_is_read_in_the_senders_country_then_in_the_tenants(
    text: str, sender: str, expected: str
) -> None:
    assert phone(text, sender=sender) == expected


def test_the_tenants_country_is_a_choice() -> None:
    assert phone("0912 123 4567", tenant_region="IR") == "+989121234567"
    assert phone("0912 123 4567") is None


@pytest.mark.parametrize(
    "text", ["", "hi", "3,000,000", "budget 500000", "12345", "2026-11-26", "0000000000", "+1", "9" * 40]
)
def test_other_numbers_are_no_phones(text: str) -> None:
    assert phone(text, sender=EMIRATES) is None


@pytest.mark.parametrize(
    ("number", "region"),
    [(EMIRATES, "AE"), ("+79161234567", "RU"), (IRAN, "IR"), ("", None), ("US.1301", None), ("abc", None)],
)
def test_the_country_of_a_number(number: str, region: str | None) -> None:
    assert region_of(number) == region


def test_a_number_is_shown_in_ascii() -> None:
    assert shown("+971501234567") == "+971 50 123 4567"
    assert shown("nonsense") == "nonsense"


@given(st.text(), st.text(max_size=20))
def test_no_text_breaks_it_and_what_comes_out_is_ascii(text: str, sender: str) -> None:
    found = phone(text, sender=sender)
    assert found is None or (found.isascii() and found.startswith("+") and found[1:].isdigit())


def test_a_start_does_not_wait_for_the_library() -> None:
    code = "import sys, actors.brain.phones; sys.exit('phonenumbers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)  # noqa: S603  # our own words
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "region", "tenant", "expected"),
    [
        ("8 916 123-45-67", "RU", "AE", "+79161234567"),
        ("۰۹۱۲ ۱۲۳ ۴۵۶۷", "IR", "AE", "+989121234567"),
        ("050 123 4567", "RU", "AE", "+971501234567"),  # no number of their country: the tenant's
        ("(050) 123 45 67", "", "AE", "+971501234567"),
        ("٠١٠-٠١٢٣-٤٥٦٧", "EG", "AE", "+201001234567"),
        ("tel: 020 7946 0958.", "GB", "AE", "+442079460958"),
        ("00 7 916 123 45 67", "", "AE", "+79161234567"),
        ("شماره‌ام ۰۰۹۸۹۱۲۱۲۳۴۵۶۷ است", "", "AE", "+989121234567"),
        ("رقمي ٩٧١٥٠١٢٣٤٥٦٧", "", "AE", "+971501234567"),
        ("WhatsApp +7 (916) 123-45-67, звоните", "", "AE", "+79161234567"),
        ("0501234567 or 0557654321", "", "AE", "+971501234567"),
        ("0532 123 45 67", "TR", "AE", "+905321234567"),
    ],
)
def test_a_number_of_somebody_who_hides_theirs_is_read_in_the_country_of_their_name(
    text: str, region: str, tenant: str, expected: str
) -> None:
    assert phone(text, region=region, tenant_region=tenant) == expected
