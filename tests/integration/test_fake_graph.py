"""The stand-in provider on a real port: sends, drops, long polls, and statuses repeated until taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio

from actors.channels.fake_graph import Account, FakeGraph, Faults, http1, run_fake_graph
from actors.channels.fake_graph.faults import Failure
from actors.channels.meta.provider import MetaProvider
from actors.messages import Text
from config import Channel, Secret, Settings, load
from runtime import (
    Accepted,
    Broken,
    Delivery,
    Outcome,
    Refused,
    Request,
    Response,
    TryAgain,
    Uncertain,
)
from runtime.actor.effect import Lane
from runtime.resources.http import open_http_client

CHANNEL = "100200300400502"
SECRET = "s3cret"
HEADERS = {"authorization": "Bearer t0ken"}
HANG_UP = 0


def free_port() -> int:
    """A port that refuses until somebody listens on it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def text(to: str = "971501112233", **more: object) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "Hello"}, **more}


class Receiver:
    """A webhook endpoint that can be told what to answer, and keeps what verified."""

    def __init__(self) -> None:
        self.statuses: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.answers: list[int] = []
        self.news = trio.Event()

    async def __call__(self, request: Request) -> Response | None:
        expected = "sha256=" + hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-hub-signature-256"] == expected
        self.bodies.append(request.body)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            for entry in json.loads(request.body)["entry"]:
                for change in entry["changes"]:
                    self.statuses += change["value"]["statuses"]
        self.news.set()
        self.news = trio.Event()
        return None if status == HANG_UP else Response(status)

    async def until(self, enough: Callable[[Receiver], bool]) -> None:
        with trio.fail_after(5):
            while not enough(self):
                await self.news.wait()


@asynccontextmanager
async def provider(webhook_url: str = "") -> AsyncIterator[tuple[FakeGraph, httpx.AsyncClient]]:
    fake = FakeGraph({CHANNEL: Account(CHANNEL, SECRET, "t0ken")}, webhook_url=webhook_url, linger=0.01)
    async with trio.open_nursery() as nursery:
        address = await nursery.start(fake.serve)
        async with httpx.AsyncClient(
            base_url=f"http://{address}", trust_env=False, headers=HEADERS
        ) as client:
            yield fake, client
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def receiver(port: int = 0) -> AsyncIterator[tuple[Receiver, str]]:
    taking = Receiver()
    async with trio.open_nursery() as nursery:
        address = await nursery.start(http1.serve, taking, "127.0.0.1", port)
        yield taking, f"http://{address}/webhooks/meta"
        nursery.cancel_scope.cancel()


