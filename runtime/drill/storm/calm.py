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
from runtime.drill.storm.blow import NAME, SIZE, Round, Tally, Watch, connections
from runtime.drill.storm.operations import Handles
from runtime.resources.bridge import CANCEL_GRACE, Bridge
from runtime.resources.pool import PoolStatistics

PROMPT = 0.05
"""Seconds from a cancellation to the return of its operation, for 99 of 100, with servers that answer at once."""
TRIPS = 3
"""Round trips of a cancelled query on top: its cancel request and the end of that, the end of the session."""
STARVED = 0.4
"""The part of the time without a core beyond which nothing is said of milliseconds."""

_SETTLED_WITHIN = 2.0
_SEEN_WITHIN = 1.0
_ALL_WITHIN = 10.0


async def judge(
    handles: Handles, watch: Watch, bridge: Bridge, tally: Tally, round_trip: float
) -> list[Invariant]:
    """Return what holds and what does not, after the last operation has returned; `round_trip` in seconds, at most."""
    busy = await _settled(handles)
    sessions = await postgres_sessions(watch.postgres, NAME)
    clients = await redis_clients(watch.redis, NAME)
    idle, seen = await _agreed(handles, watch)
    found = [
        exactly("foreign answers", tally.foreign, 0),
        exactly("failed operations", tally.failed.total(), 0, _told(tally.failed)),
        at_least("operations cut", tally.cut, tally.ended / 10),
        prompt(tally.rounds, PROMPT + TRIPS * round_trip),
        at_most("cancel to return, longest", max(tally.late, default=0.0), CANCEL_GRACE, "s"),
        exactly("slots not given back", busy, 0),
        exactly("queries running", sum(one.running for one in sessions), 0, _named(sessions)),
        exactly("open transactions", sum(one.in_transaction for one in sessions), 0, _named(sessions)),
        exactly("clients blocked", sum(one.running for one in clients), 0, _named(clients)),
    ]
    for name, kept in idle.items():
        found += [
            exactly(f"connections of {name}: those that the pool keeps", seen[NAME + name], kept),
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


def prompt(rounds: Sequence[Round], limit: float) -> Invariant:
    """Judge the best of some rounds, as what else a machine does only adds to the time; where it does too much, none."""
    name = "cancel to return, p99"
    best = min(rounds)
    starved = min(one.starved for one in rounds)
    if best.p99 > limit and starved > STARVED:
        note = f"no core for {starved:.0%} of the time that one was wanted: this machine is busy with other things"
        return Invariant(name, "skipped", best.p99, limit, unit="s", note=note)
    return at_most(name, best.p99, limit, "s")


async def _settled(handles: Handles) -> int:
    """Wait for what is being closed in the background; return how many slots are not idle then."""
    busy = -1
    with trio.move_on_after(_SETTLED_WITHIN):
        while busy := sum(map(_in_use, pools(handles).values())):  # noqa: ASYNC110 (books have no event)
            await trio.sleep(0.01)
    return busy


async def _agreed(handles: Handles, watch: Watch) -> tuple[dict[str, int], Counter[str]]:
    """Return what each pool keeps and what the servers see, as soon as they agree: a server may learn late of an end."""
    deadline = trio.current_time() + _SEEN_WITHIN
    while True:
        idle = {name: statistics.idle for name, statistics in pools(handles).items()}
        seen = await connections(watch)
        if trio.current_time() > deadline or all(seen[NAME + name] == idle[name] for name in idle):
            return idle, seen
        await trio.sleep(0.01)


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
    idle, seen = await _agreed(handles, watch)
    found = []
    for name in ("postgres", "redis", "http"):
        found += [
            exactly(f"slots of {name} that were usable at once", idle[name], SIZE),
            exactly(f"connections of {name} then", seen[NAME + name], SIZE),
        ]
    return found


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
