"""Two agencies on a real database, as a start of `serve` leaves it: what the tests of the agency's data share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from actors.agency.listings import Shelf
from actors.agency.slots import Diary
from actors.agency.tenancy import TenantTransaction, tenant_transaction
from actors.estate import app
from config import Settings, Tenant
from runtime.journal.migrations import migrate
from runtime.resources.bridge import open_bridge
from runtime.resources.pool import Limits
from runtime.resources.postgres import PostgresPool, open_postgres_pool

PALM = Tenant(id=1, slug="palm", name="Palm Homes")
MARINA = Tenant(id=2, slug="marina", name="Marina Homes")
SETTINGS = Settings(data_dir=Path("unused"), tenants=(PALM, MARINA))
#: A Monday, 10:00 in Dubai.
NOW = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
SHELF = Shelf(permits=True, today=date(2026, 11, 30))
DIARY = Diary.of(PALM)


class Agencies:
    """The database, and the way in through the door."""

    def __init__(self, pool: PostgresPool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def at(self, tenant: int = 1) -> AsyncIterator[TenantTransaction]:
        """Open a transaction of one tenant."""
        async with self.pool.transaction() as transaction, tenant_transaction(transaction, tenant) as tx:
            yield tx

    async def run(self, sql: str, *args: object) -> Sequence[Any]:
        """Run a statement as the owner of the tables, whom no policy binds."""
        return await self.pool.fetch(sql, *args)

    async def operator(self, name: str = "Sara", tenant: int = 1) -> int:
        """Hire somebody."""
        sql = "insert into operators (tenant_id, name) values ($1, $2) returning id"
        return int((await self.run(sql, tenant, name))[0][0])

    async def hours(self, operator: int, weekday: int, starts: str, ends: str, tenant: int = 1) -> None:
        """Give an operator hours."""
        sql = "insert into availability_rules (tenant_id, operator_id, weekday, starts, ends) values ($1, $2, $3, $4, $5)"
        await self.run(sql, tenant, operator, weekday, time.fromisoformat(starts), time.fromisoformat(ends))

    async def property(self, reference: str, tenant: int = 1, **facts: object) -> int:
        """Put a property on offer: a flat in the Marina of two bedrooms for two million, unless told otherwise."""
        row = {
            "deal": "buy",
            "category": "residential",
            "kind": "apartment",
            "place": "dubai-marina",
            "price": 2_000_000,
            "bedrooms": 2,
            "permit_number": "7100000001",
            "permit_expires": date(2027, 1, 1),
            "title": f'{{"en": "{reference}"}}',
            **facts,
        }
        names = ", ".join(row)
        marks = ", ".join(f"${place}" for place in range(3, 3 + len(row)))
        sql = f"insert into properties (tenant_id, reference, {names}) values ($1, $2, {marks}) returning id"  # noqa: S608 - the test's own words
        return int((await self.run(sql, tenant, reference, *row.values()))[0][0])


@asynccontextmanager
async def open_agencies(dsn: str, size: int = 4, queue: int = 4000) -> AsyncIterator[Agencies]:
    """Open the database at `dsn`, prepared for two tenants."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            dsn,
            bridge=bridge,
            name="test/agency",
            acquire_timeout=60.0,
            limits=Limits(size, waiters=queue),
        ) as pool,
    ):
        await migrate(pool, {"app_estate": app.migrations}, _prepare)
        yield Agencies(pool)


async def _prepare(connection: Any) -> None:
    await app.prepare(connection, SETTINGS)
