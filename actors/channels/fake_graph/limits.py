"""The provider's rate limits as counters: sends a second of a channel, and the pair limit of one person.

Pure: the caller brings the time (seconds, monotonic). Knows nothing of messages or answers.
"""

from __future__ import annotations

from collections import deque

#: Rounding of a clock read in floats; far below what a network adds.
_EPSILON = 1e-6


class SlidingSecond:
    """How many sends arrived in the last second, exactly: one time stamp each."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.peak = 0
        self._arrivals: deque[float] = deque()

    def full(self, now: float) -> bool:
        """Whether one more send now would be more than `limit` in one second."""
        while self._arrivals and self._arrivals[0] <= now - 1.0 + _EPSILON:
            self._arrivals.popleft()
        return len(self._arrivals) >= self.limit

    def add(self, now: float) -> None:
        """Count a send; call `full` first."""
        self._arrivals.append(now)
        self.peak = max(self.peak, len(self._arrivals))


class PairLimit:
    """A token bucket for each (channel, person): `burst` sends at once, then one every `interval` seconds."""

    def __init__(self, burst: int = 45, interval: float = 6.0, remember: int = 100_000) -> None:
        self.burst = burst
        self.interval = interval
        self._remember = remember
        #: When the bucket will be full again, which says all there is to say about it.
        self._full_at: dict[tuple[str, str], float] = {}

    def empty(self, pair: tuple[str, str], now: float) -> bool:
        """Whether this person may not be written to now."""
        owed = max(0.0, self._full_at.get(pair, now) - now)
        return owed > (self.burst - 1) * self.interval + _EPSILON

    def take(self, pair: tuple[str, str], now: float) -> None:
        """Take one token, on credit if there is none."""
        if len(self._full_at) >= self._remember and pair not in self._full_at:
            self._full_at = {known: at for known, at in self._full_at.items() if at > now}
        self._full_at[pair] = max(now, self._full_at.get(pair, now)) + self.interval


class Limits:
    """Both limits for all channels, with the number of times each was broken.

    A strict provider refuses what breaks a limit, and a refused send weighs on no limit; a lenient one only
    counts.
    """

    def __init__(self, *, strict: bool = True, pair: PairLimit | None = None) -> None:
        self.strict = strict
        self.throughput_violations = 0
        self.pair_violations = 0
        self._pair = pair or PairLimit()
        self._seconds: dict[str, SlidingSecond] = {}

    def arrive(self, channel: str, to: str, now: float, per_second: int) -> int:
        """Count a send that arrives now; return 0, or the code of the limit it breaks."""
        second = self._seconds.setdefault(channel, SlidingSecond(per_second))
        breach = 0
        if second.full(now):
            self.throughput_violations += 1
            breach = 130429
        elif self._pair.empty((channel, to), now):
            self.pair_violations += 1
            breach = 131056
        if not (breach and self.strict):
            second.add(now)
            self._pair.take((channel, to), now)
        return breach

    @property
    def peak(self) -> int:
        """The most sends that any channel took within one second."""
        return max((second.peak for second in self._seconds.values()), default=0)
