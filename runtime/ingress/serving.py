"""HTTP for an endpoint: a coroutine function from `Request` to `Response`, served by Quart-Trio on Hypercorn.

The endpoint sees whole requests within limits and knows nothing of the server; another server could call it.
Once a request is whole its client can no longer cancel it: what the endpoint stores is acknowledged or times
out, but is not dropped because somebody hung up. Only the end of the server cancels it.
"""

from __future__ import annotations

import errno
import resource
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import quart
import structlog
import trio
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, Scope
from quart_trio import QuartTrio
from typing_extensions import override
from werkzeug.exceptions import RequestEntityTooLarge

from runtime.channel import Request, Response
from runtime.ingress.connection import Connection, HttpLimits
from runtime.ingress.listeners import ListenError, listening

__all__ = ["Endpoint", "HttpLimits", "HttpStatistics", "ListenError", "serve_http"]

Endpoint = Callable[[Request], Awaitable[Response]]

HEAD_BYTES = 2**14
#: accept(2) may fail for a moment because the process or the system is short of descriptors or memory.
STARVED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
STARVED_PAUSE = 0.1

log = structlog.get_logger(__name__)


@dataclass
class HttpStatistics:
    """What one server has seen; hand one to `serve_http` and read it at any time."""

    open: int = 0
    accepted: int = 0
    requests: int = 0
    endpoint_faults: int = 0
    connection_faults: int = 0
    #: Times that accept(2) failed for want of descriptors or memory.
    starved: int = 0
    #: Connections still busy when the drain ran out of time.
    cut: int = 0


DEFAULT_LIMITS = HttpLimits()


