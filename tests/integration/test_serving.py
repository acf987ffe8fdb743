"""An endpoint behind the real server: requests arrive whole and in limits, answers go out, listeners behave."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog.testing
import trio

from runtime.channel import Request, Response
from runtime.ingress.connection import FIRST_WORD
from runtime.ingress.serving import Endpoint, HttpStatistics, ListenError, serve_http


@asynccontextmanager
async def serving(endpoint: Endpoint, **options: Any) -> AsyncIterator[str]:
    """Serve on a free port until the block ends; yields the address."""
    shutdown = trio.Event()
    options = {"bind": ["127.0.0.1:0"], "shutdown": shutdown} | options
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(partial(serve_http, endpoint, **options))
        yield addresses[0]
        shutdown.set()


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="majlis-") as name:
        yield Path(name)


async def ok(request: Request) -> Response:
    return Response(200, b"ok")


async def test_the_endpoint_gets_the_whole_request_and_its_answer_goes_out() -> None:
    seen: list[Request] = []

    async def endpoint(request: Request) -> Response:
        seen.append(request)
        return Response(201, b'{"a":1}', content_type="application/json", headers=(("X-Mark", "7"),))

    async with serving(endpoint) as address, httpx.AsyncClient(base_url=address) as client:
        response = await client.post(
            "/webhooks/meta?hub.mode=subscribe&hub.challenge=1%2B1&empty=&hub.mode=last",
            content=b"\x00\xff" * 1000,
            headers=[("X-Hub-Signature-256", "sha256=first"), ("X-Hub-Signature-256", "sha256=last")],
        )
    assert (response.status_code, response.content) == (201, b'{"a":1}')
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-mark"] == "7"
    [request] = seen
    assert (request.method, request.path, request.body) == ("POST", "/webhooks/meta", b"\x00\xff" * 1000)
    assert request.query == {"hub.mode": "last", "hub.challenge": "1+1", "empty": ""}
    assert request.headers["x-hub-signature-256"] == "sha256=last"
    assert request.headers["content-length"] == "2000"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_every_method_and_path_reaches_the_endpoint(method: str) -> None:
    async def endpoint(request: Request) -> Response:
        return Response(200, headers=(("X-Asked", f"{request.method} {request.path}"),))

    async with serving(endpoint) as address, httpx.AsyncClient(base_url=address) as client:
        response = await client.request(method, "/any/where/%D8%B3%20")
    assert response.headers["x-asked"].encode("latin-1", "replace").startswith(f"{method} /any".encode())


async def test_a_fault_of_the_endpoint_is_a_500_and_its_words_are_not_logged() -> None:
    async def endpoint(request: Request) -> Response:
        if request.path == "/bad":
            raise ValueError("call 971501112233")
        return Response(200)

    statistics = HttpStatistics()
    with structlog.testing.capture_logs() as logs:
        async with (
            serving(endpoint, statistics=statistics) as address,
            httpx.AsyncClient(base_url=address) as client,
        ):
            bad, good = await client.get("/bad"), await client.get("/good")
    assert (bad.status_code, bad.content, good.status_code) == (500, b"internal error\n", 200)
    assert (statistics.accepted, statistics.requests, statistics.endpoint_faults) == (1, 2, 1)
    [line] = logs
    assert line["faults"][0].startswith("ValueError at test_serving.py:")
    assert "971501112233" not in repr(logs)


async def test_while_draining_every_answer_says_goodbye() -> None:
    leaving = False
    async with (
        serving(ok, draining=lambda: leaving) as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        assert "connection" not in (await client.get("/")).headers
        leaving = True
        assert (await client.get("/")).headers["connection"] == "close"
        assert (await client.post("/", content=b"x" * 2**23)).headers["connection"] == "close"


async def test_a_client_that_has_just_connected_is_answered_and_one_that_had_its_answer_is_left() -> None:
    statistics, leaving = HttpStatistics(), trio.Event()
    question = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving(ok, statistics=statistics, shutdown=leaving) as address:
        host, port = address.removeprefix("http://").split(":")
        streams = [await trio.open_tcp_stream(host, int(port)) for _ in range(4)]
        idle, late, slow, silent = streams
        await idle.send_all(question)
        assert await idle.receive_some(65536)
        await slow.send_all(question[:20])
        while statistics.open < len(streams):
            await trio.lowlevel.checkpoint()
        began = trio.current_time()
        leaving.set()
        with trio.fail_after(5):
            await late.send_all(question)
            await slow.send_all(question[20:])
            assert await idle.receive_some(65536) == b""
            for asked in (late, slow):
                answer = await asked.receive_some(65536)
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert b"connection: close" in answer.lower()
            assert await silent.receive_some(65536) == b""
        assert trio.current_time() - began >= FIRST_WORD
        for stream in streams:
            await stream.aclose()


async def test_without_a_shutdown_event_it_serves_until_cancelled() -> None:
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(partial(serve_http, ok, bind=["127.0.0.1:0"]))
        for _ in range(2):
            async with httpx.AsyncClient(base_url=addresses[0]) as client:
                assert (await client.get("/")).status_code == 200
        nursery.cancel_scope.cancel()


async def test_an_address_in_use_is_named_and_nothing_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        used, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{used}: the address is in use; .*another port"):
            await serve_http(ok, bind=[f"127.0.0.1:{other}", f"127.0.0.1:{used}"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other))


@pytest.mark.parametrize(
    "entry", ["8080", "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", ":1"]
)
async def test_an_address_that_is_none_says_how_to_write_one(entry: str) -> None:
    with pytest.raises(ListenError, match=r"write HOST:PORT or unix:/path"):
        await serve_http(ok, bind=[entry])


async def test_a_unix_socket_is_its_owners_and_goes_with_the_server(short: Path) -> None:
    path = short / "s"
    async with serving(ok, bind=[f"unix:{path}", "127.0.0.1:0"]) as address:
        assert address == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path))) as client:
            assert (await client.get("http://here/")).content == b"ok"
    assert not path.exists()


async def test_the_socket_of_a_dead_server_is_replaced_that_of_a_living_one_not(short: Path) -> None:
    path = short / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with serving(ok, bind=[f"unix:{path}"]):
        with pytest.raises(ListenError, match="another process listens there"):
            await serve_http(ok, bind=[f"unix:{path}"])
        assert path.is_socket()


async def test_a_file_in_the_way_is_not_removed(short: Path) -> None:
    path = short / "s"
    path.write_text("precious")
    with pytest.raises(ListenError, match="a file that is not a socket is there"):
        await serve_http(ok, bind=[f"unix:{path}"])
    assert path.read_text() == "precious"


async def test_a_path_too_long_for_a_socket_says_so(short: Path) -> None:
    with pytest.raises(ListenError, match="longer than 107 bytes"):
        await serve_http(ok, bind=[f"unix:{short / ('x' * 120)}"])


async def test_descriptors_come_back() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (counting)

    before = descriptors()
    async with serving(ok) as address:
        for _ in range(20):
            async with httpx.AsyncClient(base_url=address) as client:
                await client.get("/")
    assert descriptors() == before
