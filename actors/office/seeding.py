"""The command `majlis seed demo`: two agencies of the demo with something to show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import trio

from actors.agency.importing import Imported
from actors.agency.seeding import seed, shown
from actors.office.database import open_offices
from config import Settings
from runtime.cli import json_option, plainly, read_settings, settings_options

ESTATE = "actors.estate:app"
"""The app that has these tables."""


def seed_command(app: str) -> click.Group:
    """Return the command over the tables of `app`."""

    @click.group("seed")
    def group() -> None:
        """Fill the tables with something to look at."""

    @group.command("demo")
    @settings_options
    @json_option
    @plainly
    def command(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:  # noqa: ARG001
        """Fill two agencies of the demo with 60 listings, pictures and hours; a second time changes nothing."""
        found = trio.run(seed_demo, read_settings(config, True, data_dir), app)
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins(found)))
            return
        for slug, one in found.items():
            changes = f"{one.added} added, {one.changed} changed, {one.same} as they were"
            click.echo(f"{slug}: {one.rows} listings ({changes})")

    return group


async def seed_demo(settings: Settings, app: str) -> Mapping[str, Imported]:
    """Fill the demo's agencies, beside a server that runs or without one; return what became of their listings."""
    done: dict[str, Imported] = {}
    async with open_offices(settings, app, shown(settings)) as offices:
        for office in offices:
            async with office.transaction() as tx:
                done[office.tenant.slug] = await seed(tx, office.tenant, datetime.now(UTC))
    return done
