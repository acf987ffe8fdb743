"""The suite's servers, for conversations too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Settings, load
from runtime.resources.postgres import PostgresPool
from tests.integration.conftest import postgres_dsn, servers
from tests.transcripts.agencies import furnish, open_pool

__all__ = ["pool", "postgres_dsn", "servers", "settings"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path)})


@pytest.fixture
async def pool(postgres_dsn: str, settings: Settings) -> AsyncIterator[PostgresPool]:
    """A database in which two agencies have what the demo shows."""
    async with open_pool(postgres_dsn) as pool:
        await furnish(pool, settings)
        yield pool