async def send(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    return await client.post(f"/v23.0/{CHANNEL}/messages", json=text(**more))


async def test_a_send_is_answered_with_an_id_and_reported_sent_and_delivered_with_its_tracker() -> None:
    async with receiver() as (taking, url), provider(url) as (_fake, client):
        answer = await send(client, biz_opaque_callback_data="effect-1")
        wamid = answer.json()["messages"][0]["id"]
        await taking.until(lambda r: len(r.statuses) == 2)
    assert [(s["id"], s["status"]) for s in taking.statuses] == [(wamid, "sent"), (wamid, "delivered")]
    assert {s["biz_opaque_callback_data"] for s in taking.statuses} == {"effect-1"}


async def test_statuses_are_repeated_until_200_and_then_no_more() -> None:
    async with receiver() as (taking, url), provider(url) as (fake, client):
        taking.answers = [503, 401, 500]
        await send(client)
        await taking.until(lambda r: len(r.statuses) == 2)
        assert len(set(taking.bodies)) == 1
        assert len(taking.bodies) == 4
        assert fake.statistics().statuses.failed_posts == 3


async def test_statuses_outlive_a_product_that_dies_with_a_post_in_hand() -> None:
    port = free_port()
    async with provider(f"http://127.0.0.1:{port}/webhooks/meta") as (fake, client):
        async with receiver(port) as (dying, _url):
            dying.answers = [HANG_UP]
            await send(client)
            await dying.until(lambda r: len(r.bodies) == 1)
        async with receiver(port) as (reborn, _url):
            await reborn.until(lambda r: len(r.statuses) == 2)
        assert reborn.bodies == dying.bodies
        assert fake.statistics().statuses.failed_posts >= 1


async def test_a_burst_is_reported_in_few_posts_of_at_most_fifty() -> None:
    async with receiver() as (taking, url), provider(url) as (_fake, client):
        for n in range(60):
            await send(client, to=f"9715{n:08d}")
        await taking.until(lambda r: len(r.statuses) == 120)
        sizes = [
            len(json.loads(body)["entry"][0]["changes"][0]["value"]["statuses"]) for body in taking.bodies
        ]
    assert max(sizes) <= 50
    assert len(sizes) < 60


async def test_a_dropped_connection_leaves_an_accepted_send_behind() -> None:
    async with provider() as (fake, client):
        fake.put_faults(Faults(hang_ups=1))
        with pytest.raises(httpx.RemoteProtocolError):
            await send(client)
        assert (await send(client)).status_code == 200
        assert [sent.answered for sent in fake.sent()] == [False, True]


async def test_the_control_api_says_who_it_is_polls_sets_faults_and_resets() -> None:
    async with provider() as (_fake, client):
        health = (await client.get("/_fake/health")).json()
        assert health["name"] == "majlis fake graph"

        pages: list[dict[str, Any]] = []

        async def poll() -> None:
            pages.append((await client.get("/_fake/sent?after=1&to=971500000002&wait=5")).json())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll)
            await send(client, to="971500000001")
            await send(client, to="971500000001")
            await send(client, to="971500000002", context={"message_id": "wamid.IN"})
        [sent] = pages[0]["sends"]
        assert (sent["index"], sent["to"], sent["quoted"]) == (3, "971500000002", "wamid.IN")
        assert sent["body"]["text"] == {"body": "Hello"}

        assert (await client.get("/_fake/sent?after=3&wait=0.01")).json()["sends"] == []
        assert (await client.get("/_fake/sent?after=-1")).status_code == 400
        assert (await client.post("/_fake/faults", json={"failures": [{"code": 131047}]})).status_code == 200
        assert (await send(client)).json()["error"]["code"] == 131047
        assert (await client.post("/_fake/faults", json={"failure": []})).status_code == 400
        assert (await client.post("/_fake/reset")).json() == {"last": 3}
        statistics = (await client.get("/_fake/statistics")).json()
        assert (statistics["provider"]["accepted"], statistics["provider"]["refused"]) == (0, {})
        assert (await client.get("/_fake/nothing")).status_code == 404


async def test_media_goes_through_a_real_upload() -> None:
    async with provider() as (fake, client):
        form = {
            "files": {"file": ("a.ogg", b"\x00voice", "audio/ogg")},
            "data": {"messaging_product": "whatsapp"},
        }
        uploaded = (await client.post(f"/v23.0/{CHANNEL}/media", **form)).json()  # type: ignore[arg-type]
        for medium, content in (
            (uploaded["id"], b"\x00voice"),
            (fake.add_media("image/png", b"png"), b"png"),
        ):
            about = (await client.get(f"/v23.0/{medium}")).json()
            assert (await client.get(about["url"])).content == content


async def test_it_closes_within_a_second_though_clients_wait() -> None:
    async with provider() as (fake, client):
        host, _, port = fake.address.rpartition(":")
        waiting = await trio.open_tcp_stream(host, int(port))
        await waiting.send_all(b"GET /_fake/sent?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.get("/_fake/health")
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    async with waiting:
        assert await waiting.receive_some() == b""


async def test_it_refuses_to_listen_beyond_loopback() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        await FakeGraph({}).serve("192.0.2.1")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"POST /v23.0/1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"GET //[:: HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /_fake/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /_fake/health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\ntrailing",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
    ],
)
async def test_a_broken_request_ends_its_connection_and_no_other(raw: bytes) -> None:
    async with provider() as (fake, client):
        host, _, port = fake.address.rpartition(":")
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            await stream.send_all(raw)
            await stream.send_eof()
            with trio.fail_after(3):
                while await stream.receive_some():
                    pass
        assert (await send(client)).status_code == 200


