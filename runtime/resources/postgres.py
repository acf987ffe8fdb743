"""A nursery-scoped pool of Postgres connections: asyncpg on the bridge, slots in Trio.

One operation is one call over the bridge: the slot is taken in Trio, and the loop opens the connection if
there is none, runs the statement and closes what the statement broke. A connection whose call was cancelled,
timed out or failed in the protocol is never used again: asyncpg asks the server to cancel the query, the
connection is closed in bounded time or else cut, and only then does the caller go on.

A released connection is not reset, that would be a round trip: one with an open transaction is closed, and
session state (SET, LISTEN, temporary tables) is not for callers to leave behind; they use SET LOCAL. It
knows nothing of what the statements say.
"""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import asyncpg
import trio
from typing_extensions import override

from runtime.resources.bridge import Bridge, Call, bridge_of
from runtime.resources.errors import (
    PostgresFault,
    ResourceUnavailable,
    TransactionAborted,
    UnusableUrl,
    postgres_fault,
)
from runtime.resources.lending import Lender
from runtime.resources.pool import Circuit, Limits, PoolStatistics, Slot

T = TypeVar("T")
Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Operation: TypeAlias = Callable[[Driver], Coroutine[Any, Any, T]]

CLOSE_TIMEOUT = 1.0
"""Seconds for the graceful close of a connection, the cancellation of its query included; then it is cut."""
CONNECT_GRACE = 0.5
"""Seconds for which an attempt to connect is awaited whose caller was cancelled."""
COMMIT_TIMEOUT = 2.0
"""Seconds for which COMMIT is shielded from cancellation."""
CHECK_AFTER = 30.0
"""Seconds of idleness after which a connection is tried before it is used."""
IDLE_IN_TRANSACTION = 30.0
"""Seconds after which the server ends a session that left a transaction open."""

_DRIVER_FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
# Raised for a setting the server does not know, or cannot have on its platform.
_SETTING_FAULTS = (asyncpg.UndefinedObjectError, asyncpg.InvalidParameterValueError)


@dataclasses.dataclass(slots=True)
class Connector:
    """The loop's half of the pool: opens, uses and closes connections; every coroutine runs on the loop."""

    dsn: str
    connect_timeout: float
    session: dict[str, str]
    check_interval: bool = True

    async def perform(
        self, slot: Slot[Driver], operation: Operation[T], check: bool, held: PostgresConnection | None
    ) -> T:
        """Run one operation on the slot's connection and leave in the slot only a connection fit for use."""
        if check and slot.conn is not None and not await _answers(slot.conn, self.connect_timeout):
            await discard(slot)
        conn = slot.conn or await self._open(slot)
        try:
            return await operation(conn)
        except BaseException as exc:
            fault = postgres_fault(exc)
            if not isinstance(exc, Exception) or conn.is_closed() or fault is PostgresFault.UNAVAILABLE:
                await discard(slot)
            if fault is PostgresFault.UNAVAILABLE and not isinstance(exc, ResourceUnavailable):
                code = getattr(exc, "sqlstate", None)
                reason = f"{type(exc).__name__} ({code})" if code else type(exc).__name__
                raise ResourceUnavailable("postgres", reason) from exc
            raise
        finally:
            if conn.is_closed():
                slot.conn = None
            in_transaction = slot.conn is not None and conn.is_in_transaction()
            if held is not None:
                held.in_transaction = in_transaction
            elif in_transaction:
                await discard(slot)

    async def _open(self, slot: Slot[Driver]) -> Driver:
        loop = asyncio.get_running_loop()
        began = loop.time()
        connecting = loop.create_task(self._connect())
        try:
            slot.conn = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # Cut off now, its session would go on starting at the server, beyond the size of the pool. So it is
            # awaited for a little, and kept for the next caller.
            slot.conn = await _soon(connecting)
            # Callers less patient than the connect time-out must not hide for ever that nobody answers.
            hopeless = False if loop.time() - began > self.connect_timeout / 2 else None
            slot.opened = True if slot.conn is not None else hopeless
            raise
        except _DRIVER_FAULTS as exc:
            if isinstance(exc, asyncpg.ClientConfigurationError):  # no reason to try again
                raise UnusableUrl("postgres.url") from None  # the driver's words may quote it
            slot.opened = False
            told = (
                f"{type(exc).__name__}: {exc}" if str(exc) else f"no answer within {self.connect_timeout:g} s"
            )
            raise ResourceUnavailable("postgres", f"cannot connect: {told}") from exc
        slot.opened = True
        return slot.conn

    async def _connect(self) -> Driver:
        last_line = {"client_connection_check_interval": "1000"} if self.check_interval else {}
        try:
            return await asyncpg.connect(
                self.dsn, timeout=self.connect_timeout, server_settings=self.session | last_line
            )
        except _SETTING_FAULTS:
            if not self.check_interval:
                raise
            self.check_interval = False
        return await asyncpg.connect(self.dsn, timeout=self.connect_timeout, server_settings=self.session)


