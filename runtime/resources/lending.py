"""Lends the slots of a pool to Trio tasks: waiting with a deadline, closing in the background, shutting down.

The shell around the books of pool.py that the three pools share. It knows Trio, and of connections only how
it was told to close one and to see that one is dead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import structlog
import trio

from runtime.resources.beside import beside
from runtime.resources.bridge import Call
from runtime.resources.errors import Resource, ResourceUnavailable
from runtime.resources.pool import Circuit, Limits, Pool, PoolStatistics, Slot, Waiter

C = TypeVar("C")

CLOSE_GRACE = 0.5
"""Seconds that Trio waits for a close on top of the driver's own time-out."""

_log = structlog.get_logger(__name__)


class Lender(Generic[C]):
    """A pool in use; `close` closes a connection within `close_timeout` seconds of its own accord.

    It returns whether the server took part; if not, the connection was cut off.
    """

    def __init__(
        self,
        resource: Resource,
        limits: Limits,
        circuit: Callable[[], Circuit],
        *,
        alive: Callable[[C], bool],
        close: Callable[[C], Awaitable[bool]],
        acquire_timeout: float,
        close_timeout: float,
    ) -> None:
        self._resource: Resource = resource
        self._books: Pool[C] = Pool(limits, circuit, alive)
        self._close_conn = close
        self._acquire_timeout = acquire_timeout
        self._patience = close_timeout + CLOSE_GRACE
        self._sweep_every = min(5.0, max(0.05, min(limits.idle, limits.lifetime) / 4))
        self._nursery: trio.Nursery | None = None
        self._empty = trio.Event()

    @trio.lowlevel.enable_ki_protection
    async def acquire(self, key: Hashable = None) -> Slot[C]:
        """Return a slot for `key`, waiting in line up to the acquire time-out; the caller must release it.

        Not a checkpoint when a slot is free. Raises ResourceUnavailable when none comes free in time, the
        queue is full, the circuit is open or the pool is closed. Cancelled, it leaves the line.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        waiter: Waiter[C] = Waiter(key)
        self._apply(self._books.request(waiter, trio.current_time()))
        if waiter.slot is None and waiter.refused is None:
            task = trio.lowlevel.current_task()
            waiter.on_answer = lambda: trio.lowlevel.reschedule(task)

            def leave(_: object) -> trio.lowlevel.Abort:
                self._apply(self._books.withdraw(waiter, trio.current_time()))
                return trio.lowlevel.Abort.SUCCEEDED

            with trio.move_on_after(self._acquire_timeout):
                await trio.lowlevel.wait_task_rescheduled(leave)
        if waiter.slot is None:
            none = f"no connection came free within {self._acquire_timeout:g} s"
            raise ResourceUnavailable(self._resource, waiter.refused or none)
        return waiter.slot

    def release(self, slot: Slot[C]) -> None:
        """Give a slot back: with its connection to be used again, without one when that is closed."""
        self._apply(self._books.release(slot, trio.current_time()))

    def release_after(self, call: Call[Any] | None, slot: Slot[C]) -> None:
        """Release when a call over the bridge that uses the slot has ended: now, unless it was abandoned."""
        if call is None:
            self.release(slot)
        else:
            call.when_late(lambda: self.release(slot))

    def report(self, slot: Slot[C]) -> None:
        """Tell the circuit early how opening went, for a slot that is held on."""
        self._apply(self._books.report(slot, trio.current_time()))

    def statistics(self) -> PoolStatistics:
        """Count the slots and waiters."""
        return self._books.statistics()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Lend while the block runs; then refuse, and close every connection within twice the close time."""
        async with beside(self._sweep) as nursery:
            self._nursery = nursery
            try:
                yield
            finally:
                with trio.CancelScope(shield=True):  # each of the waits below is bounded
                    await self._shut(nursery)

    async def _shut(self, nursery: trio.Nursery) -> None:
        self._apply(self._books.shut(trio.current_time()))
        with trio.move_on_after(self._patience):
            await self._empty.wait()
        held = self._books.slots
        if held:
            _log.error("pool_closed_in_use", resource=self._resource, connections=len(held))
            for slot in held:
                nursery.start_soon(self._close, slot)
            await self._empty.wait()

    def _apply(self, to_close: list[Slot[C]]) -> None:
        for slot in to_close:
            if self._nursery is not None:
                self._nursery.start_soon(self._close, slot)
        if self._books.is_shut and not self._books.slots:
            self._empty.set()

    async def _close(self, slot: Slot[C]) -> None:
        """Close a connection, shielded and bounded, and only then free its slot."""
        ended = slot.conn is None
        with trio.CancelScope(shield=True, deadline=trio.current_time() + self._patience) as scope:
            try:
                if slot.conn is not None:
                    ended = await self._close_conn(slot.conn)
            except ResourceUnavailable as exc:  # the bridge is gone, and its connections with it
                _log.warning("connection_close_failed", resource=self._resource, reason=exc.reason)
        if scope.cancelled_caught:
            _log.error("connection_left_unclosed", resource=self._resource, seconds=self._patience)
        slot.conn = None
        self._apply(self._books.closed(slot, trio.current_time(), cut=not ended))

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(self._sweep_every)
            self._apply(self._books.sweep(trio.current_time()))
