"""What the journal gives up with age: decisions over periods and ages, and the steps that carry them out.

inbox and turn lie in periods, opened ahead and dropped whole; other tables lose their old rows in small batches. A step
is one transaction, of which a kill leaves nothing; an advisory lock lets one replica work, the others find nothing to do.
Locks that would hold up an ingest are waited for only briefly. It does not know when it is asked: see `serve`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg
import msgspec

from runtime.journal.statements import statement
from runtime.resources.errors import PostgresFault, ResourceUnavailable, postgres_fault
from runtime.resources.postgres import Driver, PostgresPool

R = TypeVar("R")

DAY = 86_400.0
BATCH = 1000
"""Rows of one deletion."""
LOCK_TIMEOUT = 0.2
"""Seconds for which a step waits for a lock, and for which what comes after it may have to wait."""
LEAD = 10.0
"""Seconds before a period begins in which it must be there: a row on its way to the default partition would be refused by
it if its own period appeared at that moment."""
ADVISORY = 0x6D616A72  # "majr"
"""The lock of whoever works."""
_PATIENCE = 60.0  # seconds for one step: moving on what a long outage left takes its time
_PARTS = 5  # periods to an age: each is one more index to look into for whoever reads the inbox
_SHORTEST = 3600.0
_TABLES = 50  # sizes of more are not shown


class Ages(msgspec.Struct, frozen=True):
    """For how long rows are kept, in seconds."""

    events: float = 30 * DAY
    seen: float = 9 * DAY
    settled: float = 30 * DAY
    letters: float = 90 * DAY

    @property
    def by_table(self) -> Mapping[str, float]:
        """The tables that lose their old rows in batches; a receipt waits for its send as long as a key is kept."""
        return {"seen": self.seen, "receipt": self.seen, "outbox": self.settled, "dead_letter": self.letters}


class Period(msgspec.Struct, frozen=True):
    """One partition of inbox and of turn; bounds in seconds since 1970, the first may start at -infinity."""

    id: int
    starts: float
    ends: float


class Hindered(Exception):
    """A step was not done for the locks of others; the next round tries it again."""


class TableSizes(msgspec.Struct, frozen=True):
    """The tables by name, partitions under the name of their whole."""

    bytes: Mapping[str, int] = {}
    live_rows: Mapping[str, int] = {}
    dead_rows: Mapping[str, int] = {}


def span_of(age: float) -> float:
    """Return the length of a period: a row lives at most this much longer than its age."""
    return max(age / _PARTS, _SHORTEST)


def to_open(
    periods: Sequence[Period], now: float, span: float, lead: float = LEAD
) -> Sequence[tuple[float, float]]:
    """Return the bounds of what is missing to cover a whole span from `lead` seconds after `now` on, in whole seconds."""
    missing = []
    reach: float = math.floor(now + lead)
    while reach < now + span:
        ends = next((period.ends for period in periods if period.starts <= reach < period.ends), None)
        if ends is None:
            after = min((period.starts for period in periods if period.starts > reach), default=math.inf)
            ends = min(reach + math.ceil(span), after)
            missing.append((reach, ends))
        reach = ends
    return missing


def to_drop(periods: Sequence[Period], now: float, age: float) -> Period | None:
    """Return the oldest period of which every row is past its age."""
    old = [period for period in periods if period.ends + age <= now]
    return min(old, key=lambda period: period.ends, default=None)


def advice(error: BaseException) -> str:
    """Return what to do about an error of a step, in an operator's words."""
    if isinstance(error, Hindered):
        return (
            "others hold locks on inbox or turn for long: look for old transactions in pg_stat_activity; "
            "until they end, old rows stay and the disk fills"
        )
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return (
            "the role of postgres.url must own the journal's tables and may create tables in their schema; "
            "until it does, old rows stay and the disk fills"
        )
    if isinstance(error, ResourceUnavailable):
        return error.reason
    return f"{type(error).__name__}; until it is mended, old rows stay and the disk fills"


