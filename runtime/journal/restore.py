"""A backup made into a database again, in one transaction: all of it is there and counted, or nothing has changed.

Theory of operation: the file is read whole and compared with its checksums before the database hears of it. Then psql is
given one script: begin, guards, the dump as pg_restore tells it, the counts of the manifest, what must not go on as it
was (leases, certainty about sends), commit. A script that ends early ends without its commit. It does not know whether a
server may be started for it, nor who asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from runtime.journal.backup import TOOLS, Source, long_session
from runtime.journal.backup_file import Backup, Manifest, opened
from runtime.journal.migrations import LOCK
from runtime.journal.statements import migrations, statement
from runtime.resources.beside import beside
from runtime.resources.bridge import Bridge
from runtime.resources.postgres import PostgresConnection
from runtime.resources.postgres_tools import Tools, major_of, running


class RestoreRefused(Exception):
    """The database, or what uses it, is not in a state to be restored into; nothing has changed."""


@dataclass(frozen=True)
class Restored:
    """What was restored, and what there is to do now."""

    manifest: Manifest
    unsettled_sends: int
    waiting_events: int
    due_timers: int


async def restore(
    source: Source,
    path: Path,
    *,
    replace: bool = False,
    hold_sends: bool = False,
    bridge: Bridge | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Restored:
    """Make the backup at `path` into the database of `source`, which must be empty unless `replace`.

    With `hold_sends` nothing that was to be sent then leaves. `progress` is told bytes done and of how many. Raises
    BackupDamaged, RestoreRefused, ToolFailed, ResourceUnavailable; then, and when it is cancelled, nothing has changed,
    unless the answer to the commit itself was lost.
    """
    with opened(path) as backup:
        _readable(backup.manifest)
        async with long_session(source.dsn, "majlis/restore", bridge) as session:
            major = await _judge(session, backup.manifest, replace)
            tools = source.tools(max(major, major_of(backup.manifest.tool_version)), *TOOLS)
            await _run(source, tools, backup, _Options(replace, hold_sends, major), progress)
            await session.execute("analyze")
            (row,) = await session.fetch(statement("restore_report"))
    return Restored(backup.manifest, **dict(row))


@dataclass(frozen=True)
class _Options:
    replace: bool
    hold_sends: bool
    server_major: int


#: What pg_restore says first, whatever the server knows: the setting, and the version that brought it.
_NEWS = ((b"SET transaction_timeout = 0;\n", 17),)
_PREAMBLE = 4096  # bytes within which it says so


def fitting(preamble: bytes, server_major: int) -> bytes:
    """Return the beginning of a script without the settings that a server of this version does not know. Pure."""
    for line, since in _NEWS:
        if server_major < since:
            preamble = preamble.replace(line, b"", 1)
    return preamble


def _readable(manifest: Manifest) -> None:
    """Raise RestoreRefused for a backup of a later Majlis."""
    known, there = len(migrations()), manifest.migrations.get("journal", 0)
    if there > known:
        raise RestoreRefused(
            f"the backup is of a newer Majlis ({manifest.majlis}): its journal is at migration {there}, this program "
            f"knows {known}; use a version that is at least as new"
        )


async def _judge(session: PostgresConnection, manifest: Manifest, replace: bool) -> int:
    """Return the server's major version; raise RestoreRefused where the database must not be touched."""
    (now,) = await session.fetch(statement("restore_standing"))
    major = int(now["major"])
    if major < manifest.server_major:
        raise RestoreRefused(
            f"the backup was taken from PostgreSQL {manifest.server_version}, this server is {now['version']}: "
            "restore into one that is not older"
        )
    if now["replicas"]:
        raise RestoreRefused(
            f"{', '.join(now['replicas'])} is connected to this database: stop every replica first"
        )
    if now["journal"]:
        leases = await session.fetch(statement("restore_leases"))
        if leases:
            told = ", ".join(f"{row['owner']} for {row['seconds']:.0f} s" for row in leases)
            raise RestoreRefused(f"leases have not run out ({told}): stop every replica, then try again")
    if now["tables"] and not replace:
        raise RestoreRefused(
            f"the database is not empty, it holds {now['tables']} tables: --replace drops everything in it, and all of "
            "it is lost but for a backup of its own"
        )
    return major


async def _run(
    source: Source, tools: Tools, backup: Backup, options: _Options, progress: Callable[[int, int], None]
) -> None:
    arguments = (
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=1",
        "--set=VERBOSITY=terse",  # details of errors hold rows
        "--set=SHOW_CONTEXT=never",
        f"--set=lock={LOCK}",
        "--output=/dev/null",
    )
    async with running(tools, "psql", arguments, environ=source.environment, fed=True) as psql:
        await psql.write(_before(options).encode())
        script = _Script(psql.write, options.server_major)
        await _pour(source, tools, backup, script.write, progress)
        await script.end()
        await psql.write(_after(backup.manifest, options).encode())
        await psql.finish()  # what fails before the commit has changed nothing


class _Script:
    """Holds the beginning of a script back until it is fit for the server."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]], server_major: int) -> None:
        self._write, self._server_major = write, server_major
        self._preamble: bytes | None = b""

    async def write(self, data: bytes) -> None:
        """Pass data on."""
        if self._preamble is None:
            await self._write(data)
            return
        self._preamble += data
        if len(self._preamble) >= _PREAMBLE:
            await self.end()

    async def end(self) -> None:
        """Pass on what was held back."""
        held, self._preamble = self._preamble, None
        if held:
            await self._write(fitting(held, self._server_major))


async def _pour(
    source: Source,
    tools: Tools,
    backup: Backup,
    write: Callable[[bytes], Awaitable[None]],
    progress: Callable[[int, int], None],
) -> None:
    """Give the dump as SQL to `write`; it returns only if pg_restore has told all of it."""
    arguments = ("--file=-", "--no-owner", "--no-privileges")
    async with running(tools, "pg_restore", arguments, environ=source.environ, fed=True) as reader:
        fault: list[Exception] = []
        fed = trio.Event()

        async def feed() -> None:
            done = 0
            try:
                for piece in backup.dump():
                    await reader.write(piece)
                    done += len(piece)
                    progress(done, backup.size)
                await reader.finish()
            except Exception as error:  # noqa: BLE001 - raised again below, in the task that asked
                fault.append(error)
            fed.set()

        async with beside(feed):
            while data := await reader.read():
                await write(data)
            await fed.wait()
        if fault:
            raise fault[0]


def _before(options: _Options) -> str:
    parts = ["begin;", statement("restore_guard")]
    return "\n".join([*parts, statement("restore_emptied") if options.replace else "", ""])


def _after(manifest: Manifest, options: _Options) -> str:
    rows = (f"{_copied(name)}\t{rows:d}" for name, rows in sorted(manifest.tables.items()))
    parts = [
        "\n",
        statement("restore_expected").rstrip(),
        *rows,
        "\\.",
        statement("restore_checked"),
        statement("restore_given_up"),
        statement("restore_held") if options.hold_sends else "",
        "commit;\n",
    ]
    return "\n".join(parts)


def _copied(text: str) -> str:
    """Return a text as COPY reads it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
