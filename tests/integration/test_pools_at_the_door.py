"""Pools without actors, through the door: whatever ends the block, the servers see nobody of it afterwards."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from runtime import Limits, ResourceUnavailable, open_http_client, open_postgres_pool, open_redis_pool

NAME = "door/one"
README = Path(__file__).parents[2] / "README.md"


class Left(Exception):
    """How a block of these tests is left."""


def leave_well() -> None:
    """End the block as its code would."""


def leave_by_exception() -> None:
    raise Left


def leave_by_cancellation() -> None:
    raise AssertionError("unreachable: the block is cancelled before")


WAYS = {"success": leave_well, "exception": leave_by_exception, "cancellation": leave_by_cancellation}


async def server_view(postgres_dsn: str, redis_dsn: str) -> tuple[int, int]:
    """Return how many sessions of our name the two servers see."""
    async with (
        open_postgres_pool(postgres_dsn, name="door/watch", size=1) as pool,
        open_redis_pool(redis_dsn, name="door/watch", size=1) as redis,
    ):
        row = await pool.fetchrow("select count(*) from pg_stat_activity where application_name = $1", NAME)
        clients = await redis.command("CLIENT", "LIST")
        assert row is not None
        assert isinstance(clients, bytes)
        return int(row[0]), clients.count(f"name={NAME} ".encode())


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_ends_the_block_the_servers_see_nobody_afterwards(
    postgres_dsn: str, redis_dsn: str, way: str
) -> None:
    seen: list[tuple[int, int]] = []
    leave: Callable[[], None] = WAYS[way]
    with trio.CancelScope() as scope:
        try:
            async with (
                open_postgres_pool(postgres_dsn, name=NAME, size=3) as pool,
                open_redis_pool(redis_dsn, name=NAME, size=2) as redis,
                open_http_client(max_connections=2),
                trio.open_nursery() as nursery,
            ):
                for _ in range(10):
                    nursery.start_soon(partial(pool.fetch, "select pg_sleep(0.01)"))
                    nursery.start_soon(partial(redis.command, "ECHO", "hi"))
                async with pool.transaction() as held:
                    await held.execute("create table half_done()")
                    seen.append(await server_view(postgres_dsn, redis_dsn))
                    if way == "cancellation":
                        scope.cancel()
                        await trio.sleep_forever()
                    leave()
        except* Left:
            assert way == "exception"
    assert scope.cancelled_caught == (way == "cancellation")
    assert 1 <= seen[0][0] <= 3
    assert 1 <= seen[0][1] <= 2
    assert await server_view(postgres_dsn, redis_dsn) == (0, 0)


async def test_a_dead_dependency_fails_in_milliseconds_after_the_first_try() -> None:
    """One that accepts and says nothing is the worst: only the first caller waits for it."""
    with trio.socket.socket() as silent:
        await silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        port = silent.getsockname()[1]
        async with (
            open_postgres_pool(f"postgresql://majlis@127.0.0.1:{port}/x", connect_timeout=0.3) as pool,
            open_redis_pool(f"redis://127.0.0.1:{port}/0", connect_timeout=0.3) as redis,
            open_http_client() as http,
        ):
            for ask in (
                partial(pool.fetch, "select 1"),
                partial(redis.command, "PING"),
                partial(http.request, "GET", "http://127.0.0.1:1/"),
            ):
                with pytest.raises(ResourceUnavailable):
                    await ask()
                began = trio.current_time()
                for _ in range(100):
                    with pytest.raises(ResourceUnavailable, match="the last attempt to connect failed"):
                        await ask()
                assert trio.current_time() - began < 0.2  # then one of them may try again
            assert pool.statistics().open_circuits == 1
            assert redis.statistics().pool.open_circuits == 1
            assert http.statistics().pool.open_circuits == 1


async def test_limits_of_the_queue_and_of_waiting_hold(postgres_dsn: str) -> None:
    limits = Limits(1, waiters=2)
    async with open_postgres_pool(postgres_dsn, name=NAME, limits=limits, acquire_timeout=0.2) as pool:

        @asynccontextmanager
        async def busy() -> AsyncIterator[None]:
            async with pool.connection() as held:
                await held.fetch("select 1")
                yield

        refused: list[str] = []

        async def ask() -> None:
            try:
                await pool.fetch("select 1")
            except ResourceUnavailable as error:
                refused.append(error.reason)

        async with busy(), trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask)
        assert sorted(refused) == [
            "2 callers are waiting already",
            "no connection came free within 0.2 s",
            "no connection came free within 0.2 s",
        ]
        assert await pool.fetch("select 1")


async def test_the_pools_of_readme_copy_a_price(postgres_dsn: str, redis_dsn: str) -> None:
    (block,) = re.findall(r"^```python\n(# pools.py.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - what README says is what is tested

    async def shop(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n7")

    async with (
        open_postgres_pool(postgres_dsn, name="door/watch", size=1) as pool,
        open_redis_pool(redis_dsn, name="door/watch", size=1) as redis,
        trio.open_nursery() as nursery,
    ):
        await pool.execute("create table price(value int)")
        (listener,) = await nursery.start(partial(trio.serve_tcp, shop, 0, host="127.0.0.1"))
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/"
        statistics = await names["copy_a_price"](postgres_dsn, redis_dsn, url)
        assert (statistics.busy, statistics.idle) == (0, 1)
        assert [row["value"] for row in await pool.fetch("select value from price")] == [7]
        assert await redis.command("GETDEL", "price") == b"7"
        nursery.cancel_scope.cancel()
