"""The app's own upkeep beside the node, a round a minute: in bounded time, and told once when it does not go well.

Whatever goes wrong in it ends no process and holds up no event; the next round tries again. What an app does in it, this
module does not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
import trio

from config import Settings

_log = structlog.get_logger(__name__)

_EVERY = 60.0
_LONGEST = 30.0  # seconds of one round


@dataclass(frozen=True)
class UpkeepStatistics:
    """Rounds since the start, and those of them that failed or were cut off."""

    rounds: int
    failures: int


class Upkeep:
    """The rounds of one process."""

    def __init__(self, work: Callable[[Settings], Awaitable[None]]) -> None:
        self._work = work
        self._rounds = self._failures = 0
        self._told = ""

    async def run(self, settings: Callable[[], Settings]) -> None:
        """Go round until cancelled, each time with the settings in force."""
        while True:
            await self.round(settings())
            await trio.sleep(_EVERY)

    async def round(self, settings: Settings) -> None:
        """Do what is due. A trouble is told by its class when it begins, or becomes another, and when it ends."""
        words = ""
        try:
            with trio.move_on_after(_LONGEST) as scope:
                await self._work(settings)
            if scope.cancelled_caught:
                words = f"cut off after {_LONGEST:g} s"
        except* Exception as faults:  # noqa: BLE001 - it is told; outside of the scope, that has taken its Cancelled
            words = ", ".join(sorted({type(fault).__name__ for fault in faults.exceptions}))
        self._rounds += 1
        self._failures += bool(words)
        if words and words != self._told:
            _log.warning("the app's upkeep does not get on", reason=words)
        elif self._told and not words:
            _log.info("the app's upkeep goes on")
        self._told = words

    def statistics(self) -> UpkeepStatistics:
        """Report what was done since the start."""
        return UpkeepStatistics(self._rounds, self._failures)
