"""What the doctor says of Twilio's channels: each fault by its name, and no number, token or account in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from actors.channels.fake_twilio import FakeTwilio
from actors.channels.twilio.standing import (
    judge_account,
    judge_sender,
    judge_shape,
    senders_url,
)
from config import Channel, Secret, Server, Settings
from runtime import Finding
from runtime.resources.http import open_http_client
from tests.unit.twilio_webhooks import ACCOUNT, NUMBER, PATH, PUBLIC, TOKEN, channel, configured

HOOK = PUBLIC + PATH


def answer(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body)


def sender(**more: object) -> Mapping[str, object]:
    webhook = {"callback_url": HOOK, "callback_method": "POST", "fallback_url": HOOK}
    return {"sender_id": NUMBER, "status": "ONLINE", "webhook": webhook, "new": 1} | more


def told(finding: Finding) -> str:
    for private in (NUMBER.removeprefix("whatsapp:+"), TOKEN, ACCOUNT):
        assert private not in finding.seen + finding.advice
    assert finding.advice or finding.status == "ok"
    return f"{finding.name.removeprefix('channels.twilio.')}: {finding.status}"


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, {"status": "active", "sid": ACCOUNT}, "account: ok"),
        (200, {"status": "suspended"}, "account: fail"),
        (200, {"hello": 1}, "account: fail"),
        (200, "x", "account: fail"),
        (401, {"code": 20003}, "account: fail"),
        (404, {"code": 20404}, "account: fail"),
        (429, {"code": 20429}, "account: skipped"),
        (503, {}, "account: fail"),
    ],
)
def test_an_account_is_judged_by_what_twilio_says_of_it(status: int, body: object, verdict: str) -> None:
    assert told(judge_account(answer(status, body))) == verdict


def test_a_wrong_token_is_told_as_such_with_what_to_do() -> None:
    finding = judge_account(answer(401, {"code": 20003, "message": "Authenticate"}))
    assert "do not fit (code 20003)" in finding.seen
    assert "majlis reload" in finding.advice


def senders(*listed: Mapping[str, object], next_page: str | None = None) -> httpx.Response:
    return answer(200, {"senders": listed, "meta": {"next_page_url": next_page}})


@pytest.mark.parametrize(
    ("listed", "verdicts"),
    [
        (senders(sender(sender_id="whatsapp:+1"), sender()), ["sender: ok", "webhook: ok"]),
        (senders(sender(status="OFFLINE")), ["sender: fail", "webhook: ok"]),
        (senders(sender(webhook=None)), ["sender: ok", "webhook: fail"]),
        (senders(sender(webhook={"callback_url": HOOK + "2"})), ["sender: ok", "webhook: fail"]),
        (
            senders(sender(webhook={"callback_url": HOOK, "callback_method": "PUT"})),
            ["sender: ok", "webhook: fail"],
        ),
        (senders(sender(webhook={"callback_url": HOOK})), ["sender: ok", "webhook: warn"]),
        (senders(), ["sender: warn"]),
        (senders(next_page="https://x"), ["sender: skipped"]),
        (answer(404, {}), ["sender: skipped"]),
        (answer(200, []), ["sender: fail"]),
    ],
)
def test_a_sender_is_judged_by_where_its_messages_go(listed: httpx.Response, verdicts: list[str]) -> None:
    assert [told(one) for one in judge_sender(listed, channel(), HOOK)] == verdicts


@pytest.mark.parametrize(
    ("api", "url"),
    [
        ("https://api.twilio.com", "https://messaging.twilio.com/v2/"),
        ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com/v2/"),
        ("http://127.0.0.1:8083", "http://127.0.0.1:8083/v2/"),
        ("https://proxy.example.com/twilio", "https://proxy.example.com/twilio/v2/"),
    ],
)
def test_senders_are_listed_at_the_messaging_host(api: str, url: str) -> None:
    assert senders_url(api).startswith(url)


def test_credentials_that_do_not_look_like_twilios_are_told() -> None:
    usual = {"api_url": "https://api.twilio.com", "auth_token": (Secret("0a" * 16),)}
    assert list(judge_shape(channel(**usual))) == []
    odd = judge_shape(channel(api_url="https://api.example.com"))
    assert [told(one) for one in odd] == ["auth_token: warn", "api_url: warn"]
    assert list(judge_shape(channel())) == [], "a stand-in has tokens of its own"


@asynccontextmanager
async def examined(nursery: Any, *wrong: Channel) -> AsyncIterator[list[Finding]]:
    right = Settings(data_dir=Path("unused"), server=Server(public_url=PUBLIC), channels=(channel(),))
    fake = FakeTwilio(right, "")
    address = await nursery.start(fake.serve, "127.0.0.1", 0)
    channels = tuple(msgspec.structs.replace(one, api_url=f"http://{address}") for one in wrong)
    settings = msgspec.structs.replace(right, channels=channels)
    found: list[Finding] = []
    async with open_http_client() as http:
        await configured().examine(settings, http, found.append)
    yield found


async def test_the_stand_in_is_asked_and_every_fault_is_found_by_its_name(nursery: Any) -> None:
    async with examined(nursery, channel()) as found:
        assert [one.status for one in found] == ["ok"] * 4
        assert all("(tw1)" in one.seen for one in found[1:])
    async with examined(
        nursery, channel(auth_token=(Secret("other"),)), channel("tw2", id="whatsapp:+1")
    ) as found:
        assert [told(one) for one in found[1:]] == [
            "account: fail",
            "sender: warn",
            "account: ok",
        ]
    async with examined(nursery, channel("tw2")) as found:
        assert told(found[1]) == "webhook: fail"
        assert "/webhooks/twilio/tw2" in found[1].advice
    nursery.cancel_scope.cancel()


async def test_an_api_that_does_not_answer_is_told_once() -> None:
    found: list[Finding] = []
    settings = Settings(
        data_dir=Path("unused"), server=Server(public_url=PUBLIC), channels=(channel(), channel("tw2"))
    )
    async with open_http_client() as http:
        await configured().examine(settings, http, found.append)
    assert [(one.name, one.status) for one in found] == [
        ("channels.twilio", "ok"),
        ("channels.twilio", "fail"),
    ]
    assert "no answer from 127.0.0.1:1" in found[1].seen
