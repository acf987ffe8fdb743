"""Group commit: who waits shares a batch, who leaves is not waited for, and one bad item harms itself alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio

from runtime.journal.group import BatchFailed, GroupCommit
from runtime.journal.protocol import DataFault
from runtime.resources.errors import ResourceUnavailable


class Store:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = trio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def batch(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        await self.open.wait()
        if 13 in items:
            raise DataFault("13")
        if self.fault is not None:
            raise self.fault
        return [item * 10 for item in items]


async def submit_all(group: GroupCommit[int, int], items: Sequence[int]) -> dict[int, object]:
    results: dict[int, object] = {}

    async def one(item: int) -> None:
        try:
            results[item] = await group.submit(item)
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            results[item] = error

    async with trio.open_nursery() as nursery:
        for item in items:
            nursery.start_soon(one, item)
    return results


async def test_those_who_wait_share_a_batch(nursery: trio.Nursery) -> None:
    store = Store()
    group = GroupCommit[int, int]("g", store.batch)
    nursery.start_soon(group.run)
    items = range(100, 200)
    results = await submit_all(group, items)
    assert results == {item: item * 10 for item in items}
    assert len(store.batches) <= 2
    assert group.statistics().items == 100


async def test_one_bad_item_stands_alone_in_the_end(nursery: trio.Nursery) -> None:
    store = Store()
    group = GroupCommit[int, int]("g", store.batch)
    nursery.start_soon(group.run)
    results = await submit_all(group, range(20))
    assert isinstance(results.pop(13), DataFault)
    assert results == {item: item * 10 for item in range(20) if item != 13}


async def test_who_is_cancelled_leaves_at_once_and_the_others_are_served(nursery: trio.Nursery) -> None:
    store = Store()
    store.open = trio.Event()
    group = GroupCommit[int, int]("g", store.batch)
    nursery.start_soon(group.run)
    with trio.move_on_after(0) as scope:
        await group.submit(1)
    assert scope.cancelled_caught
    nursery.start_soon(submit_all, group, [2, 3])
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(0):
        await group.submit(4)
    store.open.set()
    assert await group.submit(5) == 50
    assert all(4 not in batch and 1 not in batch for batch in store.batches)


async def test_a_batch_weighs_no_more_than_its_limit_and_the_queue_has_a_bound(nursery: trio.Nursery) -> None:
    store = Store()
    store.open = trio.Event()
    group = GroupCommit[int, int]("g", store.batch, largest=10, capacity=25, weight=lambda item: item)
    nursery.start_soon(group.run)
    nursery.start_soon(submit_all, group, [4, 6, 5, 5, 6])
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ResourceUnavailable):
        await group.submit(20)
    store.open.set()
    await trio.testing.wait_all_tasks_blocked()
    assert await group.submit(30) == 300  # heavier than all that may wait, but alone
    assert all(sum(batch) <= 10 or len(batch) == 1 for batch in store.batches)


async def test_items_that_must_stand_apart_share_no_batch_and_keep_their_order(nursery: trio.Nursery) -> None:
    store = Store()
    group = GroupCommit[int, int]("g", store.batch, apart=lambda item: item % 3)
    nursery.start_soon(group.run)
    await submit_all(group, [0, 3, 6, 1, 4])
    assert all(len({item % 3 for item in batch}) == len(batch) for batch in store.batches)
    order = [item for batch in store.batches for item in batch if item % 3 == 0]
    assert sorted(order) == [0, 3, 6]


async def test_a_store_that_does_not_answer_is_unavailable(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    store = Store()
    store.open = trio.Event()
    group = GroupCommit[int, int]("g", store.batch, deadline=5.0)
    nursery.start_soon(group.run)
    with pytest.raises(ResourceUnavailable):
        await group.submit(1)


async def test_each_waiter_has_an_exception_of_its_own(nursery: trio.Nursery) -> None:
    store = Store()
    store.fault = ZeroDivisionError("x")
    group = GroupCommit[int, int]("g", store.batch)
    nursery.start_soon(group.run)
    results = await submit_all(group, [1, 2, 3])
    assert all(isinstance(error, BatchFailed) for error in results.values())
    assert len({id(error) for error in results.values()}) == 3


async def test_whoever_waits_at_the_end_is_told() -> None:
    store = Store()
    store.open = trio.Event()
    group = GroupCommit[int, int]("g", store.batch)
    results: dict[int, object] = {}
    async with trio.open_nursery() as outer:

        async def wait() -> None:
            results.update(await submit_all(group, [1, 2]))

        outer.start_soon(wait)
        async with trio.open_nursery() as inner:
            inner.start_soon(group.run)
            await trio.testing.wait_all_tasks_blocked()
            inner.cancel_scope.cancel()
    assert {type(error) for error in results.values()} == {ResourceUnavailable}
