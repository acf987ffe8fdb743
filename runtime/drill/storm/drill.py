"""`majlis drill storm`: no database, Redis or HTTP handle leaks, however operations are cancelled.

Servers of its own; half of the operations directly against them, half through proxies with latency, then a few while
both databases hang. Each invariant is told with the phase that it was looked at in.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import trio

from config import child_environment
from runtime.drill.leaks import Leaked, assert_no_leaks
from runtime.drill.loopback import loopback
from runtime.drill.noise import Noise, listening
from runtime.drill.passage import Faults
from runtime.drill.proxy import fault_proxy
from runtime.drill.result import Drill, DrillResult, Invariant, Orders, at_most, exactly, percentile
from runtime.drill.storm.blow import NAME, SIZE, Tally, Watch, blow, blow_gently, watched
from runtime.drill.storm.calm import judge
from runtime.drill.storm.commits import commits
from runtime.drill.storm.operations import TABLE, Handles, plan
from runtime.drill.storm.silence import CLOSED_WITHIN, silence
from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.embedded import embedded_postgres, embedded_redis
from runtime.resources.http import open_http_client
from runtime.resources.pool import Limits
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

P = TypeVar("P")

LATENCY = Faults(latency=0.001, jitter=0.002)
"""Of the proxies, in each direction."""
ROUND_TRIP = {"direct": 0.0, "proxied": 2 * (LATENCY.latency + LATENCY.jitter)}
"""Seconds at most that the way to a server and back takes."""
STRETCH = 4.0
"""How much later operations are cut that pass through them."""
ROUNDS = 3
"""Rounds of few callers; the best of them is judged."""
ONE_ROUND = 500
"""Operations of a round, if there are enough."""

_PATIENCE = 10.0  # seconds for a free connection, a new one, an answer: under a storm, waiting is no fault
_WATCH = "watch"


class _Places(msgspec.Struct, frozen=True):
    """Where the servers are, directly or through proxies."""

    postgres: str
    redis: str
    http: str


async def storm(orders: Orders) -> DrillResult:
    """Run the storm; raises StartFailed when a server cannot be started."""
    began = trio.current_time()
    found: list[Invariant] = []
    figures: dict[str, float] = {}
    with _data_dir() as data_dir:
        async with (
            embedded_postgres(data_dir, environ=child_environment()) as postgres,
            embedded_redis(data_dir, environ=child_environment()) as redis,
            loopback() as http,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(postgres.wait)  # keeps their logs bounded
            nursery.start_soon(redis.wait)
            direct = _Places(postgres.dsn, redis.dsn, http.url)
            half = orders.operations // 2
            phases = {"direct": range(half), "proxied": range(half, orders.operations)}
            for phase, numbers in phases.items():
                async with _way(direct, phase) as places:
                    invariants, tally = await _half(phase, direct, places, numbers, orders)
                found += _of(phase, invariants)
                figures |= _figures(phase, tally)
            orders.tell("paused: both databases hang")
            async with _watch(direct, direct) as watch:
                found += _of("paused", await silence(postgres, redis, watch))
            nursery.cancel_scope.cancel()
    return DrillResult("storm", orders.seed, trio.current_time() - began, found, figures)


@contextmanager
def _data_dir() -> Iterator[Path]:
    """Make a directory for the servers; those of root run as somebody else, who must pass."""
    with tempfile.TemporaryDirectory(prefix="majlis-drill-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@asynccontextmanager
async def _way(direct: _Places, phase: str) -> AsyncIterator[_Places]:
    """Lead to the servers as a phase does."""
    if phase == "direct":
        yield direct
        return
    async with AsyncExitStack() as stack:
        through = [
            (await stack.enter_async_context(fault_proxy(url, faults=LATENCY))).url(url)
            for url in (direct.postgres, direct.redis, direct.http)
        ]
        yield _Places(*through)


@asynccontextmanager
async def _watch(direct: _Places, places: _Places) -> AsyncIterator[Watch]:
    """Connections of our own, never through a proxy."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(direct.postgres, bridge=bridge, name=_WATCH, size=1) as postgres,
        open_redis_pool(direct.redis, bridge=bridge, name=_WATCH, size=1) as redis,
    ):
        await postgres.execute(TABLE)
        await redis.command("PING")
        yield Watch(postgres, redis, urlsplit(places.http).port or 80)


