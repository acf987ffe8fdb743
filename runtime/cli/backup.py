"""The commands about the database as a whole: `majlis psql`, `majlis backup`, `majlis restore`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import trio

from runtime.cli.words import json_option, plainly, read_settings, settings_options
from runtime.journal.backup import back_up, long_session, verify
from runtime.journal.backup_file import Manifest
from runtime.journal.ledger import postgres_of
from runtime.journal.restore import restore
from runtime.journal.statements import statement
from runtime.resources.beside import beside
from runtime.serve.database import database_of, source_of
from runtime.serve.logs import set_up_logs

R = TypeVar("R")
_TELL_EVERY = 5.0  # seconds

_backup = click.argument(
    "file", type=click.Path(dir_okay=False, exists=True, path_type=Path, resolve_path=True)
)
_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path, resolve_path=True))


@click.command("psql", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@settings_options
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@plainly
def psql(config: Path | None, demo: bool, data_dir: Path | None, arguments: tuple[str, ...]) -> None:
    """Open psql on the database in use; what follows is psql's. `--` ends our own options."""
    settings = read_settings(config, demo, data_dir)
    source = source_of(settings, postgres_of(settings))

    async def major() -> int:
        async with long_session(source.dsn, "majlis/psql") as session:
            return int((await session.fetch(statement("server_major")))[0]["major"])

    tools = source.tools(trio.run(major), "psql")
    environ = {"PGAPPNAME": "majlis/psql", **source.environment}
    sys.stdout.flush()
    program = tools.path(
        "psql"
    )  # its whole path: psql looks for itself, in PATH if it is told its name alone
    os.execve(program, [program, *arguments], environ)  # noqa: S606 - the command that was asked for


@click.command("backup")
@settings_options
@_file
@click.option("--verify", "proof", is_flag=True, help="Read it back from the disk, as a restore would.")
@json_option
@plainly
def backup(
    config: Path | None, demo: bool, data_dir: Path | None, file: Path, proof: bool, as_json: bool
) -> int:
    """Write a backup of the whole database to FILE, which must not exist, while `serve` runs or not."""
    settings = read_settings(config, demo, data_dir)
    tell = _Progress("backup")

    async def work() -> Manifest:
        async with database_of(settings) as source:
            manifest = await back_up(source, file, progress=tell)
            if proof:
                await verify(file, source)
        return manifest

    code, manifest = _until_told(work)
    if manifest is not None:
        facts = {**_facts(manifest), "bytes": file.stat().st_size, "verified": proof}
        done = f"{file}: {manifest.rows} rows of {len(manifest.tables)} tables, {_size(file.stat().st_size)}"
        click.echo(json.dumps(facts) if as_json else f"{done}{', read back and whole' if proof else ''}")
    return code


@click.command("restore")
@settings_options
@_backup
@click.option("--replace", is_flag=True, help="Drop everything that is in the database before.")
@click.option("--hold-sends", is_flag=True, help="Send nothing that had not left when the backup was made.")
@json_option
@plainly
def restore_command(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    file: Path,
    replace: bool,
    hold_sends: bool,
    as_json: bool,
) -> int:
    """Make the backup FILE into the database, which must be empty; no `serve` may run on it."""
    settings = read_settings(config, demo, data_dir)
    tell = _Progress("restore")

    async def work() -> dict[str, object]:
        async with database_of(settings, alone=True, new=True) as source:
            done = await restore(source, file, replace=replace, hold_sends=hold_sends, progress=tell)
        return {
            **_facts(done.manifest),
            "unsettled_sends": done.unsettled_sends,
            "waiting_events": done.waiting_events,
            "due_timers": done.due_timers,
        }

    code, facts = _until_told(work)
    if facts is not None:
        click.echo(json.dumps(facts) if as_json else _told_restored(facts, file, hold_sends))
    return code


def _told_restored(facts: dict[str, object], file: Path, hold_sends: bool) -> str:
    sends = (
        "no send of then leaves"
        if hold_sends
        else f"{facts['unsettled_sends']} sends had not settled then and may leave again (--hold-sends keeps them back)"
    )
    return (
        f"restored {file} of {facts['created_at']}: {facts['rows']} rows of {facts['tables']} tables; "
        f"{facts['waiting_events']} events wait and are handled, {facts['due_timers']} timers are due, {sends}"
    )


def _facts(manifest: Manifest) -> dict[str, object]:
    known = msgspec.structs.asdict(manifest)
    return {**known, "tables": len(manifest.tables), "rows": manifest.rows}


class _Progress:
    """Tells a person on stderr how far it is, now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next: float | None = None

    def __call__(self, done: int, of: int = 0) -> None:
        now = trio.current_time()
        if self._next is None:
            self._next = now + _TELL_EVERY
        elif now >= self._next:
            self._next = now + _TELL_EVERY
            click.echo(f"{self._what}: {_size(done)}{f' of {_size(of)}' if of else ''}", err=True)


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB"


def _until_told(work: Callable[[], Awaitable[R]]) -> tuple[int, R | None]:
    """Run work to its end, or until SIGTERM cancels it; return the exit code, and its result unless it was cancelled."""

    async def run() -> tuple[int, R | None]:
        result: R | None = None
        with trio.CancelScope() as scope:

            async def heed() -> None:
                if threading.current_thread() is not threading.main_thread():
                    return  # no signal comes here
                with trio.open_signal_receiver(signal.SIGTERM) as signals:
                    async for _ in signals:
                        scope.cancel()

            async with beside(heed):
                result = await work()
        return (128 + signal.SIGTERM if scope.cancelled_caught else 0), result

    set_up_logs("warning")
    return trio.run(run)
