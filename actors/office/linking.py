"""The command `majlis link`: a link with its QR picture, or an advertisement, leads to an agency for a time."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click
import trio

from actors.agency import routes, staff
from actors.agency.routes import Route, Vertical
from actors.office.database import open_office, tenant_named
from config import Channel, Settings, Tenant
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options

_SCALE = 10  # pixels of a module of the picture


def link_command(app: str) -> click.Command:
    """Return the command over the tables of `app`."""

    @click.command("link")
    @click.option("--tenant", "slug", required=True, metavar="SLUG", help="Where it leads.")
    @click.option("--vertical", default="menu", show_default=True, type=click.Choice(get_args(Vertical)))
    @click.option("--campaign", help="What it is counted under; nobody who has the link sees it.")
    @click.option("--language", type=click.Choice(["en", "fa", "ar", "ru"]), help="What is spoken first.")
    @click.option(
        "--expires", "days", default=90, show_default=True, type=click.IntRange(1, 3650), help="In days."
    )
    @click.option(
        "--channel",
        default="",
        metavar="ID",
        help="To which number; else the tenant's own, then a shared one.",
    )
    @click.option(
        "--picture",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the QR as a PNG to this file.",
    )
    @click.option(
        "--ad", metavar="ID", help="Make no link: let who comes through this advertisement be led there."
    )
    @settings_options
    @json_option
    @plainly
    def command(
        *,
        slug: str,
        vertical: Vertical,
        campaign: str | None,
        language: str | None,
        days: int,
        channel: str,
        picture: Path | None,
        ad: str | None,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
    ) -> None:
        """Print a new link that opens WhatsApp at this agency, and its QR picture; or bind an advertisement to it."""
        import segno  # noqa: PLC0415 - a tenth of a second that no other command has to wait

        settings = read_settings(config, demo, data_dir)
        tenant = tenant_named(settings, slug)
        expires = datetime.now(UTC) + timedelta(days=days)
        leads = (vertical, campaign, language, expires)
        if ad is not None:
            if channel or picture is not None:
                raise click.UsageError("--ad makes no link: leave --channel and --picture out")
            trio.run(_bind, settings, app, tenant, ad, *leads)
            told = {"ad": ad, "tenant": slug, "vertical": vertical, "expires_at": expires.isoformat()}
            words = f"advertisement {ad} leads to {slug}, {vertical}, until {expires:%Y-%m-%d %H:%M} UTC"
            click.echo(json.dumps(told) if as_json else words)
            return
        number = phone_of(settings, tenant, channel)
        route = trio.run(_make, settings, app, tenant, *leads)
        link = routes.link(number, route.code)
        drawn = segno.make(link, error="m")
        if picture is not None:
            try:
                drawn.save(str(picture), kind="png", scale=_SCALE)
            except OSError as fault:
                raise CommandFailed(
                    f"{picture} cannot be written: {fault.strerror}; the link is {link}"
                ) from None
        if as_json:
            click.echo(json.dumps({"link": link, "code": route.code, "expires_at": expires.isoformat()}))
            return
        shown = io.StringIO()
        drawn.terminal(shown, compact=True)
        click.echo(f"{link}\nuntil {expires:%Y-%m-%d %H:%M} UTC\n\n{shown.getvalue()}")

    return command


def phone_of(settings: Settings, tenant: Tenant, wanted: str) -> str:
    """Return the number to be dialled: of the channel that is wanted, else the tenant's own, else one that is shared.

    Raises CommandFailed where there is none, or it has no `phone`.
    """
    fit = [channel for channel in settings.channels if channel.tenant in {None, tenant.slug}]
    if wanted:
        fit = [channel for channel in fit if channel.id == wanted]
    if not fit:
        asked = f"channel {wanted} is not one" if wanted else "there is none"
        raise CommandFailed(f"{asked} that leads to {tenant.slug}: it must be the tenant's own, or shared")
    dialled = [channel for channel in sorted(fit, key=_shared) if channel.phone]
    if not dialled or dialled[0].phone is None:
        raise CommandFailed(
            f"no such channel has a phone: set `phone` of channel {fit[0].id} in the settings"
        )
    return dialled[0].phone


def _shared(channel: Channel) -> bool:
    return channel.tenant is None


async def _make(
    settings: Settings,
    app: str,
    tenant: Tenant,
    vertical: Vertical,
    campaign: str | None,
    language: str | None,
    expires: datetime,
) -> Route:
    async with open_office(settings, app, tenant) as office, office.transaction() as tx:
        now = datetime.now(UTC)
        route = await routes.make(tx, vertical, now, campaign=campaign, language=language, expires_at=expires)
        await staff.audit(tx, "command", "link", route.code, {"vertical": vertical, "campaign": campaign})
    return route


async def _bind(
    settings: Settings,
    app: str,
    tenant: Tenant,
    ad: str,
    vertical: Vertical,
    campaign: str | None,
    language: str | None,
    expires: datetime,
) -> None:
    if routes.ad_code(ad) is None:
        raise CommandFailed(f"{ad[:100]!r} is no id of an advertisement: letters, digits, _ and - only")
    async with open_office(settings, app, tenant) as office, office.transaction() as tx:
        now = datetime.now(UTC)
        route = await routes.bind_ad(
            tx, ad, vertical, now, campaign=campaign, language=language, expires_at=expires
        )
        if route is None:
            raise CommandFailed(f"the advertisement {ad} leads to another tenant")
        await staff.audit(tx, "command", "link", route.code, {"vertical": vertical, "campaign": campaign})
