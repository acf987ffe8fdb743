"""What was opened by a message, and what that comes to, before anybody asks whose number it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.routes import Route, Vertical, ad_code, parse_code
from actors.conversation.routing import Link, Way
from actors.conversation.ways import Opened, opened, way
from actors.messages import LocationShared, Message, MessageReceived, Referral

CODE, OTHER = "MJ-7KQ2M9XR4TAB", "MJ-AAAAAAAAAAAA"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
AD = Referral(source="ad", source_id="1201", body="Sea views, from 1.2 million", click="ARAk")


def text(words: str, referral: Referral | None = None) -> Message:
    return MessageReceived(id="m1", text=words, referral=referral)


def table(code: str, vertical: Vertical = "expo", **facts: object) -> Mapping[str, Route]:
    known = {"expires_at": NOW + timedelta(days=1), **facts}
    return {code: Route(code=code, tenant=2, vertical=vertical, **known)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (text("help me find property"), None),
        (text("please restart realty 5 times"), None),
        (text(f"my code is {CODE}"), None),
        (text(" start_Expo_Palm "), Opened("link", Link("palm", "expo"))),
        (text(CODE.lower()), Opened("code", codes=(CODE,))),
        (text("Is it free?", AD), Opened("ad", codes=("ad:1201",), click="ARAk")),
        (text(CODE, AD), Opened("code", codes=(CODE,))),  # what is written goes before how they came
        (text("TENANT_2", AD), Opened("link", Link(2))),
        (
            LocationShared(id="m", latitude=1, longitude=1, referral=AD),
            Opened("ad", codes=("ad:1201",), click="ARAk"),
        ),
        (text("hi", Referral(body="TENANT_2", click="c")), Opened("ad", Link(2), click="c")),
        (text("hi", Referral(source_id="9", body=CODE)), Opened("ad", codes=("ad:9", CODE), click="9")),
        (text("hi", Referral(source_id="1 or 2", click="c")), Opened("ad", click="c")),
        (text("hi", Referral(body=CODE)), None),  # without an id, one click is not told from the next
    ],
)
def test_what_was_opened(message: Message, found: Opened | None) -> None:
    assert opened(message, ()) == found


def test_a_click_counts_once() -> None:
    assert opened(text("hi", AD), ("other", "ARAk")) is None
    assert opened(text("hi", AD), ("other",)) is not None


@given(st.text(max_size=60))
def test_words_open_nothing(words: str) -> None:
    seen = opened(text(words), ())
    if seen is not None:
        assert " " not in words.strip()
        assert words.strip().upper().startswith(("TENANT_", "START_", "MJ-"))


@given(st.text(max_size=120))
def test_no_id_of_an_advertisement_can_be_typed_as_a_code(ad: str) -> None:
    code = ad_code(ad)
    assert code is None or parse_code(code) is None


CAMPAIGN = table(CODE, campaign="spring", language="fa")


@pytest.mark.parametrize(
    ("seen", "found", "leads"),
    [
        (Opened("link", Link(5, "expo")), {}, Way(tenant=5, by="link", vertical="expo", source="link")),
        (
            Opened("code", codes=(CODE,)),
            CAMPAIGN,
            Way(
                tenant=2,
                by="code",
                vertical="expo",
                named=CODE,
                source="link",
                source_ref="spring",
                language="fa",
            ),
        ),
        (
            Opened("code", codes=(CODE,)),
            table(CODE, "menu"),
            Way(tenant=2, by="code", named=CODE, source="link", source_ref=CODE),
        ),
        *(
            (Opened("code", codes=(CODE,)), found, Way(tenant=0, by="code", named=CODE, source="link"))
            for found in ({}, table(CODE, expires_at=NOW), table(CODE, active=False))
        ),
        (
            Opened("ad", codes=("ad:1201",), click="c"),
            table("ad:1201", "realty", campaign="spring"),
            Way(
                tenant=2, by="ad", vertical="realty", named="ad:1201", source="ad", source_ref="c", click="c"
            ),
        ),
        (
            Opened("ad", Link(5, "expo"), ("ad:1201",), "c"),  # its own binding is over, its text is not
            table("ad:1201", expires_at=NOW),
            Way(tenant=5, by="ad", vertical="expo", named="ad:1201", source="ad", source_ref="c", click="c"),
        ),
        (
            Opened("ad", codes=("ad:1201", OTHER), click="c"),
            table(OTHER, "menu"),
            Way(tenant=2, by="ad", named=OTHER, source="ad", source_ref="c", click="c"),
        ),
        (
            Opened("ad", codes=("ad:1201",), click="c"),
            {},
            Way(tenant=0, by="ad", named="ad:1201", source="ad", source_ref="c", click="c"),
        ),
    ],
)
def test_what_it_comes_to(seen: Opened, found: Mapping[str, Route], leads: Way) -> None:
    assert way(seen, found, NOW) == leads
