"""Holds back log lines that say the same too often: an outage would write thousands, and one is enough to know.

Of lines of one level and the same words, `MOST` are written in a second; the others are counted, and one line tells how
many there were. Knows nothing of how lines are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable

MOST = 20
_KINDS = 1000  # of lines in one second; words that quote something may differ without end


class Repeats:
    """Counts the lines of the current second. Threads may share it: a lost count costs a line more."""

    def __init__(
        self, tell: Callable[[str, str, int], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`tell` writes the line for many: level, words, how many were held back."""
        self._tell = tell
        self._clock = clock
        self._second = 0
        self._counts: dict[tuple[str, str], int] = {}
        self.held_back = 0

    def admit(self, level: str, words: str) -> bool:
        """Count a line and return whether it is to be written."""
        self.flush()
        key = (level, words)
        if key not in self._counts and len(self._counts) >= _KINDS:
            return True
        self._counts[key] = seen = self._counts.get(key, 0) + 1
        if seen > MOST:
            self.held_back += 1
        return seen <= MOST

    def flush(self, *, last: bool = False) -> None:
        """Tell of the lines of a second that is over, or at the end of all of the `last` one."""
        now = int(self._clock())
        if now == self._second and not last:
            return
        counts, self._counts, self._second = self._counts, {}, now
        for (level, words), seen in counts.items():
            if seen > MOST:
                self._tell(level, words, seen - MOST)

    def statistics(self) -> dict[str, int]:
        """Return how many lines were only counted since the start."""
        return {"held_back": self.held_back}
