"""The Redis pool against a real Valkey: replies reach their own callers, and a server that is away costs little."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trio
from redis.exceptions import ResponseError

from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.embedded import EmbeddedServer, embedded_servers
from runtime.resources.errors import ResourceUnavailable, UnusableUrl
from runtime.resources.redis import RedisPool, open_redis_pool

NAME = "test/hints"


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with open_bridge() as bridge:
        yield bridge


@pytest.fixture
async def redis(bridge: Bridge, redis_dsn: str) -> AsyncIterator[RedisPool]:
    async with open_redis_pool(redis_dsn, bridge=bridge, name=NAME, size=4) as redis:
        yield redis


@pytest.fixture
async def watch(bridge: Bridge, redis_dsn: str) -> AsyncIterator[RedisPool]:
    """A second pool, to ask the server what it sees of the first."""
    async with open_redis_pool(redis_dsn, bridge=bridge, name="test/watch", size=1) as watch:
        yield watch


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server that a test may stop and start."""
    data_dir = tmp_path_factory.mktemp("own")
    for directory in (data_dir, *data_dir.parents[:2]):
        directory.chmod(0o711)
    with embedded_servers(data_dir, environ=dict(os.environ)) as (_, redis):
        yield redis


@contextmanager
def paused(server: EmbeddedServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    """Wait for what the server is about to do."""
    with trio.fail_after(seconds):
        while not await condition():
            await trio.sleep(0.01)


async def clients(watch: RedisPool) -> list[str]:
    listed = await watch.command("CLIENT", "LIST")
    assert isinstance(listed, bytes)
    return [line for line in listed.decode().splitlines() if f"name={NAME} " in line]


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@h:99999/0", "redis://:hun/ter2@h/0", "redis://h?socket_timeout=banana"]
)
async def test_a_url_that_the_driver_cannot_read_is_told_by_its_setting_alone(
    bridge: Bridge, url: str
) -> None:
    with pytest.raises(UnusableUrl, match=r"^redis\.url: the driver cannot read") as caught:
        async with open_redis_pool(url, bridge=bridge, name="x"):
            pass
    assert "hun" not in str(caught.value)


async def test_commands_and_their_replies(redis: RedisPool) -> None:
    assert await redis.command("SET", "majlis:test:a", "salam") == b"OK"
    assert await redis.command("GET", "majlis:test:a") == b"salam"
    assert await redis.command("DEL", "majlis:test:a") == 1
    assert await redis.command("GET", "majlis:test:a") is None


async def test_a_pipeline_is_one_call_and_carries_refusals_as_values(redis: RedisPool) -> None:
    replies = await redis.pipeline(
        [("SET", "majlis:test:b", "x"), ("INCR", "majlis:test:b"), ("DEL", "majlis:test:b")]
    )
    assert replies[0] == b"OK"
    assert isinstance(replies[1], ResponseError)
    assert replies[2] == 1
    with pytest.raises(ResponseError):
        await redis.command("NOSUCHCOMMAND")
    assert redis.statistics().pool.opened == 1, "a refusal costs no connection"


async def test_connections_carry_their_name(redis: RedisPool, watch: RedisPool) -> None:
    await redis.command("PING")
    assert len(await clients(watch)) == 1


async def test_a_cancelled_blocking_command_leaves_no_blocked_client(
    redis: RedisPool, watch: RedisPool
) -> None:
    with trio.move_on_after(0.1) as scope:
        await redis.command("BLPOP", "majlis:test:never", 0, timeout=60)
    assert scope.cancelled_caught
    assert await clients(watch) == []
    assert redis.statistics().pool.busy == 0
    assert await redis.command("PING") == b"PONG"


async def test_a_command_has_a_time_out(redis: RedisPool, watch: RedisPool) -> None:
    with pytest.raises(ResourceUnavailable, match=r"no answer within 0.1 s"):
        await redis.command("BLPOP", "majlis:test:never", 0, timeout=0.1)
    assert await clients(watch) == []


