"""The commands `majlis leads list`, `show` and `export`: who wrote to an agency, and what it is worth."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, get_args

import click
import msgspec
import trio

from actors.agency import exporting, leads
from actors.agency.leads import Lead
from actors.agency.scoring import Stage
from actors.office.database import open_office, tenant_named
from config import Settings, Tenant
from runtime.cli import CommandFailed, json_option, plainly, print_facts, read_settings, settings_options

_tenant = click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose leads.")
_stage = click.option("--stage", type=click.Choice(get_args(Stage)), help="Only those at this stage.")
_at_least = click.option(
    "--score", "at_least", default=0, type=click.IntRange(0, 100), help="Only from this score on."
)


def leads_command(app: str) -> click.Group:
    """Return the commands over the tables of `app`."""
    group = click.Group("leads", help="Look at the leads of an agency, or take them elsewhere.")
    for command in (_list_command(app), _show_command(app), _export_command(app)):
        group.add_command(command)
    return group


def _list_command(app: str) -> click.Command:
    @click.command("list")
    @_tenant
    @_stage
    @_at_least
    @click.option(
        "--limit", default=50, show_default=True, type=click.IntRange(1, leads.PAGE), help="So many at most."
    )
    @settings_options
    @json_option
    @plainly
    def command(
        slug: str,
        stage: Stage | None,
        at_least: int,
        limit: int,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        """List leads, the highest score first."""
        settings = read_settings(config, demo, data_dir)
        found = trio.run(_page, settings, app, tenant_named(settings, slug), stage, at_least, limit)
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins(found)))
            return
        for lead in found:
            click.echo(
                f"{lead.id:>8}  {lead.score:>3}  {lead.stage:<9}  {lead.updated_at:%Y-%m-%d %H:%M}  {lead.name or '-'}"
            )
        if not found:
            click.echo("there are none")

    return command


def _show_command(app: str) -> click.Command:
    @click.command("show")
    @click.argument("number", metavar="ID", type=click.IntRange(1))
    @_tenant
    @settings_options
    @json_option
    @plainly
    def command(
        number: int, slug: str, config: Path | None, demo: bool, data_dir: Path | None, as_json: bool
    ) -> None:
        """Tell all of one lead: who it is, what is wanted, and what happened."""
        settings = read_settings(config, demo, data_dir)
        print_facts(trio.run(_detail, settings, app, tenant_named(settings, slug), number), as_json)

    return command


def _export_command(app: str) -> click.Command:
    @click.command("export")
    @click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
    @_tenant
    @_stage
    @_at_least
    @click.option("--bom", is_flag=True, help="Begin with a BOM, by which spreadsheets know UTF-8.")
    @settings_options
    @plainly
    def command(
        file: Path | None,
        slug: str,
        stage: Stage | None,
        at_least: int,
        bom: bool,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
    ) -> None:
        """Write leads as CSV to FILE, which must not exist, or to the standard output."""
        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        with _written(file) as out:
            number = trio.run(_export, settings, app, tenant, stage, at_least, bom, out)
        click.echo(f"{number} leads", err=True)

    return command


@contextmanager
def _written(file: Path | None) -> Iterator[TextIO]:
    """Open the file, new and for its owner alone, or the standard output; what was not written whole does not stay."""
    if file is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        file.touch(0o600, exist_ok=False)
        with file.open("w", encoding="utf-8", newline="") as out:
            yield out
    except FileExistsError:
        raise CommandFailed(f"{file} exists already: give another name, or remove it") from None
    except OSError as fault:
        file.unlink(missing_ok=True)
        raise CommandFailed(f"{file} cannot be written: {fault.strerror}") from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise


async def _page(
    settings: Settings, app: str, tenant: Tenant, stage: Stage | None, at_least: int, limit: int
) -> Sequence[Lead]:
    async with open_office(settings, app, tenant) as office, office.transaction() as tx:
        return await leads.leads(tx, stage=stage, at_least=at_least, limit=limit)


async def _detail(settings: Settings, app: str, tenant: Tenant, number: int) -> object:
    async with open_office(settings, app, tenant) as office, office.transaction() as tx:
        lead = await leads.lead(tx, number)
        if lead is None:
            raise CommandFailed(f"{tenant.slug} has no lead {number}; majlis leads list has them")
        happened = await leads.events(tx, number)
    return msgspec.to_builtins({"lead": lead, "events": happened})


async def _export(
    settings: Settings, app: str, tenant: Tenant, stage: Stage | None, at_least: int, bom: bool, out: TextIO
) -> int:
    number = 0
    async with open_office(settings, app, tenant) as office, office.transaction(snapshot=True) as tx:
        out.write(exporting.header(bom=bom))
        async for lead in leads.all_leads(tx, stage=stage, at_least=at_least):
            out.write(exporting.row(lead))
            number += 1
    out.flush()
    return number
