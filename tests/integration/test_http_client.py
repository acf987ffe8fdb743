"""The HTTP client against a real server on the loopback: slots survive every cancellation."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable

import httpx
import pytest
import trio

from runtime.resources.errors import ResourceUnavailable
from runtime.resources.http import MAX_BODY, NeverSent, UnfitAnswerError, open_http_client

CANNED = {
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: /echo/1\r\ncontent-length: 0\r\n\r\n",
    "huge": b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (MAX_BODY + 1, b"x" * (MAX_BODY + 1)),
    "gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
    "close": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbye",
    "chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    "hints": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    "nonsense": b"SSH-2.0-nothing\r\n\r\n",
}


class Server:
    """A small HTTP/1.1 server: /echo/N answers N, the other paths misbehave, each in its way."""

    def __init__(self) -> None:
        self.open = 0
        self.accepted = 0
        self.heads: list[bytes] = []
        self.url = ""

    async def serve(self, stream: trio.SocketStream) -> None:
        self.open += 1
        self.accepted += 1
        try:
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = await stream.receive_some(65536)
                    if not data:
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                lengths = re.findall(rb"content-length: (\d+)", head.lower())
                length = int(lengths[0]) if lengths else 0
                while len(buffer) < length:
                    buffer += await stream.receive_some(65536)
                body, buffer = buffer[:length], buffer[length:]
                self.heads.append(head)
                if not await self.answer(stream, head.split(b" ")[1].decode(), body):
                    return
        except trio.BrokenResourceError:
            pass
        finally:
            self.open -= 1
            await trio.aclose_forcefully(stream)

    async def answer(self, stream: trio.SocketStream, path: str, body: bytes) -> bool:
        kind, _, rest = path.strip("/").partition("/")
        if kind in CANNED:
            await stream.send_all(CANNED[kind])
        elif kind == "echo":
            await self.reply(stream, rest.encode() + body)
        elif kind == "slow":
            await trio.sleep(0.002)
            await self.reply(stream, rest.encode())
        elif kind == "drip":
            await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n")
            for _ in range(20):
                await trio.sleep(0.0005)
                await stream.send_all(b"x")
        elif kind == "stall":
            await trio.sleep_forever()
        return kind not in {"close", "hangup"}

    async def reply(self, stream: trio.SocketStream, body: bytes) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


@pytest.fixture
async def server(nursery: trio.Nursery) -> Server:
    server = Server()
    listeners = await nursery.start(trio.serve_tcp, server.serve, 0)
    server.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
    return server


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not condition():
            await trio.sleep(0.005)


async def test_a_request_and_its_answer(server: Server) -> None:
    async with open_http_client() as client:
        answer = await client.request(
            "POST", f"{server.url}/echo/a?b=c", headers={"x-y": "z"}, content=b"body"
        )
        assert (answer.status_code, answer.content) == (200, b"a?b=cbody")
        assert answer.request.url.path == "/echo/a"
    assert b"x-y: z" in server.heads[0].lower()


async def test_a_connection_is_kept_and_closed_with_the_client(server: Server) -> None:
    async with open_http_client() as client:
        for number in range(10):
            answer = await client.request("GET", f"{server.url}/echo/{number}")
            assert answer.text == str(number)
        assert server.accepted == 1
        assert client.statistics().completed == 10
    await until(lambda: server.open == 0)


async def test_a_connection_the_server_closes_is_not_used_again(server: Server) -> None:
    async with open_http_client() as client:
        for _ in range(3):
            assert (await client.request("GET", f"{server.url}/close")).content == b"bye"
        assert server.accepted == 3


async def test_redirects_are_answers(server: Server) -> None:
    async with open_http_client() as client:
        assert (await client.request("GET", f"{server.url}/redirect")).status_code == 302


async def test_proxies_of_the_environment_are_not_trusted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with open_http_client() as client:
        assert (await client.request("GET", f"{server.url}/echo/1")).text == "1"


async def test_what_never_left_is_told_from_what_may_have_arrived(server: Server) -> None:
    async with open_http_client(connect_timeout=0.5, acquire_timeout=0.1, max_connections=1) as client:
        with pytest.raises(NeverSent) as caught:
            await client.request("GET", "http://127.0.0.1:9/")
        assert isinstance(caught.value, ResourceUnavailable)
        assert isinstance(caught.value, httpx.ConnectError)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.request("GET", f"{server.url}/hangup")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.request, "GET", f"{server.url}/stall")
            await until(lambda: client.statistics().in_flight == 1)
            with pytest.raises(NeverSent, match="no connection came free"):
                await client.request("GET", f"{server.url}/echo/1")
            nursery.cancel_scope.cancel()


async def test_answers_that_are_too_large_or_compressed_are_refused(server: Server) -> None:
    async with open_http_client() as client:
        with pytest.raises(UnfitAnswerError, match="larger"):
            await client.request("GET", f"{server.url}/huge")
        with pytest.raises(UnfitAnswerError, match="compressed"):
            await client.request("GET", f"{server.url}/gzip")
        assert client.statistics().in_flight == 0


async def test_the_shapes_an_answer_may_have(server: Server) -> None:
    async with open_http_client() as client:
        assert (await client.request("GET", f"{server.url}/chunked")).content == b"abc"
        assert (await client.request("GET", f"{server.url}/hints")).content == b"x"
        with pytest.raises(httpx.RemoteProtocolError):
            await client.request("GET", f"{server.url}/nonsense")
        with pytest.raises(httpx.LocalProtocolError):
            await client.request("GET", f"{server.url}/echo/1", headers={"x": "a\r\nb: c"})
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.request("GET", "ftp://127.0.0.1/")


async def test_a_streamed_answer_may_be_left_in_the_middle(server: Server) -> None:
    async with open_http_client(max_connections=1) as client:
        for _ in range(3):
            async with client.stream("GET", f"{server.url}/drip") as answer:
                async for chunk in answer:
                    assert chunk
                    break
        async with client.stream("GET", f"{server.url}/drip") as answer:
            assert b"".join([chunk async for chunk in answer]) == b"x" * 20
        assert client.statistics().in_flight == 0


async def test_a_full_client_closes_an_idle_connection_to_another_host(server: Server) -> None:
    other = server.url.replace("127.0.0.1", "localhost")
    async with open_http_client(max_connections=1) as client:
        for number in range(4):
            base = (server.url, other)[number % 2]
            assert (await client.request("GET", f"{base}/echo/{number}")).text == str(number)
        assert client.statistics().pool.idle == 1


async def test_a_handshake_that_is_cancelled_closes_its_socket(server: Server) -> None:
    async with open_http_client(max_connections=1) as client:
        for _ in range(3):
            with trio.move_on_after(0.05):
                await client.request("GET", server.url.replace("http:", "https:"))
        await until(lambda: server.open == 0)
        assert client.statistics().pool.busy == 0


async def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(
    nursery: trio.Nursery, tmp_path: object
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # no certificate at all: the handshake fails
    server = Server()
    listeners = await nursery.start(trio.serve_ssl_over_tcp, server.serve, 0, context)
    port = listeners[0].transport_listener.socket.getsockname()[1]
    async with open_http_client() as client:
        with pytest.raises(NeverSent):
            await client.request("GET", f"https://localhost:{port}/echo/1")
    assert server.heads == []
