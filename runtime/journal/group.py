"""Group commit: many callers, one statement, no timer.

Theory of operation: callers queue their items and wait. One task takes all that is waiting and hands it to the batch
function; while that is on its way, the next ones gather. Idle, an item waits for nothing; busy, hundreds share a
round trip and an fsync. A caller that is cancelled leaves the queue; an item that is already in a batch runs on.
A `DataFault` is the fault of some item: the batch is halved until it stands alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import outcome
import trio

from runtime.journal.protocol import DataFault
from runtime.resources.errors import ResourceUnavailable

T = TypeVar("T")
R = TypeVar("R")


class BatchFailed(Exception):
    """The batch function failed in a way that is no fault of the store or of the data; the cause says how."""


@dataclass(frozen=True)
class GroupStatistics:
    """`waiting` items now; `batches` and `items` since the start."""

    waiting: int
    batches: int
    items: int


class _Entry(Generic[T]):
    """An item and the task that waits for its result (None once it has left)."""

    __slots__ = ("item", "task")

    def __init__(self, item: T, task: trio.lowlevel.Task) -> None:
        self.item = item
        self.task: trio.lowlevel.Task | None = task


class GroupCommit(Generic[T, R]):
    """Gathers items of many tasks into batches. `run` must be a task of a nursery that outlives the callers."""

    def __init__(
        self,
        name: str,
        batch: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        deadline: float = 5.0,
        largest: int = 500,
        capacity: int = 20_000,
        weight: Callable[[T], int] = lambda _: 1,
        apart: Callable[[T], object] | None = None,
    ) -> None:
        """Prepare an empty queue.

        `batch` returns one result per item, in order, within `deadline` seconds or all of it fails as unavailable. A
        batch weighs at most `largest`, unless it is a single item; items with an equal `apart` never share one. At most
        `capacity` items wait.
        """
        self.name = name
        self._batch = batch
        self._largest = largest
        self._capacity = capacity
        self._deadline = deadline
        self._weight = weight
        self._apart = apart
        self._queue: deque[_Entry[T]] = deque()
        self._wake = trio.Event()
        self._batches = 0
        self._items = 0

    async def submit(self, item: T) -> R:
        """Return the item's result. Raises what its batch raised; ResourceUnavailable when the queue is full.

        Cancelled, it stops waiting at once; an item that is in flight by then is carried out all the same.
        """
        if len(self._queue) >= self._capacity:
            raise ResourceUnavailable("postgres", f"{self._capacity} wait for {self.name} already")
        entry = _Entry(item, trio.lowlevel.current_task())
        self._queue.append(entry)
        self._wake.set()

        def abort(_raise_cancel: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            entry.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        result: R = await trio.lowlevel.wait_task_rescheduled(abort)
        return result

    async def run(self) -> None:
        """Carry out batches until cancelled."""
        try:
            while True:
                batch = self._take()
                if batch:
                    await self._carry_out(batch)
                elif not self._queue:
                    self._wake = trio.Event()
                    await self._wake.wait()
        finally:
            self._answer(list(self._queue), outcome.Error(self._closing()))
            self._queue.clear()

    def _take(self) -> list[_Entry[T]]:
        """Take the next batch off the queue; what left meanwhile is dropped, what must stand apart goes back."""
        batch: list[_Entry[T]] = []
        back: list[_Entry[T]] = []
        keys: set[object] = set()
        room = self._largest
        while self._queue and room > 0:
            entry = self._queue.popleft()
            if entry.task is None:
                continue
            room -= self._weight(entry.item)
            if room < 0 and batch:
                back.append(entry)
                break
            if self._apart is not None:
                key = self._apart(entry.item)
                if key in keys:
                    back.append(entry)
                    continue
                keys.add(key)
            batch.append(entry)
        self._queue.extendleft(reversed(back))
        return batch

    async def _carry_out(self, batch: list[_Entry[T]]) -> None:
        self._batches += 1
        self._items += len(batch)
        try:
            with trio.move_on_after(self._deadline):
                results = await self._batch([entry.item for entry in batch])
                for entry, result in zip(batch, results, strict=True):
                    self._answer([entry], outcome.Value(result))
                return
            late = ResourceUnavailable("postgres", f"{self.name}: no answer within {self._deadline} s")
            for entry in batch:
                self._answer([entry], outcome.Error(self._own_copy(late)))
        except trio.Cancelled:
            self._answer(batch, outcome.Error(self._closing()))
            raise
        except DataFault as fault:
            if len(batch) == 1:
                self._answer(batch, outcome.Error(fault))
                return
            middle = len(batch) // 2
            await self._carry_out(batch[:middle])
            await self._carry_out(batch[middle:])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' to hear
            for entry in batch:
                self._answer([entry], outcome.Error(self._own_copy(error)))

    def _answer(self, batch: Sequence[_Entry[T]], result: outcome.Outcome[R]) -> None:
        for entry in batch:
            task, entry.task = entry.task, None
            if task is not None:
                trio.lowlevel.reschedule(task, result)

    def statistics(self) -> GroupStatistics:
        """Return the queue's length and what was carried out."""
        return GroupStatistics(len(self._queue), self._batches, self._items)

    def _closing(self) -> ResourceUnavailable:
        return ResourceUnavailable("postgres", f"{self.name} is shutting down")

    def _own_copy(self, error: Exception) -> Exception:
        """Give each waiting task an exception of its own: shared ones grow each other's tracebacks."""
        if isinstance(error, ResourceUnavailable):
            return ResourceUnavailable(error.resource, error.reason)
        failed = BatchFailed(f"{self.name}: {type(error).__name__}")
        failed.__cause__ = error
        return failed
