"""The app's tables for a command: as `serve` would find them at its start, beside a running one or without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config import Settings
from runtime.app import App
from runtime.cli.words import CommandFailed
from runtime.journal.migrations import pending
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import running_postgres_dsn
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.serve.before_migration import back_up_before
from runtime.serve.database import database_of
from runtime.serve.logs import set_up_logs
from runtime.serve.process import prepare, schemas_of


@asynccontextmanager
async def open_tables(
    settings: Settings, app: App, *, statement_timeout: float = 60.0
) -> AsyncIterator[PostgresPool]:
    """Lend the app's database; `statement_timeout` in seconds. Call on the main thread. Only warnings are logged.

    A server of our own that does not run is started for the length of the block. What a start of `serve` would bring up
    to date is brought up to date first, after its backup; but not beside a running one, whose tables they are. Raises
    CommandFailed then, SchemaMismatch, BackupFailed, PlaceTaken, StartFailed, ResourceUnavailable.
    """
    set_up_logs("warning")
    served = not settings.postgres.url and running_postgres_dsn(settings.data_dir) is not None
    ours = not settings.postgres.url and not served
    async with (
        open_bridge() as bridge,
        database_of(settings, new=True) as source,
        open_postgres_pool(
            source.dsn,
            bridge=bridge,
            name="majlis/tables",
            size=2,
            connect_timeout=settings.postgres.connect_timeout,
            statement_timeout=statement_timeout,
        ) as pool,
    ):
        (there,) = await pool.fetch(statement("journal_is_there"))
        behind = not there[0] or bool(await pending(pool, schemas_of(app)))
        if behind and served:
            raise CommandFailed(
                f"the serve that runs on {settings.data_dir} is older than this program: restart it, then try again"
            )
        if ours or behind:
            await back_up_before(schemas_of(app), settings, source.dsn, bridge)
            await prepare(pool, app, settings)
        yield pool
