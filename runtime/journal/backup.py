"""A backup of the whole database into one file while others work on it, and the proof that the file can be read.

Theory of operation: one transaction gives its snapshot to pg_dump and counts every table in it, so what is dumped is
what is counted, and no table goes meanwhile. Migrations and restores wait until it is done, and it for them. Turns,
webhooks and sends are not held up. When and where backups are made, this module does not know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import msgspec
import trio
from typing_extensions import override

from runtime.journal.backup_file import BackupFailed, Draft, Manifest, check_space, drafted, opened
from runtime.journal.migrations import LOCK
from runtime.journal.statements import statement
from runtime.resources.beside import beside
from runtime.resources.bridge import Bridge, bridge_of
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresConnection, open_postgres_pool
from runtime.resources.postgres_tools import Tools, find_tools, libpq_environment, major_of, running

TOOLS = ("pg_dump", "pg_restore", "psql")
LOCK_PATIENCE = 60.0
"""Seconds for which a backup waits for a migration or a restore."""


class Source(msgspec.Struct, frozen=True):
    """A database, and where programs for it are looked for; `stage` is where those of the single binary are unpacked."""

    dsn: str
    bindir: str
    environ: Mapping[str, str]
    stage: Path | None = None

    def tools(self, server_major: int, *names: str) -> Tools:
        """Return programs that fit a server. Raises ToolFailed."""
        search_path = self.environ.get("PATH", "")
        return find_tools(
            names or TOOLS, server_major, bindir=self.bindir, search_path=search_path, stage=self.stage
        )

    @override
    def __repr__(self) -> str:
        return "Source(...)"  # the URL may hold a password

    @property
    def environment(self) -> dict[str, str]:
        """What a program is told of the database."""
        return libpq_environment(self.dsn, self.environ)


@asynccontextmanager
async def long_session(
    dsn: str, name: str, bridge: Bridge | None = None
) -> AsyncIterator[PostgresConnection]:
    """Hold one connection on which a statement, or a pause between two, may take as long as it takes."""
    async with (
        bridge_of(bridge) as loop,
        open_postgres_pool(
            dsn,
            bridge=loop,
            name=name,
            size=1,
            statement_timeout=0.0,
            settings={"idle_in_transaction_session_timeout": "0"},
        ) as pool,
        pool.connection() as session,
    ):
        yield session


async def back_up(
    source: Source,
    target: Path,
    *,
    bridge: Bridge | None = None,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> Manifest:
    """Write a backup of the database to `target`, which must not exist; return what is in it.

    `progress` is told the bytes that were written. Raises BackupFailed, ToolFailed, ResourceUnavailable. Cancelled or
    failed, it leaves no file, and its transaction has ended. The caller bounds the time.
    """
    async with long_session(source.dsn, "majlis/backup", bridge) as session:
        await wait_for_schema(session)
        return await write_backup(session, source, target, progress)


async def write_backup(
    session: PostgresConnection, source: Source, target: Path, progress: Callable[[int], None]
) -> Manifest:
    """Do what `back_up` does on a session that has waited for the schema."""
    try:
        (size,) = await session.fetch(statement("backup_size"))
        tools = source.tools(size["major"])
        with drafted(target) as draft:
            check_space(target.parent, size["bytes"])
            async with session.transaction():
                manifest = await _dump(session, source, tools, draft, progress)
            await trio.to_thread.run_sync(draft.close, manifest)
    except asyncpg.PostgresError as error:
        raise BackupFailed(f"the database ended it: {type(error).__name__} ({error.sqlstate})") from error
    return manifest


async def wait_for_schema(session: PostgresConnection) -> None:
    """Wait until nobody changes the schema and let nobody begin while the session lives. Raises ResourceUnavailable."""
    with trio.move_on_after(LOCK_PATIENCE):
        await session.execute(statement("lock_schema_shared"), LOCK)
        return
    raise ResourceUnavailable(
        "postgres", f"a migration or a restore has been under way for {LOCK_PATIENCE:g} s; try again after it"
    )


async def _dump(
    session: PostgresConnection,
    source: Source,
    tools: Tools,
    draft: Draft,
    progress: Callable[[int], None],
) -> Manifest:
    await session.execute("set transaction isolation level repeatable read, read only")
    (seen,) = await session.fetch(statement("backup_snapshot"))
    if not seen["migrated"]:
        raise BackupFailed(
            f"the database {seen['database']} holds nothing of Majlis: there is nothing to back up"
        )
    tables = await _counted(session)
    applied = await session.fetch(statement("backup_migrations"))
    arguments = (
        "--format=custom",
        "--compress=1",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        f"--lock-wait-timeout={LOCK_PATIENCE * 1000:.0f}",
        f"--snapshot={seen['snapshot']}",
    )
    async with running(tools, "pg_dump", arguments, environ=source.environment) as dump:
        while data := await dump.read():
            draft.add(data)
            progress(draft.size)
        await dump.finish()
    return Manifest(
        majlis=version("majlis"),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        server_version=seen["server_version"],
        tool_version=tools.version,
        database=seen["database"],
        migrations={row["namespace"]: row["version"] for row in applied},
        tables=tables,
    )


async def _counted(session: PostgresConnection) -> Mapping[str, int]:
    """Return the rows of every table."""
    tables = {}
    for row in await session.fetch(statement("backup_tables")):
        try:
            ((rows,),) = await session.fetch(row["counting"])
        except asyncpg.InsufficientPrivilegeError as error:
            raise BackupFailed(
                f"the role of postgres.url may not read {row['name']}: a backup is of the whole database; let it read "
                "that, or give Majlis a database of its own"
            ) from error
        tables[row["name"]] = int(rows)
    return tables


async def verify(path: Path, source: Source) -> Manifest:
    """Read a backup as a restore would, checksums and all, without a database; return what is in it.

    Raises BackupDamaged, ToolFailed. Cancelled, it ends what it started.
    """
    with opened(path) as backup:
        tools = source.tools(major_of(backup.manifest.tool_version), "pg_restore")
        arguments = ("--file=-", "--no-owner", "--no-privileges")
        async with running(tools, "pg_restore", arguments, environ=source.environ, fed=True) as reader:

            async def drain() -> None:
                while await reader.read():
                    pass

            async with beside(drain):
                for piece in backup.dump():
                    await reader.write(piece)
                await reader.finish()
        return backup.manifest
