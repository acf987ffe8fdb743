"""The commands `majlis import properties` and `majlis import availability`: a CSV file, all of it or nothing."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import click
import msgspec
import trio

from actors.agency import importing, staff
from actors.agency.importing import Imported, Refused
from actors.agency.listings import Shelf
from actors.agency.tenancy import TenantTransaction
from actors.office.database import open_office, tenant_named
from config import Settings, Tenant
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options

R = TypeVar("R")
_file = click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
_tenant = click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose they are.")
_dry_run = click.option("--dry-run", is_flag=True, help="Do it all, then undo it: nothing is kept.")


def import_command(app: str) -> click.Group:
    """Return the commands over the tables of `app`."""

    @click.group("import")
    def group() -> None:
        """Take properties or hours from a CSV file: all of it, or nothing and what is wrong with which row."""

    @group.command("properties")
    @_file
    @_tenant
    @_dry_run
    @settings_options
    @json_option
    @plainly
    def properties(
        file: Path,
        slug: str,
        dry_run: bool,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        """Add and change properties; what the file does not name stays. actors/agency/columns.py has the columns."""
        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        rows = _read(file, importing.read_properties)
        done = _store(settings, app, tenant, "properties", rows, importing.store_properties, dry_run)
        _tell(done, f"{done.added} added, {done.changed} changed, {done.same} as they were", dry_run, as_json)
        hidden = importing.unfit_to_show(rows, Shelf.of(tenant, datetime.now(UTC)).today.isoformat())
        if hidden and tenant.requires_permit:
            click.echo(f"{hidden} of them are not shown: they have no permit that is valid today", err=True)

    @group.command("availability")
    @_file
    @_tenant
    @_dry_run
    @settings_options
    @json_option
    @plainly
    def availability(
        file: Path,
        slug: str,
        dry_run: bool,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        """Set the hours of the operators in the file, in place of theirs. actors/agency/columns.py has the columns."""
        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        rows = _read(file, importing.read_availability)
        done = _store(settings, app, tenant, "availability", rows, importing.store_availability, dry_run)
        people = len({row.operator for row in rows})
        _tell(done, f"hours of {people} operator{'s' if people > 1 else ''}", dry_run, as_json)

    return group


def _read(path: Path, read: Callable[[BinaryIO], Sequence[R]]) -> Sequence[R]:
    try:
        with path.open("rb") as file:
            return read(file)
    except (Refused, OSError) as fault:
        raise CommandFailed(f"{path.name}: {fault}") from None


def _store(
    settings: Settings,
    app: str,
    tenant: Tenant,
    what: str,
    rows: Sequence[R],
    store: Callable[[TenantTransaction, Sequence[R]], Awaitable[Imported]],
    dry_run: bool,
) -> Imported:
    async def run() -> Imported:
        async with (
            open_office(settings, app, tenant) as office,
            office.transaction(rehearse=dry_run) as tx,
        ):
            done = await store(tx, rows)
            await staff.audit(tx, _who(), "import", what, msgspec.to_builtins(done))
        return done

    return trio.run(partial(run))


def _who() -> str:
    try:
        return f"command of {getpass.getuser()}"
    except (OSError, KeyError):  # a user without a name
        return "command"


def _tell(done: Imported, words: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(done), "dry_run": dry_run}))
        return
    click.echo(f"{done.rows} rows: {words}" + ("; a rehearsal: nothing was kept" if dry_run else ""))
