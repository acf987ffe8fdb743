"""The bridge on a real asyncio loop: results, faults and cancellation cross it, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
import trio

from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.errors import ResourceUnavailable


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with open_bridge() as bridge:
        yield bridge


async def echo(value: object) -> object:
    await asyncio.sleep(0)
    return value


async def until(condition: object) -> None:
    """Wait for what another thread is about to do."""
    with trio.fail_after(5):
        while not condition():  # type: ignore[operator]
            await trio.sleep(0.005)


async def test_a_result_comes_back_from_another_thread(bridge: Bridge) -> None:
    async def where() -> int:
        return threading.get_ident()

    assert await bridge.run(where) != threading.get_ident()
    assert await bridge.run(echo, "salam") == "salam"


async def test_an_exception_comes_back_as_itself(bridge: Bridge) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        await bridge.run(fail)


async def test_what_cannot_be_submitted_is_an_exception_of_the_caller(bridge: Bridge) -> None:
    def not_a_coroutine() -> int:
        return 1

    def fails_at_once() -> None:
        raise LookupError

    with pytest.raises(TypeError):
        await bridge.run(not_a_coroutine)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        await bridge.run(fails_at_once)  # type: ignore[arg-type]
    assert await bridge.run(echo, 1) == 1


async def test_a_cancelled_caller_waits_until_the_task_is_gone(bridge: Bridge) -> None:
    gone = False

    async def slow_to_go() -> None:
        nonlocal gone
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            gone = True

    with trio.move_on_after(0.05) as scope:
        await bridge.run(slow_to_go)
    assert scope.cancelled_caught
    assert gone
    assert bridge.statistics().in_flight == 0


async def test_a_result_that_survives_the_cancellation_is_returned(bridge: Bridge) -> None:
    async def commits() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "committed"
        return "never"

    with trio.move_on_after(0.05) as scope:
        assert await bridge.run(commits) == "committed"
    assert not scope.cancelled_caught


async def test_a_result_that_came_first_is_never_lost(bridge: Bridge) -> None:
    taken: list[int] = []
    given: list[int] = []

    async def take(number: int) -> int:
        await asyncio.sleep(0)
        taken.append(number)
        return number

    async def caller(number: int) -> None:
        with trio.move_on_after(0.0002 * (number % 7)):
            given.append(await bridge.run(take, number))

    async with trio.open_nursery() as nursery:
        for number in range(2000):
            nursery.start_soon(caller, number)
    # A task that took its number and was cancelled while returning it does not exist: both agree.
    assert sorted(given) == sorted(taken)
    assert bridge.statistics().in_flight == 0


async def test_cancelled_before_it_starts_nothing_runs(bridge: Bridge) -> None:
    ran = False

    async def run() -> None:
        nonlocal ran
        ran = True

    with trio.CancelScope() as scope:
        scope.cancel()
        await bridge.run(run)
    await bridge.run(echo, None)
    assert scope.cancelled_caught
    assert not ran


async def test_a_task_that_will_not_die_is_abandoned_after_the_grace_and_reports_late() -> None:
    release = threading.Event()
    late = trio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    async with open_bridge(cancel_grace=0.1) as bridge:
        call = bridge.start(stubborn)
        began = trio.current_time()
        with trio.move_on_after(0.05):
            await call
        assert 0.14 < trio.current_time() - began < 1
        assert bridge.statistics().abandoned == 1
        assert not call.done
        call.when_late(late.set)
        release.set()
        with trio.fail_after(2):
            await late.wait()
        assert call.done


async def test_an_exception_nobody_awaits_is_counted_and_harms_nobody(bridge: Bridge) -> None:
    async def orphan() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(RuntimeError("lost"))
        del future
        asyncio.get_running_loop().call_soon(_raise)

    def _raise() -> None:
        raise RuntimeError("in a callback")

    await bridge.run(orphan)
    assert await bridge.run(echo, 1) == 1
    assert bridge.statistics().orphans == 2


async def test_a_hung_loop_is_noticed_and_holds_nobody_past_the_grace() -> None:
    wake = threading.Event()

    async def hang() -> None:
        wake.wait(10)

    async with open_bridge(cancel_grace=0.2) as bridge:
        began = trio.current_time()
        with trio.move_on_after(0.1):
            await bridge.run(hang)
        assert trio.current_time() - began < 1
        await until(lambda: bridge.statistics().hung)
        assert bridge.statistics().lag > 0.5
        wake.set()
        await until(lambda: not bridge.statistics().hung)
        assert await bridge.run(echo, 1) == 1


async def test_a_busy_trio_thread_gives_the_loop_its_turns(bridge: Bridge) -> None:
    async def busy_for(seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            await trio.lowlevel.checkpoint()

    await busy_for(0.05)
    assert bridge.statistics().turns == 0, "nobody waits for the loop"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bridge.run, asyncio.sleep, 60)
        await busy_for(0.05)
        assert 3 < bridge.statistics().turns < 30
        before = bridge.statistics().turns
        await trio.sleep(0.05)
        assert bridge.statistics().turns == before, "Trio slept, the loop could run"
        nursery.cancel_scope.cancel()


async def test_closing_ends_what_still_runs_and_joins_the_thread() -> None:
    ended = False

    async def forever() -> None:
        nonlocal ended
        try:
            await asyncio.sleep(3600)
        finally:
            ended = True

    async with open_bridge() as bridge:
        bridge.start(forever)
    assert ended
    assert not any(thread.name == "majlis-bridge" for thread in threading.enumerate())
    with pytest.raises(ResourceUnavailable, match="closed"):
        await bridge.run(echo, 1)


async def test_the_watch_may_look_once_more_when_the_loop_has_closed() -> None:
    async with open_bridge() as bridge:
        pass
    with trio.move_on_after(0):
        await bridge.watch()


async def test_an_exception_of_the_block_leaves_as_itself() -> None:
    with pytest.raises(ValueError, match="mine"):
        async with open_bridge():
            raise ValueError("mine")


async def test_a_launch_that_is_cancelled_leaves_no_thread_behind() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_bridge():
            raise AssertionError("opened")
    assert not any(thread.name == "majlis-bridge" for thread in threading.enumerate())
