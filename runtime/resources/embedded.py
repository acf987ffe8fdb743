"""PostgreSQL and Valkey of our own: real servers on Unix sockets, as children that end with their parent.

A start has three moves: prepare (steps: wait for a predecessor, make the cluster), spawn (at once, on the
main thread), ready (steps). From spawn to stop the child is inside a context manager, Trio's or a blocking
one, that ends it whatever happens. The caller holds the lock of the data directory.
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import structlog
import trio

from runtime.resources.binaries import Binary, find_binary
from runtime.resources.children import POLL, Child, Steps, pace, pace_blocking, processes_in
from runtime.resources.data_dir import DataDirUnusable, StartFailed, open_home, sockets_of
from runtime.resources.servers import (
    REDIS_SOCKET,
    PostgresServer,
    RedisServer,
    Server,
    answers_ping,
    postgres_dsn,
    ready_pid,
    redis_dsn,
    shortened,
)

_log = structlog.get_logger(__name__)

_LAST_BREATH = 0.5  # seconds for processes that were killed to be gone
_PATIENCE = 60.0  # seconds for each move of a start; recovery after a crash is the long one
Left = Callable[[], float]


def for_ever() -> float:
    """Say that nobody hurries a stop."""
    return inf


@dataclass(frozen=True, slots=True)
class EmbeddedServerStatistics:
    """What an embedded server is, and how it ended (None while it runs)."""

    name: str
    pid: int
    version: str
    source: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A ready server: how to reach it, which binary it is, and its process."""

    name: str
    dsn: str
    binary: Binary
    child: Child = field(repr=False)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.child.pid

    @property
    def version(self) -> str:
        """The version, as the server names it."""
        return self.binary.version

    async def wait(self) -> int:
        """Return the exit code when the server has ended: inside its context, that was not our doing.

        Await it for as long as the server is used; it also keeps the log bounded. Cancellation leaves the
        server running.
        """
        return await self.child.wait()

    def statistics(self) -> EmbeddedServerStatistics:
        """Report on the process."""
        source, code = self.binary.source, self.child.exit_code
        return EmbeddedServerStatistics(self.name, self.pid, self.version, source, code)


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path,
    *,
    environ: Mapping[str, str],
    bindir: str = "",
    settings: Mapping[str, str] | None = None,
    left: Left = for_ever,
) -> AsyncIterator[EmbeddedServer]:
    """Run PostgreSQL with a database `majlis` while the context lives; `settings` go on top of ours.

    Of `environ` only PATH is read, to search it; the server gets none of it. Call on the main thread. Raises
    StartFailed or a subclass of it. Cancelled, it stops the server first (usually 30 ms, 20 s at most, and no more than
    the seconds that `left` returns then: what does not end sooner is killed).
    """
    async with _running(_postgres(data_dir, environ, bindir, settings), left) as server:
        yield server


@asynccontextmanager
async def embedded_redis(
    data_dir: Path, *, environ: Mapping[str, str], bindir: str = "", left: Left = for_ever
) -> AsyncIterator[EmbeddedServer]:
    """Run Valkey (or Redis) while the context lives; otherwise as `embedded_postgres`."""
    async with _running(_redis(data_dir, environ, bindir), left) as server:
        yield server


@contextmanager
def embedded_servers(
    data_dir: Path,
    *,
    environ: Mapping[str, str],
    postgres_bindir: str = "",
    redis_bindir: str = "",
    settings: Mapping[str, str] | None = None,
) -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """Run PostgreSQL and Valkey without an event loop, as tests do; otherwise as `embedded_postgres`."""
    with (
        _running_blocking(_postgres(data_dir, environ, postgres_bindir, settings)) as postgres,
        _running_blocking(_redis(data_dir, environ, redis_bindir)) as redis,
    ):
        yield postgres, redis


