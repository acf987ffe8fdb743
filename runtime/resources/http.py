"""A nursery-scoped HTTP/1.1 client: httpx's answers and errors, h11's protocol, and connections that we lend.

httpcore's pool, which httpx would bring, loses slots when requests are cancelled (httpcore #1093), leaks a socket
whose TLS handshake is cancelled, and leaves generators behind when an answer is not read to its end. Here a
connection is a socket and an h11 state, lent by the same books as those of the databases and closed in one
synchronous step. Deadlines are the callers' cancel scopes. No redirects are followed, no environment is trusted
and no proxies are known.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Self

import h11
import httpx
import trio

from runtime.resources.errors import ResourceUnavailable
from runtime.resources.lending import Lender
from runtime.resources.pool import Circuit, Limits, PoolStatistics, Slot

KEEP_IDLE = 20.0
"""Seconds for which an idle connection is kept; servers and balancers often close after 30."""
MAX_BODY = 4 * 1024 * 1024
"""Bytes of an answer that `request` reads at most; more is for `stream`."""
MAX_HEAD = 64 * 1024
"""Bytes of the head of an answer."""
READ_SIZE = 64 * 1024
"""Bytes read at once, so the largest chunk of a streamed answer."""


class NeverSent(ResourceUnavailable, httpx.ConnectError):
    """The request certainly did not leave: no connection, or none free in time.

    Any other httpx.TransportError means that it may have arrived.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("http", reason)


class UnfitAnswerError(httpx.RequestError):
    """The answer is larger than `request` reads, or compressed though nobody asked for that."""


@dataclasses.dataclass(frozen=True, slots=True)
class HttpStatistics:
    """One look at a client; exchanges are counted since it was opened."""

    pool: PoolStatistics
    in_flight: int
    completed: int
    failed: int


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead: what they are lent by."""

    secure: bool
    host: str
    port: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Target:
    """A URL taken apart; a channel sends to the same one again and again."""

    url: httpx.URL
    origin: Origin
    path: bytes
    host_header: tuple[bytes, bytes]


@lru_cache(maxsize=1024)
def _target(text: str) -> _Target:
    url = httpx.URL(text)
    if url.scheme not in {"http", "https"} or not url.host:
        raise httpx.UnsupportedProtocol("the URL must be http:// or https:// and name a host")
    secure = url.scheme == "https"
    origin = Origin(secure, url.raw_host.decode("ascii"), url.port or (443 if secure else 80))
    return _Target(url, origin, url.raw_path, (b"Host", url.netloc))


class Connection:
    """One socket and the state of its protocol; for one exchange at a time."""

    def __init__(self, stream: trio.abc.Stream, socket: trio.SocketStream) -> None:
        self._stream = stream
        self._socket = socket.socket
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)

    @property
    def fit(self) -> bool:
        """Whether the last exchange was whole and another may follow."""
        return self._state.our_state is h11.IDLE

    @property
    def alive(self) -> bool:
        """Whether it is fit and the server has not closed it, which shows as something to read."""
        return self.fit and not self._socket.is_readable()

    def close(self) -> None:
        """Close the socket at once, without the farewell of TLS, which HTTP does not need."""
        self._socket.close()

    async def ask(self, head: h11.Request, content: bytes) -> h11.Response:
        """Send a request and return the head of its answer."""
        out = self._state.send(head) or b""
        if content:
            out += self._state.send(h11.Data(data=content)) or b""
        out += self._state.send(h11.EndOfMessage()) or b""
        with suppress(trio.BrokenResourceError):  # a server may refuse and hang up before it has read all
            await self._stream.send_all(out)
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return event

    async def read(self) -> bytes:
        """Return the next bytes of the answer's body, or nothing at its end."""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                return bytes(event.data)
            if isinstance(event, h11.EndOfMessage):
                if self._state.our_state is h11.DONE and self._state.their_state is h11.DONE:
                    self._state.start_next_cycle()
                return b""

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        try:
            while True:
                event = self._state.next_event()
                if not isinstance(event, type) or event is h11.PAUSED:
                    return event
                self._state.receive_data(bytes(await self._stream.receive_some(READ_SIZE)))
        except h11.RemoteProtocolError as exc:
            raise httpx.RemoteProtocolError(str(exc)) from exc
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise httpx.ReadError(str(exc)) from exc


class StreamedAnswer:
    """An answer whose body is read chunk by chunk: `async for chunk in answer`; it may be left in the middle."""

    def __init__(self, head: h11.Response, connection: Connection) -> None:
        self.status_code = head.status_code
        self.headers = httpx.Headers(head.headers.raw_items())
        self._connection = connection

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._connection.read()
        if not chunk:
            raise StopAsyncIteration
        return chunk


