"""The business numbers that a phone may write to: which there are, which is meant, what it is called. Pure."""

from __future__ import annotations

from config import Channel, Settings
from runtime.cli import CommandFailed


class NoSuchNumber(CommandFailed):
    """No number is called that; the message says which there are."""


def choose(settings: Settings, wanted: str = "") -> Channel:
    """Return which number of Meta's is `wanted`: its id or key, "shared", "own", or a slug; "": one that welcomes.

    Raises NoSuchNumber.
    """
    channels = [channel for channel in settings.channels if channel.provider == "meta"]
    if not channels:
        raise NoSuchNumber("the settings have no number to write to (try --demo)")
    active = {tenant.slug for tenant in settings.tenants if tenant.status == "active"}
    owned = [channel for channel in channels if channel.tenant in active]
    fitting = {
        "": [*owned, *channels],
        "own": owned,
        "shared": [channel for channel in channels if channel.tenant is None],
    }.get(wanted)
    if fitting is None:
        fitting = [channel for channel in channels if wanted in (channel.id, channel.key, channel.tenant)]
    if not fitting:
        known = ", ".join(channel.id for channel in channels[:5]) + (", ..." if len(channels) > 5 else "")
        raise NoSuchNumber(f"no number is called {wanted!r}; there are own, shared, a tenant's slug, {known}")
    return fitting[0]


def called(settings: Settings, channel: Channel) -> str:
    """Return what a person's phone would call a number: its owner's name."""
    names = {tenant.slug: tenant.name for tenant in settings.tenants}
    return names.get(channel.tenant or "", "shared number" if channel.tenant is None else channel.id)
