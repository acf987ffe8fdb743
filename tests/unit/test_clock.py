"""The node's time of day: it follows a drift, never a jump, and tells of each jump once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog.testing
import trio.testing

from runtime.node.clock import SteadyClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def test_a_jump_is_told_each_time_and_never_followed(autojump_clock: trio.testing.MockClock) -> None:
    wall = NOON
    clock = SteadyClock(lambda: wall)
    with structlog.testing.capture_logs() as told:
        for ahead in (HOUR, HOUR, timedelta(), HOUR, -HOUR):
            wall = NOON + ahead
            assert clock.look() == ahead
            assert clock.now() == NOON
    assert [line["seconds"] for line in told] == [3600, 3600, -3600]
