"""A tick beside the work: how late Trio's loop is, and a chance for what is due each second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

TICK = 0.5
_KEPT = 60  # ticks: half a minute, so that a scrape does not miss the worst of them


@dataclass(frozen=True)
class TickStatistics:
    """By how many seconds the loop was late, at worst in the last half minute."""

    lag: float


class LoopTick:
    """Asks to be woken at a moment and sees when it is: what keeps it keeps everybody."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        """`then` is called at each tick; it must be quick."""
        self._then = then
        self._late: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            due = trio.current_time() + TICK
            await trio.sleep_until(due)
            self._late.append(max(0.0, trio.current_time() - due))
            self._then()

    def statistics(self) -> TickStatistics:
        """Return the worst of the last ticks."""
        return TickStatistics(max(self._late, default=0.0))
