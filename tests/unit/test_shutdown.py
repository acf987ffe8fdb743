"""Shutdown phases run in their order, within their budgets, whatever one of them does."""

from __future__ import annotations

import trio

from runtime.node.shutdown import Phase, PhaseReport, run_phases


async def test_phases_run_in_order_and_what_one_saves_the_next_may_use(
    autojump_clock: trio.testing.MockClock,
) -> None:
    order: list[str] = []

    async def quick() -> None:
        order.append("quick")
        await trio.sleep(1)

    async def long() -> None:
        await trio.sleep(8)
        order.append("long")

    reports = await run_phases([Phase("a", 0.5, quick), Phase("b", 0.5, long)], 10.0)
    assert order == ["quick", "long"]
    assert [(r.name, r.seconds, r.finished) for r in reports] == [("a", 1, True), ("b", 8, True)]


async def test_a_phase_past_its_budget_is_left_and_the_next_one_has_its_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    done: list[int] = []

    async def last() -> None:
        done.append(1)

    started = trio.current_time()
    reports = await run_phases([Phase("stuck", 0.4, trio.sleep_forever), Phase("last", 0.1, last)], 10.0)
    assert trio.current_time() - started == 4
    assert [r.finished for r in reports] == [False, True]
    assert done == [1]


async def test_a_phase_that_fails_is_reported_and_the_next_one_has_its_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def fail() -> None:
        raise OSError("gone")

    async def fine() -> None: ...

    reports = await run_phases([Phase("bad", 0.5, fail), Phase("good", 0.5, fine)], 1.0)
    assert [r.finished for r in reports] == [False, True]


async def test_the_deadline_holds_for_all_phases_together(autojump_clock: trio.testing.MockClock) -> None:
    started = trio.current_time()
    await run_phases([Phase(str(n), 1.0, trio.sleep_forever) for n in range(5)], 3.0)
    assert trio.current_time() - started == 3


async def test_a_phase_with_little_use_of_more_takes_no_more_and_passes_on_what_it_does_not_use(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def quick() -> None: ...

    phases = [
        Phase("saves", 0.5, quick),
        Phase("gives up", 0.2, trio.sleep_forever, most=1.0),
        Phase("last", 0.3, trio.sleep_forever),
    ]
    reports = await run_phases(phases, 10.0)
    assert [(r.name, r.seconds, r.finished) for r in reports] == [
        ("saves", 0, True),
        ("gives up", 1, False),
        ("last", 9, False),
    ]


async def test_each_phase_is_told_of_with_what_it_left_even_the_one_that_is_cancelled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    begun: list[str] = []
    ended: list[PhaseReport] = []
    left = iter([{"turns": 2}, {"sends": 1}])

    async def fine() -> None: ...

    phases = [Phase(name, 0.3, fine, lambda: next(left)) for name in ("one", "two", "three")]
    phases[1] = Phase("two", 0.3, trio.sleep_forever, lambda: next(left))
    with trio.move_on_after(1):
        await run_phases(phases, 10.0, begun=begun.append, ended=ended.append)
    assert begun == ["one", "two"]
    assert ended == [PhaseReport("one", 0, True, {"turns": 2}), PhaseReport("two", 1, False, {"sends": 1})]
