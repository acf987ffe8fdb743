"""The database of a command: of a URL, of a running `serve`, or our own server started for the length of the command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from config import Settings, child_environment, environment
from runtime.journal.backup import Source
from runtime.resources.embedded import embedded_postgres, running_postgres_dsn
from runtime.resources.errors import ResourceUnavailable
from runtime.serve.place import locked


@asynccontextmanager
async def database_of(settings: Settings, *, alone: bool = False, new: bool = False) -> AsyncIterator[Source]:
    """Lend the database of these settings. Call on the main thread where a server may have to be started.

    `alone`: no `serve` may hold the data directory, and none can start on it meanwhile; `new`: a cluster may be made.
    Raises PlaceTaken, StartFailed, ResourceUnavailable.
    """
    async with AsyncExitStack() as stack:
        dsn = settings.postgres.url or (None if alone else running_postgres_dsn(settings.data_dir))
        if not settings.postgres.url and not new and not (settings.data_dir / "postgres" / "data").exists():
            raise ResourceUnavailable("postgres", f"there is no database in {settings.data_dir}")
        if alone or dsn is None:
            stack.enter_context(locked(settings.data_dir))
        if dsn is None:
            own = embedded_postgres(
                settings.data_dir, environ=child_environment(), bindir=settings.postgres.bindir
            )
            dsn = (await stack.enter_async_context(own)).dsn
        yield source_of(settings, dsn)


def source_of(settings: Settings, dsn: str) -> Source:
    """Return a database as the programs of PostgreSQL are told of it; our own settings are not for them."""
    environ = {name: value for name, value in environment().items() if not name.startswith("MAJLIS_")}
    return Source(dsn, settings.postgres.bindir, environ, Path(settings.data_dir) / "runtime")
