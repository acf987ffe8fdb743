"""The commands `majlis import`; here those of a CSV file: properties, availability, closures, knowledge."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Generic, NamedTuple, TypeVar

import click
import msgspec
import trio

from actors.agency import importing, staff
from actors.agency.importing import Imported, PropertyRow, Refused
from actors.agency.listings import Shelf
from actors.agency.tenancy import TenantTransaction
from actors.office.database import open_office, tenant_named
from actors.office.pictures import pictures_command
from actors.office.who import who
from config import Settings, Tenant
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options

R = TypeVar("R")


class _Sheet(NamedTuple, Generic[R]):
    """A kind of file: its name and help, how it is read and stored, and what is said of it then."""

    name: str
    words: str
    read: Callable[[BinaryIO], Sequence[R]]
    store: Callable[[TenantTransaction, Sequence[R]], Awaitable[Imported]]
    told: Callable[[Imported], str]
    warning: Callable[[Sequence[R], Tenant], str] = lambda _rows, _tenant: ""


def import_command(app: str) -> click.Group:
    """Return the commands over the tables of `app`."""
    group = click.Group(
        "import",
        help="Take a file or a folder: all of it, or nothing and what is wrong with which part of it.",
    )
    group.add_command(
        _command(
            app,
            _Sheet(
                "properties",
                "Add and change properties; what the file does not name stays.",
                importing.read_properties,
                importing.store_properties,
                lambda done: f"{done.added} added, {done.changed} changed, {done.same} as they were",
                _hidden,
            ),
        )
    )
    group.add_command(
        _command(
            app,
            _Sheet(
                "availability",
                "Set the weekly hours of the operators in the file, in place of theirs.",
                importing.read_availability,
                importing.store_availability,
                lambda _done: "the hours of these operators are these now",
            ),
        )
    )
    group.add_command(
        _command(
            app,
            _Sheet(
                "closures",
                "Set the days on which an operator, or nobody, shows anything, in place of all before.",
                importing.read_closures,
                importing.store_closures,
                lambda _done: "these are the closures now",
            ),
        )
    )
    group.add_command(pictures_command(app))
    group.add_command(
        _command(
            app,
            _Sheet(
                "knowledge",
                "Set the articles from which a model may answer, in place of all before.",
                importing.read_articles,
                importing.store_articles,
                lambda _done: "these are the articles now",
            ),
        )
    )
    return group


def _command(app: str, sheet: _Sheet[R]) -> click.Command:
    @click.command(sheet.name, help=f"{sheet.words} actors/agency/columns.py has the columns.")
    @click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
    @click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose they are.")
    @click.option("--dry-run", is_flag=True, help="Do it all, then undo it: nothing is kept.")
    @settings_options
    @json_option
    @plainly
    def command(
        file: Path,
        slug: str,
        dry_run: bool,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        try:
            with file.open("rb") as content:
                rows = sheet.read(content)
        except (Refused, OSError) as fault:
            raise CommandFailed(f"{file.name}: {fault}") from None
        done = trio.run(_store, settings, app, tenant, sheet, rows, dry_run)
        if as_json:
            click.echo(json.dumps({**msgspec.to_builtins(done), "dry_run": dry_run}))
        else:
            rehearsed = "; a rehearsal: nothing was kept" if dry_run else ""
            click.echo(f"{done.rows} rows: {sheet.told(done)}{rehearsed}")
        if warning := sheet.warning(rows, tenant):
            click.echo(warning, err=True)

    return command


async def _store(
    settings: Settings, app: str, tenant: Tenant, sheet: _Sheet[R], rows: Sequence[R], dry_run: bool
) -> Imported:
    async with open_office(settings, app, tenant) as office, office.transaction(rehearse=dry_run) as tx:
        try:
            done = await sheet.store(tx, rows)
        except Refused as fault:
            raise CommandFailed(str(fault)) from None
        await staff.audit(tx, who(), "import", sheet.name, msgspec.to_builtins(done))
    return done


def _hidden(rows: Sequence[PropertyRow], tenant: Tenant) -> str:
    """Say how many of these people will not see, "" where it is none."""
    today = Shelf.of(tenant, datetime.now(UTC)).today.isoformat()
    number = importing.unfit_to_show(rows, today) if tenant.requires_permit else 0
    return f"{number} of them are not shown: they have no permit that is valid today" if number else ""
