"""The command `majlis seed demo`: two agencies of the demo with something to show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import trio

from actors.agency import demo, expo
from actors.agency.drawing import draw
from actors.agency.importing import store_availability, store_properties
from actors.office.database import Office, open_offices
from config import Settings
from runtime.cli import json_option, plainly, read_settings, settings_options

#: So many agencies, the first of the settings that are active.
AGENCIES = 2


class Seeded(msgspec.Struct, frozen=True):
    """What an agency has got."""

    tenant: str
    listings: int
    added: int
    changed: int
    same: int


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
        found = trio.run(_seed, read_settings(config, True, data_dir), app)
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins(found)))
            return
        for one in found:
            changes = f"{one.added} added, {one.changed} changed, {one.same} as they were"
            click.echo(f"{one.tenant}: {one.listings} listings ({changes})")

    return group


async def _seed(settings: Settings, app: str) -> list[Seeded]:
    active = [tenant for tenant in settings.tenants if tenant.status == "active"]
    async with open_offices(settings, app, active[:AGENCIES]) as offices:
        return [await _fill(office, datetime.now(UTC)) for office in offices]


async def _fill(office: Office, now: datetime) -> Seeded:
    slug = office.tenant.slug
    listings = demo.listings(slug, now)
    async with office.transaction() as tx:
        stored = await store_properties(tx, listings)
        for listing in listings:
            picture = draw(listing.kind, f"{slug} {listing.reference}")
            await tx.execute("upsert_picture", listing.reference, 1, "image/png", picture)
        await store_availability(tx, demo.hours(slug))
        await expo.announce(tx, demo.expo(office.tenant.name, now))
    return Seeded(slug, len(listings), stored.added, stored.changed, stored.same)