async def _half(
    phase: str, direct: _Places, places: _Places, numbers: range, orders: Orders
) -> tuple[list[Invariant], Tally]:
    """Blow with these operations, and judge the pools before and after they are closed."""
    tally = Tally()
    closing: dict[str, float] = {}
    found: list[Invariant] = []
    left = ""
    with listening() as noise:
        async with _watch(direct, places) as watch:
            try:
                async with (
                    assert_no_leaks(postgres=direct.postgres, redis=direct.redis, name=NAME),
                    open_bridge() as bridge,
                    AsyncExitStack() as stack,
                ):
                    handles = await _open(stack, places, bridge, closing)
                    async with watched(
                        watch, tally, len(numbers), lambda told: orders.tell(f"{phase}: {told}")
                    ):
                        await _operations(phase, handles, numbers, orders.seed, tally)
                    found += await judge(handles, watch, bridge, tally, ROUND_TRIP[phase])
                    found.append(await commits(handles.postgres, watch))
            except Leaked as exc:
                left = str(exc)
        gc.collect()  # what was forgotten says so now
    found += [
        at_most(f"closing {name}", seconds, CLOSED_WITHIN[name.removeprefix("fresh_")], "s")
        for name, seconds in closing.items()
    ]
    found.append(exactly("left over", len(left.splitlines()[1:]), 0, left))
    return found + _noises(noise), tally


async def _operations(phase: str, handles: Handles, numbers: range, seed: int, tally: Tally) -> None:
    """Most operations as a storm; the last ones by few callers, in rounds whose time to return is judged."""
    stretch = STRETCH if phase == "proxied" else 1.0
    one_round = min(ONE_ROUND, len(numbers) // 6)
    storm_end = numbers.stop - ROUNDS * one_round
    await blow(
        handles, (plan(seed, number, stretch) for number in numbers[: storm_end - numbers.start]), tally
    )
    for start in range(storm_end, numbers.stop, one_round):
        rest = range(start, start + one_round)
        await blow_gently(handles, (plan(seed, number, stretch) for number in rest), tally)


async def _open(stack: AsyncExitStack, places: _Places, bridge: Bridge, closing: dict[str, float]) -> Handles:
    """Open all pools; how long each takes to close is noted in `closing`."""

    async def lend(name: str, pool: AbstractAsyncContextManager[P]) -> P:
        return await stack.enter_async_context(_timed(name, pool, closing))

    def postgres(name: str, limits: Limits) -> AbstractAsyncContextManager[PostgresPool]:
        return open_postgres_pool(
            places.postgres,
            bridge=bridge,
            name=NAME + name,
            limits=limits,
            connect_timeout=_PATIENCE,
            acquire_timeout=_PATIENCE,
        )

    def redis(name: str, limits: Limits) -> AbstractAsyncContextManager[RedisPool]:
        return open_redis_pool(
            places.redis,
            bridge=bridge,
            name=NAME + name,
            limits=limits,
            connect_timeout=_PATIENCE,
            command_timeout=_PATIENCE,
            acquire_timeout=_PATIENCE,
        )

    keeps, keeps_none = Limits(SIZE), Limits(SIZE, lifetime=0.0)
    return Handles(
        postgres=await lend("postgres", postgres("postgres", keeps)),
        fresh_postgres=await lend("fresh_postgres", postgres("fresh_postgres", keeps_none)),
        redis=await lend("redis", redis("redis", keeps)),
        fresh_redis=await lend("fresh_redis", redis("fresh_redis", keeps_none)),
        http=await lend(
            "http", open_http_client(limits=keeps, connect_timeout=_PATIENCE, acquire_timeout=_PATIENCE)
        ),
        url=places.http,
    )


@asynccontextmanager
async def _timed(
    name: str, pool: AbstractAsyncContextManager[P], closing: dict[str, float]
) -> AsyncIterator[P]:
    async with pool as opened:
        yield opened
        began = trio.current_time()
    closing[name] = trio.current_time() - began


def _noises(noise: Noise) -> list[Invariant]:
    return [
        exactly("warnings", noise.warnings.total(), 0, "; ".join(noise.warnings)),
        exactly("errors logged", noise.errors.total(), 0, "; ".join(noise.errors)),
    ]


def _of(phase: str, found: Sequence[Invariant]) -> list[Invariant]:
    return [msgspec.structs.replace(one, name=f"{phase}: {one.name}") for one in found]


def _figures(phase: str, tally: Tally) -> Mapping[str, float]:
    return {
        f"{phase}: operations": tally.ended,
        f"{phase}: operations a second": tally.ended / tally.seconds,
        f"{phase}: operations cut": tally.cut,
        f"{phase}: looks at the servers": tally.looks,
        f"{phase}: cancel to return, median (ms)": percentile(tally.late, 50) * 1000,
        f"{phase}: cancel to return, p99 (ms)": percentile(tally.late, 99) * 1000,
        f"{phase}: cancel to return, p99 by few callers (ms)": min(tally.rounds).p99 * 1000,
        f"{phase}: time without a core meanwhile (%)": min(tally.rounds).starved * 100,
        f"{phase}: cancel to return, longest (ms)": max(tally.late, default=0.0) * 1000,
    }


STORM = Drill(
    name="storm",
    summary="cut operations of every kind at random moments: no database, Redis or HTTP handle is left over",
    operations=200_000,
    run=storm,
)
