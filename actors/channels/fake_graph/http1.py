"""A small HTTP/1.1 server on Trio and h11, for the stand-in provider alone.

It shares the machine with the product it tests, so it must cost little; and it must be able to drop a
connection in the middle of an exchange, which a web framework does not offer. It listens on loopback only and
is no part of the product.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import h11
import trio
from trio import TaskStatus

from actors.channels.fake_graph.tricks import Script
from runtime import Request, Response

#: Takes a request; None drops the connection, and so does the end of a script.
Endpoint = Callable[[Request], Awaitable[Response | Script | None]]

_BODY_LIMIT = 110 * 1024 * 1024  # a document of 100 MB and its form
_PIECE = 256 * 1024  # bytes of a body that are sent at once
_IDLE = 120.0  # seconds without a request


async def listen(host: str, port: int) -> list[trio.SocketListener]:
    """Open the port; 0 is any free one. Raises ValueError for a host that is not loopback, OSError when it is taken."""
    if host != "localhost" and not ip_address(host).is_loopback:
        raise ValueError(f"the stand-in provider listens on loopback only, not on {host}")
    return await trio.open_tcp_listeners(port, host=host)


async def serve(endpoint: Endpoint, host: str, port: int, *, task_status: TaskStatus[str]) -> None:
    """Serve until cancelled; connections are cut then. Starts with the address, "host:port". Raises as `listen`."""
    listeners = await listen(host, port)
    await serve_on(endpoint, host, listeners, task_status=task_status)


async def serve_on(
    endpoint: Endpoint, host: str, listeners: list[trio.SocketListener], *, task_status: TaskStatus[str]
) -> None:
    """Serve on what `listen` opened, until cancelled."""
    bound = cast("int", listeners[0].socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, partial(_converse, endpoint), listeners))
        task_status.started(f"{host}:{bound}")


async def _converse(endpoint: Endpoint, stream: trio.SocketStream) -> None:
    """Answer the requests of one connection until either side ends it."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    async with stream:
        try:
            while await _exchange(endpoint, connection, stream):
                connection.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        except h11.RemoteProtocolError as fault:
            await _reject(connection, stream, fault.error_status_hint)


async def _exchange(endpoint: Endpoint, connection: h11.Connection, stream: trio.SocketStream) -> bool:
    """Answer one request; return whether the connection may carry another."""
    request: Request | None = None
    with trio.move_on_after(_IDLE):
        request = await _read(connection, stream)
    response = await endpoint(request) if request else None
    if request is None or response is None:
        return False
    if not isinstance(response, Response):
        await _play(response(), stream)
        return False
    for piece in _encode(connection, response, head_only=request.method == "HEAD"):
        await stream.send_all(piece)
    return connection.our_state is h11.DONE


async def _play(script: Iterator[bytes | float], stream: trio.SocketStream) -> None:
    """Send and wait as a script says; whoever has gone ends it."""
    async with trio.open_nursery() as nursery:

        async def watch() -> None:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while await stream.receive_some(4096):
                    pass
            nursery.cancel_scope.cancel()

        nursery.start_soon(watch)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            for step in script:
                if isinstance(step, bytes):
                    await stream.send_all(step)
                else:
                    await trio.sleep(step)
        nursery.cancel_scope.cancel()


async def _read(connection: h11.Connection, stream: trio.SocketStream) -> Request | None:
    """Read one request whole; None when the peer has gone. Raises h11.RemoteProtocolError."""
    head: h11.Request | None = None
    body: list[bytes] = []
    size = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                await stream.send_all(
                    connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                )
            connection.receive_data(await stream.receive_some(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size > _BODY_LIMIT:
                raise h11.RemoteProtocolError("body too large", error_status_hint=413)
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            target = _target(head)
            return Request(
                method=head.method.decode("latin-1"),
                path=unquote(target.path),
                query=dict(parse_qsl(target.query, keep_blank_values=True)),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
                body=b"".join(body),
            )
        else:  # the peer closed, or wants another protocol
            return None


def _target(head: h11.Request) -> SplitResult:
    try:
        return urlsplit(head.target.decode("latin-1"))
    except ValueError:
        raise h11.RemoteProtocolError("the request target is no URL", error_status_hint=400) from None


def _encode(connection: h11.Connection, response: Response, *, head_only: bool = False) -> Iterator[bytes]:
    """Yield a response, the head with as much of the body as fits into one piece."""
    headers = [
        ("content-type", response.content_type),
        ("content-length", str(len(response.body))),
        *response.headers,
    ]
    first = connection.send(h11.Response(status_code=response.status, headers=headers)) or b""
    body = b"" if head_only else response.body
    for start in range(0, len(body), _PIECE):
        yield first + (connection.send(h11.Data(data=body[start : start + _PIECE])) or b"")
        first = b""
    yield first + (connection.send(h11.EndOfMessage()) or b"")


async def _reject(connection: h11.Connection, stream: trio.SocketStream, status: int) -> None:
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    try:
        with trio.move_on_after(1):
            for piece in _encode(connection, Response(status, headers=(("connection", "close"),))):
                await stream.send_all(piece)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return
