"""The fault proxy on real sockets and before real servers: each fault is what it says, and ends when it is told to."""

from __future__ import annotations

import errno
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
import trio

from runtime.drill.sightings import files_below
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.redis import open_redis_pool
from runtime.testing import FaultProxy, Faults, assert_no_leaks, fault_proxy, postgres_socket


@pytest.fixture
async def echo(nursery: trio.Nursery) -> tuple[str, int]:
    """The address of a server that says everything again."""

    async def serve(stream: trio.SocketStream) -> None:
        try:
            async for data in stream:
                await stream.send_all(data)
            await stream.send_eof()
        except trio.BrokenResourceError:
            pass

    (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    return ("127.0.0.1", listener.socket.getsockname()[1])


@pytest.fixture
async def proxy(echo: tuple[str, int]) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(echo) as proxy:
        yield proxy


async def connect(proxy: FaultProxy) -> trio.SocketStream:
    if isinstance(proxy.address, Path):
        return await trio.open_unix_socket(proxy.address)
    return await trio.open_tcp_stream(*proxy.address)


async def say(stream: trio.SocketStream, data: bytes, seconds: float = 5) -> bytes:
    """Send and read as many bytes as were sent, or what comes before the end."""
    heard = b""
    with trio.fail_after(seconds):
        await stream.send_all(data)
        while len(heard) < len(data):
            more = await stream.receive_some()
            if not more:
                break
            heard += more
    return heard


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not condition():
            await trio.sleep(0.002)


async def silent(read: Callable[[], Awaitable[object]]) -> bool:
    """Whether nothing is to be read for a moment."""
    with trio.move_on_after(0.05):
        await read()
        return False
    return True


async def test_a_sound_network_passes_everything_on_and_counts_it(proxy: FaultProxy) -> None:
    async with await connect(proxy) as stream:
        data = bytes(range(256)) * 4000

        async def send() -> None:
            await stream.send_all(data)
            await stream.send_eof()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            heard = b"".join([bytes(chunk) async for chunk in stream])
        assert heard == data, "in order, to the end, and the end is passed on"
    await until(lambda: proxy.statistics().open == 0)
    statistics = proxy.statistics()
    assert (statistics.accepted, statistics.bytes_up, statistics.bytes_down) == (1, len(data), len(data))


@pytest.mark.parametrize("listens", ["tcp", "unix"])
@pytest.mark.parametrize("target", ["tcp", "unix"])
async def test_it_listens_on_and_leads_to_tcp_and_unix_sockets(
    echo: tuple[str, int], tmp_path: Path, listens: str, target: str
) -> None:
    async with fault_proxy(echo, listen=tmp_path / "first.sock") as first:
        listen = ("127.0.0.1", 0) if listens == "tcp" else tmp_path / "second.sock"
        to = first.address if target == "unix" else echo
        async with fault_proxy(to, listen=listen) as second, await connect(second) as stream:
            assert await say(stream, b"salam") == b"salam"
    assert files_below(tmp_path) == set()


async def test_latency_is_added_in_each_direction_and_jitter_keeps_the_order(proxy: FaultProxy) -> None:
    async with await connect(proxy) as stream:
        assert await say(stream, b"at once") == b"at once"
        proxy.faults = Faults(latency=0.05, jitter=0.03)
        began = time.monotonic()
        words = [b"%04d" % number for number in range(50)]
        assert await say(stream, b"".join(words)) == b"".join(words)
        assert time.monotonic() - began >= 0.1
        proxy.faults = Faults()
        began = time.monotonic()
        assert await say(stream, b"at once") == b"at once"
        assert time.monotonic() - began < 0.1


async def test_a_stall_takes_bytes_keeps_them_and_lets_them_go(proxy: FaultProxy) -> None:
    async with await connect(proxy) as stream:
        proxy.faults = Faults(stall=True)
        await stream.send_all(b"kept")
        assert await silent(stream.receive_some)
        proxy.faults = Faults()
        with trio.fail_after(5):
            assert await stream.receive_some() == b"kept"


async def test_what_a_stall_holds_is_bounded(proxy: FaultProxy) -> None:
    async with await connect(proxy) as stream:
        proxy.faults = Faults(stall=True)
        with trio.move_on_after(0.5) as scope:
            for _ in range(1000):
                await stream.send_all(b"x" * 100_000)
        assert scope.cancelled_caught


async def test_bytes_come_in_pieces(proxy: FaultProxy) -> None:
    proxy.faults = Faults(slice=1)
    async with await connect(proxy) as stream:
        await stream.send_all(b"pieces")
        heard: list[bytes] = []
        with trio.fail_after(5):
            while sum(map(len, heard)) < 6:
                heard.append(bytes(await stream.receive_some()))
        assert b"".join(heard) == b"pieces"
        assert len(heard) > 1


async def test_a_rate_holds_the_whole_back(proxy: FaultProxy) -> None:
    proxy.faults = Faults(rate=1_000_000)
    async with await connect(proxy) as stream:
        began = time.monotonic()
        assert len(await say(stream, b"x" * 200_000)) == 200_000
        assert time.monotonic() - began >= 0.19


async def test_a_reset_is_one_for_all_that_are_open(proxy: FaultProxy) -> None:
    async with await connect(proxy) as one, await connect(proxy) as two:
        await say(one, b"1")
        await say(two, b"2")
        assert proxy.reset() == 2
        for stream in (one, two):
            with pytest.raises(trio.BrokenResourceError) as caught:
                await stream.receive_some()
            assert isinstance(caught.value.__cause__, OSError)
            assert caught.value.__cause__.errno == errno.ECONNRESET
    async with await connect(proxy) as stream:
        assert await say(stream, b"again") == b"again"


async def test_the_next_connections_are_reset_after_some_bytes(proxy: FaultProxy) -> None:
    proxy.reset_next(after=13)
    async with await connect(proxy) as stream:
        assert await say(stream, b"12345") == b"12345"
        with trio.fail_after(5):
            await stream.send_all(b"abcdef")  # three of them are the last that pass
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()
    async with await connect(proxy) as stream:
        assert await say(stream, b"x" * 100) == b"x" * 100
    assert proxy.statistics().resets == 1
    proxy.faults = Faults(reset_after=0)
    for _ in range(2):
        async with await connect(proxy) as stream:
            with pytest.raises(trio.BrokenResourceError), trio.fail_after(5):
                await stream.receive_some()


async def test_a_half_closed_connection_says_nothing_and_still_listens(proxy: FaultProxy) -> None:
    async with await connect(proxy) as stream:
        await say(stream, b"open")
        proxy.half_close()
        with trio.fail_after(5):
            assert await stream.receive_some() == b""
        before = proxy.statistics().bytes_up
        await stream.send_all(b"still heard")
        await until(lambda: proxy.statistics().bytes_up == before + 11)


async def test_new_connections_are_swallowed_left_waiting_or_refused(proxy: FaultProxy) -> None:
    async with await connect(proxy) as old:
        proxy.faults = Faults(admission="blackhole")
        async with await connect(proxy) as swallowed:
            await swallowed.send_all(b"hello?")
            assert await silent(swallowed.receive_some)
            assert await say(old, b"passes") == b"passes"
        assert proxy.statistics().swallowed == 1
        proxy.faults = Faults(admission="unaccepted")
        accepted = proxy.statistics().accepted
        async with await connect(proxy) as waiting:
            await waiting.send_all(b"later")
            assert await silent(waiting.receive_some)
            assert proxy.statistics().accepted == accepted
            proxy.faults = Faults()
            with trio.fail_after(5):
                assert await waiting.receive_some() == b"later"
        proxy.faults = Faults(admission="down")
        with pytest.raises(OSError, match="connect"):
            await connect(proxy)
        proxy.faults = Faults()
        async with await connect(proxy) as stream:
            assert await say(stream, b"back") == b"back"


async def test_a_target_that_is_away_is_a_reset_and_no_end_of_the_proxy(tmp_path: Path) -> None:
    async with fault_proxy(tmp_path / "nobody.sock") as proxy:
        async with await connect(proxy) as stream:
            with pytest.raises(trio.BrokenResourceError), trio.fail_after(5):
                await stream.receive_some()
        assert proxy.statistics().unreachable == 1


async def test_more_connections_than_are_allowed_wait_for_others_to_end(echo: tuple[str, int]) -> None:
    async with fault_proxy(echo, most=1) as proxy:
        async with await connect(proxy) as first:
            await say(first, b"1")
            second = await connect(proxy)
            await second.send_all(b"2")
            assert await silent(second.receive_some)
        async with second:
            with trio.fail_after(5):
                assert await second.receive_some() == b"2"


async def test_nothing_is_left_of_a_proxy_that_ends_in_the_middle_of_everything(
    echo: tuple[str, int],
) -> None:
    async with assert_no_leaks():
        async with fault_proxy(echo, faults=Faults(stall=True)) as proxy:
            streams = [await connect(proxy) for _ in range(20)]
            for stream in streams:
                await stream.send_all(b"x" * 1000)
        for stream in streams:
            await trio.aclose_forcefully(stream)


async def test_an_exception_of_the_block_leaves_as_itself(echo: tuple[str, int]) -> None:
    with pytest.raises(LookupError):
        async with fault_proxy(echo):
            raise LookupError


async def test_databases_are_reached_through_it_by_their_own_urls(
    postgres_dsn: str, redis_dsn: str, tmp_path: Path
) -> None:
    async with (
        fault_proxy(postgres_dsn, listen=postgres_socket(tmp_path)) as to_postgres,
        fault_proxy(redis_dsn) as to_redis,
        open_postgres_pool(to_postgres.url(postgres_dsn), name="test/proxy", connect_timeout=0.5) as postgres,
        open_redis_pool(to_redis.url(redis_dsn), name="test/proxy", command_timeout=0.3) as redis,
    ):
        assert (await postgres.fetch("select 1 as one"))[0]["one"] == 1
        assert await redis.command("ECHO", "x") == b"x"
        to_postgres.faults = to_redis.faults = Faults(stall=True)
        with pytest.raises(ResourceUnavailable):
            await postgres.fetch("select 1", timeout=0.1)
        with pytest.raises(ResourceUnavailable):
            await redis.command("PING")
        to_postgres.faults = to_redis.faults = Faults()
        with trio.fail_after(5):
            assert await postgres.fetch("select 1")
            assert await redis.command("PING") == b"PONG"
