"""How fast sends may leave a channel. Pure: it is told the time and answers with seconds.

Theory of operation. Two rules hold at once. GCRA keeps the mean: 0.85 of the channel's limit with a burst of a tenth of
a second's worth, starting empty so that a restart brings no second burst; a replica uses its share of the shards. The
window keeps the promise: a send may reach the provider at any moment between its permission and its answer, so a new one
is let in only while fewer than the limit are in flight or were answered within the last second. Then no second, wherever
it is laid, can see more than the limit, however the tasks of a busy process are delayed: take the last permitted of the
sends that arrive in a second; all others of that second were permitted before it and answered after the second began,
so they were counted when it was let in.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_MARGIN = 0.85
_BURST_SECONDS = 0.1
_WINDOW = 1.0
_LOOK_AGAIN = 0.05  # seconds at most between two looks: an answer, or a larger share, may come at any time


@dataclass(frozen=True)
class PaceStatistics:
    """`in_flight` sends now, `reserved` seconds until a new send could leave."""

    in_flight: int
    reserved: float


class ChannelPace:
    """The pace of one channel on one replica. Times are seconds of one monotonic clock."""

    def __init__(self, per_second: float, now: float, share: float = 1.0) -> None:
        self._per_second = per_second
        self._in_flight = 0
        self._answered: deque[float] = deque()
        self.adjust(per_second, share)
        self._full_at = now + self._burst * self._interval

    def adjust(self, per_second: float, share: float) -> None:
        """Take another limit, or another share of it (0 to 1, the part of the shards that is ours)."""
        mine = max(per_second * share, 0.01)
        self._limit = max(1, int(mine))
        self._interval = 1 / (_MARGIN * mine)
        self._burst = max(1.0, mine * _BURST_SECONDS)

    def reserve(self, now: float) -> float:
        """Take the next place and return the seconds until it comes; places come in the order they were taken."""
        full_at = max(self._full_at, now)
        self._full_at = full_at + self._interval
        return max(0.0, full_at - now - (self._burst - 1) * self._interval)

    def enter(self, now: float) -> float:
        """Begin a send and return 0, or return the seconds after which to ask again."""
        while self._answered and self._answered[0] <= now - _WINDOW:
            self._answered.popleft()
        if self._in_flight + len(self._answered) < self._limit:
            self._in_flight += 1
            return 0.0
        soon = self._answered[0] + _WINDOW - now if self._answered else _WINDOW
        return min(max(soon, 0.005), _LOOK_AGAIN)

    def leave(self, now: float, *, sent: bool = True) -> None:
        """End a send that `enter` began, answered or given up by now.

        Not `sent`: it certainly never left. Its place goes to the next that asks, or those who wait for something else
        would use up the channel; the window still holds.
        """
        self._in_flight -= 1
        if sent:
            self._answered.append(now)
        else:
            self._full_at -= self._interval

    def statistics(self, now: float) -> PaceStatistics:
        """Return how busy the channel is."""
        return PaceStatistics(self._in_flight, max(0.0, self._full_at - now))