async def _soon(connecting: asyncio.Task[Driver]) -> Driver | None:
    """Return the connection if it is there within the grace, else cut the attempt off."""
    try:
        await asyncio.wait({connecting}, timeout=CONNECT_GRACE)
        if not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=CONNECT_GRACE)
    finally:  # the loop is being closed
        connecting.cancel()
    if not connecting.done() or connecting.cancelled() or connecting.exception() is not None:
        return None
    return connecting.result()


async def _answers(conn: Driver, patience: float) -> bool:
    try:
        await conn.execute("select", timeout=patience)
    except _DRIVER_FAULTS:
        return False
    return True


async def discard(slot: Slot[Driver]) -> None:
    """Loop: close the slot's connection and take it out of the slot."""
    if slot.conn is not None:
        try:
            await close(slot.conn)
        finally:
            slot.conn = None


async def close(conn: Driver) -> bool:
    """Loop: close a connection in bounded time; what does not end its session politely is cut off: then False."""
    ended = True
    try:
        await conn.close(timeout=CLOSE_TIMEOUT)
    except _DRIVER_FAULTS:
        ended = False
        conn.terminate()
    await asyncio.sleep(0)  # the transport closes its socket in the loop's next round
    return ended


class Queries(abc.ABC):
    """What runs statements: a pool (each on any connection) or a held connection (all on that one).

    Every method raises ResourceUnavailable when the server cannot be used now, and asyncpg's own error when
    it refused the statement; `postgres_fault` tells what to do. `timeout` is in seconds. When a statement is
    cancelled or times out its connection is closed, and the call returns within the bridge's cancel grace.
    """

    async def fetch(self, sql: str, *args: object, timeout: float | None = None) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        return await self.run(lambda conn: conn.fetch(sql, *args), timeout=timeout)

    async def fetchrow(self, sql: str, *args: object, timeout: float | None = None) -> asyncpg.Record | None:
        """Run one statement and return its first row, or None."""
        return await self.run(lambda conn: conn.fetchrow(sql, *args), timeout=timeout)

    async def execute(self, sql: str, *args: object, timeout: float | None = None) -> str:
        """Run one statement, or a script without arguments; return its status, such as "UPDATE 1"."""
        return await self.run(lambda conn: conn.execute(sql, *args), timeout=timeout)

    async def executemany(
        self, sql: str, rows: Iterable[Sequence[object]], *, timeout: float | None = None
    ) -> None:
        """Run one statement for each row of arguments, all or none of them."""
        await self.run(lambda conn: conn.executemany(sql, rows), timeout=timeout)

    async def run(self, operation: Operation[T], *, timeout: float | None = None) -> T:
        """Run an async function of an asyncpg connection on the bridge's loop: many statements in one call.

        It runs in another thread and must not touch Trio.
        """
        if timeout is None:
            return await self._call(operation)
        with trio.move_on_after(timeout):
            return await self._call(operation)
        raise ResourceUnavailable("postgres", f"no answer within {timeout:g} s")

    @abc.abstractmethod
    async def _call(self, operation: Operation[T]) -> T: ...


class PostgresPool(Queries):
    """Postgres for Trio tasks; made by `open_postgres_pool`."""

    def __init__(
        self,
        bridge: Bridge,
        connector: Connector,
        limits: Limits,
        acquire_timeout: float,
        patience: float = math.inf,
    ) -> None:
        self._bridge = bridge
        self._connector = connector
        self._patience = patience
        self.lender: Lender[Driver] = Lender(
            "postgres",
            limits,
            Circuit,
            alive=lambda conn: not conn.is_closed(),
            close=lambda conn: bridge.run(close, conn),
            acquire_timeout=acquire_timeout,
            close_timeout=CLOSE_TIMEOUT,
        )

    async def ping(self) -> None:
        """Make one round trip; raises ResourceUnavailable when the server cannot be used."""
        await self.execute("select")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PostgresConnection]:
        """Hold one connection for several operations; an open transaction at the end closes it."""
        slot = await self.lender.acquire()
        held = PostgresConnection(self._bridge, self._connector, self.lender, slot, self._patience)
        try:
            yield held
        finally:
            await held.let_go()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresConnection]:
        """Hold one connection with an open transaction; see `PostgresConnection.transaction`."""
        async with self.connection() as held, held.transaction():
            yield held

    def statistics(self) -> PoolStatistics:
        """Count the slots and waiters."""
        return self.lender.statistics()

    @override
    @trio.lowlevel.enable_ki_protection
    async def _call(self, operation: Operation[T]) -> T:
        slot = await self.lender.acquire()
        call: Call[T] | None = None
        try:
            check = trio.current_time() - slot.idle_since > CHECK_AFTER
            call = self._bridge.start(self._connector.perform, slot, operation, check, None)
            return await call
        finally:
            self.lender.release_after(call, slot)


