"""After a blow: what must hold of the pools while they are still open, one invariant each.

Knows the pools and the servers' view of them; the process's own view comes after they are closed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

import trio

from runtime.drill.result import Invariant, at_least, at_most, exactly
from runtime.drill.sightings import Session, postgres_sessions, redis_clients
from runtime.drill.storm.blow import NAME, SIZE, Tally, Watch, connections
from runtime.drill.storm.operations import Handles
from runtime.resources.bridge import CANCEL_GRACE, Bridge
from runtime.resources.pool import PoolStatistics

PROMPT = 0.05
"""Seconds from a cancellation to the return of its operation, for 99 of 100, with servers that answer at once."""
TRIPS = 3
"""Round trips of a cancelled query on top: its cancel request and the end of that, the end of the session."""

_SETTLED_WITHIN = 2.0
_ALL_WITHIN = 10.0


async def judge(
    handles: Handles, watch: Watch, bridge: Bridge, tally: Tally, round_trip: float
) -> list[Invariant]:
    """Return what holds and what does not, after the last operation has returned; `round_trip` in seconds, at most."""
    busy = await _settled(handles)
    sessions = await postgres_sessions(watch.postgres, NAME)
    clients = await redis_clients(watch.redis, NAME)
    kept = {
        "postgres": handles.postgres.statistics().idle,
        "redis": handles.redis.statistics().pool.idle,
        "http": handles.http.statistics().pool.idle,
    }
    seen = await connections(watch)
    found = [
        exactly("foreign answers", tally.foreign, 0),
        exactly("failed operations", tally.failed.total(), 0, _told(tally.failed)),
        at_least("operations cut", tally.cut, tally.ended / 10),
        # Of some rounds the best: what else the machine does only ever adds to it.
        at_most("cancel to return, p99", min(tally.prompt), PROMPT + TRIPS * round_trip, "s"),
        at_most("cancel to return, longest", max(tally.late, default=0.0), CANCEL_GRACE, "s"),
        exactly("slots not given back", busy, 0),
        exactly("queries running", sum(one.running for one in sessions), 0, _named(sessions)),
        exactly("open transactions", sum(one.in_transaction for one in sessions), 0, _named(sessions)),
        exactly("clients blocked", sum(one.running for one in clients), 0, _named(clients)),
    ]
    for name, idle in kept.items():
        most = max((count for key, count in tally.most.items() if key == NAME + name), default=0)
        found += [
            exactly(f"connections of {name}: the pool's idle ones", seen[NAME + name], idle),
            at_most(f"connections of {name}, most at a time", most, SIZE),
        ]
    for name in ("fresh_postgres", "fresh_redis"):
        found += [
            exactly(f"connections of {name}", seen[NAME + name], 0),
            at_most(f"connections of {name}, most at a time", tally.most[NAME + name], SIZE),
        ]
    found += await _all_at_once(handles, watch)
    statistics = bridge.statistics()
    found += [
        exactly("calls in flight on the bridge", statistics.in_flight, 0),
        exactly("calls abandoned", statistics.abandoned, 0),
        exactly("exceptions that nobody awaited", statistics.orphans, 0),
    ]
    return found


async def _settled(handles: Handles) -> int:
    """Wait for what is being closed in the background; return how many slots are not idle then."""
    busy = -1
    with trio.move_on_after(_SETTLED_WITHIN):
        while busy := sum(map(_in_use, pools(handles).values())):  # noqa: ASYNC110 (books have no event)
            await trio.sleep(0.01)
    return busy


def _in_use(statistics: PoolStatistics) -> int:
    return statistics.busy + statistics.closing + statistics.waiting


def pools(handles: Handles) -> dict[str, PoolStatistics]:
    """Look at each pool."""
    return {
        "postgres": handles.postgres.statistics(),
        "fresh_postgres": handles.fresh_postgres.statistics(),
        "redis": handles.redis.statistics().pool,
        "fresh_redis": handles.fresh_redis.statistics().pool,
        "http": handles.http.statistics().pool,
    }


async def _all_at_once(handles: Handles, watch: Watch) -> list[Invariant]:
    """Use all slots of each pool at the same time; then pools and servers have as many connections as there are slots."""
    with trio.move_on_after(_ALL_WITHIN):
        async with AsyncExitStack() as stack:
            for _ in range(SIZE):
                held = await stack.enter_async_context(handles.postgres.connection())
                await held.execute("select")
        await _together(lambda: handles.fresh_postgres.execute("select pg_sleep(0.1)"))
        await _together(partial(handles.redis.command, "BLPOP", "storm:all", 0.1))
        await _together(partial(handles.fresh_redis.command, "BLPOP", "storm:all", 0.1))
        await _together(lambda: handles.http.request("GET", f"{handles.url}/barrier/{SIZE}"))
    await _settled(handles)
    idle = {name: statistics.idle for name, statistics in pools(handles).items()}
    seen = await connections(watch)
    return [
        exactly(f"connections of {name}, after all slots at once", min(idle[name], seen[NAME + name]), SIZE)
        for name in ("postgres", "redis", "http")
    ]


async def _together(operation: Callable[[], Awaitable[object]]) -> None:
    async def one() -> None:
        await operation()

    async with trio.open_nursery() as nursery:
        for _ in range(SIZE):
            nursery.start_soon(one)


def _told(counted: Counter[str]) -> str:
    return "; ".join(f"{count} x {what}" for what, count in counted.most_common(5))


def _named(sessions: Sequence[Session]) -> str:
    return "; ".join(f"{one.name} {one.told}" for one in sessions if one.running or one.in_transaction)
