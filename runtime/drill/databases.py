"""Databases of a drill's own: real servers that it may end, start again and pause, and that outlive what is rehearsed.

So both can still be asked when a `serve` is gone: what it left is their own view of it. They know nothing of what is
stored in them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import trio

from config import child_environment
from runtime.drill.pausing import paused
from runtime.drill.sightings import Session, postgres_sessions, redis_clients
from runtime.journal.entries import OPEN
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import EmbeddedServer, embedded_postgres, embedded_redis
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

NAME = "majlis/"
"""What the names of a `serve`'s connections begin with."""
_WATCH = "drill-watch"
_PATIENCE = 5.0  # seconds for one look
_LOOK_EVERY = 0.05


class Remains(msgspec.Struct, frozen=True):
    """What the servers still have of every `serve`: connections by name, and what each is at."""

    sessions: Sequence[Session] = ()
    clients: Sequence[Session] = ()
    prepared: int = 0

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self.sessions) + len(self.clients)

    @property
    def open_transactions(self) -> int:
        """How many sessions are in a transaction, prepared ones included."""
        return sum(one.in_transaction for one in (*self.sessions, *self.clients)) + self.prepared

    @property
    def advisory_locks(self) -> int:
        """How many advisory locks they hold."""
        return sum(one.advisory_locks for one in self.sessions)

    @property
    def blocked(self) -> int:
        """How many Redis clients are blocked in a command."""
        return sum(one.running for one in self.clients)


class DrillServer:
    """One server over its lives. `owned` says whether it is the drill's to end and to pause."""

    def __init__(
        self, dsn: str, start: Callable[[], AbstractAsyncContextManager[EmbeddedServer]] | None
    ) -> None:
        self.dsn = dsn
        self._start = start
        self._life = AsyncExitStack()
        self._server: EmbeddedServer | None = None
        self.lives = 0

    @property
    def owned(self) -> bool:
        """Whether the drill may end it."""
        return self._start is not None

    @property
    def pid(self) -> int:
        """The process id of this life. Raises RuntimeError where there is none, or none of ours."""
        if self._server is None:
            raise RuntimeError("this server is not running, or not ours")
        return self._server.pid

    @property
    def ended(self) -> bool:
        """Whether its process has ended by itself."""
        return self._server is not None and self._server.statistics().exit_code is not None

    async def begin(self) -> None:
        """Start a life. Raises StartFailed."""
        if self._start is not None:
            self._server = await self._life.enter_async_context(self._start())
            self.dsn = self._server.dsn
        self.lives += 1

    async def end(self, number: signal.Signals | None = None) -> None:
        """End this life, by a signal or as the server likes best; wait until it is gone, bounded by its own ladder."""
        if self._server is not None and number is not None:
            os.kill(self._server.pid, number)
            with trio.move_on_after(5):
                await self._server.wait()
        self._server = None
        life, self._life = self._life, AsyncExitStack()
        await life.aclose()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Freeze it, as a hanging machine would, while the block runs."""
        with paused(self.pid):
            yield

    def statistics(self) -> Mapping[str, object]:
        """Return how often it was started, and its process."""
        return {"lives": self.lives, "pid": self._server.pid if self._server else None}


class Databases:
    """Both servers, and connections of the drill's own to look at them; made by `drill_databases`."""

    def __init__(
        self, postgres: DrillServer, redis: DrillServer, watch: PostgresPool, redis_watch: RedisPool
    ) -> None:
        self.postgres = postgres
        self.redis = redis
        self._watch = watch
        self._redis_watch = redis_watch

    async def fetchval(self, query: str, *arguments: object) -> object:
        """Return the first value of a statement of the drill's own. Raises ResourceUnavailable, the driver's errors."""
        row = await self._watch.fetchrow(query, *arguments, timeout=_PATIENCE)
        return row[0] if row else None

    async def execute(self, query: str, *arguments: object) -> None:
        """Run a statement of the drill's own, as `fetchval` does."""
        await self._watch.execute(query, *arguments, timeout=_PATIENCE)

    async def command(self, *words: str) -> object:
        """Run a Redis command of the drill's own. Raises ResourceUnavailable."""
        return await self._redis_watch.command(*words, timeout=_PATIENCE)

    async def waiting(self) -> int:
        """Return how many events are stored and not handled."""
        return int(str(await self.fetchval(_sql("waiting"))))

    async def unsent(self) -> int:
        """Return how many effects are not settled."""
        return int(str(await self.fetchval(_sql("unsent"), sorted(OPEN))))

    async def parked(self) -> int:
        """Return how many conversations are parked."""
        return int(str(await self.fetchval(_sql("parked"))))

    async def end_sessions(self) -> int:
        """Tell the PostgreSQL session of every `serve` to end; return how many there were."""
        return int(str(await self.fetchval(_sql("end_sessions"), NAME)))

    async def switch_wal(self) -> None:
        """Let PostgreSQL begin another segment of its log; where there is no room for it, the server ends."""
        await self.fetchval(_sql("switch_wal"))

    async def leased(self) -> int:
        """Return how many shards are held by a replica."""
        return int(str(await self.fetchval(_sql("leased"))))

    async def remains(self) -> Remains:
        """Look once at what is there of every `serve`. Raises ResourceUnavailable."""
        return Remains(
            await postgres_sessions(self._watch, NAME),
            await redis_clients(self._redis_watch, NAME),
            int(str(await self.fetchval(_sql("prepared")))),
        )

    async def gone(self, within: float = 2.0) -> Remains:
        """Wait until nothing is there of any `serve`, for `within` seconds; return the last look."""
        deadline = trio.current_time() + within
        while True:
            found = await self.remains()
            if not (found.connections or found.prepared) or trio.current_time() >= deadline:
                return found
            await trio.sleep(_LOOK_EVERY)

    def statistics(self) -> Mapping[str, object]:
        """Return the lives of both."""
        return {"postgres": self.postgres.statistics(), "redis": self.redis.statistics()}


@cache
def _sql(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


@asynccontextmanager
async def drill_databases(
    data_dir: Path,
    *,
    against: tuple[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    cluster: Path | None = None,
) -> AsyncIterator[Databases]:
    """Run both servers below `data_dir` while the block runs; or use those of `against` (URLs of both).

    The database of `against` is emptied first: whoever names it has been asked. `cluster`: another place for PostgreSQL's
    files, such as a small disk. Raises StartFailed, ResourceUnavailable. Cancelled, it ends the servers first.
    """
    environ = child_environment()

    def postgres() -> AbstractAsyncContextManager[EmbeddedServer]:
        return embedded_postgres(cluster or data_dir, environ=environ, settings=settings)

    def redis() -> AbstractAsyncContextManager[EmbeddedServer]:
        return embedded_redis(data_dir, environ=environ)

    servers = (
        (DrillServer(against[0], None), DrillServer(against[1], None))
        if against
        else (DrillServer("", postgres), DrillServer("", redis))
    )
    try:
        for server in servers:
            await server.begin()
        async with (
            open_bridge() as bridge,
            open_postgres_pool(servers[0].dsn, name=_WATCH, bridge=bridge, size=2) as watch,
            open_redis_pool(servers[1].dsn, name=_WATCH, bridge=bridge, size=2) as redis_watch,
        ):
            if against:
                await watch.execute(_sql("emptied"))
            yield Databases(*servers, watch, redis_watch)
    finally:
        with trio.CancelScope(shield=True):  # bounded by the servers' ladders
            for server in servers:
                if server.owned:
                    await server.end()
