"""Faults at every checkpoint: each one is reached, the fault lands there and nowhere else, and nothing is hidden."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import trio
import trio.testing

from runtime.testing import (
    InjectedFault,
    TooManyCheckpoints,
    cancel_at_every_checkpoint,
    raise_at_every_checkpoint,
)


async def test_a_scenario_is_cancelled_before_its_start_and_at_each_step_until_it_is_through() -> None:
    reached: list[int] = []

    async def scenario() -> None:
        reached.append(0)
        for step in (1, 2, 3):
            await trio.lowlevel.checkpoint()
            reached[-1] = step

    tried = await cancel_at_every_checkpoint(scenario)
    # Before the first instruction; at each of three checkpoints; at its end; and once left alone.
    assert reached == [0, 0, 1, 2, 3, 3]
    assert (tried.tried, tried.survived, tried.checkpoints) == (5, 1, 5)


async def test_the_cancellation_is_delivered_at_the_very_wait_and_not_at_the_next_one() -> None:
    cut: list[str] = []

    async def scenario() -> None:
        for name in ("first", "second"):
            try:
                with trio.move_on_after(0.001):
                    await trio.sleep_forever()
            except trio.Cancelled:
                cut.append(name)
                raise

    await cancel_at_every_checkpoint(scenario)
    assert Counter(cut) == {"first": 2, "second": 1}


async def test_steps_of_children_and_grandchildren_are_checkpoints_and_those_of_others_are_not(
    nursery: trio.Nursery,
) -> None:
    cut: Counter[str] = Counter()

    async def waits(name: str, then: trio.Event) -> None:
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            cut[name] += 1
            raise
        then.set()

    async def child(then: trio.Event) -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(waits, "grandchild", then)

    async def scenario() -> None:
        event = trio.Event()
        async with trio.open_nursery() as inner:
            inner.start_soon(child, event)
            await event.wait()

    async def stranger() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    alone = await cancel_at_every_checkpoint(scenario)
    nursery.start_soon(stranger)
    beside = await cancel_at_every_checkpoint(scenario)
    nursery.cancel_scope.cancel()
    assert alone == beside
    assert cut["grandchild"] >= 2


async def test_a_shield_holds_the_cancellation_back_until_its_end() -> None:
    whole: list[bool] = []

    async def scenario() -> None:
        whole.append(False)
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            whole[-1] = True
        await trio.lowlevel.checkpoint()

    await cancel_at_every_checkpoint(scenario)
    assert all(whole)


async def test_only_the_tools_own_cancellation_ends_at_the_tool() -> None:
    with trio.CancelScope() as outer:

        async def scenario() -> None:
            await trio.lowlevel.checkpoint()
            outer.cancel()
            await trio.sleep_forever()

        await cancel_at_every_checkpoint(scenario)
        raise AssertionError("the outer cancellation was swallowed")
    assert outer.cancelled_caught


async def test_an_exception_of_a_cancelled_scenario_names_the_checkpoint() -> None:
    async def scenario() -> None:
        await trio.lowlevel.checkpoint()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            raise ValueError("clean-up went wrong") from None

    with pytest.raises(ValueError, match="went wrong") as caught:
        await cancel_at_every_checkpoint(scenario)
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"cancelled at checkpoint 3 \(task \S+scenario, \S+test_checkpoints\.py:\d+\)", note)


async def test_what_a_cancelled_scenario_may_raise_it_may_not_raise_uncancelled() -> None:
    async def scenario() -> None:
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            raise LookupError from None

    tried = await cancel_at_every_checkpoint(scenario, expected=(LookupError,))
    assert (tried.tried, tried.survived) == (3, 1)

    async def always() -> None:
        raise LookupError

    with pytest.raises(LookupError) as caught:
        await cancel_at_every_checkpoint(always, expected=(LookupError,))
    assert caught.value.__notes__ == ["without a fault, after 2 checkpoints"]


async def test_after_is_awaited_beyond_the_fault_and_its_exception_names_the_checkpoint() -> None:
    looked: list[int] = []

    async def after(k: int) -> None:
        await trio.lowlevel.checkpoint()
        looked.append(k)
        if k == 3:
            raise LookupError("left over")

    async def scenario() -> None:
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()

    with pytest.raises(LookupError) as caught:
        await cancel_at_every_checkpoint(scenario, after=after)
    assert looked == [1, 2, 3]
    assert "cancelled at checkpoint 3" in caught.value.__notes__[0]


async def test_a_long_scenario_may_be_sampled_and_is_bounded(autojump_clock: trio.abc.Clock) -> None:
    async def scenario() -> None:
        for _ in range(30):
            await trio.lowlevel.checkpoint()

    assert (await cancel_at_every_checkpoint(scenario, every=10)).tried == 4
    with pytest.raises(TooManyCheckpoints, match="not through after 5 faults"):
        await cancel_at_every_checkpoint(scenario, most=5)

    async def stubborn() -> None:
        try:
            await trio.sleep(1)
        except InjectedFault:
            await trio.sleep(10)

    with pytest.raises(trio.TooSlowError) as caught:
        await raise_at_every_checkpoint(stubborn, within=5)
    assert "with a fault raised at checkpoint 1" in caught.value.__notes__[0]


async def test_each_wait_fails_once_in_the_task_that_waits(autojump_clock: trio.abc.Clock) -> None:
    failed: list[tuple[str, int]] = []

    async def waits(name: str) -> None:
        for step in (1, 2):
            try:
                await trio.sleep(step)
            except InjectedFault:
                failed.append((name, step))
                raise

    async def scenario() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits, "child")
            await waits("parent")

    tried = await raise_at_every_checkpoint(scenario)
    assert sorted(failed) == [("child", 1), ("child", 2), ("parent", 1), ("parent", 2)]
    assert tried.tried == 4
    assert tried.survived == 0


async def test_a_plain_checkpoint_may_fail_but_not_the_end_of_what_is_done() -> None:
    lock = trio.Lock()

    async def scenario() -> None:
        async with lock:  # taken at once: its wait comes after the fact, and cannot fail
            await trio.lowlevel.checkpoint()

    async def after(_: int) -> None:
        assert not lock.locked()

    assert (await raise_at_every_checkpoint(scenario, after=after)).tried == 1


async def test_what_the_wait_holds_is_deregistered_when_it_fails() -> None:
    async def scenario() -> None:
        send, receive = trio.open_memory_channel[int](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send.send, 1)
            try:
                await receive.receive()
            except InjectedFault:
                assert receive.statistics().tasks_waiting_receive == 0
                raise
            nursery.cancel_scope.cancel()

    assert (await raise_at_every_checkpoint(scenario)).tried >= 1


async def test_waits_in_a_shield_fail_only_on_request() -> None:
    async def scenario() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.0001)

    assert (await raise_at_every_checkpoint(scenario)).tried == 0
    assert (await raise_at_every_checkpoint(scenario, shielded=True)).tried == 1


async def test_another_exception_leaves_the_tool_and_an_expected_one_does_not() -> None:
    class Translated(Exception):
        pass

    async def scenario() -> None:
        try:
            await trio.sleep(0.0001)
        except ConnectionError as exc:
            raise Translated from exc

    with pytest.raises(Translated) as caught:
        await raise_at_every_checkpoint(scenario, fault=ConnectionResetError)
    assert "with a fault raised at checkpoint 1 (task " in caught.value.__notes__[0]
    tried = await raise_at_every_checkpoint(scenario, fault=ConnectionResetError, expected=(Translated,))
    assert (tried.tried, tried.survived) == (1, 0)


async def test_an_exception_beside_the_fault_in_a_group_is_not_hidden() -> None:
    async def careless() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("not hidden")

    async def scenario() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(careless)
            await trio.sleep(0.0001)
            nursery.cancel_scope.cancel()

    with pytest.raises(ExceptionGroup) as caught:
        await raise_at_every_checkpoint(scenario)
    assert caught.group_contains(ValueError, match="not hidden")
    assert not caught.group_contains(InjectedFault)


async def test_a_scenario_that_mends_its_fault_survives_it() -> None:
    async def scenario() -> None:
        try:
            await trio.sleep(0.0001)
        except InjectedFault:
            await trio.lowlevel.cancel_shielded_checkpoint()

    tried = await raise_at_every_checkpoint(scenario)
    assert (tried.tried, tried.survived) == (1, 1)
