"""How fast sends may leave a channel. Pure: it is told the time and answers with seconds.

Theory of operation. Two rules hold at once. GCRA keeps the mean: 0.85 of the channel's limit with a burst of a tenth of
a second's worth, starting empty so that a restart brings no second burst; a replica uses its share of the shards. It
counts in places, not in seconds: the line moves on by `rate` places a second, and whoever reserved one keeps it when the
rate changes, so that a larger share speeds up those who wait already. The window keeps the promise: a send may reach the
provider at any moment between its permission and its answer, so a new one is let in only while fewer than the limit are
in flight or were answered within the last second. Then no second, wherever it is laid, can see more than the limit,
however the tasks of a busy process are delayed: take the last permitted of the sends that arrive in a second; all others
of that second were permitted before it and answered after the second began, so they were counted when it was let in.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_MARGIN = 0.85
_BURST_SECONDS = 0.1
_WINDOW = 1.0
_LOOK_AGAIN = 0.05  # seconds at most between two looks: an answer, or a larger share, may come at any time
_TICK = 1e-6  # less than this is no time, or a rounding error would be waited for without end


@dataclass(frozen=True)
class PaceStatistics:
    """`in_flight` sends now, `reserved` seconds until a new send could leave."""

    in_flight: int
    reserved: float


class ChannelPace:
    """The pace of one channel on one replica. Times are seconds of one monotonic clock."""

    def __init__(self, per_second: float, now: float, share: float = 1.0) -> None:
        self._in_flight = 0
        self._answered: deque[float] = deque()
        self._line = self._rate = 0.0
        self._moved_at = now
        self.adjust(per_second, share, now)
        self._full = self._burst

    def adjust(self, per_second: float, share: float, now: float) -> None:
        """Take another limit, or another share of it (0 to 1, the part of the shards that is ours)."""
        self._line, self._moved_at = self._place(now), now
        mine = max(per_second * share, 0.01)
        self._limit = max(1, int(mine))
        self._rate = _MARGIN * mine
        self._burst = max(1.0, mine * _BURST_SECONDS)

    def reserve(self, now: float) -> float:
        """Take the next place in the line and return it; places come in the order they were taken."""
        place = max(self._full, self._place(now))
        self._full = place + 1
        return place

    def until(self, place: float, now: float) -> float:
        """Return the seconds until a place that was reserved comes, as the rate is now."""
        left = (place - self._burst + 1 - self._place(now)) / self._rate
        return left if left > _TICK else 0.0

    def _place(self, now: float) -> float:
        """Return how far the line has moved."""
        return self._line + (now - self._moved_at) * self._rate

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
            self._full -= 1

    def statistics(self, now: float) -> PaceStatistics:
        """Return how busy the channel is."""
        return PaceStatistics(self._in_flight, max(0.0, (self._full - self._place(now)) / self._rate))
