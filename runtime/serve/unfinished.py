"""Looks now and then at what waits, for an operator or for its turn, so that metrics and status need not ask."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
import trio

from runtime.journal.desk import Desk
from runtime.journal.standing import Unfinished

_log = structlog.get_logger(__name__)

_EVERY = 5.0
_PATIENCE = 2.0


class UnfinishedWatch:
    """Conversations that are parked, letters that were not replayed, and how long events wait, as of the last look."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._found = Unfinished()
        self._lag: Mapping[int, float] = {}
        self._looked_at = trio.current_time()
        self._told = ""

    async def run(self) -> None:
        """Look until cancelled. Where a look fails, the figures stay; why is told once, and ends no process."""
        while True:
            fault = "no answer in time"
            with trio.move_on_after(_PATIENCE):
                try:
                    self._found = await self._desk.unfinished()
                    self._lag = await self._desk.queue_lag()
                    self._looked_at = trio.current_time()
                    fault = ""
                except Exception as error:  # noqa: BLE001 - figures are worth no process
                    fault = type(error).__name__
            if fault and fault != self._told:
                _log.warning("what is parked cannot be counted", fault=fault)
            self._told = fault
            await trio.sleep(_EVERY)

    def statistics(self) -> Mapping[str, object]:
        """Return the figures by the names that they have in status; `look_age`: seconds since all were looked at."""
        return {
            "parked": self._found.parked,
            "dead_letters": self._found.dead_letters,
            "queue_lag": self._lag,
            "look_age": trio.current_time() - self._looked_at,
        }