async def test_it_stands_in_for_every_channel_of_the_demo(tmp_path: Any) -> None:
    settings = load(flags={"data_dir": str(tmp_path)}, demo=True)
    channel = settings.channels[0]

    async def serve(task_status: trio.TaskStatus[str]) -> None:
        await run_fake_graph(settings, port=0, webhook_url="", task_status=task_status)

    serving: Callable[..., Awaitable[None]] = serve
    async with trio.open_nursery() as nursery:
        address = await nursery.start(serving)
        token = {"authorization": f"Bearer {channel.access_token.reveal()}"}
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            path = f"/v23.0/{channel.id}/messages"
            assert (await client.post(path, json=text(), headers=token)).status_code == 200
            assert (await client.post(path, json=text())).json()["error"]["code"] == 190
        nursery.cancel_scope.cancel()


async def test_a_port_that_is_taken_is_an_ordinary_error(nursery: trio.Nursery) -> None:
    address = await nursery.start(FakeGraph({}).serve, "127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        await FakeGraph({}).serve("127.0.0.1", int(address.rpartition(":")[2]))


# ── each class of error, over a real connection ───────────────────────

CLASSES: list[tuple[Failure, type[Outcome]]] = [
    *(
        (Failure(code), TryAgain)
        for code in (2, 4, 80007, 130429, 131016, 131052, 131053, 131056, 131057, 133004)
    ),
    *((Failure(code), Uncertain) for code in (131000,)),
    *((Failure(None, status), Uncertain) for status in (500, 502, 504, 200)),
    (Failure(None, 503), TryAgain),
    *((Failure(code), Refused) for code in (131048, 131049, 131064, 131047, 100, 131026, 131050, 132001)),
    *((Failure(code), Refused) for code in (368, 131031, 130497, 131042, 131045, 132015, 132016)),
    *((Failure(code), Broken) for code in (0, 3, 10, 190, 200)),
]


async def test_each_class_of_error_can_be_provoked_and_is_judged() -> None:
    async with provider() as (fake, client):
        secret = Secret("t0ken")
        settings = Settings(
            data_dir=Path("unused"),
            channels=(
                Channel(
                    provider="meta",
                    id=CHANNEL,
                    app_secret=(secret,),
                    verify_token=secret,
                    access_token=secret,
                    api_url=str(client.base_url),
                ),
            ),
        )
        meta = MetaProvider()
        meta.configure(settings)
        payload = msgspec.json.encode(Text("Hello"))
        delivery = Delivery("e", f"meta:{CHANNEL}", "wa_id:971501112233", Lane.SEND, payload)
        async with open_http_client() as http:
            for failure, kind in CLASSES:
                fake.put_faults(Faults(failures=(failure,)))
                assert isinstance(await meta.perform(delivery, http), kind), failure
            fake.put_faults(Faults())
            assert isinstance(await meta.perform(delivery, http), Accepted)


async def test_a_channel_hangs_while_another_answers() -> None:
    async with provider() as (fake, client):
        fake.put_faults(Faults(failures=(Failure(to="971500000001", delay=600, accepted=True),)))
        with trio.move_on_after(0.2) as patience:
            await client.post(f"/v23.0/{CHANNEL}/messages", json=text("971500000001"))
        assert patience.cancelled_caught
        with trio.fail_after(2):
            answer = await client.post(f"/v23.0/{CHANNEL}/messages", json=text())
        assert answer.status_code == 200


async def test_statuses_come_in_the_order_and_as_often_as_told_also_without_an_echo() -> None:
    async with receiver() as (webhook, url), provider(url) as (fake, client):
        told = ("read", "sent", "sent", "played", "failed")
        fake.put_faults(Faults(statuses=told, status_code=131049, echo=False))
        await client.post(f"/v23.0/{CHANNEL}/messages", json=text(biz_opaque_callback_data="e-1"))
        await webhook.until(lambda webhook: len(webhook.statuses) == 5)
        assert tuple(status["status"] for status in webhook.statuses) == told
        assert webhook.statuses[-1]["errors"][0]["code"] == 131049
        assert not any("biz_opaque_callback_data" in status for status in webhook.statuses)
