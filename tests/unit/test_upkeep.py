"""The app's upkeep: once a minute, never for long, and what it raises is told once and ends nothing."""

from __future__ import annotations

from pathlib import Path

import trio
from structlog.testing import capture_logs

from config import Settings
from runtime.serve.upkeep import Upkeep, UpkeepStatistics

SETTINGS = Settings(data_dir=Path("unused"))


async def test_it_is_done_at_once_and_then_once_a_minute_with_the_settings_in_force(
    autojump_clock: trio.testing.MockClock,
) -> None:
    seen: list[tuple[float, Settings]] = []
    began, now = trio.current_time(), SETTINGS

    async def work(settings: Settings) -> None:
        seen.append((trio.current_time() - began, settings))
        await trio.lowlevel.checkpoint()

    upkeep = Upkeep(work)
    with trio.move_on_after(130):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(upkeep.run, lambda: now)
            await trio.sleep(90)
            now = Settings(data_dir=Path("other"))
    assert [round(at) for at, _ in seen] == [0, 60, 120]
    assert [settings.data_dir.name for _, settings in seen] == ["unused", "unused", "other"]
    assert upkeep.statistics() == UpkeepStatistics(rounds=3, failures=0)


async def test_a_trouble_is_told_by_its_class_when_it_begins_and_when_it_ends() -> None:
    faults: list[Exception | None] = [None, OSError("a text of somebody"), OSError("another"), None]

    async def work(_settings: Settings) -> None:
        await trio.lowlevel.checkpoint()
        if fault := faults.pop(0):
            raise fault

    upkeep = Upkeep(work)
    with capture_logs() as told:
        for _ in range(4):
            await upkeep.round(SETTINGS)
    assert [(line["log_level"], line.get("reason")) for line in told] == [
        ("warning", "OSError"),
        ("info", None),
    ]
    assert upkeep.statistics() == UpkeepStatistics(rounds=4, failures=2)


async def test_one_that_hangs_is_cut_off_whatever_its_own_tasks_raise_then(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def fall() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("in the middle of its end")

    async def work(_settings: Settings) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(fall)

    upkeep = Upkeep(work)
    began = trio.current_time()
    with capture_logs() as told:
        await upkeep.round(SETTINGS)
    assert trio.current_time() - began == 30
    assert [line["reason"] for line in told] == ["ValueError"]
    assert upkeep.statistics() == UpkeepStatistics(rounds=1, failures=1)


async def test_it_ends_when_it_is_cancelled(autojump_clock: trio.testing.MockClock) -> None:
    async def work(_settings: Settings) -> None:
        await trio.sleep_forever()

    upkeep = Upkeep(work)
    with trio.move_on_after(5) as scope:
        await upkeep.run(lambda: SETTINGS)
    assert scope.cancelled_caught
    assert upkeep.statistics() == UpkeepStatistics(rounds=0, failures=0)