class PostgresConnection(Queries):
    """One connection, held; for one task at a time. When it is lost, every further operation says so."""

    def __init__(
        self,
        bridge: Bridge,
        connector: Connector,
        lender: Lender[Driver],
        slot: Slot[Driver],
        patience: float = math.inf,
    ) -> None:
        self._bridge = bridge
        self._connector = connector
        self._lender = lender
        self._slot = slot
        self._patience = patience
        self._last: Call[Any] | None = None
        self.in_transaction = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Run the block in a transaction: COMMIT at its end, ROLLBACK if an exception or Cancelled leaves it.

        COMMIT is shielded for a bounded time: a cancellation that arrives during it comes after it. Raises
        ResourceUnavailable when the COMMIT is not answered (it may have been done), TransactionAborted when
        a statement had failed and the block hid that, so that the server rolled back.
        """
        await self.execute("BEGIN")
        try:
            yield
        except BaseException:
            if self.in_transaction:
                await self._end_with(lambda conn: conn.execute("ROLLBACK"))
            raise
        with trio.CancelScope(shield=True, deadline=trio.current_time() + COMMIT_TIMEOUT):
            if await self.execute("COMMIT") != "COMMIT":
                raise TransactionAborted
            return
        raise ResourceUnavailable(
            "postgres", f"COMMIT not answered within {COMMIT_TIMEOUT:g} s; it may be done"
        )

    async def let_go(self) -> None:
        """Give the connection back, closed if a transaction is open; shielded and bounded."""
        try:
            if self.in_transaction:
                await self._end_with(close)
        finally:
            self._lender.release_after(self._last, self._slot)

    async def _end_with(self, operation: Operation[object]) -> None:
        """End an open transaction; where that fails it ends with the connection."""
        with (
            trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_TIMEOUT),
            suppress(ResourceUnavailable, asyncpg.PostgresError),
        ):
            await self._call(operation)

    @override
    @trio.lowlevel.enable_ki_protection
    async def _call(self, operation: Operation[T]) -> T:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._last is not None and (self._slot.conn is None or not self._last.done):
            raise ResourceUnavailable("postgres", "the held connection was lost")
        check = self._last is None and trio.current_time() - self._slot.idle_since > CHECK_AFTER
        self._last = call = self._bridge.start(self._connector.perform, self._slot, operation, check, self)
        try:
            with trio.move_on_after(self._patience):
                return await call
            raise ResourceUnavailable("postgres", f"no answer within {self._patience:g} s")
        finally:
            self._lender.report(self._slot)


@asynccontextmanager
async def open_postgres_pool(
    dsn: str,
    *,
    name: str = "majlis",
    bridge: Bridge | None = None,
    size: int = 10,
    connect_timeout: float = 2.0,
    acquire_timeout: float = 2.0,
    statement_timeout: float = 10.0,
    patience: float = math.inf,
    settings: Mapping[str, str] = MappingProxyType({}),
    limits: Limits | None = None,
) -> AsyncIterator[PostgresPool]:
    """Lend at most `size` connections to `dsn` while the block runs; times in seconds.

    Connections are opened when needed, so a server that is away is no error here. `name` is their application_name,
    `settings` are more settings of every session. `bridge` is where the driver runs; None: on one of this pool's own.
    At the end all connections are closed, within three seconds, whatever ends the block. `limits` sets life times and the
    queue; its size is then the one that counts. A call on a held connection that is not answered within `patience` has
    found a silent server: with more than `statement_timeout` it never cuts what the server would have ended by itself.
    """
    session = {
        "application_name": name,
        "statement_timeout": f"{statement_timeout * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION * 1000:.0f}",
        **settings,
    }
    connector = Connector(dsn, connect_timeout, session)
    async with bridge_of(bridge) as lent:
        pool = PostgresPool(lent, connector, limits or Limits(size), acquire_timeout, patience)
        async with pool.lender.open():
            yield pool
