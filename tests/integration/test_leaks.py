"""Leaks of every kind are found on real servers and told by name; the pools, at each of their checkpoints, have none."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import trio

from runtime.resources.bridge import open_bridge
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import open_redis_pool
from runtime.testing import (
    Leaked,
    assert_no_leaks,
    cancel_at_every_checkpoint,
    raise_at_every_checkpoint,
)

NAME = "test/leaks"
SHORT = 0.05


@asynccontextmanager
async def pool_of(dsn: str, size: int = 3) -> AsyncIterator[PostgresPool]:
    async with open_postgres_pool(dsn, name=NAME, size=size) as pool:
        yield pool


async def test_a_pool_that_opens_and_closes_in_the_block_leaves_nothing(
    postgres_dsn: str, redis_dsn: str, tmp_path: Path
) -> None:
    async with (
        assert_no_leaks(postgres=postgres_dsn, redis=redis_dsn, name=NAME, temporary=tmp_path),
        pool_of(postgres_dsn) as pool,
        open_redis_pool(redis_dsn, name=NAME) as redis,
    ):
        await pool.ping()
        await redis.command("PING")
        (tmp_path / "scratch").write_text("x")
        (tmp_path / "scratch").unlink()


async def test_a_connection_too_many_is_found(postgres_dsn: str) -> None:
    async with pool_of(postgres_dsn) as pool:
        with pytest.raises(Leaked, match=f"1 connections, 0 expected\n    {NAME}, pid \\d+ idle: select"):
            async with assert_no_leaks(postgres=postgres_dsn, name=NAME, within=SHORT):
                await pool.ping()


async def test_a_pool_that_lives_on_may_keep_what_it_says_it_keeps(postgres_dsn: str) -> None:
    async with pool_of(postgres_dsn) as pool:
        async with (
            assert_no_leaks(
                postgres=postgres_dsn, name=NAME, postgres_connections=lambda: pool.statistics().idle
            ),
            trio.open_nursery() as nursery,
        ):
            for _ in range(3):
                nursery.start_soon(pool.fetch, "select pg_sleep(0.01)")
        assert pool.statistics().idle == 3


async def test_an_open_transaction_and_its_locks_are_found(postgres_dsn: str) -> None:
    async with pool_of(postgres_dsn) as pool, pool.connection() as held:
        await held.execute("select")
        with pytest.raises(Leaked) as caught:
            async with assert_no_leaks(postgres=postgres_dsn, name=NAME, within=SHORT):
                await held.execute("begin; select pg_advisory_lock(8675309123)")
        assert "open transaction: test/leaks" in str(caught.value)
        assert "1 advisory locks" in str(caught.value)
        assert "8675309123" not in str(caught.value)


async def test_a_running_statement_and_a_blocked_command_are_found(
    postgres_dsn: str, redis_dsn: str, nursery: trio.Nursery
) -> None:
    async with pool_of(postgres_dsn) as pool, open_redis_pool(redis_dsn, name=NAME) as redis:
        await pool.ping()
        await redis.command("PING")

        async def forgets() -> None:
            async with assert_no_leaks(postgres=postgres_dsn, redis=redis_dsn, name=NAME, within=0.3):
                nursery.start_soon(pool.fetch, "select pg_sleep(30)")
                nursery.start_soon(partial(redis.command, "BLPOP", "test:leaks:none", 0, timeout=30))

        with pytest.raises(Leaked) as caught:
            await forgets()
        nursery.cancel_scope.cancel()
    assert "postgres: still running" in str(caught.value)
    assert "blocked in blpop" in str(caught.value)


async def test_descriptors_threads_tasks_and_files_are_found(tmp_path: Path, nursery: trio.Nursery) -> None:
    pipe: list[int] = []
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="left-behind")

    async def forgets() -> None:
        async with assert_no_leaks(temporary=tmp_path, within=SHORT):
            pipe.extend(os.pipe())
            thread.start()
            nursery.start_soon(trio.sleep_forever, name="forgotten")
            (tmp_path / "half.part").write_text("x")

    try:
        with pytest.raises(Leaked) as caught:
            await forgets()
    finally:
        for end in pipe:
            os.close(end)
        stop.set()
        thread.join(timeout=5)
        nursery.cancel_scope.cancel()
    for told in ("2 more of pipe", "1 more of left-behind", "1 more of forgotten", "files: half.part"):
        assert told in str(caught.value)


async def test_an_exception_of_the_block_is_not_hidden_by_what_it_leaves(tmp_path: Path) -> None:
    async def fails() -> None:
        async with assert_no_leaks(temporary=tmp_path, within=SHORT):
            (tmp_path / "left").write_text("x")
            raise LookupError

    with pytest.raises(LookupError):
        await fails()


def a_life(postgres_dsn: str, redis_dsn: str) -> Callable[[], Awaitable[None]]:
    """Return a scenario that opens a bridge and two pools and uses them."""

    async def scenario() -> None:
        async with (
            open_bridge() as bridge,
            open_postgres_pool(postgres_dsn, bridge=bridge, name=NAME, size=2) as postgres,
            open_redis_pool(redis_dsn, bridge=bridge, name=NAME, size=2) as redis,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(postgres.fetch, "select pg_sleep(0.001)")
            nursery.start_soon(redis.command, "BLPOP", "test:leaks:none", 0.01)
            async with postgres.transaction() as tx:
                await tx.execute("select pg_advisory_xact_lock(1)")

    return scenario


async def test_pools_leave_nothing_whichever_checkpoint_they_are_cancelled_at(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with assert_no_leaks(postgres=postgres_dsn, redis=redis_dsn, name=NAME) as leaks:
        tried = await cancel_at_every_checkpoint(
            a_life(postgres_dsn, redis_dsn), after=lambda _: leaks.check()
        )
    assert tried.tried > 10


async def test_pools_leave_nothing_whichever_of_their_waits_fails(postgres_dsn: str, redis_dsn: str) -> None:
    async with assert_no_leaks(postgres=postgres_dsn, redis=redis_dsn, name=NAME) as leaks:
        tried = await raise_at_every_checkpoint(
            a_life(postgres_dsn, redis_dsn), after=lambda _: leaks.check()
        )
    assert tried.tried > 5


async def test_slots_of_a_pool_that_lives_on_are_usable_whichever_checkpoint_is_hit(
    postgres_dsn: str,
) -> None:
    async with pool_of(postgres_dsn, size=2) as pool:

        async def scenario() -> None:
            async with pool.transaction() as tx:
                assert await tx.fetch("select 1")
            with suppress(ResourceUnavailable):
                await pool.fetch("select pg_sleep(0.01)", timeout=0.001)

        async with assert_no_leaks(
            postgres=postgres_dsn, name=NAME, postgres_connections=lambda: pool.statistics().idle
        ) as leaks:

            async def all_slots(_: int) -> None:
                async with pool.connection() as one, pool.connection() as two:
                    assert await one.fetch("select 1")
                    assert await two.fetch("select 2")
                assert pool.statistics().idle == 2
                await leaks.check()

            await cancel_at_every_checkpoint(scenario, after=all_slots)
            await raise_at_every_checkpoint(scenario, after=all_slots)
