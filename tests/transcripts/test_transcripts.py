"""Scripted conversations in four languages, each a file that people can read: what the bot says is there word for word.

SUITE_WRITE=1 writes down how they go now; read the difference before you keep it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from actors.agency import demo, expo
from actors.agency.importing import store_availability, store_properties
from actors.agency.tenancy import tenant_transaction
from actors.conversation.bot import EstateBot
from actors.estate import app
from actors.sql import migrations
from config import Settings, load
from runtime.journal.migrations import migrate
from runtime.journal.statements import migrations as journal_migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from tests.transcripts.engine import Conversation, play

SEEDED = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.txt"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path)})


@pytest.fixture
async def pool(postgres_dsn: str, settings: Settings) -> AsyncIterator[PostgresPool]:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="test/turns", size=4) as pool,
    ):
        await migrate(pool, {"journal": journal_migrations(), "app_estate": migrations()})
        async with pool.transaction() as transaction:
            await app.prepare(transaction, settings)
        await fill(pool, settings)
        yield pool


async def fill(pool: PostgresPool, settings: Settings) -> None:
    """Give the first two agencies what the demo shows."""
    for tenant in settings.tenants[:2]:
        async with pool.transaction() as transaction, tenant_transaction(transaction, tenant.id) as books:
            await store_properties(books, demo.listings(tenant.slug, SEEDED))
            await store_availability(books, demo.hours(tenant.slug))
            await expo.announce(books, demo.expo(tenant.name, SEEDED))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_it_is_written(
    path: Path, pool: PostgresPool, settings: Settings
) -> None:
    bot = EstateBot()
    bot.configure(settings)
    written = await trio.Path(path).read_text("utf-8")
    played = await play(written, Conversation(pool.transaction, bot))
    if os.environ.get("SUITE_WRITE"):
        await trio.Path(path).write_text(played, "utf-8")
    assert played == written
