"""A nursery-scoped HTTP/1.1 client: httpx's requests and responses over connections that we lend ourselves.

httpcore's own pool loses slots when requests are cancelled (httpcore #1093), leaks a socket cancelled in its
TLS handshake, and looks through all requests and connections at each one. So only its protocol half is used,
one AsyncHTTP11Connection for each socket; the sockets are opened, lent and closed here, by the same books as
those of the databases. Deadlines are the callers' cancel scopes. It follows no redirects, trusts no
environment and knows no proxies.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache

import httpcore
import httpx
import trio
from typing_extensions import override

from runtime.resources.errors import ResourceUnavailable
from runtime.resources.lending import Lender
from runtime.resources.pool import Limits, PoolStatistics, Slot

CLOSE_TIMEOUT = 0.5
"""Seconds for the polite close of a connection; then it is cut."""
KEEP_IDLE = 20.0
"""Seconds for which an idle connection is kept; servers and balancers often close after 30."""
MAX_BODY = 4 * 1024 * 1024
"""Bytes of an answer that `request` reads at most; more is for `stream`."""
URLS = 1024
"""Parsed URLs that are kept: a channel sends to the same one again and again."""

Connection = httpcore.AsyncHTTP11Connection


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


@contextmanager
def _httpx_terms() -> Iterator[None]:
    """Raise httpcore's errors as httpx's of the same names."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as exc:
        raise _TERMS[type(exc)](str(exc)) from exc


_TERMS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


class _Stream(httpcore.AsyncNetworkStream):
    """A Trio stream in httpcore's terms."""

    def __init__(self, stream: trio.abc.Stream, socket: trio.SocketStream) -> None:
        self._stream = stream
        self._socket = socket

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise httpcore.ReadError(str(exc)) from exc

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            raise httpcore.WriteError(str(exc)) from exc

    @override
    async def aclose(self) -> None:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_TIMEOUT):
            await self._stream.aclose()

    @override
    def get_extra_info(self, info: str) -> object:
        return self._socket.socket.is_readable() if info == "is_readable" else None


@dataclasses.dataclass(slots=True)
class _Exchange:
    """A request whose answer has begun; `end` must be called, once the body is read or when it is given up."""

    wires: Wires
    slot: Slot[Connection]
    response: httpcore.Response

    async def end(self) -> None:
        """Give the connection back; one in the middle of an answer is closed first, shielded and bounded."""
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_TIMEOUT):
                await self.response.aclose()  # only this tells the connection that the exchange was whole
        finally:
            await self.wires.give_back(self.slot)


class Wires(httpx.AsyncBaseTransport):
    """The connections of a client, and the transport over them that httpx itself can use."""

    def __init__(self, limits: Limits, pool_timeout: float, connect_timeout: float) -> None:
        self._connect_timeout = connect_timeout
        self._tls: ssl.SSLContext | None = None
        self.lender: Lender[Connection] = Lender(
            "http",
            limits,
            None,
            alive=lambda conn: conn.is_idle() and not conn.has_expired(),
            close=lambda conn: conn.aclose(),
            acquire_timeout=pool_timeout,
            close_timeout=CLOSE_TIMEOUT,
        )
        self.in_flight = self.completed = self.failed = 0

    async def begin(self, request: httpx.Request) -> _Exchange:
        """Send a request and wait for the head of its answer. Cancelled, it closes its connection."""
        url = _target(request.url)
        try:
            slot = await self.lender.acquire(url.origin)
        except ResourceUnavailable as exc:
            raise NeverSent(exc.reason) from exc
        self.in_flight += 1
        try:
            if slot.conn is None:
                slot.conn = Connection(url.origin, await self._open(url.origin))
                slot.opened = True
            with _httpx_terms():
                response = await slot.conn.handle_async_request(
                    httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
                )
        except BaseException:
            await self.give_back(slot)
            raise
        return _Exchange(self, slot, response)

    async def give_back(self, slot: Slot[Connection]) -> None:
        """Release a slot; its connection is closed first unless the exchange on it was whole."""
        conn = slot.conn
        whole = conn is not None and conn.is_idle()
        self.in_flight -= 1
        self.completed += whole
        self.failed += not whole
        try:
            if conn is not None and not whole:
                slot.conn = None
                await conn.aclose()
        finally:
            self.lender.release(slot)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = await self.begin(request)
        head = exchange.response
        return httpx.Response(head.status, headers=head.headers, stream=_Body(exchange), request=request)

    async def _open(self, origin: httpcore.Origin) -> _Stream:
        host = origin.host.decode("ascii")
        try:
            with trio.fail_after(self._connect_timeout):
                socket = await trio.open_tcp_stream(host, origin.port)
                if origin.scheme == b"http":
                    return _Stream(socket, socket)
                if self._tls is None:
                    self._tls = httpx.create_ssl_context(trust_env=False)
                    self._tls.set_alpn_protocols(["http/1.1"])
                secured = trio.SSLStream(socket, self._tls, server_hostname=host, https_compatible=True)
                try:
                    await secured.do_handshake()
                except BaseException:
                    await trio.aclose_forcefully(socket)
                    raise
                return _Stream(secured, socket)
        except (OSError, trio.TooSlowError, trio.BrokenResourceError) as exc:
            told = str(exc) or f"no connection within {self._connect_timeout:g} s"
            raise NeverSent(f"cannot connect to {host}:{origin.port}: {told}") from exc


