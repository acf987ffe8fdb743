"""Nothing is left over: the servers' own view and this process, compared with how they were before.

What is left at the end of a block is looked for again and again for a short while, because a server takes its time to
see a connection go; then it is named. It does not know why something is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import trio

from runtime.drill.sightings import (
    Session,
    files_below,
    living_threads,
    open_descriptors,
    postgres_sessions,
    redis_clients,
    tasks_below,
)
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

Connections = int | Callable[[], int]

_LOOK_EVERY = 0.02
_WATCH = "leak-check"


class Leaked(AssertionError):
    """Something is left over; the message lists it by name."""


class Sighting(msgspec.Struct, frozen=True):
    """One look at everything that may leak."""

    postgres: Sequence[Session] = ()
    redis: Sequence[Session] = ()
    descriptors: Counter[str] = msgspec.field(default_factory=Counter)
    threads: Counter[str] = msgspec.field(default_factory=Counter)
    tasks: Counter[str] = msgspec.field(default_factory=Counter)
    files: frozenset[str] = frozenset()


def left_over(
    before: Sighting, now: Sighting, *, postgres: int | None = None, redis: int | None = None
) -> list[str]:
    """Say what `now` has and `before` had not; `postgres` and `redis` are how many connections there shall be."""
    told: list[str] = []
    grown = 0
    for server, had, has, expected in (
        ("postgres", before.postgres, now.postgres, postgres),
        ("redis", before.redis, now.redis, redis),
    ):
        limit = len(had) if expected is None else expected
        grown += max(0, min(len(has), limit) - len(had))
        wrong = len(has) > limit if expected is None else len(has) != limit
        if wrong:
            told.append(f"{server}: {len(has)} connections, {limit} expected{_named(has)}")
        told += [f"{server}: still running: {one.name}, {one.told}" for one in has if one.running]
        told += [
            f"{server}: open transaction: {one.name}, {one.told}"
            for one in has
            if one.in_transaction and not one.running
        ]
        locks = sum(one.advisory_locks for one in has) - sum(one.advisory_locks for one in had)
        if locks > 0:
            told.append(f"{server}: {locks} advisory locks{_named([o for o in has if o.advisory_locks])}")
    more = now.descriptors - before.descriptors
    more["socket"] -= grown  # a pool that lives on may have opened what it is entitled to
    told += [f"descriptors: {count} more of {name}" for name, count in sorted((+more).items())]
    told += [
        f"threads: {count} more of {name}" for name, count in sorted((now.threads - before.threads).items())
    ]
    told += [f"tasks: {count} more of {name}" for name, count in sorted((now.tasks - before.tasks).items())]
    told += [f"files: {name}" for name in sorted(now.files - before.files)]
    return told


def _named(sessions: Sequence[Session]) -> str:
    return "".join(f"\n    {one.name}, {one.told}" for one in sessions)


class LeakCheck:
    """A base line and the comparison with it; made by `assert_no_leaks`."""

    def __init__(
        self,
        root: trio.lowlevel.Task,
        postgres: PostgresPool | None,
        redis: RedisPool | None,
        name: str,
        expected: tuple[Connections | None, Connections | None],
        temporary: Path | None,
        within: float,
    ) -> None:
        self._root = root
        self._postgres, self._redis, self._name = postgres, redis, name
        self._expected = expected
        self._temporary = temporary
        self._within = within
        self._before = Sighting()

    async def check(self) -> None:
        """Raise Leaked unless everything is back at the base line within the time that was given."""
        deadline = trio.current_time() + self._within
        while left := await self._left_over():
            if trio.current_time() >= deadline:
                raise Leaked(f"left over after {self._within:g} s:\n  " + "\n  ".join(left))
            await trio.sleep(_LOOK_EVERY)

    async def take_base_line(self) -> None:
        """Take how it is now as what it is compared with."""
        self._before = await self._look()

    async def _left_over(self) -> list[str]:
        postgres, redis = (one() if callable(one) else one for one in self._expected)
        return left_over(self._before, await self._look(), postgres=postgres, redis=redis)

    async def _look(self) -> Sighting:
        return Sighting(
            postgres=await postgres_sessions(self._postgres, self._name) if self._postgres else (),
            redis=await redis_clients(self._redis, self._name) if self._redis else (),
            descriptors=open_descriptors(),
            threads=living_threads(),
            tasks=tasks_below(self._root),
            files=files_below(self._temporary) if self._temporary else frozenset(),
        )


@asynccontextmanager
async def assert_no_leaks(
    *,
    postgres: str | None = None,
    redis: str | None = None,
    name: str = "majlis",
    postgres_connections: Connections | None = None,
    redis_connections: Connections | None = None,
    temporary: Path | None = None,
    within: float = 2.0,
) -> AsyncIterator[LeakCheck]:
    """Raise Leaked when the block leaves something over that was not there before it.

    Looked at: connections whose name begins with `name` at the servers of the URLs `postgres` and `redis`, their running
    statements and blocked commands, open transactions, advisory locks; descriptors, threads and Trio tasks (those below
    the parent of the calling task) of this process; files below `temporary`. The block has `within` seconds of grace.

    Connections must be no more than at the start, or exactly as many as `postgres_connections` and `redis_connections`
    say: a number, or a function that is asked at the end (`lambda: pool.statistics().idle`), for pools that live on.
    `await leaks.check()` looks in the middle of the block, too: between the runs of `cancel_at_every_checkpoint`, say.
    An exception of the block leaves as it is, and nothing is looked at. Raises ResourceUnavailable for a server away.
    """
    nursery = trio.lowlevel.current_task().parent_nursery
    root = nursery.parent_task if nursery is not None else trio.lowlevel.current_task()
    async with AsyncExitStack() as stack:
        watch_postgres = watch_redis = None
        if postgres is not None or redis is not None:
            bridge = await stack.enter_async_context(open_bridge())
            if postgres is not None:
                pool = open_postgres_pool(postgres, name=_WATCH, bridge=bridge, size=1)
                watch_postgres = await stack.enter_async_context(pool)
            if redis is not None:
                clients = open_redis_pool(redis, name=_WATCH, bridge=bridge, size=1)
                watch_redis = await stack.enter_async_context(clients)
        expected = (postgres_connections, redis_connections)
        check = LeakCheck(root, watch_postgres, watch_redis, name, expected, temporary, within)
        await check.take_base_line()  # the first look opens the connections that look
        await check.take_base_line()
        yield check
        await check.check()
