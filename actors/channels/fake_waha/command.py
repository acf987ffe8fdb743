"""The command `majlis fake-waha`."""

from __future__ import annotations

from functools import partial

from actors.channels.fake_waha.server import FakeWaha, front_of
from actors.channels.stand_in import Serve, stand_in_command
from config import Settings
from runtime.cli import CommandFailed


def _make(settings: Settings, front: str | None, host: str, port: int) -> Serve:
    if not any(channel.provider == "waha" for channel in settings.channels):
        raise CommandFailed('the settings have no channel with provider = "waha"')
    return partial(FakeWaha(settings, front or front_of(settings)).serve, host, port)


fake_waha_command = stand_in_command(
    "fake-waha",
    "Stand in for a WAHA server on loopback, until interrupted.",
    called="fake WAHA",
    port=8084,
    make=_make,
)
