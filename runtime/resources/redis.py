"""A nursery-scoped pool of Redis connections: redis-py's connections on the bridge, slots in Trio.

Redis carries hints between replicas and is never the truth, so everything here fails fast and retries nothing.
A command, or a pipeline of them, is one call over the bridge; a connection whose call was cancelled or timed
out is cut and never used again, because the answer still under way would go to somebody else. A subscription
has a connection of its own, outside the pool, and connects again for as long as somebody listens.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeAlias, cast

import structlog
import trio
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from runtime.resources.beside import beside
from runtime.resources.bridge import Bridge, Call, bridge_of
from runtime.resources.errors import ResourceUnavailable, UnusableUrl
from runtime.resources.lending import Lender
from runtime.resources.pool import Circuit, Limits, PoolStatistics, Slot

Argument: TypeAlias = str | bytes | int | float

CLOSE_TIMEOUT = 0.5
"""Seconds for closing a connection."""
FAREWELL = 0.4
"""Seconds for which a server may take to see that a connection ends."""
LISTEN_PING = 10.0
"""Seconds of silence after which a subscription asks whether the server is still there."""
HINTS = 256
"""Messages kept for a slow listener; further ones are dropped."""
RECONNECT_MOST = 2.0
"""Seconds at most between two attempts of a subscription to connect."""

_log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class RedisStatistics:
    """One look at a Redis pool: its slots, and its subscriptions since it was opened."""

    pool: PoolStatistics
    subscriptions: int
    messages: int
    dropped: int
    reconnects: int


class Connector:
    """The loop's half of the pool: opens, uses and closes connections; every coroutine runs on the loop."""

    def __init__(self, url: str, name: str, connect_timeout: float, command_timeout: float) -> None:
        try:
            kwargs = cast("dict[str, Any]", parse_url(url))
        except ValueError:
            raise UnusableUrl("redis.url") from None  # the driver's words may quote it
        self._class: type[AbstractConnection] = kwargs.pop("connection_class", Connection)
        # RESP2: the same reply shapes from Redis 7.0 to Valkey 9. No retry, no time-outs of redis-py: both
        # are ours, and its defaults make one GET on a paused server take 16 s.
        own = {"client_name": name, "protocol": 2, "socket_timeout": None, "retry": Retry(NoBackoff(), 0)}
        self._kwargs = kwargs | own | {"socket_connect_timeout": connect_timeout}
        self._connect_timeout = connect_timeout
        self.command_timeout = command_timeout

    async def perform(
        self, slot: Slot[AbstractConnection], commands: Sequence[Sequence[Argument]], timeout: float
    ) -> list[object]:
        """Send the commands at once; return their replies, an error reply as its exception."""
        try:
            async with asyncio.timeout(timeout):
                if slot.conn is not None and await _is_stale(slot.conn):
                    await self.discard(slot)
                if slot.conn is None:
                    await self._open(slot)
                return await self._exchange(cast("AbstractConnection", slot.conn), commands)
        except BaseException as exc:
            await self.discard(slot)
            if isinstance(exc, RedisError | OSError | TimeoutError):
                reason = f"no answer within {timeout:g} s" if isinstance(exc, TimeoutError) else _told(exc)
                raise ResourceUnavailable("redis", reason) from exc
            raise

    async def _exchange(
        self, conn: AbstractConnection, commands: Sequence[Sequence[Argument]]
    ) -> list[object]:
        await conn.send_packed_command(conn.pack_commands(commands), check_health=False)
        replies: list[object] = []
        for _ in commands:
            try:
                replies.append(await conn.read_response())
            except ResponseError as refusal:
                replies.append(refusal)
        return replies

    async def _open(self, slot: Slot[AbstractConnection]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        slot.opened = None
        try:
            slot.conn = await self.connect()
        except asyncio.CancelledError:
            # By its caller or the command's time-out: not a verdict, unless it was given a fair time.
            slot.opened = False if loop.time() - began > self._connect_timeout / 2 else None
            raise
        except (RedisError, OSError, TimeoutError):
            slot.opened = False
            raise
        slot.opened = True

    async def connect(self) -> AbstractConnection:
        """Return a new connection, shaken hands with and named."""
        conn = self._class(**self._kwargs)
        try:
            async with asyncio.timeout(self._connect_timeout):
                await conn.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await close(conn)
            raise
        return conn

    async def discard(self, slot: Slot[AbstractConnection]) -> None:
        """Close the slot's connection and take it out of the slot."""
        conn, slot.conn = slot.conn, None
        if conn is not None:
            await close(conn)

    async def subscribe(self, channel: str) -> AbstractConnection:
        """Return a new connection that is subscribed to the channel."""
        conn = await self.connect()
        try:
            async with asyncio.timeout(self.command_timeout):
                await self._exchange(conn, [("SUBSCRIBE", channel)])
        except BaseException:
            await close(conn)
            raise
        return conn

    async def next_message(self, conn: AbstractConnection) -> bytes:
        """Return the next message of a subscription; a silent server is asked for a sign of life."""
        asked = False
        while True:
            reply = await conn.read_response(timeout=self.command_timeout if asked else LISTEN_PING)
            if reply is None and asked:
                raise TimeoutError
            asked = reply is None
            if asked:
                await conn.send_command("PING", check_health=False)
            elif isinstance(reply, list) and reply[0] == b"message":
                return cast("bytes", reply[2])


async def _is_stale(conn: AbstractConnection) -> bool:
    """Whether the server has closed the connection, or sent what nobody asked for."""
    try:
        return bool(await conn.can_read())
    except (RedisError, OSError):
        return True


async def close(conn: AbstractConnection) -> bool:
    """Loop: end the connection, seen by the server too if it answers; else cut it, what was not sent too: then False."""
    ended = False
    reader, writer = conn._reader, conn._writer  # noqa: SLF001 (redis-py knows neither a half close nor a cut)
    if writer is not None:
        # Until the server has read our end, it counts the connection: a new one in its place would be one too many.
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                writer.write_eof()
                while reader is not None and await reader.read(65536):
                    pass
                ended = True
        writer.transport.abort()
    with suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await conn.disconnect()
    return ended or writer is None


def _told(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}"


class RedisPool:
    """Redis for Trio tasks; made by `open_redis_pool`.

    Every operation raises ResourceUnavailable within its time-out when the server cannot be used now (out of
    memory and read-only included), and redis.ResponseError when it refused the command.
    """

    def __init__(self, bridge: Bridge, connector: Connector, limits: Limits, acquire_timeout: float) -> None:
        self._bridge = bridge
        self._connector = connector
        self._subscriptions = self._messages = self._dropped = self._reconnects = 0
        self.lender: Lender[AbstractConnection] = Lender(
            "redis",
            limits,
            Circuit,
            alive=lambda conn: conn.is_connected,
            close=lambda conn: bridge.run(close, conn),
            acquire_timeout=acquire_timeout,
            close_timeout=CLOSE_TIMEOUT,
        )

    async def command(self, *command: Argument, timeout: float | None = None) -> object:
        """Run one command and return its reply, bulk strings as bytes.

        `timeout` in seconds replaces the pool's, for commands that block. Cancelled, the connection is cut.
        """
        reply = (await self.pipeline([command], timeout=timeout))[0]
        if isinstance(reply, OutOfMemoryError | ReadOnlyError):
            raise ResourceUnavailable("redis", _told(reply)) from reply
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    @trio.lowlevel.enable_ki_protection
    async def pipeline(
        self, commands: Sequence[Sequence[Argument]], *, timeout: float | None = None
    ) -> list[object]:
        """Send the commands at once and return their replies in order, an error reply as its exception."""
        slot = await self.lender.acquire()
        call: Call[list[object]] | None = None
        try:
            patience = self._connector.command_timeout if timeout is None else timeout
            call = self._bridge.start(self._connector.perform, slot, commands, patience)
            return await call
        finally:
            self.lender.release_after(call, slot)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[trio.MemoryReceiveChannel[bytes]]:
        """Listen to a channel while the block runs; yields what to iterate over.

        Messages are hints: while the server is away, and when the listener is slow, some are missed.
        """
        send, receive = trio.open_memory_channel[bytes](HINTS)
        async with beside(partial(self._listen, channel, send)):
            with receive:
                yield receive

    def statistics(self) -> RedisStatistics:
        """Count the slots, waiters and messages."""
        return RedisStatistics(
            pool=self.lender.statistics(),
            subscriptions=self._subscriptions,
            messages=self._messages,
            dropped=self._dropped,
            reconnects=self._reconnects,
        )

    async def _listen(self, channel: str, send: trio.MemorySendChannel[bytes]) -> None:
        self._subscriptions += 1
        pause = 0.1
        try:
            while True:
                try:
                    conn = await self._bridge.run(self._connector.subscribe, channel)
                    pause = 0.1
                    await self._pass_on(conn, send)
                except (RedisError, OSError, TimeoutError, ResourceUnavailable) as exc:
                    _log.info("redis_subscription_lost", error=type(exc).__name__)
                self._reconnects += 1
                await trio.sleep(pause * (0.5 + random.random()))  # noqa: S311 (jitter)
                pause = min(RECONNECT_MOST, pause * 2)
        finally:
            self._subscriptions -= 1

    async def _pass_on(self, conn: AbstractConnection, send: trio.MemorySendChannel[bytes]) -> None:
        try:
            while True:
                message = await self._bridge.run(self._connector.next_message, conn)
                self._messages += 1
                try:
                    send.send_nowait(message)
                except (trio.WouldBlock, trio.BrokenResourceError):  # slow, or gone: hints are not kept
                    self._dropped += 1
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 2 * CLOSE_TIMEOUT):
                await self._bridge.run(close, conn)


@asynccontextmanager
async def open_redis_pool(
    url: str,
    *,
    name: str = "majlis",
    bridge: Bridge | None = None,
    size: int = 10,
    connect_timeout: float = 1.0,
    command_timeout: float = 1.0,
    acquire_timeout: float = 1.0,
    limits: Limits | None = None,
) -> AsyncIterator[RedisPool]:
    """Lend at most `size` connections to `url` while the block runs; times in seconds.

    Connections are opened when needed, so a server that is away is no error here. `name` is their client name; `bridge`
    is where the driver runs, None: on a bridge of this pool's own. At the end all connections are closed. `limits` sets
    life times and the queue; its size is then the one that counts.
    """
    connector = Connector(url, name, connect_timeout, command_timeout)
    async with bridge_of(bridge) as lent:
        pool = RedisPool(lent, connector, limits or Limits(size), acquire_timeout)
        async with pool.lender.open():
            yield pool
