"""The known faults of Quart-Trio on Hypercorn, each shown on a raw socket to be mended.

The first three tests show the faults on the plain pair: when one of them fails, the pair was mended upstream, and
what we do about it in `runtime.ingress` may go.
"""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import h11
import pytest
import structlog.testing
import trio
import trio.testing
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio

from runtime.channel import Request, Response
from runtime.ingress import connection as connection_module
from runtime.ingress.serving import Endpoint, HttpLimits, HttpStatistics, serve_http

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_AND_CLOSE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CUT = (trio.BrokenResourceError, ConnectionError)


def post(length: int, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


async def ok(request: Request) -> Response:
    return Response(200, b"ok")


class Server:
    """A server under test: how to reach it, how to stop it, what it counts."""

    def __init__(self) -> None:
        self.shutdown = trio.Event()
        self.statistics = HttpStatistics()
        self.port = 0

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def until(self, condition: Callable[[HttpStatistics], bool]) -> None:
        """Wait until the counters are as expected."""
        with trio.fail_after(5):
            while not condition(self.statistics):
                await trio.testing.wait_all_tasks_blocked(0.005)


@asynccontextmanager
async def serving(endpoint: Endpoint = ok, **limits: Any) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends, and see that nothing stays open."""
    server = Server()
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(
            partial(
                serve_http,
                endpoint,
                bind=["127.0.0.1:0"],
                limits=HttpLimits(**limits),
                shutdown=server.shutdown,
                statistics=server.statistics,
            )
        )
        server.port = int(addresses[0].rpartition(":")[2])
        yield server
        server.shutdown.set()
    assert server.statistics.open == 0


@asynccontextmanager
async def the_plain_pair() -> AsyncIterator[int]:
    """Quart-Trio on Hypercorn as they come, with a keep-alive of 0.1 s."""
    app = QuartTrio(__name__)

    @app.route("/")
    async def root() -> bytes:
        return b"ok"

    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = None
    config.keep_alive_timeout = 0.1
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(partial(serve, app, config, shutdown_trigger=trio.sleep_forever))
        yield int(addresses[0].rpartition(":")[2])
        nursery.cancel_scope.cancel()


async def read_to_end(stream: trio.SocketStream, within: float = 2.0) -> bytes:
    """Read until the server ends it; raises if it does not in time."""
    data = b""
    with trio.fail_after(within):
        async for chunk in stream:
            data += chunk
    return data


async def read_answer(stream: trio.SocketStream, within: float = 2.0) -> bytes:
    """Read one answer with the body "ok"."""
    data = b""
    with trio.fail_after(within):
        while not data.endswith(b"\r\n\r\nok"):
            chunk = await stream.receive_some()
            assert chunk, data
            data += chunk
    return data


@pytest.mark.parametrize("request_bytes", [GET_AND_CLOSE, GET])
async def test_the_plain_pair_never_closes_a_connection(request_bytes: bytes) -> None:
    async with the_plain_pair() as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request_bytes)
        await read_answer(stream)
        with trio.move_on_after(0.5) as scope:
            await stream.receive_some()
        assert scope.cancelled_caught


async def test_the_plain_pair_is_ended_by_one_upgrade_with_trailing_bytes() -> None:
    async def upgrade() -> None:
        async with the_plain_pair() as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(UPGRADE + b"trailing bytes")
            with trio.fail_after(2):
                await trio.sleep_forever()

    with pytest.raises(ExceptionGroup) as caught:
        await upgrade()
    assert caught.group_contains(h11.LocalProtocolError)


async def test_who_asks_to_close_gets_the_end_at_once() -> None:
    async with serving() as server:
        for request in (GET_AND_CLOSE, b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\nHost: x\r\n\r\n"):
            async with await server.connect() as stream:
                await stream.send_all(request)
                assert (await read_to_end(stream, within=0.5)).endswith(b"\r\n\r\nok")
        await server.until(lambda seen: seen.open == 0)


@pytest.mark.parametrize("first", [b"", GET])
async def test_an_idle_connection_is_closed_after_keep_alive(first: bytes) -> None:
    async with serving(keep_alive=0.2) as server, await server.connect() as stream:
        began = trio.current_time()
        if first:
            await stream.send_all(first)
            await read_answer(stream)
        await read_to_end(stream, within=1)
        assert trio.current_time() - began >= 0.19


async def test_one_connection_carries_many_requests_also_pipelined() -> None:
    async with serving() as server, await server.connect() as stream:
        for _ in range(3):
            await stream.send_all(GET)
            await read_answer(stream)
        await stream.send_all(GET * 5 + GET_AND_CLOSE)
        assert (await read_to_end(stream)).count(b"HTTP/1.1 200") == 6
        assert (server.statistics.accepted, server.statistics.requests) == (1, 9)


async def test_requests_behind_a_last_one_are_not_answered_and_hold_nothing() -> None:
    async with serving() as server, await server.connect() as stream:
        await stream.send_all(GET_AND_CLOSE + GET * 3)
        assert (await read_to_end(stream)).count(b"HTTP/1.1 ") == 1
        await server.until(lambda seen: seen.open == 0 and seen.connection_faults == 0)


async def test_500_idle_connections_do_not_hold_the_shutdown() -> None:
    async with AsyncExitStack() as stack:
        async with serving(keep_alive=60, header_timeout=60) as server:
            streams = [await stack.enter_async_context(await server.connect()) for _ in range(500)]
            for stream in streams[:250]:
                await stream.send_all(GET)
            for stream in streams[:250]:
                await read_answer(stream)
            for stream in streams[250:300]:
                await stream.send_all(b"GET / HT")
            await server.until(lambda seen: seen.open == 500)
            began = trio.current_time()
        assert trio.current_time() - began < 1
        for stream in streams:
            assert await read_to_end(stream) == b""


@pytest.mark.parametrize("trailing", [b"", b"trailing bytes", GET, b"\x81\x85" + bytes(9)])
async def test_a_websocket_upgrade_is_refused_and_costs_nobody_else(trailing: bytes) -> None:
    async with serving() as server, await server.connect() as other, await server.connect() as stream:
        await stream.send_all(UPGRADE + trailing)
        answer = await read_to_end(stream)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"no websockets" in answer
        await other.send_all(GET)
        await read_answer(other)
        assert server.statistics.connection_faults == 0


async def test_a_fault_inside_a_connection_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(request: object) -> None:
        raise KeyError("971501112233")

    async with serving() as server, await server.connect() as other:
        await other.send_all(GET)
        await read_answer(other)
        with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
            patch.setattr(connection_module, "refuse", break_down)
            async with await server.connect() as stream:
                await stream.send_all(GET)
                assert await read_to_end(stream) == b""
        assert server.statistics.connection_faults == 1
        assert "KeyError at test_serving_traps.py" in repr(logs)
        assert "971501112233" not in repr(logs)
        await other.send_all(GET)
        await read_answer(other)


async def test_an_offer_of_h2c_is_answered_in_http_1() -> None:
    offer = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    )
    async with serving() as server, await server.connect() as stream:
        await stream.send_all(offer)
        assert (await read_answer(stream)).startswith(b"HTTP/1.1 200 ")
        await stream.send_all(GET)
        await read_answer(stream)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 505),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET ?x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000, 431),
    ],
)
async def test_what_is_not_our_http_gets_its_error_and_the_end(request_bytes: bytes, status: int) -> None:
    async with serving() as server, await server.connect() as stream:
        await stream.send_all(request_bytes)
        answer = await read_to_end(stream)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert not answer.endswith(b"\r\n\r\n")
        assert server.statistics.connection_faults == 0


async def dribble(stream: trio.SocketStream) -> None:
    with suppress(*CUT):
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: x\r\nX: ")
        while True:
            await stream.send_all(b"a")
            await trio.sleep(0.02)


async def test_a_head_that_never_ends_is_cut_however_it_dribbles() -> None:
    async with (
        serving(header_timeout=0.3, keep_alive=60) as server,
        await server.connect() as stream,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(dribble, stream)
        began = trio.current_time()
        with suppress(*CUT):
            assert await read_to_end(stream) == b""
        assert 0.25 < trio.current_time() - began < 1
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("sent", [b"", b"half of it"])
async def test_a_body_that_stalls_is_408_and_the_end(sent: bytes) -> None:
    asked = []

    async def endpoint(request: Request) -> Response:
        asked.append(request)
        return Response(200)

    async with serving(endpoint, body_timeout=0.2) as server, await server.connect() as stream:
        await stream.send_all(post(1000, sent))
        answer = await read_to_end(stream, within=1)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in answer.lower()
    assert asked == []


async def test_a_body_said_to_be_too_large_is_413_before_it_comes() -> None:
    async with serving(body_limit=1000) as server, await server.connect() as stream:
        await stream.send_all(post(1001))
        answer = await read_to_end(stream, within=0.5)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.endswith(b"the body is larger than 1000 bytes\n")


async def test_a_body_that_grows_too_large_is_413() -> None:
    async with serving(body_limit=1000) as server, await server.connect() as stream:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        await stream.send_all(head + (b"64\r\n" + b"x" * 100 + b"\r\n") * 11)
        assert (await read_to_end(stream, within=0.5)).startswith(b"HTTP/1.1 413 ")


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    async with serving(body_limit=1000) as server, await server.connect() as stream:
        await stream.send_all(post(1000, b"x" * 1000))
        await read_answer(stream)


async def test_who_sends_all_of_a_body_that_is_too_large_can_read_the_answer() -> None:
    async with serving(body_limit=2**20) as server, await server.connect() as stream:
        with trio.fail_after(2):
            await stream.send_all(post(2 * 2**20, b"x" * 2 * 2**20))
        assert (await read_to_end(stream, within=1)).startswith(b"HTTP/1.1 413 ")


async def test_500_idle_and_dribbling_connections_do_not_hurt_others_and_are_cut() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (counting)
    async with serving(keep_alive=1.5, header_timeout=1.5) as server, AsyncExitStack() as stack:
        for number in range(500):
            stream = await stack.enter_async_context(await server.connect())
            if number % 2:
                await stream.send_all(b"POST / HTTP/1.1\r\nX: ")
        async with await server.connect() as client:
            for _ in range(20):
                await client.send_all(GET)
                await read_answer(client, within=0.5)
        await server.until(lambda seen: seen.open == 0)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 (counting)


async def test_beyond_the_most_connections_newcomers_wait_and_the_others_go_on() -> None:
    async with serving(max_connections=3, keep_alive=60) as server, AsyncExitStack() as stack:
        inside = [await stack.enter_async_context(await server.connect()) for _ in range(3)]
        await server.until(lambda seen: seen.open == 3)
        async with await server.connect() as newcomer:
            await newcomer.send_all(GET)
            for stream in inside:
                await stream.send_all(GET)
                await read_answer(stream)
            assert server.statistics.accepted == 3
            await inside[0].aclose()
            await read_answer(newcomer)


async def test_a_lack_of_descriptors_does_not_end_the_server() -> None:
    async with serving(max_connections=3) as server, await server.connect() as inside:
        await inside.send_all(GET)
        await read_answer(inside)
        newcomer = trio.socket.socket()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with structlog.testing.capture_logs() as logs:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (newcomer.fileno() + 1, hard))
                await newcomer.connect(("127.0.0.1", server.port))
                await server.until(lambda seen: seen.starved >= 3)
                await inside.send_all(GET)
                await read_answer(inside)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert [line["event"] for line in logs] == ["cannot accept connections"]
        async with trio.SocketStream(newcomer) as stream:
            await stream.send_all(GET)
            await read_answer(stream)


async def test_a_client_that_hangs_up_does_not_cancel_the_endpoint() -> None:
    begun, go_on, stored = trio.Event(), trio.Event(), trio.Event()

    async def endpoint(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        await trio.lowlevel.checkpoint()
        stored.set()
        return Response(200)

    async with serving(endpoint) as server:
        async with await server.connect() as stream:
            await stream.send_all(post(2, b"hi"))
            with trio.fail_after(2):
                await begun.wait()
        await trio.testing.wait_all_tasks_blocked(0.02)
        go_on.set()
        with trio.fail_after(2):
            await stored.wait()
        await server.until(lambda seen: seen.open == 0)
        assert server.statistics.connection_faults == 0


async def test_a_client_that_only_ends_its_own_side_still_gets_the_answer() -> None:
    async with serving() as server, await server.connect() as stream:
        await stream.send_all(post(2, b"hi"))
        await stream.send_eof()
        assert (await read_to_end(stream)).endswith(b"\r\n\r\nok")


async def test_a_client_that_hangs_up_inside_its_body_is_forgotten() -> None:
    asked = []

    async def endpoint(request: Request) -> Response:
        asked.append(request)
        return Response(200)

    async with serving(endpoint, body_timeout=60) as server:
        async with await server.connect() as stream:
            await stream.send_all(post(1000, b"half of it"))
            await server.until(lambda seen: seen.requests == 1)
        await server.until(lambda seen: seen.open == 0)
    assert asked == []


async def test_a_client_that_does_not_read_its_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endpoint(request: Request) -> Response:
        return Response(200, bytes(2**25))

    monkeypatch.setattr(connection_module, "SEND_TIMEOUT", 0.2)
    async with serving(endpoint) as server, await server.connect() as stream:
        await stream.send_all(GET)
        await server.until(lambda seen: seen.requests == 1)
        await server.until(lambda seen: seen.open == 0)


async def test_shutdown_lets_a_request_finish_and_says_goodbye() -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def endpoint(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response(200, b"ok")

    async with serving(endpoint) as server, await server.connect() as stream:
        await stream.send_all(GET)
        await begun.wait()
        server.shutdown.set()
        await trio.testing.wait_all_tasks_blocked(0.02)
        with pytest.raises(OSError, match="all attempts to connect"):
            await server.connect()
        go_on.set()
        answer = await read_to_end(stream)
        assert answer.endswith(b"\r\n\r\nok")
        assert b"connection: close" in answer.lower()
        assert server.statistics.cut == 0


async def test_what_is_not_done_at_the_end_of_the_drain_is_cut() -> None:
    async def endpoint(request: Request) -> Response:
        await trio.sleep_forever()
        raise AssertionError

    async with serving(endpoint, drain_timeout=0.2) as server, await server.connect() as stream:
        await stream.send_all(GET)
        await server.until(lambda seen: seen.requests == 1)
        server.shutdown.set()
        assert await read_to_end(stream, within=1) == b""
        await server.until(lambda seen: seen.cut == 1)


async def test_cancellation_ends_everything_at_once() -> None:
    ended = trio.Event()

    async def endpoint(request: Request) -> Response:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()
        raise AssertionError

    async with trio.open_nursery() as nursery:
        statistics = HttpStatistics()
        addresses = await nursery.start(
            partial(serve_http, endpoint, bind=["127.0.0.1:0"], statistics=statistics)
        )
        stream = await trio.open_tcp_stream("127.0.0.1", int(addresses[0].rpartition(":")[2]))
        idle = await trio.open_tcp_stream("127.0.0.1", int(addresses[0].rpartition(":")[2]))
        await stream.send_all(GET)
        while not statistics.requests:
            await trio.testing.wait_all_tasks_blocked(0.005)
        nursery.cancel_scope.cancel()
    assert ended.is_set()
    assert statistics.open == 0
    async with stream, idle:
        assert await read_to_end(stream) == b""
        assert await read_to_end(idle) == b""
