"""Runs retention beside the node, a round a minute, and measures the tables; says it once when it cannot.

Whatever goes wrong here is told and tried again in the next round: it ends no process and holds up no event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
import trio

from config import Retention as RetentionSettings
from runtime.journal.retention import BATCH, DAY, Ages, Hindered, Retention, TableSizes, advice
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)

_EVERY = 60.0
_PAUSE = 0.05  # between two batches
_HINDERED_OFTEN = 10  # rounds in a row without the locks, before it is worth a word


@dataclass(frozen=True)
class RetentionStatistics:
    """What this replica's rounds did, in rows and periods, and the seconds since the last one in which all went well."""

    deleted: Mapping[str, int]
    moved: Mapping[str, int]
    opened: int
    dropped: int
    hindered: int
    failures: int
    last_round_age: float


def ages_of(settings: RetentionSettings) -> Ages:
    """Return the ages of the settings, in seconds."""
    return Ages(
        events=settings.events_days * DAY,
        seen=settings.seen_days * DAY,
        settled=settings.settled_days * DAY,
        letters=settings.letters_days * DAY,
    )


class Retainer:
    """The rounds of one replica. All replicas run them; the steps see to it that one works at a time."""

    def __init__(self, steps: Retention, ages: Ages) -> None:
        self._steps = steps
        self._tables = tuple(ages.by_table)
        self._counts: Counter[str] = Counter()
        self._deleted: Counter[str] = Counter(dict.fromkeys(self._tables, 0))
        self._moved = Counter({"unhandled": 0, "uncovered": 0})
        self._in_a_row: Counter[str] = Counter()
        self._told: dict[str, str] = {}
        self._well_at = trio.current_time()
        self.sizes = TableSizes()

    async def run(self) -> None:
        """Go round until cancelled; a step in hand is then rolled back."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._repeat, self.round)
            nursery.start_soon(self._repeat, self.measure)

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await work()
            await trio.sleep(_EVERY)

    async def round(self) -> None:
        """Do all that is due, step by step; a step that fails does not keep the others from being tried."""
        steps = {"open periods": self._open, "drop a period": self._drop, "delete old rows": self._delete}
        done = [await self._try(name, step) for name, step in steps.items()]
        if all(done):
            self._well_at = trio.current_time()

    async def measure(self) -> None:
        """Look how large the tables are."""
        await self._try("measure tables", self._measure)

    async def _measure(self) -> None:
        self.sizes = await self._steps.sizes()

    async def _open(self) -> None:
        self._counts["opened"] += await self._steps.open_periods()
        for table in ("inbox", "turn"):
            await self._batches(self._steps.gather, table, self._moved, "uncovered")

    async def _drop(self) -> None:
        dropped, moved = await self._steps.drop_period()
        self._counts["dropped"] += dropped
        self._moved["unhandled"] += moved
        if dropped:
            _log.info("period of inbox and turn dropped", unhandled_moved_on=moved)

    async def _delete(self) -> None:
        for table in self._tables:
            await self._batches(self._steps.delete_old, table, self._deleted, table)

    async def _batches(
        self, step: Callable[[str], Awaitable[int]], table: str, counts: Counter[str], kind: str
    ) -> None:
        """Repeat a step until there is no full batch left for it, with pauses in which others get on."""
        while (rows := await step(table)) == BATCH:
            counts[kind] += rows
            await trio.sleep(_PAUSE)
        counts[kind] += rows

    async def _try(self, name: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Run a step; whether it went well. A trouble is told when it begins, or becomes another, and when it ends."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the next round tries again
            self._failed(name, error)
            return False
        self._in_a_row[name] = 0
        if self._told.pop(name, None):
            _log.info("retention goes on", step=name)
        return True

    def _failed(self, name: str, error: Exception) -> None:
        self._in_a_row[name] += 1
        self._counts["hindered" if isinstance(error, Hindered) else "failures"] += 1
        if isinstance(error, ResourceUnavailable):  # told by others, and louder
            return
        if isinstance(error, Hindered) and self._in_a_row[name] < _HINDERED_OFTEN:
            return
        words = advice(error)
        if self._told.get(name) != words:
            self._told[name] = words
            _log.warning("retention does not get on", step=name, reason=words)

    def statistics(self) -> RetentionStatistics:
        """Report what was done since the start."""
        return RetentionStatistics(
            dict(self._deleted),
            dict(self._moved),
            self._counts["opened"],
            self._counts["dropped"],
            self._counts["hindered"],
            self._counts["failures"],
            trio.current_time() - self._well_at,
        )
