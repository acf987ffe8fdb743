"""Sends meet a provider that answers, refuses, stalls and hangs up; settings are taken whole."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio

from actors.channels.meta import MetaProvider
from actors.messages import MarkRead, Text
from config import Channel, Secret, Settings
from runtime import Accepted, Broken, Delivery, Outcome, Pace, Refused, TryAgain, Uncertain
from runtime.actor.effect import Lane

EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
ACCEPTED = b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.OUT"}]}'


def channel(number: str = "100", api_url: str = "http://127.0.0.1:1/v23.0", **more: Any) -> Channel:
    return Channel(
        provider="meta",
        id=number,
        app_secret=(Secret("s"),),
        verify_token=Secret("v"),
        access_token=Secret(more.pop("access", "token-" + number)),
        api_url=api_url,
        **more,
    )


def configured(*channels: Channel) -> MetaProvider:
    provider = MetaProvider()
    provider.configure(Settings(data_dir=Path("unused"), channels=channels))
    return provider


HELLO = Text("Hello")


def delivery(message: msgspec.Struct | bytes = HELLO, **more: Any) -> Delivery:
    payload = message if isinstance(message, bytes) else msgspec.json.encode(message)
    fields: dict[str, Any] = {"id": EFFECT, "channel": "meta:100", "address": "wa_id:971501112233"}
    return Delivery(**(fields | {"lane": Lane.SEND, "payload": payload} | more))


Answer = Callable[[trio.SocketStream], Awaitable[None]]


class Graph:
    """A provider of one answer on a loopback port; it keeps the requests that it read whole."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""
        self._answer = answer

    async def serve(self, stream: trio.SocketStream) -> None:
        head, _, body = (await self._read(stream, b"\r\n\r\n")).partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
        while len(body) < int(headers["content-length"]):
            body += await stream.receive_some()
        self.requests.append((line, headers, body))
        await self._answer(stream)
        await stream.aclose()

    async def _read(self, stream: trio.SocketStream, end: bytes) -> bytes:
        read = b""
        while end not in read:
            read += await stream.receive_some()
        return read


@asynccontextmanager
async def graph(answer: Answer) -> AsyncIterator[Graph]:
    served = Graph(answer)
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), served.serve, 0)
        served.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/v23.0"
        yield served
        nursery.cancel_scope.cancel()


def saying(status: int, body: bytes) -> Answer:
    async def answer(stream: trio.SocketStream) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        await stream.send_all(head.encode() + body)

    return answer


async def hang_up(stream: trio.SocketStream) -> None:
    await stream.aclose()


async def break_off(stream: trio.SocketStream) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")