class HttpClient:
    """HTTP for Trio tasks; made by `open_http_client`.

    Every operation raises NeverSent when the request certainly did not leave, and another httpx.HTTPError when it
    may have. Deadlines are the caller's. A cancelled request closes its connection at once.
    """

    def __init__(self, limits: Limits, acquire_timeout: float, connect_timeout: float) -> None:
        self._connect_timeout = connect_timeout
        self._tls: ssl.SSLContext | None = None
        self._in_flight = self._completed = self._failed = 0
        self.lender: Lender[Connection] = Lender(
            "http",
            limits,
            Circuit,
            alive=lambda connection: connection.alive,
            close=_close,
            acquire_timeout=acquire_timeout,
            close_timeout=0.0,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer, up to MAX_BODY bytes (else UnfitAnswerError)."""
        target = _target(url)
        slot = await self._lend(target)
        try:
            connection, head = await self._begin(slot, method, target, headers, content)
            body = b""
            while chunk := await connection.read():
                body = body + chunk if body else chunk
                if len(body) > MAX_BODY:
                    raise UnfitAnswerError(f"the answer is larger than {MAX_BODY} bytes")
        finally:
            self._give_back(slot)
        raw_headers = head.headers.raw_items()
        if any(name.lower() == b"content-encoding" for name, _ in raw_headers):
            raise UnfitAnswerError("the answer is compressed")
        request = httpx.Request(method, target.url)
        return httpx.Response(head.status_code, headers=raw_headers, content=body, request=request)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[StreamedAnswer]:
        """Send one request and hold its answer open; count what you read, nobody else does."""
        target = _target(url)
        slot = await self._lend(target)
        try:
            connection, head = await self._begin(slot, method, target, headers, content)
            yield StreamedAnswer(head, connection)
        finally:
            self._give_back(slot)

    def statistics(self) -> HttpStatistics:
        """Count the connections and exchanges."""
        return HttpStatistics(self.lender.statistics(), self._in_flight, self._completed, self._failed)

    async def _lend(self, target: _Target) -> Slot[Connection]:
        try:
            slot = await self.lender.acquire(target.origin)
        except ResourceUnavailable as exc:
            raise NeverSent(exc.reason) from exc
        self._in_flight += 1
        return slot

    async def _begin(
        self,
        slot: Slot[Connection],
        method: str,
        target: _Target,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> tuple[Connection, h11.Response]:
        fields = [target.host_header, (b"Accept-Encoding", b"identity")]
        if content is not None:
            fields.append((b"Content-Length", b"%d" % len(content)))
        try:
            fields += [
                (name.encode("ascii"), value.encode("latin-1")) for name, value in (headers or {}).items()
            ]
            head = h11.Request(method=method, target=target.path, headers=fields)
        except (h11.LocalProtocolError, UnicodeEncodeError) as exc:
            raise httpx.LocalProtocolError("a header or the target is not HTTP") from exc
        if slot.conn is None:
            slot.opened = None
            try:
                slot.conn = await self._open(target.origin)
            except NeverSent:
                slot.opened = False
                raise
            slot.opened = True
        return slot.conn, await slot.conn.ask(head, content or b"")

    def _give_back(self, slot: Slot[Connection]) -> None:
        whole = slot.conn is not None and slot.conn.fit
        self._in_flight -= 1
        self._completed += whole
        self._failed += not whole
        if slot.conn is not None and not whole:
            slot.conn.close()
            slot.conn = None
        self.lender.release(slot)

    async def _open(self, origin: Origin) -> Connection:
        try:
            with trio.fail_after(self._connect_timeout):
                socket = await trio.open_tcp_stream(origin.host, origin.port)
                if not origin.secure:
                    return Connection(socket, socket)
                try:
                    if self._tls is None:
                        self._tls = httpx.create_ssl_context(trust_env=False)
                    secured = trio.SSLStream(
                        socket, self._tls, server_hostname=origin.host, https_compatible=True
                    )
                    await secured.do_handshake()
                except BaseException:
                    socket.socket.close()
                    raise
                return Connection(secured, socket)
        except (OSError, trio.TooSlowError, trio.BrokenResourceError) as exc:
            told = str(exc) or f"no connection within {self._connect_timeout:g} s"
            raise NeverSent(f"cannot connect to {origin.host}:{origin.port}: {told}") from exc


async def _close(connection: Connection) -> bool:
    connection.close()
    return True


@asynccontextmanager
async def open_http_client(
    *,
    max_connections: int = 64,
    connect_timeout: float = 3.0,
    acquire_timeout: float = 3.0,
    limits: Limits | None = None,
) -> AsyncIterator[HttpClient]:
    """Lend at most `max_connections` connections, to all hosts together, while the block runs; times in seconds.

    A host that cannot be reached is tried again at growing intervals, and in between fails at once. At the end all
    connections are closed. `limits` sets life times and the queue; its size is then the one that counts.
    """
    client = HttpClient(
        limits or Limits(max_connections, waiters=10_000, idle=KEEP_IDLE), acquire_timeout, connect_timeout
    )
    async with client.lender.open():
        yield client
