"""What can befall the embedded databases of a running `serve`, each as a block: the trouble lasts as long as the block.

Where the trouble is an end of the server, `serve` is what starts it again, and may do so before the block is over.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import asyncpg
import pytest
import trio
from redis.exceptions import OutOfMemoryError

from runtime.journal.ledger import postgres_of
from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.children import family, processes_in
from runtime.resources.embedded import running_redis_dsn
from runtime.resources.redis import RedisPool, open_redis_pool
from tests.integration.world import World

_SESSIONS = "from pg_stat_activity where datname = current_database() and application_name like 'majlis/%/%'"
_END, _COUNT, _FIRST = (
    f"select {what} {_SESSIONS}" for what in ("pg_terminate_backend(pid)", "count(*)", "min(pid)")
)
_OFTEN = 0.1


@dataclass(frozen=True)
class Outage:
    """A trouble; `told`: the check of /readyz that speaks of it while it lasts, if it lasts long enough for that."""

    name: str
    strike: Callable[[World], AbstractAsyncContextManager[object]]
    told: Literal["postgres", "redis", ""] = ""

    @property
    def costs(self) -> bool:
        """Whether webhooks may be refused meanwhile."""
        return not self.name.startswith("redis")


def postmaster(world: World) -> int:
    """Return the process id of the embedded Postgres."""
    cluster = world.majlis.settings.data_dir / "postgres" / "data"
    return int((cluster / "postmaster.pid").read_text().split()[0])


def valkey(world: World) -> int:
    """Return the process id of the embedded Redis."""
    (pid,) = processes_in(world.majlis.settings.data_dir / "redis", ("valkey-server", "redis-server"))
    return pid


@contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """Stop processes in the middle of whatever they do, as a frozen machine would."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _frozen(whose: Callable[[World], int], world: World) -> AsyncIterator[None]:
    with frozen(family(whose(world))):
        yield


@asynccontextmanager
async def _ended(whose: Callable[[World], int], how: signal.Signals, world: World) -> AsyncIterator[None]:
    """End a server, and wait until it is gone."""
    pid = whose(world)
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, how)
        with trio.fail_after(10):
            await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
    yield


@asynccontextmanager
async def _backend_killed(world: World) -> AsyncIterator[None]:
    """Kill one session's process: Postgres throws out all others and recovers."""
    os.kill(await world.number(_FIRST), signal.SIGKILL)
    yield


@asynccontextmanager
async def _sessions_ended(world: World) -> AsyncIterator[None]:
    """End all sessions of the server again and again."""
    async with _again_and_again(partial(world.rows, _END)):
        yield


@asynccontextmanager
async def _no_connection_left(world: World) -> AsyncIterator[None]:
    """Take every connection that Postgres has, those of the server, too, as soon as they are free."""
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(open_bridge())
        held = [await stack.enter_async_context(_stranger(world, bridge)) for _ in range(2)]

        async def take_and_end() -> None:
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    held.append(await stack.enter_async_context(_stranger(world, bridge)))
            await bridge.run(held[0].execute, _END)

        async with _again_and_again(take_and_end):
            with trio.fail_after(10):
                while await bridge.run(held[1].fetchval, _COUNT):
                    await trio.sleep(_OFTEN)
            yield


@asynccontextmanager
async def _stranger(world: World, bridge: Bridge) -> AsyncIterator[Any]:
    dsn = postgres_of(world.majlis.settings)
    connection = await bridge.run(partial(asyncpg.connect, timeout=5), dsn)
    try:
        yield connection
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
            await bridge.run(connection.close)


@asynccontextmanager
async def _again_and_again(work: Callable[[], Any]) -> AsyncIterator[None]:
    async def repeat() -> None:
        while True:
            await work()
            await trio.sleep(_OFTEN)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(repeat)
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _redis(world: World) -> AsyncIterator[RedisPool]:
    dsn = running_redis_dsn(world.majlis.settings.data_dir)
    assert dsn is not None
    async with open_redis_pool(dsn, size=1, name="stranger") as pool:
        yield pool


@asynccontextmanager
async def _redis_flushed(world: World) -> AsyncIterator[None]:
    """Empty Redis again and again."""
    async with _redis(world) as redis, _again_and_again(partial(redis.command, "FLUSHALL")):
        yield


@asynccontextmanager
async def _redis_full(world: World) -> AsyncIterator[None]:
    """Let Redis refuse to store anything."""
    async with _redis(world) as redis:
        before: Any = await redis.command("CONFIG", "GET", "maxmemory*")
        await redis.command("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")
        [refusal] = await redis.pipeline([("SET", "anything", "x" * 1_000_000)])
        assert isinstance(refusal, OutOfMemoryError)
        yield
        await redis.command("CONFIG", "SET", *before)


@asynccontextmanager
async def _redis_sessions_ended(world: World) -> AsyncIterator[None]:
    """End all sessions of the server, its subscription too, again and again."""

    async def end() -> None:
        await redis.pipeline([("CLIENT", "KILL", "TYPE", kind) for kind in ("normal", "pubsub")])

    async with _redis(world) as redis, _again_and_again(end):
        yield


OUTAGES: Sequence[Outage] = (
    Outage("postgres frozen", partial(_frozen, postmaster), told="postgres"),
    Outage("postgres killed", partial(_ended, postmaster, signal.SIGKILL)),
    Outage("postgres backend killed", _backend_killed),
    Outage("postgres restarted fast", partial(_ended, postmaster, signal.SIGINT)),
    Outage("postgres restarted immediately", partial(_ended, postmaster, signal.SIGQUIT)),
    Outage("postgres sessions ended", _sessions_ended),
    Outage("postgres out of connections", _no_connection_left, told="postgres"),
    Outage("redis frozen", partial(_frozen, valkey), told="redis"),
    Outage("redis killed", partial(_ended, valkey, signal.SIGKILL)),
    Outage("redis sessions ended", _redis_sessions_ended),
    Outage("redis flushed", _redis_flushed),
    Outage("redis full", _redis_full),
)


#: The others, for SUITE_OUTAGES=all: drills rehearse most of them, too.
_TELLING = (
    "postgres frozen",
    "postgres killed",
    "postgres out of connections",
    "redis killed",
    "redis full",
)


def each_outage() -> pytest.MarkDecorator:
    """Return the mark that runs a test for every outage."""
    everything = os.environ.get("SUITE_OUTAGES") == "all"
    chosen = [one for one in OUTAGES if everything or one.name in _TELLING]
    return pytest.mark.parametrize("outage", [pytest.param(one, id=one.name) for one in chosen])
