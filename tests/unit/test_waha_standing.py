"""What the doctor says of WAHA's channels: of their secrets, their sessions, and the webhooks that lead to us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from actors.channels.waha.standing import judge_session, judge_shape
from config import Secret, Settings
from runtime import Finding
from tests.unit.waha_webhooks import API, API_KEY, HMAC, channel, configured

WEBHOOK: Mapping[str, Any] = {
    "url": "https://bot.example.com/webhooks/waha/wa1",
    "events": ["message.any", "message.ack", "session.status"],
    "hmac": {"key": HMAC},
}


def told(status: str = "WORKING", **webhook: Any) -> dict[str, str]:
    answer = {"name": "default", "status": status, "config": {"webhooks": [{**WEBHOOK, **webhook}]}}
    found = judge_session(channel(), 200, json.dumps(answer).encode())
    return {one.name.rpartition(".")[2]: one.status for one in found}


def test_a_session_that_works_with_a_webhook_that_leads_here_is_well() -> None:
    assert told() == {"session": "ok", "webhook": "ok"}
    assert told(events=["*"]) == {"session": "ok", "webhook": "ok"}
    assert told(events=["message", "message.ack", "session.status"]) == {"session": "ok", "webhook": "ok"}


@pytest.mark.parametrize(
    ("status", "seen"),
    [("STARTING", "warn"), ("SCAN_QR_CODE", "fail"), ("STOPPED", "fail"), ("FAILED", "fail"), ("?", "warn")],
)
def test_a_session_that_does_not_work_is_told(status: str, seen: str) -> None:
    assert told(status)["session"] == seen


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"url": "https://bot.example.com/webhooks/waha/other"}, "warn"),
        ({"events": ["message"]}, "warn"),
        ({"hmac": {"key": "another"}}, "fail"),
        ({"hmac": None}, "fail"),
    ],
)
def test_a_webhook_that_would_not_be_heard_is_told(change: Mapping[str, Any], seen: str) -> None:
    assert told(**change)["webhook"] == seen


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"", "refuses the api_key"),
        (404, b"", "no such session"),
        (200, b"<html>", "does not answer as WAHA does"),
        (500, b"", "HTTP 500"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(status: int, body: bytes, words: str) -> None:
    [finding] = judge_session(channel(), status, body)
    assert (finding.status, words in finding.seen) == ("fail", True)
    assert finding.advice


def test_short_secrets_are_odd() -> None:
    assert list(judge_shape(channel())) == []
    odd = list(judge_shape(channel(hmac_key=(Secret("short"),), api_key=Secret("short"))))
    assert [one.name for one in odd] == ["channels.waha.hmac_key", "channels.waha.api_key"]
    assert {one.status for one in odd} == {"warn"}


class Api:
    """Answers one question, or nobody's."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self.fault = fault

    async def request(self, method: str, url: str, *, headers: Mapping[str, str]) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        self.asked.append((method, url, headers))
        if self.fault:
            raise self.fault
        return httpx.Response(200, json={"status": "WORKING", "config": {"webhooks": [WEBHOOK]}})


async def test_each_session_is_asked_for_once_with_its_key_and_nobody_without_http() -> None:
    settings = Settings(data_dir=Path("unused"), channels=(channel(), channel("wa2", id="second")))
    found: list[Finding] = []
    await configured().examine(settings, None, found.append)
    assert [(one.name, one.status) for one in found] == [("channels.waha", "ok")]
    api = Api()
    await configured().examine(settings, api, found.append)  # type: ignore[arg-type]
    assert sorted(url for _, url, _ in api.asked) == [
        f"{API}/api/sessions/default",
        f"{API}/api/sessions/second",
    ]
    assert {headers["x-api-key"] for _, _, headers in api.asked} == {API_KEY}
    [session] = [one for one in found if one.name.endswith(".session")]
    assert (session.status, "(wa1, wa2)" in session.seen) == ("ok", True)
    silent = Api(httpx.ConnectError("http://secret"))
    found.clear()
    await configured().examine(settings, silent, found.append)  # type: ignore[arg-type]
    [fail] = [one for one in found if one.status == "fail"]
    assert fail.seen == "WAHA does not answer: ConnectError (wa1, wa2)"
