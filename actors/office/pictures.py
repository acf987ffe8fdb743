"""The command `majlis import pictures`: a folder of pictures, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
import trio

from actors.agency import staff
from actors.agency.importing import Imported, Refused
from actors.agency.pictures import PictureFile, read_pictures, store_pictures
from actors.office.database import open_office, tenant_named
from actors.office.who import who
from config import Settings, Tenant
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options


def pictures_command(app: str) -> click.Command:
    """Return the command over the tables of `app`."""

    @click.command("pictures")
    @click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
    @click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose they are.")
    @click.option("--dry-run", is_flag=True, help="Do it all, then undo it: nothing is kept.")
    @settings_options
    @json_option
    @plainly
    def command(
        folder: Path,
        slug: str,
        dry_run: bool,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        """Add and change pictures: PA-101.jpg is the first of the property PA-101, PA-101.2.jpg its second."""
        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        try:
            pictures = read_pictures(folder)
            done = trio.run(_store, settings, app, tenant, pictures, dry_run)
        except (Refused, OSError) as fault:
            raise CommandFailed(f"{folder.name}: {fault}") from None
        if as_json:
            click.echo(json.dumps({**msgspec.to_builtins(done), "dry_run": dry_run}))
        else:
            rehearsed = "; a rehearsal: nothing was kept" if dry_run else ""
            changes = f"{done.added} added, {done.changed} changed, {done.same} as they were"
            click.echo(f"{done.rows} pictures: {changes}{rehearsed}")

    return command


async def _store(
    settings: Settings, app: str, tenant: Tenant, pictures: Sequence[PictureFile], dry_run: bool
) -> Imported:
    async with open_office(settings, app, tenant) as office, office.transaction(rehearse=dry_run) as tx:
        done = await store_pictures(tx, pictures)
        await staff.audit(tx, who(), "import", "pictures", msgspec.to_builtins(done))
    return done
