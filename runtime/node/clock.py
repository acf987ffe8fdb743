"""The node's time of day: read once, then carried by the monotonic clock. A wall clock that jumps changes nothing.

Theory of operation: reminders, staleness and what an actor sees as `now` must not follow a clock that is set an hour
back or forth. So the wall clock is an anchor, and steady time is the anchor plus what the monotonic clock has counted
since. Small differences (a clock that is slewed, a crystal that drifts) are followed a little at each look; a large one
is a jump: it is told and not followed. A process that starts after the jump begins with the new time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
import trio

_log = structlog.get_logger(__name__)
_DRIFT = timedelta(seconds=1)  # a larger difference is a jump
_TOLD_AGAIN = timedelta(seconds=60)  # a jump that changed by less is the same one


class SteadyClock:
    """Tells the time of day without jumps. `wall` is asked at the start and at each `look`."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._anchor = wall()
        self._since = trio.current_time()
        self._told = timedelta()

    def now(self) -> datetime:
        """Return the time of day."""
        return self._anchor + timedelta(seconds=trio.current_time() - self._since)

    def look(self) -> timedelta:
        """Compare with the wall clock, follow a drift, tell of a jump; return by how much the wall clock is ahead."""
        ahead = self._wall() - self.now()
        if abs(ahead) <= _DRIFT:
            self._anchor += ahead / 10
            self._told = timedelta()  # it was set right: the same jump once more is another one
        elif abs(ahead - self._told) > _TOLD_AGAIN:
            self._told = ahead
            _log.warning(
                "the wall clock has jumped and is not followed; restart to take its time",
                seconds=round(ahead.total_seconds(), 1),
            )
        return ahead
