"""Both databases hang: whoever is cancelled returns within the budget all the same, and so does closing the pools.

The servers are stopped with SIGSTOP: their sockets take bytes, and nobody answers. Afterwards they go on, and must see
the connections go that were cut meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial

import trio

from runtime.drill.pausing import paused
from runtime.drill.result import Invariant, at_most, exactly
from runtime.drill.sightings import postgres_sessions, redis_clients
from runtime.drill.storm.blow import NAME, SIZE, Watch
from runtime.resources.bridge import CANCEL_GRACE, open_bridge
from runtime.resources.embedded import EmbeddedServer
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.redis import open_redis_pool

CLOSED_WITHIN = {"postgres": 3.0, "redis": 2.0, "http": 0.5}
"""Seconds for closing a pool, whatever its server does."""

_SEEN_WITHIN = 10.0


async def silence(postgres: EmbeddedServer, redis: EmbeddedServer, watch: Watch) -> list[Invariant]:
    """Pause both servers under operations that are then cut; return what holds."""
    late: list[float] = []

    async def cut(operation: Callable[[], Awaitable[object]], patience: float) -> None:
        with trio.move_on_after(patience) as scope:
            await operation()
        late.append(trio.current_time() - scope.deadline)

    with ExitStack() as pause:
        async with AsyncExitStack() as stack:
            bridge = await stack.enter_async_context(open_bridge())
            lend = open_postgres_pool(postgres.dsn, bridge=bridge, name=f"{NAME}postgres", size=SIZE)
            sql = await stack.enter_async_context(lend)
            clients = open_redis_pool(
                redis.dsn, bridge=bridge, name=f"{NAME}redis", size=SIZE, command_timeout=10
            )
            commands = await stack.enter_async_context(clients)
            async with trio.open_nursery() as nursery:  # fill both pools
                for _ in range(SIZE):
                    nursery.start_soon(sql.fetch, "select pg_sleep(0.05)")
                    nursery.start_soon(commands.command, "BLPOP", "storm:none", 0.05)
            pause.enter_context(paused(postgres.pid))
            pause.enter_context(paused(redis.pid))
            async with trio.open_nursery() as nursery:
                for number in range(SIZE // 2):  # the other half is idle when the pools are closed
                    nursery.start_soon(cut, sql.ping, 0.01 * number)
                    nursery.start_soon(cut, partial(commands.command, "PING"), 0.01 * number)
            statistics = bridge.statistics()
            began = trio.current_time()
        closed = trio.current_time() - began
    left = await _until_seen(watch)
    return [
        at_most("cancel to return, longest", max(late), CANCEL_GRACE, "s"),
        at_most("closing the pools", closed, CLOSED_WITHIN["postgres"], "s"),
        exactly("calls abandoned", statistics.abandoned, 0),
        exactly("exceptions that nobody awaited", statistics.orphans, 0),
        exactly("connections left when the servers go on", left, 0),
    ]


async def _until_seen(watch: Watch) -> int:
    """Wait until the servers have seen all connections go; return how many they still see."""
    left = -1
    with trio.move_on_after(_SEEN_WITHIN):
        while left:
            sessions = await postgres_sessions(watch.postgres, NAME)
            left = len(sessions) + len(await redis_clients(watch.redis, NAME))
            await trio.sleep(0.05)
    return left
