"""One HTTP/1 connection: Hypercorn's protocol under our own clock.

Hypercorn parses and speaks HTTP; when a connection may wait, and when it ends, is decided here. Its own
connection (`hypercorn.trio.tcp_server`) starts and cancels a task at each change between idle and busy, in
scopes that Quart-Trio cancels, so that connections are never closed; it writes without a deadline, and an
exception in it ends the process. Here a connection is one reader whose scope carries the only deadline:

    waiting for a request    keep_alive from the last answer (or the connection) to the first byte
    reading its head         header_timeout from the first byte to the last, however they dribble in
    request under way        none: the body has its time limit in the route, the endpoint its own
    answered, body unread    LINGER seconds in which what still comes is dropped, so that the answer is read

Knows nothing of Quart, of the endpoint, or of other connections.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from math import inf

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState
from typing_extensions import override

RECEIVE_BYTES = 2**16
SEND_BYTES = 2**16
SEND_TIMEOUT = 5.0
LINGER = 1.0
LINGER_BYTES = 2**26
#: Seconds that a client who has just connected, or has begun to ask, gets to end its head when the server leaves.
FIRST_WORD = 0.2


@dataclass(frozen=True)
class HttpLimits:
    """What a client may cost. Sizes in bytes, times in seconds."""

    body_limit: int = 4 * 2**20
    body_timeout: float = 3.0
    header_timeout: float = 5.0
    keep_alive: float = 5.0
    max_connections: int = 2000
    drain_timeout: float = 3.0


class RefusedError(Exception):
    """The request was answered with an error, and its connection is at its end."""


class Http1(H11Protocol):
    """Hypercorn's HTTP/1 that never switches to websockets or HTTP/2, and whose errors have a text."""

    @override
    async def _check_protocol(self, event: h11.Request) -> None:
        refusal = refuse(event)
        if refusal is not None:
            await self._send_error(*refusal)
            raise RefusedError

    @override
    async def _send_error_response(self, status_code: int) -> None:
        await self._send_error(status_code, HTTPStatus(status_code).phrase)

    async def _send_error(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


def refuse(request: h11.Request) -> tuple[int, str] | None:
    """Return status and text for a request that is not plain HTTP/1 for a path of ours, None for one that is.

    An upgrade to h2c is no error: a server may go on in HTTP/1.1, and clients that offer it expect that.
    """
    if request.http_version not in {b"1.0", b"1.1"}:
        return 505, "this server speaks HTTP/1.1 only"
    if not request.target.startswith(b"/"):
        return 400, "the request target must be a path that begins with /"
    if any(name == b"upgrade" and b"websocket" in value.lower() for name, value in request.headers):
        return 400, "this server has no websockets; send a plain HTTP request"
    return None


class Connection:
    """One accepted stream, from the first byte to the last. `waiting` is true between requests."""

    def __init__(
        self,
        stream: trio.SocketStream,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        limits: HttpLimits,
    ) -> None:
        self._stream = stream
        self._app = app
        self._config = config
        self._context = context
        self._limits = limits
        self._reading = trio.CancelScope(deadline=trio.current_time() + limits.keep_alive)
        self._sending = trio.Lock()
        self._unsent = bytearray()
        self._head_begun = False
        self._closing = False
        self._served = False
        self.waiting = True

    def leave(self) -> None:
        """Hang up unless a request may be on its way: one that had its answer is done, another has a moment to ask."""
        if self._served and not self._head_begun:
            self.hang_up()
        else:
            self._reading.deadline = min(self._reading.deadline, trio.current_time() + FIRST_WORD)

    def hang_up(self) -> None:
        """Read no more; a request under way is still answered, if the client is there to read it."""
        self._reading.cancel()

    async def run(self) -> None:
        """Serve requests until either side ends it; the caller closes the stream. Cancellation ends all."""
        async with TaskGroup() as tasks:
            self._protocol = Http1(
                self._app,
                self._config,
                self._context,
                tasks,
                ConnectionState({}),
                False,  # TLS ends before us
                None,
                None,
                self._handle,
            )
            with self._reading:
                try:
                    await self._read()
                except RefusedError:
                    await self._finish()
                    await self._read()
            await self._protocol.handle(Closed())

    async def _read(self) -> None:
        """Feed the protocol until the client's end of stream; after our last word drop what still comes."""
        dropped = 0
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await self._stream.receive_some(RECEIVE_BYTES):
                if self._closing:
                    dropped += len(data)
                    if dropped > LINGER_BYTES:
                        return
                    continue
                if self.waiting and not self._head_begun:
                    self._head_begun = True
                    self._reading.deadline = trio.current_time() + self._limits.header_timeout
                await self._protocol.handle(RawData(bytes(data)))
            if not self._closing:
                await self._protocol.handle(RawData(b""))

    async def _handle(self, event: Event) -> None:
        """Do what the protocol asks: send, end, or note that it is busy or idle."""
        if isinstance(event, RawData):
            await self._send(event.data)
        elif isinstance(event, Updated):
            self._note(idle=event.idle)
        elif isinstance(event, Closed):
            await self._finish()

    def _note(self, *, idle: bool) -> None:
        self.waiting = idle
        self._served = self._served or idle
        self._head_begun = False
        self._reading.deadline = trio.current_time() + self._limits.keep_alive if idle else inf

    async def _send(self, data: bytes) -> None:
        """Write, once the answer is whole or large: head and body leave in one packet."""
        self._unsent += data
        if self._protocol.connection.our_state is h11.SEND_BODY and len(self._unsent) < SEND_BYTES:
            return
        async with self._sending:
            data, self._unsent = bytes(self._unsent), bytearray()
            try:
                with trio.fail_after(SEND_TIMEOUT):
                    await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
                self.hang_up()

    async def _finish(self) -> None:
        """Say that nothing more will be sent. Left unread, what still comes would reset the answer."""
        self._closing = True
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            await self._stream.send_eof()
        if self._protocol.connection.their_state not in {h11.DONE, h11.MUST_CLOSE, h11.CLOSED}:
            self._reading.deadline = trio.current_time() + LINGER
        else:
            self.hang_up()
