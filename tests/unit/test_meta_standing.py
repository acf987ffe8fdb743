"""What `majlis doctor` makes of a Meta channel: the shape of its credentials, and Meta's answers about it."""

from __future__ import annotations

import json

import httpx
import pytest

from actors.channels.findings import summed_up
from actors.channels.meta.shape import judge_shape, names_of
from actors.channels.meta.standing import (
    TokenFacts,
    is_app_secret,
    judge_app_secret,
    judge_number,
    judge_token,
    judge_webhook,
    token_facts,
)
from config import Channel, Secret
from runtime import Finding

NOW = 1_800_000_000.0
DAY = 86_400
TOKEN = "EAA" + "x" * 100


def channel(
    *,
    number: str = "100200300400500",
    app_secret: str = "0123456789abcdef" * 2,
    verify_token: str = "a long enough word",  # noqa: S107
    access_token: str = TOKEN,
    api_url: str = "https://graph.facebook.com/v23.0",
) -> Channel:
    return Channel(
        provider="meta",
        id=number,
        app_secret=(Secret(app_secret),),
        verify_token=Secret(verify_token),
        access_token=Secret(access_token),
        api_url=api_url,
    )


def answer(content: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(content).encode())


def refusal(code: int | None, status: int = 400) -> httpx.Response:
    return answer(
        {"error": {"code": code, "message": "about +1 555-0100"}} if code is not None else {}, status
    )


# ── shape ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("odd", "facets"),
    [
        (channel(), []),
        (channel(api_url="https://graph.facebook.com/v23.0/"), []),
        (channel(api_url="http://127.0.0.1:8082/v23.0", access_token="any"), []),
        (channel(number="971501234567"), ["id"]),
        (channel(app_secret="0123456789ABCDEF" * 2), ["app_secret"]),
        (channel(app_secret="short"), ["app_secret"]),
        (channel(verify_token="guess"), ["verify_token"]),
        (channel(access_token="EAAshort"), ["access_token"]),
        (channel(access_token="x" * 100), ["access_token"]),
        (channel(api_url="https://graph.facebok.com/v23.0"), ["api_url"]),
        (channel(api_url="https://graph.facebook.com"), ["api_url"]),
        (channel(api_url="https://graph.facebook.com/v19.0"), ["api_url"]),
        (channel(api_url="https://elsewhere.example"), ["api_url", "api_url"]),
    ],
)
def test_what_is_odd_about_credentials_is_a_warning_that_shows_none_of_them(
    odd: Channel, facets: list[str]
) -> None:
    found = list(judge_shape(odd))
    assert [finding.name for finding in found] == [f"channels.meta.{facet}" for facet in facets]
    assert all(finding.status == "warn" and finding.advice for finding in found)
    secrets = (odd.app_secret[0], odd.verify_token, odd.access_token)
    shown = repr(found)
    assert not [secret for secret in secrets if secret.reveal() in shown]


def test_channels_of_which_the_same_is_true_are_one_line_the_worst_first() -> None:
    good, bad = Finding("x", "ok", "well"), Finding("x", "fail", "ill", "mend it")
    found = [("1", good), ("2", bad), ("2", bad), ("3", good), ("4", good), ("5", good), ("6", bad)]
    assert summed_up(found) == [
        Finding("x", "fail", "ill (2, 6)", "mend it"),
        Finding("x", "ok", "well (1 and 3 more channels)"),
    ]


def test_an_id_that_may_be_a_phone_number_is_not_shown() -> None:
    names = names_of([channel(), channel(number="971501234567")])
    assert list(names.values()) == ["100200300400500", "channels[1]"]