class _Body(httpx.AsyncByteStream):
    """The body of an answer for httpx; closing it gives the connection back."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange: _Exchange | None = exchange

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._exchange is not None:
            async for chunk in _chunks(self._exchange.response):
                yield chunk

    @override
    async def aclose(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.end()


async def _chunks(response: httpcore.Response) -> AsyncIterator[bytes]:
    stream = response.stream
    if isinstance(stream, AsyncIterable):  # always; httpcore has one type for both colours
        with _httpx_terms():
            async for chunk in stream:
                yield chunk


@lru_cache(maxsize=URLS)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


@lru_cache(maxsize=URLS)
def _target(url: httpx.URL) -> httpcore.URL:
    if url.scheme not in {"http", "https"} or not url.raw_host:
        raise httpx.UnsupportedProtocol("the URL must be http:// or https:// and name a host")
    port = url.port or (443 if url.scheme == "https" else 80)
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path)


class HttpClient:
    """HTTP for Trio tasks; made by `open_http_client`.

    Every operation raises NeverSent when the request certainly did not leave, and another httpx.HTTPError when
    it may have. Deadlines are the caller's. Cancelled, a request closes its connection and returns at once.
    """

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self.client = httpx.AsyncClient(transport=wires, trust_env=False, timeout=None)  # noqa: S113
        """httpx's own client over the same connections, for what `request` and `stream` do not offer."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer, up to MAX_BODY bytes (else UnfitAnswerError)."""
        request = httpx.Request(
            method, _parsed(url), headers={"accept-encoding": "identity", **(headers or {})}, content=content
        )
        exchange = await self._wires.begin(request)
        head = exchange.response
        try:
            body = b""
            async for chunk in _chunks(head):
                body = body + chunk if body else chunk
                if len(body) > MAX_BODY:
                    raise UnfitAnswerError(f"the answer is larger than {MAX_BODY} bytes", request=request)
        finally:
            await exchange.end()
        if any(name.lower() == b"content-encoding" for name, _ in head.headers):
            raise UnfitAnswerError("the answer is compressed", request=request)
        return httpx.Response(head.status, headers=head.headers, content=body, request=request)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send one request and hold its answer open: read it with `aiter_raw`, and count what you read."""
        request = httpx.Request(
            method, _parsed(url), headers={"accept-encoding": "identity", **(headers or {})}, content=content
        )
        response = await self._wires.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    def statistics(self) -> HttpStatistics:
        """Count the connections and exchanges."""
        wires = self._wires
        return HttpStatistics(wires.lender.statistics(), wires.in_flight, wires.completed, wires.failed)


@asynccontextmanager
async def open_http_client(
    *,
    max_connections: int = 64,
    connect_timeout: float = 3.0,
    pool_timeout: float = 3.0,
) -> AsyncIterator[HttpClient]:
    """Lend at most `max_connections` connections, to all hosts together, while the block runs.

    Times in seconds. At the end all connections are closed, within two seconds.
    """
    limits = Limits(max_connections, waiters=10_000, idle=KEEP_IDLE)
    wires = Wires(limits, pool_timeout, connect_timeout)
    async with wires.lender.open():
        yield HttpClient(wires)
