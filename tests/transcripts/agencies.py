"""Two agencies with what the demo shows of them, in a database: for whatever plays conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from actors.agency import demo, expo
from actors.agency.importing import store_availability, store_properties
from actors.agency.tenancy import tenant_transaction
from actors.estate import app
from actors.sql import migrations
from config import Settings
from runtime import Transaction
from runtime.journal.migrations import migrate
from runtime.journal.statements import migrations as journal_migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool

SEEDED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@asynccontextmanager
async def open_pool(dsn: str) -> AsyncIterator[PostgresPool]:
    """Open a pool as turns have one."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(dsn, bridge=bridge, name="test/turns", size=4) as pool,
    ):
        yield pool


async def furnish(pool: PostgresPool, settings: Settings) -> None:
    """Make the tables, and give the first two agencies what the demo shows."""
    await migrate(pool, {"journal": journal_migrations(), "app_estate": migrations()})
    async with pool.transaction() as transaction:
        await app.prepare(transaction, settings)
    for tenant in settings.tenants[:2]:
        async with pool.transaction() as transaction, tenant_transaction(transaction, tenant.id) as books:
            await store_properties(books, demo.listings(tenant.slug, SEEDED))
            await store_availability(books, demo.hours(tenant.slug))
            await expo.announce(books, demo.expo(tenant.name, SEEDED))


@asynccontextmanager
async def undone(pool: PostgresPool) -> AsyncIterator[Transaction]:
    """Open one transaction for a whole conversation, and undo it; what is numbered is numbered the same each time."""
    async with pool.transaction() as transaction:
        await transaction.fetch(
            "select setval(format('%I.%I', schemaname, sequencename)::regclass, 1000000) from pg_sequences"
        )
        await transaction.execute("savepoint before")
        yield transaction
        await transaction.execute("rollback to savepoint before")