async def stall(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def send(answer: Answer, what: Delivery, timeout: float = 5.0) -> tuple[Outcome, Graph]:
    async with graph(answer) as served, httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
        outcome = await configured(channel(api_url=served.url)).perform(what, http)
    return outcome, served


async def test_a_send_carries_the_token_and_the_effect_and_returns_the_id() -> None:
    outcome, served = await send(saying(200, ACCEPTED), delivery(Text("Hello", quote="wamid.IN")))
    assert outcome == Accepted("wamid.OUT")
    ((line, headers, body),) = served.requests
    assert line == "POST /v23.0/100/messages HTTP/1.1"
    assert headers["authorization"] == "Bearer token-100"
    assert headers["content-type"] == "application/json"
    sent = json.loads(body)
    assert (sent["to"], sent["text"]["body"]) == ("971501112233", "Hello")
    assert sent["context"] == {"message_id": "wamid.IN"}
    assert sent["biz_opaque_callback_data"] == EFFECT


async def test_a_person_without_a_phone_is_sent_to_by_the_scoped_id() -> None:
    _, served = await send(saying(200, ACCEPTED), delivery(address="bsuid:US.1001"))
    sent = json.loads(served.requests[0][2])
    assert sent["recipient"] == "US.1001"
    assert "to" not in sent


async def test_an_error_is_judged_by_its_code_and_by_how_often_it_said_wait() -> None:
    outcome, _ = await send(saying(400, b'{"error":{"code":131056}}'), delivery(attempt=5, told_to_wait=2))
    assert isinstance(outcome, TryAgain)
    assert outcome.after == 16.0


@pytest.mark.parametrize("answer", [hang_up, break_off], ids=["hang up", "break off"])
async def test_a_connection_lost_after_the_request_is_uncertain(answer: Answer) -> None:
    outcome, served = await send(answer, delivery())
    assert isinstance(outcome, Uncertain)
    assert len(served.requests) == 1


async def test_a_time_out_after_the_request_is_uncertain() -> None:
    outcome, served = await send(stall, delivery(), timeout=0.2)
    assert isinstance(outcome, Uncertain)
    assert len(served.requests) == 1


async def test_a_refused_connection_is_certainly_not_sent() -> None:
    async with graph(hang_up) as served:
        gone = served.url
    async with httpx.AsyncClient(trust_env=False) as http:
        outcome = await configured(channel(api_url=gone)).perform(delivery(), http)
    assert isinstance(outcome, TryAgain)
    assert (outcome.code, outcome.unreachable) == ("connect", True)


async def test_cancellation_goes_through() -> None:
    with trio.move_on_after(0.2) as scope:
        await send(stall, delivery())
    assert scope.cancelled_caught


@pytest.mark.parametrize(
    "answer", [hang_up, saying(503, b""), saying(400, b"")], ids=["hang up", "503", "400"]
)
async def test_a_read_mark_that_fails_is_let_go(answer: Answer) -> None:
    outcome, served = await send(answer, delivery(MarkRead("wamid.IN", typing=True), lane=Lane.ASIDE))
    assert isinstance(outcome, Refused)
    assert json.loads(served.requests[0][2])["typing_indicator"] == {"type": "text"}


async def test_a_read_mark_is_accepted_without_an_id() -> None:
    outcome, _ = await send(saying(200, b'{"success":true}'), delivery(MarkRead("wamid.IN")))
    assert outcome == Accepted("")


class NoHttp:
    """A client that nobody may use."""

    async def request(self, *args: object, **more: object) -> httpx.Response:
        raise AssertionError("nothing was to be sent")


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        (delivery(channel="meta:999"), Broken("channel_disabled", "the channel is not configured")),
        (
            delivery(b'{"type":"Hologram"}'),
            Refused("unreadable", "the effect is not a message of this version"),
        ),
        (delivery(b"\xff"), Refused("unreadable", "the effect is not a message of this version")),
        (delivery(b"[" * 20_000), Refused("unreadable", "the effect is not a message of this version")),
        (
            delivery(address="unknown:wamid.1"),
            Refused("no_address", "the person has neither a phone number nor a scoped id"),
        ),
    ],
)
async def test_what_cannot_be_sent_is_not_tried(what: Delivery, outcome: Outcome) -> None:
    assert await configured(channel()).perform(what, NoHttp()) == outcome


def test_channels_come_and_go_with_the_settings() -> None:
    provider = configured(channel("100", max_mps=20), channel("200"))
    assert provider.name == "meta"
    assert provider.channels() == ("meta:100", "meta:200")
    assert provider.pace("meta:100") == Pace(per_second=20.0, pair_interval=6.0, pair_burst=44)
    provider.configure(Settings(data_dir=Path("unused"), channels=(channel("200"),)))
    assert provider.channels() == ("meta:200",)
    assert provider.pace("meta:100").per_second > 0


def test_settings_are_taken_whole_or_not_at_all() -> None:
    provider = configured(channel("100"))
    bad = Settings(data_dir=Path("unused"), channels=(channel("200"), channel("300", access="tökén")))
    with pytest.raises(ValueError, match=r"meta:300.*access_token") as caught:
        provider.configure(bad)
    assert "tökén" not in str(caught.value)
    assert provider.channels() == ("meta:100",)


def test_no_secret_shows_in_the_provider() -> None:
    assert "token-100" not in repr(vars(configured(channel("100"))))
