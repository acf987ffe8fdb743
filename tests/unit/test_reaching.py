"""Who hides their number is asked for it once, and it is kept; who is known by theirs is never asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from actors.conversation import reaching
from actors.conversation.state import Part
from actors.conversation.talk import Talk
from config import Tenant
from runtime import Transaction
from tests.unit.wording_samples import WORDING


@asynccontextmanager
async def _closed() -> AsyncIterator[Transaction]:
    raise AssertionError("the books stay closed")
    yield


def talk(address: str, *, asked: bool = False) -> Talk:
    part = Part()
    part.reached_by(address)
    if asked:
        part.asked, part.phone_asked = "phone", True
    return Talk(
        tenant=Tenant(id=2, slug="marina", name="Marina Homes", region="AE"),
        part=part,
        language="en",
        wording=WORDING,
        conversation="c1",
        channel="meta:1",
        message="m1",
        now=datetime(2026, 3, 2, tzinfo=UTC),
        transaction=_closed,
    )


def test_who_is_known_by_their_number_is_never_asked() -> None:
    known = talk("wa_id:971501112233")
    assert (known.part.phone, known.part.untold) == ("+971501112233", True)
    assert reaching.question(known) == ""
    assert not reaching.told(known, "my other number is 0551112233")


def test_where_nothing_is_known_of_the_channel_nobody_is_asked() -> None:
    assert reaching.question(talk("")) == ""


def test_who_hides_their_number_is_asked_once() -> None:
    hidden = talk("bsuid:RU.1301")
    assert "number" in reaching.question(hidden)
    assert reaching.question(hidden) == ""


@pytest.mark.parametrize(
    ("address", "text", "number"),
    [
        ("bsuid:RU.1301", "8 916 123-45-67", "+79161234567"),
        ("bsuid:IR.7", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "+989121234567"),
        ("bsuid:RU.1301", "050 123 4567", "+971501234567"),
        ("bsuid:nowhere", "٠٥٠١٢٣٤٥٦٧", "+971501234567"),
    ],
)
def test_it_is_read_in_the_country_of_their_name_then_in_the_tenants(
    address: str, text: str, number: str
) -> None:
    asked = talk(address, asked=True)
    assert reaching.told(asked, text)
    assert (asked.part.phone, asked.part.phone_given, asked.part.untold) == (number, True, True)


def test_a_number_that_was_not_asked_for_is_kept_too_but_a_budget_is_none() -> None:
    hidden = talk("bsuid:AE.1")
    assert not reaching.told(hidden, "25000000")
    assert not reaching.told(hidden, "3 bedrooms, 2,500,000 aed")
    assert reaching.told(hidden, "call me at 050 123 4567")


def test_what_cannot_be_read_is_asked_for_again_a_little_and_what_says_something_else_is_answered() -> None:
    asked = talk("bsuid:AE.1", asked=True)
    assert not reaching.told(asked, "12345")
    assert reaching.unclear(asked, "12345")
    assert not reaching.unclear(asked, "is there parking?")
    assert not reaching.unclear(asked, "12345")  # nobody is asked forever
