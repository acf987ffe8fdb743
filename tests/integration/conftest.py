"""Real servers for the suite, started once by the product's own launcher; a fresh database for each test."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from runtime.app import Migration
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import EmbeddedServer, embedded_servers
from runtime.resources.postgres import open_postgres_pool

_numbers = count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[EmbeddedServer, EmbeddedServer]]:
    """PostgreSQL and Valkey for the whole session; no server is a failure, never a skip.

    SUITE_POSTGRES_BINDIR and SUITE_REDIS_BINDIR name other binaries: the oldest that are supported, say.
    """
    with tempfile.TemporaryDirectory(prefix="majlis-suite-") as name:
        data_dir = Path(name)
        data_dir.chmod(0o711)
        bindirs = {
            "postgres_bindir": os.environ.get("SUITE_POSTGRES_BINDIR", ""),
            "redis_bindir": os.environ.get("SUITE_REDIS_BINDIR", ""),
        }
        with embedded_servers(data_dir, environ=dict(os.environ), **bindirs) as pair:
            yield pair


@pytest.fixture
def postgres_dsn(servers: tuple[EmbeddedServer, EmbeddedServer]) -> Iterator[str]:
    """The DSN of an empty database of this test's own."""
    postgres, _ = servers
    name = f"test_{next(_numbers)}"

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(postgres.dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(run(f"create database {name}"))
    yield postgres.dsn.replace("/majlis?", f"/{name}?")
    asyncio.run(run(f"drop database {name} with (force)"))


@pytest.fixture
def redis_dsn(servers: tuple[EmbeddedServer, EmbeddedServer]) -> str:
    """The DSN of the suite's Valkey; tests use names of their own."""
    return servers[1].dsn


@pytest.fixture
async def postgres_journal(postgres_dsn: str) -> AsyncIterator[PostgresJournal]:
    """A journal on a fresh database."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_dsn, bridge=bridge, name="test/journal", size=4, settings=SESSION
        ) as pool,
    ):
        await migrate(pool, {"journal": migrations()})
        yield PostgresJournal(pool, replica="one", salt=await installation_salt(pool))


@pytest.fixture
def some_migrations() -> tuple[Migration, ...]:
    """Two steps of an imaginary app."""
    return (
        Migration(1, "first", "create table first_step(id int)"),
        Migration(2, "second", "create table second_step(id int)"),
    )