async def test_out_of_memory_is_unavailability(bridge: Bridge, own_server: EmbeddedServer) -> None:
    async with open_redis_pool(own_server.dsn, bridge=bridge, name=NAME) as redis:
        await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await redis.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(ResourceUnavailable, match="OutOfMemory"):
            await redis.command("SET", "a", "b")


async def test_a_killed_connection_is_noticed_and_replaced(redis: RedisPool, watch: RedisPool) -> None:
    await redis.command("PING")
    (line,) = await clients(watch)
    await watch.command("CLIENT", "KILL", "ID", line.split("id=")[1].split()[0])
    with suppress(ResourceUnavailable):  # the news may still be on its way to us
        await redis.command("PING")
    assert await redis.command("PING") == b"PONG"


async def test_a_server_that_is_away_is_no_fault_at_opening_and_fails_in_milliseconds(bridge: Bridge) -> None:
    async with open_redis_pool("unix:///nonexistent/redis.sock", bridge=bridge, name=NAME) as redis:
        with pytest.raises(ResourceUnavailable) as caught:
            await redis.command("PING")
        assert caught.value.resource == "redis"
        began = trio.current_time()
        for _ in range(100):
            with pytest.raises(ResourceUnavailable):
                await redis.command("PING")
        assert trio.current_time() - began < 0.5


async def test_a_paused_server_holds_nobody_past_the_command_time_out(
    bridge: Bridge, own_server: EmbeddedServer
) -> None:
    async with open_redis_pool(
        own_server.dsn, bridge=bridge, name=NAME, size=2, command_timeout=0.3
    ) as redis:
        await redis.command("PING")
        with paused(own_server):
            for _ in range(4):
                began = trio.current_time()
                with pytest.raises(ResourceUnavailable):
                    await redis.command("PING")
                assert trio.current_time() - began < 0.3 + 0.2

        async def answers() -> bool:
            with suppress(ResourceUnavailable):
                return await redis.command("PING") == b"PONG"
            return False

        await until(answers)
        assert len(await clients(redis)) == 1


async def test_a_listener_hears_what_is_published(redis: RedisPool, watch: RedisPool) -> None:
    async with redis.subscribe("majlis:test:wake") as messages:

        async def heard() -> bool:
            return await redis.command("PUBLISH", "majlis:test:wake", "first") == 1

        await until(heard)
        with trio.fail_after(2):
            assert await messages.receive() == b"first"
        await redis.command("PUBLISH", "majlis:test:wake", "second")
        with trio.fail_after(2):
            assert await messages.receive() == b"second"
        assert redis.statistics().subscriptions == 1
    assert len(await clients(watch)) == 1, "the subscription's own connection is gone"


async def test_a_listener_comes_back_after_its_connection_is_lost(redis: RedisPool, watch: RedisPool) -> None:
    async with redis.subscribe("majlis:test:back") as messages:

        async def heard() -> bool:
            return await redis.command("PUBLISH", "majlis:test:back", "x") == 1

        await until(heard)
        assert await messages.receive() == b"x"
        await watch.command("CLIENT", "KILL", "TYPE", "pubsub")
        await until(heard)
        with trio.fail_after(5):
            assert await messages.receive() == b"x"
        assert redis.statistics().reconnects >= 1


async def test_a_slow_listener_loses_hints_and_nothing_grows(redis: RedisPool) -> None:
    async with redis.subscribe("majlis:test:many"):

        async def heard() -> bool:
            return await redis.command("PUBLISH", "majlis:test:many", "x") == 1

        await until(heard)
        await redis.pipeline([("PUBLISH", "majlis:test:many", "x")] * 1000)

        async def counted() -> bool:
            return redis.statistics().messages >= 1000

        await until(counted)
        assert redis.statistics().dropped >= 700


async def test_a_listener_that_has_gone_costs_nobody_anything(redis: RedisPool) -> None:
    async with redis.subscribe("majlis:test:gone") as messages:

        async def heard() -> bool:
            return await redis.command("PUBLISH", "majlis:test:gone", "x") == 1

        await until(heard)
        messages.close()
        before = redis.statistics().dropped
        await redis.command("PUBLISH", "majlis:test:gone", "x")

        async def counted() -> bool:
            return redis.statistics().dropped > before

        await until(counted)
