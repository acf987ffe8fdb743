"""Group commit: many callers, one statement, no timer.

Theory of operation: callers queue their items and wait. One task takes all that is waiting and hands it to the batch
function; while that is on its way, the next ones gather. Idle, an item waits for nothing; busy, hundreds share a
round trip and an fsync. A caller that is cancelled leaves the queue; an item that is already in a batch runs on.
A `DataFault` is the fault of some item: the batch is halved until it stands alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import outcome
import structlog
import trio

from runtime.actor.supervision import origin
from runtime.journal.protocol import DataFault
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")


class BatchFailed(Exception):
    """The batch function failed in a way that is no fault of the store or of the data; the cause says how."""


@dataclass(frozen=True)
class GroupStatistics:
    """The weight of what is `waiting` now; `batches` and `items` since the start."""

    waiting: int
    batches: int
    items: int


class _Entry(Generic[T]):
    """An item and the task that waits for its result (None once it has left)."""

    __slots__ = ("item", "task", "weight")

    def __init__(self, item: T, weight: int, task: trio.lowlevel.Task) -> None:
        self.item = item
        self.weight = weight
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
        batch weighs at most `largest`, unless it is a single item; items with an equal `apart` never share one. What
        waits weighs at most `capacity`.
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
        self._waiting = 0
        self._closed = False
        self._batches = 0
        self._items = 0

    async def submit(self, item: T) -> R:
        """Return the item's result. Raises what its batch raised; ResourceUnavailable when the queue is full.

        Cancelled, it stops waiting at once; an item that is in flight by then is carried out all the same.
        """
        if self._closed:
            await trio.lowlevel.checkpoint_if_cancelled()  # who ends with the node hears of that
            raise self._closing()
        weight = self._weight(item)
        if self._waiting and self._waiting + weight > self._capacity:
            raise ResourceUnavailable("postgres", f"{self._waiting} wait for {self.name} already")
        entry = _Entry(item, weight, trio.lowlevel.current_task())
        self._queue.append(entry)
        self._waiting += weight
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
            self._closed = True
            self._fail(self._queue, self._closing())
            self._queue.clear()
            self._waiting = 0

    def _take(self) -> list[_Entry[T]]:
        """Take the next batch off the queue; what left meanwhile is dropped, what must stand apart goes back."""
        batch: list[_Entry[T]] = []
        back: list[_Entry[T]] = []
        keys: set[object] = set()
        room = self._largest
        while self._queue and room > 0:
            entry = self._queue.popleft()
            if entry.task is None:
                self._waiting -= entry.weight
                continue
            if entry.weight > room and batch:
                back.append(entry)
                break
            if self._apart is not None:
                key = self._apart(entry.item)
                if key in keys:
                    back.append(entry)
                    continue
                keys.add(key)
            batch.append(entry)
            room -= entry.weight
            self._waiting -= entry.weight
        self._queue.extendleft(reversed(back))
        return batch

    async def _carry_out(self, batch: list[_Entry[T]]) -> None:
        self._batches += 1
        self._items += len(batch)
        try:
            with trio.move_on_after(self._deadline):
                results = await self._batch([entry.item for entry in batch])
                for entry, result in zip(batch, results, strict=True):
                    _answer(entry, outcome.Value(result))
                return
            self._fail(
                batch, ResourceUnavailable("postgres", f"{self.name}: no answer in {self._deadline:g} s")
            )
        except trio.Cancelled:
            self._fail(batch, self._closing())
            raise
        except DataFault as fault:
            if len(batch) == 1:
                _answer(batch[0], outcome.Error(fault))
                return
            middle = len(batch) // 2
            await self._carry_out(batch[:middle])
            await self._carry_out(batch[middle:])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' to hear
            if not isinstance(error, ResourceUnavailable):
                kind, where = type(error).__name__, origin(error, below=__file__)
                _log.error("batch failed", group=self.name, items=len(batch), fault=kind, where=where)
            self._fail(batch, error)

    def _fail(self, batch: Iterable[_Entry[T]], error: Exception) -> None:
        for entry in batch:
            _answer(entry, outcome.Error(self._own_copy(error)))

    def statistics(self) -> GroupStatistics:
        """Return the queue's length and what was carried out."""
        return GroupStatistics(self._waiting, self._batches, self._items)

    def _closing(self) -> ResourceUnavailable:
        return ResourceUnavailable("postgres", f"{self.name} is shutting down")

    def _own_copy(self, error: Exception) -> Exception:
        """Give each waiting task an exception of its own: shared ones grow each other's tracebacks."""
        if isinstance(error, ResourceUnavailable):
            return ResourceUnavailable(error.resource, error.reason)
        failed = BatchFailed(f"{self.name}: {type(error).__name__}")
        failed.__cause__ = error
        return failed


def _answer(entry: _Entry[T], result: outcome.Outcome[R]) -> None:
    """Wake the task that waits for an entry, if it still does. An outcome is good for one task only."""
    task, entry.task = entry.task, None
    if task is not None:
        trio.lowlevel.reschedule(task, result)
