"""The databases a process uses: its own embedded servers, or those of the URLs it was given; never one for the other."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Literal

import structlog
import trio

from config import Settings, child_environment
from runtime.actor.supervision import backoff
from runtime.resources.children import kill_frozen
from runtime.resources.data_dir import StartFailed
from runtime.resources.embedded import EmbeddedServer, Left, embedded_postgres, embedded_redis, for_ever

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Backend:
    """Where a database is: its DSN, whose it is, and its version if it is ours."""

    kind: Literal["embedded", "url"]
    dsn: str
    version: str = ""


@dataclass(frozen=True)
class Backends:
    """The two databases of a process; `restarts` by the name of a server of ours counts on while they run."""

    postgres: Backend
    redis: Backend
    restarts: Mapping[str, int]


class Servers(dict[str, EmbeddedServer]):
    """The servers of ours, by name, each as it was started last."""

    def kill_frozen(self) -> None:
        """Kill what is frozen of them: it would not even hear that its parent has gone. Linux only."""
        for server in self.values():
            if server.child.exit_code is None:
                kill_frozen(server.pid)

    def left(self) -> Mapping[str, int]:
        """Count those that had to be killed, and those that run all the same."""
        codes = [server.child.exit_code for server in self.values()]
        return {"servers_killed": codes.count(-signal.SIGKILL), "servers_left": codes.count(None)}


@asynccontextmanager
async def open_backends(settings: Settings, ours: Servers, left: Left = for_ever) -> AsyncIterator[Backends]:
    """Start what is to be embedded and keep it running for the length of the block. Raises StartFailed.

    An embedded server that ends by itself is started again, with growing pauses, on the same socket. At the end `left`
    says how many seconds they have, and `ours` what became of them.
    """
    environ = child_environment()
    restarts: dict[str, int] = {}
    async with trio.open_nursery() as servers:
        if settings.postgres.url:
            postgres = Backend("url", settings.postgres.url)
        else:
            start = partial(
                embedded_postgres,
                settings.data_dir,
                environ=environ,
                bindir=settings.postgres.bindir,
                left=left,
            )
            server: EmbeddedServer = await servers.start(_keep, start, restarts, ours)
            postgres = Backend("embedded", server.dsn, server.version)
        if settings.redis.url:
            redis = Backend("url", settings.redis.url)
        else:
            start = partial(
                embedded_redis, settings.data_dir, environ=environ, bindir=settings.redis.bindir, left=left
            )
            server = await servers.start(_keep, start, restarts, ours)
            redis = Backend("embedded", server.dsn, server.version)
        yield Backends(postgres, redis, restarts)
        servers.cancel_scope.cancel()


async def _keep(
    start: Callable[[], AbstractAsyncContextManager[EmbeddedServer]],
    restarts: MutableMapping[str, int],
    ours: Servers,
    task_status: trio.TaskStatus[EmbeddedServer] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a server until cancelled; only a failure of the first start is the caller's to hear."""
    dice = Random()  # noqa: S311 - jitter
    attempt = 0
    ready = False
    while True:
        try:
            async with start() as server:
                ours[server.name] = server
                restarts[server.name] = restarts[server.name] + 1 if ready else 0
                if not ready:
                    task_status.started(server)
                    ready = True
                began = trio.current_time()
                code = await server.wait()
                attempt = 1 if trio.current_time() - began > 30 else attempt + 1
                _log.error("embedded server ended; starting it again", server=server.name, exit_code=code)
        except StartFailed as error:
            if not ready:
                raise
            attempt += 1
            _log.error("embedded server does not start", reason=str(error))
        await trio.sleep(backoff(attempt, dice, cap=10.0))