# ── answers ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "name", "status"),
    [
        (answer({"id": "1", "quality_rating": "GREEN"}), "number", "ok"),
        (answer({"id": "1"}), "number", "ok"),
        (answer({"id": "1", "quality_rating": "RED"}), "number", "warn"),
        (answer({"id": "1", "code_verification_status": "EXPIRED"}), "number", "warn"),
        (refusal(100), "number", "fail"),
        (refusal(190, 401), "token", "fail"),
        (refusal(None, 401), "token", "fail"),
        (refusal(10, 403), "number", "fail"),
        (refusal(200, 403), "number", "fail"),
        (refusal(4, 429), "number", "skipped"),
        (refusal(None, 503), "number", "fail"),
        (httpx.Response(200, content=b"<html>"), "number", "fail"),
        (httpx.Response(302), "number", "fail"),
    ],
)
def test_a_number_is_there_or_it_is_said_why_not(said: httpx.Response, name: str, status: str) -> None:
    finding = judge_number(said)
    assert (finding.name, finding.status) == (f"channels.meta.{name}", status)
    assert bool(finding.advice) == (status != "ok")
    assert "555" not in finding.seen + finding.advice


SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


@pytest.mark.parametrize(
    ("facts", "status", "seen"),
    [
        (TokenFacts("1", True, 0, SCOPES), "ok", "without an end"),
        (TokenFacts("1", True, 0, ()), "ok", "without an end"),
        (TokenFacts("1", True, int(NOW) + 30 * DAY, SCOPES), "ok", "for 30 days"),
        (TokenFacts("1", True, int(NOW) + 6 * DAY, SCOPES), "warn", "ends in 6 days"),
        (TokenFacts("1", True, int(NOW) + 7200, SCOPES), "warn", "ends in 2 hours"),
        (TokenFacts("1", True, int(NOW) - 1, SCOPES), "fail", "expired"),
        (TokenFacts("1", False, 0, SCOPES), "fail", "expired"),
        (TokenFacts("1", True, 0, SCOPES[:1]), "fail", "lacks whatsapp_business_messaging"),
    ],
)
def test_a_token_lives_long_enough_and_may_enough(facts: TokenFacts, status: str, seen: str) -> None:
    finding = judge_token(facts, NOW)
    assert finding.status == status
    assert seen in finding.seen


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (answer({"data": {"app_id": "7", "is_valid": True}}), True),
        (answer({"data": {"app_id": 7}}), False),
        (answer([]), False),
        (refusal(190, 401), False),
    ],
)
def test_facts_of_a_token_are_read_or_there_are_none(said: httpx.Response, known: bool) -> None:
    assert (token_facts(said) is not None) == known


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (answer({"data": {}}), True),
        (refusal(190, 401), False),
        (refusal(1), False),
        (refusal(1, 500), None),
        (refusal(4, 429), None),
    ],
)
def test_an_app_secret_is_right_wrong_or_not_known(said: httpx.Response, taken: bool | None) -> None:
    assert is_app_secret(said) is taken


@pytest.mark.parametrize(
    ("taken", "status"),
    [
        ({"old": False, "new": True}, "ok"),
        ({"one": False}, "fail"),
        ({"one": None}, "skipped"),
        ({"one": False, "two": None}, "skipped"),
    ],
)
def test_one_right_secret_is_enough(taken: dict[str, bool | None], status: str) -> None:
    assert judge_app_secret(taken).status == status


def subscribed(*apps: object) -> httpx.Response:
    return answer({"data": [{"whatsapp_business_api_data": {"id": app}} for app in apps]})


@pytest.mark.parametrize(
    ("said", "app", "status"),
    [
        (subscribed("7"), "7", "ok"),
        (subscribed("6", 7), "7", "ok"),
        (subscribed("6"), "7", "fail"),
        (subscribed(), "7", "fail"),
        (subscribed("6"), "", "ok"),
        (subscribed(), "", "fail"),
        (answer({"data": 1}), "7", "fail"),
        (refusal(100), "7", "fail"),
        (refusal(200, 403), "7", "fail"),
    ],
)
def test_the_app_is_subscribed_or_no_webhook_comes(said: httpx.Response, app: str, status: str) -> None:
    assert judge_webhook(said, app).status == status
