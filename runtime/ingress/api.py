"""The API: a table of routes behind tokens. Who may not call learns nothing, not even what there is.

Order of a call: a token that holds, its share of calls, the route, its scope, the size and the form of the body, then the
handler within its deadline. Logs name the route and the token's number, never what was asked for or answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
import structlog
import trio

from runtime.actor.resources import Transaction
from runtime.channel import Request, Response
from runtime.ingress.openapi import Fault, describe
from runtime.journal.tokens import Token
from runtime.resources.errors import ResourceUnavailable
from runtime.route import Call, File, Nothing, Route, RouteFault

_log = structlog.get_logger(__name__)

PREFIX = "/api/v1"
DOCUMENT = "/openapi.json"
JSON = "application/json"


class ApiLimits(msgspec.Struct, frozen=True):
    """What callers may cost: bytes of a body, seconds of a call and its `lookup`, calls at once, and calls of one token.

    The lookup says who calls; where it does not end in time the database is away, and surely nothing has happened.

    A token has a burst of calls, and then so many a second; calls without one that holds share a token's limits.
    """

    body: int = 64 * 1024
    deadline: float = 20.0
    lookup: float = 5.0
    at_once: int = 32
    per_second: float = 20.0
    burst: float = 60.0


class _Refused(Exception):
    """A call goes no further; what its caller is told."""

    def __init__(self, status: int, error: str, *headers: tuple[str, str]) -> None:
        super().__init__(error)
        self.status, self.headers = status, headers


class _Share:
    """How much of its burst somebody has left."""

    __slots__ = ("at", "left")

    def __init__(self, now: float, burst: float) -> None:
        self.at, self.left = now, burst

    def wait(self, now: float, limits: ApiLimits) -> float:
        """Take one call; return 0, or the seconds until there is one to take."""
        self.left = min(limits.burst, self.left + (now - self.at) * limits.per_second)
        self.at = now
        if self.left < 1:
            return (1 - self.left) / limits.per_second
        self.left -= 1
        return 0.0


class Api:
    """An endpoint for `serve_http`: every path below PREFIX."""

    def __init__(
        self,
        title: str,
        routes: Sequence[Route],
        find: Callable[[str], Awaitable[Token | None]],
        postgres: Callable[[], AbstractAsyncContextManager[Transaction]],
        limits: ApiLimits | None = None,
    ) -> None:
        """`find` returns who calls with a token. Raises ValueError where two routes are the same."""
        same = Counter((route.method, route.path) for route in routes)
        if twice := [key for key, number in same.items() if number > 1]:
            raise ValueError(f"two routes are {' '.join(twice[0])}")
        self.routes = tuple(routes)
        self._find = find
        self._postgres = postgres
        self._limits = limits or ApiLimits()
        self._document = msgspec.json.encode(describe(title, PREFIX, self.routes))
        self._places = trio.CapacityLimiter(self._limits.at_once)
        self._shares: dict[int, _Share] = {}
        self._counts: Counter[str] = Counter()

    async def __call__(self, request: Request) -> Response:
        """Answer one request. Cancelled, what it asked for may have happened."""
        place = object()
        try:
            self._places.acquire_on_behalf_of_nowait(place)
        except trio.WouldBlock:
            return self._told(_fault(429, "too many calls at once", ("Retry-After", "1")))
        try:
            with trio.move_on_after(self._limits.deadline):
                return self._told(await self._answer(request))
            return self._told(_fault(504, f"no end within {self._limits.deadline:g} s; it may have happened"))
        finally:
            self._places.release_on_behalf_of(place)

    async def _answer(self, request: Request) -> Response:
        """Let a call through to its handler, or say why not."""
        try:
            token = await self._caller(request)
            if request.path == PREFIX + DOCUMENT and request.method == "GET":
                return Response(200, self._document, content_type=JSON)
            route, names = self._route(request)
            body = self._body(route, token, request)
            answer = await route.handle(
                Call(token.tenant, token.label, names, request.query, body, self._postgres)
            )
        except _Refused as refused:
            return _fault(refused.status, str(refused), *refused.headers)
        except RouteFault as fault:
            return _fault(fault.status, str(fault))
        except ResourceUnavailable:
            return _fault(503, "the database is away; try again with the same key", ("Retry-After", "1"))
        if request.method != "GET":
            _log.info("api", route=f"{route.method} {route.path}", token=token.id)
        if isinstance(answer, File):
            saved = ("Content-Disposition", f'attachment; filename="{answer.name}"')
            return Response(200, answer.content, content_type=route.produces, headers=(saved,))
        content = b"" if isinstance(answer, Nothing) else msgspec.json.encode(answer)
        return Response(200, content, content_type=JSON)

    async def _caller(self, request: Request) -> Token:
        """Return whose call it is, if they may call now."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        token = None
        if scheme.lower() == "bearer":
            with trio.move_on_after(self._limits.lookup) as lookup:
                token = await self._find(secret.strip())
            if lookup.cancelled_caught:
                raise ResourceUnavailable("postgres", f"no answer within {self._limits.lookup:g} s")
        if wait := self._wait(0 if token is None else token.id):
            raise _Refused(429, "too many calls", ("Retry-After", str(int(wait) + 1)))
        if token is None:
            raise _Refused(401, "a token is needed", ("WWW-Authenticate", "Bearer"))
        return token

    def _route(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        """Return the route that is meant, and what stands in the braces of its path."""
        path = request.path.removeprefix(PREFIX)
        found = {
            route.method: (route, names)
            for route in self.routes
            if (names := route.match(path)) is not None and request.path.startswith(PREFIX)
        }
        if not found:
            raise _Refused(404, "not found")
        if request.method not in found:
            raise _Refused(405, "no such method", ("Allow", ", ".join(sorted(found))))
        return found[request.method]

    def _body(self, route: Route, token: Token, request: Request) -> msgspec.Struct:
        """Return the body as the route wants it, if the token may; where it is wrong, the fault says at which place."""
        if route.scope not in token.scopes:
            raise _Refused(403, f"the token lacks the scope {route.scope}")
        if len(request.body) > self._limits.body:
            raise _Refused(413, f"the body is larger than {self._limits.body} bytes")
        if strange := request.query.keys() - (route.query or {}).keys():
            raise _Refused(422, f"no such parameter: {min(strange)[:50]}")
        try:
            return msgspec.json.decode(request.body or b"{}", type=route.request)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Refused(422, str(error)) from error

    def _wait(self, whose: int) -> float:
        now = trio.current_time()
        if len(self._shares) > 10_000:  # whoever has rested has a whole burst again
            self._shares = {one: share for one, share in self._shares.items() if now - share.at < 60}
        share = self._shares.get(whose)
        if share is None:
            share = self._shares[whose] = _Share(now, self._limits.burst)
        return share.wait(now, self._limits)

    def _told(self, response: Response) -> Response:
        self._counts[str(response.status)] += 1
        return response

    def statistics(self) -> Mapping[str, int]:
        """Return how many calls were answered with which status."""
        return dict(self._counts)


def _fault(status: int, error: str, *headers: tuple[str, str]) -> Response:
    return Response(status, msgspec.json.encode(Fault(error)), content_type=JSON, headers=headers)