class Retention:
    """The steps, on the journal's pool. All raise ResourceUnavailable, Hindered, or asyncpg's own error.

    Cancelled, a step is rolled back.
    """

    def __init__(
        self, pool: PostgresPool, ages: Ages, *, lock_timeout: float = LOCK_TIMEOUT, lead: float = LEAD
    ) -> None:
        self._pool = pool
        self._ages = ages
        self._lock_timeout = lock_timeout
        self._lead = lead

    async def open_periods(self) -> int:
        """Make the periods that are missing now and ahead; return how many."""
        span = span_of(self._ages.events)

        async def work(connection: Driver) -> int:
            if not to_open(await _periods(connection), await _now(connection), span, self._lead):
                return 0
            # Nobody adds to them from here on: what lies where a period will be is moved into it first.
            await connection.execute("lock table inbox_default, turn_default in access exclusive mode")
            missing = to_open(await _periods(connection), await _now(connection), span, self._lead)
            for starts, ends in missing:
                period = await connection.fetchval(statement("add_period"), starts, ends)
                await connection.execute(
                    statement("open_period").format(
                        period=period, starts=_instant(starts), ends=_instant(ends)
                    )
                )
            return len(missing)

        return await self._step(work, 0)

    async def gather(self, table: str) -> int:
        """Move up to `BATCH` rows of inbox or turn that no period covered into the period of the day."""
        return await self._step(lambda c: _count(c, f"gather_{table}", BATCH), 0)

    async def drop_period(self) -> tuple[int, int]:
        """Drop the oldest period if its time has come, its unhandled events moved on; return (periods, events moved)."""

        async def work(connection: Driver) -> tuple[int, int]:
            due = to_drop(await _periods(connection), await _now(connection), self._ages.events)
            if due is None:
                return 0, 0
            # All conversations in one go, their events one by one: of a month's inbox only what is behind is wanted.
            await connection.execute(
                "set local enable_seqscan = on; set local enable_hashjoin = off; set local enable_mergejoin = off"
            )
            moved = await _count(connection, "move_on", due.starts, due.ends)
            await connection.execute(statement("drop_period").format(period=due.id))
            return 1, moved

        return await self._step(work, (0, 0))

    async def delete_old(self, table: str) -> int:
        """Delete up to `BATCH` rows of one of `Ages.by_table` that are past their age; return how many."""
        return await self._step(lambda c: _count(c, f"delete_{table}", self._ages.by_table[table], BATCH), 0)

    async def sizes(self) -> TableSizes:
        """Return the sizes of the tables; counts of rows are the server's estimates."""
        rows = await self._pool.fetch(statement("table_sizes"), _TABLES)
        return TableSizes(
            {row["name"]: row["bytes"] for row in rows},
            {row["name"]: row["live"] for row in rows},
            {row["name"]: row["dead"] for row in rows},
        )

    async def _step(self, work: Callable[[Driver], Awaitable[R]], nothing: R) -> R:
        """Run `work` in a transaction of its own; return `nothing` when another replica is at it."""

        async def alone(connection: Driver) -> R:
            async with connection.transaction():
                await connection.execute(
                    f"set local lock_timeout = {self._lock_timeout * 1000:.0f}; "
                    f"set local statement_timeout = {_PATIENCE * 1000:.0f}"
                )
                if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", ADVISORY):
                    return nothing
                return await work(connection)

        try:
            return await self._pool.run(alone, timeout=2 * _PATIENCE)
        except asyncpg.PostgresError as error:
            if postgres_fault(error) is PostgresFault.RETRY:
                raise Hindered from error
            raise


async def _periods(connection: Driver) -> Sequence[Period]:
    return [Period(**dict(row)) for row in await connection.fetch(statement("periods"))]


async def _now(connection: Driver) -> float:
    now: float = await connection.fetchval("select extract(epoch from clock_timestamp())::float8")
    return now


async def _count(connection: Driver, name: str, *arguments: object) -> int:
    """Run a statement; return the number of rows in its status, such as "DELETE 3"."""
    status = await connection.execute(statement(name), *arguments)
    return int(status.rpartition(" ")[2])


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
