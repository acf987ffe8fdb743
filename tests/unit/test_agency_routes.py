"""Codes of links: the whole message or nothing, opaque, and good for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.routes import Route, fresh_code, link, parse_code

CODE = "MJ-7KQ2M9XR4TAB"
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", [CODE, CODE.lower(), f"  {CODE}\n"])
def test_a_code_is_read_in_any_case_with_blanks_around_it(text: str) -> None:
    assert parse_code(text) == CODE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MJ-",
        CODE[:-1],
        CODE + "A",
        f"please {CODE}",
        f"{CODE} please",
        CODE.replace("-", " "),
        CODE.replace("7", "1"),
        CODE.replace("7", "O"),
        CODE.replace("K", "К"),  # a Cyrillic one
    ],
)
def test_anything_else_is_words(text: str) -> None:
    assert parse_code(text) is None


@given(st.text(max_size=40))
def test_no_text_is_taken_for_a_code_that_is_not_one(text: str) -> None:
    found = parse_code(text)
    assert found is None or found == text.strip().upper()


def test_codes_are_drawn_anew_and_read_back() -> None:
    drawn = {fresh_code() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(parse_code(code) == code for code in drawn)


def test_a_link_holds_number_and_text() -> None:
    assert link("+97145550100", CODE) == f"https://wa.me/97145550100?text={CODE}"
    assert link("+97145550100", "a&b ?") == "https://wa.me/97145550100?text=a%26b%20%3F"


def test_a_route_is_open_until_it_expires_or_is_closed() -> None:
    route = Route(code=CODE, tenant=1, vertical="realty", expires_at=NOW)
    assert route.open_at(NOW - timedelta(seconds=1))
    assert not route.open_at(NOW)
    assert Route(code=CODE, tenant=1, vertical="realty").open_at(NOW)
    assert not Route(code=CODE, tenant=1, vertical="realty", active=False).open_at(NOW)
