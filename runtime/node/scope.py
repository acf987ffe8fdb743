"""The scope of one turn's resources: of no use after the turn, whose commit joins the actor's transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from sys import exc_info
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import httpx
import trio

from runtime.actor.record import TurnRecord
from runtime.actor.resources import Argument, HttpClient, Redis, StreamedAnswer, Transaction
from runtime.journal.protocol import Journal
from runtime.node.line import Line
from runtime.resources.errors import ResourceUnavailable

R = TypeVar("R")
_PATIENCE = 5.0  # seconds for the commit in the actor's own transaction


class _Fenced(Exception):
    """The turn's commit was refused."""


class Reach(NamedTuple):
    """What turns of a node may reach: `begin` opens a transaction; None: there is no Redis, or no HTTP, here."""

    begin: Callable[[], AbstractAsyncContextManager[Transaction]]
    redis: Redis | None = None
    http: HttpClient | None = None


class TurnScope:
    """See `runtime.actor.room.TurnResources`. Most turns open nothing, and cost nothing here."""

    __slots__ = ("_clock", "_commit", "_journal", "_line", "_open", "_over", "_reach", "_stack")

    def __init__(
        self, reach: Reach, journal: Journal, commit: Callable[[TurnRecord], Awaitable[bool]], line: Line
    ) -> None:
        self._reach = reach
        self._journal = journal
        self._commit = commit
        self._line = line
        self._clock: trio.CancelScope | None = None
        self._stack: AsyncExitStack | None = None
        self._open: Transaction | None = None
        self._over = False

    def timed_by(self, clock: trio.CancelScope) -> None:
        """See `runtime.actor.room.TurnResources`."""
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """End the turn: roll the actor's transaction back, if it was opened and has not committed."""
        self._over = True
        return await self._undo(kind, error, trace)

    @property
    def redis(self) -> Redis:
        """Redis, until the turn ends."""
        return ScopedRedis(self, self._reach.redis)

    @property
    def http(self) -> HttpClient:
        """HTTP, until the turn ends."""
        return ScopedHttp(self, self._reach.http)

    def lend(self, name: str, resource: R | None) -> R:
        """Return a resource while the turn runs. Raises RuntimeError after it, and where there is none."""
        if self._over:
            raise RuntimeError(f"turn.{name} was used after its turn")
        if resource is None:
            raise RuntimeError(f"this node was opened without what turn.{name} needs")
        return resource

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin the actor's transaction; it stays open until the turn commits or is undone."""
        begin = self.lend("postgres()", self._reach.begin)
        if self._open is not None:
            raise RuntimeError("turn.postgres() was entered twice: a turn has one transaction")
        self._stack = self._stack or AsyncExitStack()
        with self._line.place(self._clock):
            self._open = await self._stack.enter_async_context(begin())
        try:
            yield self._open
        except BaseException:  # an actor may go on without it: what was done in it is undone all the same
            await self._undo(*exc_info())
            raise

    async def commit(self, record: TurnRecord) -> bool:
        """Commit the turn: with many others if it stands alone, else last in the actor's transaction."""
        if self._stack is None or self._open is None:
            return await self._commit(record)
        with trio.move_on_after(_PATIENCE):
            with suppress(_Fenced):
                async with self._stack.pop_all():
                    if await self._journal.commit_within(self._open, record):
                        return True
                    raise _Fenced
            return False
        raise ResourceUnavailable("postgres", f"the turn's commit: no answer in {_PATIENCE:g} s")

    async def _undo(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._stack is None:
            return None
        stack, self._stack = self._stack, None
        return await stack.__aexit__(kind, error, trace)


class ScopedRedis:
    """See `runtime.actor.resources.Redis`."""

    def __init__(self, scope: TurnScope, redis: Redis | None) -> None:
        self._scope = scope
        self._redis = redis

    async def command(self, *command: Argument, timeout: float | None = None) -> object:
        """Run one command."""
        return await self._scope.lend("redis", self._redis).command(*command, timeout=timeout)

    async def pipeline(
        self, commands: Sequence[Sequence[Argument]], *, timeout: float | None = None
    ) -> Sequence[object]:
        """Run several commands at once."""
        return await self._scope.lend("redis", self._redis).pipeline(commands, timeout=timeout)


class ScopedHttp:
    """See `runtime.actor.resources.HttpClient`."""

    def __init__(self, scope: TurnScope, http: HttpClient | None) -> None:
        self._scope = scope
        self._http = http

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer."""
        http = self._scope.lend("http", self._http)
        return await http.request(method, url, headers=headers, content=content)

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AbstractAsyncContextManager[StreamedAnswer]:
        """Send one request and hold its answer open for the length of the block."""
        return self._scope.lend("http", self._http).stream(method, url, headers=headers, content=content)