def running_postgres_dsn(data_dir: Path) -> str | None:
    """Return the DSN of the PostgreSQL that runs on `data_dir` and is ready, else None."""
    cluster = data_dir / "postgres" / "data"
    running = ready_pid(cluster) in set(processes_in(cluster, PostgresServer.process_names))
    return postgres_dsn(sockets_of(data_dir)) if running else None


def running_redis_dsn(data_dir: Path) -> str | None:
    """Return the DSN of the Valkey or Redis that runs on `data_dir` and answers, else None."""
    path = sockets_of(data_dir) / REDIS_SOCKET
    return redis_dsn(path) if answers_ping(path) else None


def _postgres(
    data_dir: Path, environ: Mapping[str, str], bindir: str, settings: Mapping[str, str] | None
) -> Server:
    home = open_home(data_dir)
    path = environ.get("PATH", os.defpath)
    return PostgresServer(
        home, find_binary("postgres", home, bindir=bindir, search_path=path), settings or {}
    )


def _redis(data_dir: Path, environ: Mapping[str, str], bindir: str) -> Server:
    home = open_home(data_dir)
    path = environ.get("PATH", os.defpath)
    return RedisServer(home, find_binary("redis", home, bindir=bindir, search_path=path))


@asynccontextmanager
async def _running(server: Server, left: Left) -> AsyncIterator[EmbeddedServer]:
    await pace(_prepare(server))
    child = _spawn(server)
    try:
        yield await pace(_ready(server, child))
    finally:
        with trio.CancelScope(shield=True):  # bounded by the ladder
            await pace(_stop(server, child, left()))


@contextmanager
def _running_blocking(server: Server) -> Iterator[EmbeddedServer]:
    pace_blocking(_prepare(server))
    child = _spawn(server)
    try:
        yield pace_blocking(_ready(server, child))
    finally:
        pace_blocking(_stop(server, child))


def _prepare(server: Server) -> Steps[None]:
    """Wait until a server whose parent was just killed has gone, then make what is missing."""
    deadline = time.monotonic() + _PATIENCE
    while predecessors := list(processes_in(server.work_dir, server.process_names)):
        if time.monotonic() > deadline:
            raise DataDirUnusable(
                f"another {server.name} server (pid {predecessors[0]}) still runs in {server.work_dir} after "
                f"{_PATIENCE:.0f} s. Stop the Majlis it belongs to, or that process"
            )
        yield POLL
    yield from server.make()


def _spawn(server: Server) -> Child:
    return Child(
        server.command(),
        cwd=server.work_dir,
        log=server.home.fresh_log(f"{server.name}.log"),
        identity=server.home.identity,
        death_signal=server.death_signal,
    )


def _ready(server: Server, child: Child) -> Steps[EmbeddedServer]:
    started = time.monotonic()
    while not server.is_ready(child):
        if child.exit_code is not None:
            raise StartFailed(
                f"{server.name} ended at its start, code {child.exit_code}:\n{child.log_tail()}"
            )
        if time.monotonic() > started + _PATIENCE:
            raise StartFailed(f"{server.name} is not ready after {_PATIENCE:.0f} s:\n{child.log_tail()}")
        yield POLL
    _log.info("embedded server ready", server=server.name, pid=child.pid, version=server.binary.version)
    return EmbeddedServer(server.name, server.dsn(), server.binary, child)


def _stop(server: Server, child: Child, within: float = inf) -> Steps[None]:
    if child.exit_code is not None:
        _log.error("embedded server had ended by itself", server=server.name, exit_code=child.exit_code)
    code = yield from child.stop(shortened(server.ladder, within))
    if code == -signal.SIGKILL:  # its own children see that it is gone; those that are frozen do not
        for pid in processes_in(server.work_dir, server.process_names):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        gone_by = time.monotonic() + _LAST_BREATH
        while time.monotonic() < gone_by and any(processes_in(server.work_dir, server.process_names)):
            yield POLL
    _log.info("embedded server stopped", server=server.name, exit_code=code)
