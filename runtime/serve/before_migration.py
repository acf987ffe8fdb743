"""A backup before the tables change: where migrations are pending on a database in use, none begins without.

It is made while other replicas serve on, and before this one does. Bounded: a look at the free space first, a time limit,
and only the newest few are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
import trio

from config import Settings
from runtime.app import Migration
from runtime.journal.backup import long_session, wait_for_schema, write_backup
from runtime.journal.backup_file import BackupFailed
from runtime.journal.migrations import pending
from runtime.resources.bridge import Bridge
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresConnection
from runtime.resources.postgres_tools import ToolFailed
from runtime.serve.database import source_of

_log = structlog.get_logger(__name__)

KEPT = 3
"""Backups from before a migration that stay."""
WITHIN = 600.0
"""Seconds for one."""


async def back_up_before(
    schemas: Mapping[str, Sequence[Migration]], settings: Settings, dsn: str, bridge: Bridge
) -> Path | None:
    """Write a backup if migrations are pending; return its file, None where none was needed.

    Raises SchemaMismatch, ResourceUnavailable, and BackupFailed, which says how to go on without. Cancelled, it leaves
    no file.
    """
    if not settings.postgres.backup_before_migration:
        return None
    async with long_session(dsn, "majlis/backup", bridge) as session:
        if not await pending(session, schemas):
            return None
        await wait_for_schema(session)  # another replica may be migrating
        steps = await pending(session, schemas)
        return await _write(session, steps, settings, dsn) if steps else None


async def _write(session: PostgresConnection, steps: Sequence[str], settings: Settings, dsn: str) -> Path:
    directory = settings.data_dir / "backup"
    target = directory / backup_name(datetime.now(UTC), steps[0])
    _log.info("backup before migration", file=str(target), steps=list(steps))
    began = trio.current_time()
    try:
        _make_room(directory)
        with trio.fail_after(WITHIN):
            manifest = await write_backup(
                session, source_of(settings, dsn), target, progress=lambda _bytes: None
            )
        prune(directory)
    except (BackupFailed, ToolFailed, ResourceUnavailable, OSError, trio.TooSlowError) as error:
        reason = f"it took longer than {WITHIN:g} s" if isinstance(error, trio.TooSlowError) else str(error)
        raise BackupFailed(
            f"{steps[0]} is to change the tables, and the backup before it failed: {reason}. Nothing has changed. Mend "
            "that; or make a backup of your own and start with postgres.backup_before_migration = false"
        ) from error
    _log.info(
        "backup before migration done",
        file=str(target),
        rows=manifest.rows,
        bytes=target.stat().st_size,
        seconds=round(trio.current_time() - began, 3),
    )
    return target


def backup_name(now: datetime, step: str) -> str:
    """Return the name of a backup: names sort as their times do."""
    place = "".join(c if c.isalnum() else "-" for c in step.partition(" ")[0])
    return f"before-{now:%Y%m%dT%H%M%SZ}-{place}.majlis"


def _make_room(directory: Path) -> None:
    """Make the directory, and remove what a killed process left of its backup; the data directory is ours alone."""
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    for half in directory.glob(".before-*.partial"):
        half.unlink(missing_ok=True)


def prune(directory: Path) -> None:
    """Remove all but the newest backups from before a migration; other files stay."""
    for old in sorted(directory.glob("before-*.majlis"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