async def serve_http(
    endpoint: Endpoint,
    *,
    bind: Sequence[str],
    limits: HttpLimits = DEFAULT_LIMITS,
    shutdown: trio.Event | None = None,
    draining: Callable[[], bool] = lambda: False,
    statistics: HttpStatistics | None = None,
    task_status: trio.TaskStatus[Sequence[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `endpoint` on every address of `bind` until `shutdown` is set (without one, until cancelled).

    `bind` holds "HOST:PORT" (port 0: a free one) or "unix:/path" (mode 0600); the real addresses,
    "http://HOST:PORT" or "unix:/path", are what `task_status` starts with. Raises `ListenError` before
    anything is served. After `shutdown` the listeners and idle connections close at once, requests under way
    have `limits.drain_timeout`. While `draining()` every answer says `Connection: close`. An exception of the
    endpoint is logged by its type and place and answered 500. Cancellation closes everything at once,
    requests under way included.
    """
    counts = statistics or HttpStatistics()
    with listening(bind) as (listeners, addresses):
        context = WorkerContext(max_requests=None)
        app = _App(endpoint, limits, lambda: draining() or context.terminated.is_set(), counts)
        server = _Server(app, context, limits, counts)
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                for listener in listeners:
                    accepting.start_soon(server.accept, listener, connections)
                task_status.started(addresses)
                await (trio.Event() if shutdown is None else shutdown).wait()
                accepting.cancel_scope.cancel()
            for listener in listeners:
                listener.socket.close()
            await context.terminated.set()
            server.leave_waiting()
            connections.cancel_scope.deadline = trio.current_time() + limits.drain_timeout
        if connections.cancel_scope.cancelled_caught:
            log.warning("requests cut at the end of the drain", connections=counts.cut)


class _Server:
    """The accept loop and the connections it has open."""

    def __init__(self, app: _App, context: WorkerContext, limits: HttpLimits, counts: HttpStatistics) -> None:
        self._app = app
        self._context = context
        self._limits = limits
        self._counts = counts
        self._config = Config()
        self._config.logger_class = _Log
        self._config.h11_max_incomplete_size = HEAD_BYTES
        self._config.include_server_header = False
        self._open: set[Connection] = set()
        # The rest of the process needs descriptors too.
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._slots = trio.Semaphore(max(1, min(limits.max_connections, descriptors * 3 // 4)))

    async def accept(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        """Accept for ever; when all slots are taken newcomers wait in the backlog of the kernel."""
        starving = False
        while True:
            await self._slots.acquire()
            try:
                stream = await listener.accept()
            except OSError as error:
                self._slots.release()
                if error.errno not in STARVED:
                    raise
                self._counts.starved += 1
                if not starving:
                    log.error("cannot accept connections", error=error.strerror, open=len(self._open))  # noqa: TRY400
                starving = True
                await trio.sleep(STARVED_PAUSE)
            else:
                starving = False
                connection = Connection(stream, self._app.answer, self._config, self._context, self._limits)
                self._open.add(connection)
                self._counts.open += 1
                self._counts.accepted += 1
                nursery.start_soon(self._serve, connection, stream)

    async def _serve(self, connection: Connection, stream: trio.SocketStream) -> None:
        """Run one connection; whatever goes wrong in it stays in it."""
        try:
            await connection.run()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("connection lost")
        except* Exception as group:  # noqa: BLE001 (the boundary of a connection)
            self._counts.connection_faults += 1
            log.error("connection failed", faults=describe(group))  # noqa: TRY400 (a traceback may quote data)
        finally:
            if trio.current_effective_deadline() <= trio.current_time():
                self._counts.cut += 1
            stream.socket.close()
            self._open.discard(connection)
            self._counts.open -= 1
            self._slots.release()

    def leave_waiting(self) -> None:
        """Close the connections that have no request under way; those that may be about to ask have a moment for it."""
        for connection in [connection for connection in self._open if connection.waiting]:
            connection.leave()


class _App(QuartTrio):
    """One answer for every path and method: routing is the endpoint's business, not Quart's."""

    def __init__(
        self, endpoint: Endpoint, limits: HttpLimits, draining: Callable[[], bool], counts: HttpStatistics
    ) -> None:
        super().__init__(__name__, static_folder=None)
        self.config["MAX_CONTENT_LENGTH"] = limits.body_limit
        self.config["RESPONSE_TIMEOUT"] = None  # each write has its own
        self._endpoint = endpoint
        self._limits = limits
        self._draining = draining
        self._counts = counts

    async def answer(
        self,
        scope: Scope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        sync_spawn: Callable[..., Any],  # noqa: ARG002 (for WSGI)
        call_soon: Callable[..., Any],  # noqa: ARG002 (for WSGI)
    ) -> None:
        """Run Quart on one request, deaf to a client that hangs up once it is whole or being answered.

        Quart-Trio cancels a request on `http.disconnect`. Hypercorn sends that when the client hangs up,
        which is not to stop the endpoint, and from inside the last `send` of every answer, where the
        cancellation would keep it from closing or recycling the connection.
        """
        deaf = False

        async def hear() -> ASGIReceiveEvent:
            nonlocal deaf
            message = await receive()
            if message["type"] == "http.disconnect" and deaf:
                await trio.sleep_forever()
            deaf = deaf or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        async def say(message: ASGISendEvent) -> None:
            nonlocal deaf
            deaf = True
            await send(message)

        await self.asgi_app(scope, hear, say)

    @override
    async def handle_request(self, request: quart.Request) -> quart.Response:
        """Read the body within its limits, ask the endpoint, dress its answer; no contexts, no hooks."""
        self._counts.requests += 1
        close = False
        try:
            with trio.fail_after(self._limits.body_timeout):
                body: bytes = await request.body
        except RequestEntityTooLarge:
            answer = Response(413, b"the body is larger than %d bytes\n" % self._limits.body_limit)
            close = True
        except trio.TooSlowError:
            answer = Response(408, b"the body did not arrive within %g seconds\n" % self._limits.body_timeout)
            close = True
        else:
            answer = await self._ask(
                Request(
                    method=request.method,
                    path=request.path,
                    query=dict(parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)),
                    headers={
                        name.decode("latin-1"): value.decode("latin-1")
                        for name, value in request.scope["headers"]
                    },
                    body=body,
                    raw_query=request.query_string.decode("latin-1"),
                )
            )
        response = self.response_class(answer.body, answer.status, content_type=answer.content_type)
        response.headers.extend(answer.headers)
        if close or self._draining():
            response.headers["Connection"] = "close"
        return response

    async def _ask(self, request: Request) -> Response:
        try:
            return await self._endpoint(request)
        except* Exception as group:  # noqa: BLE001 (the boundary of a request)
            self._counts.endpoint_faults += 1
            log.error("endpoint failed", method=request.method, faults=describe(group))  # noqa: TRY400
        return Response(500, b"internal error\n")


class _Log(Logger):
    """What Hypercorn has to say, without the data that its messages may quote."""

    def __init__(self, config: Config) -> None:  # noqa: ARG002
        self.access_logger = None
        self.error_logger = None

    @override
    async def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        log.error("http server fault", what=message, faults=describe(sys.exc_info()[1]))


def describe(error: BaseException | None) -> list[str]:
    """Name each exception of a group by type and place; its message could quote what no log may hold."""
    if isinstance(error, BaseExceptionGroup):
        return [line for inner in error.exceptions for line in describe(inner)]
    if error is None:
        return []
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return [f"{type(error).__qualname__}{place}"]
