"""The command `majlis fake-twilio`."""

from __future__ import annotations

from functools import partial

from actors.channels.fake_twilio.server import FakeTwilio, front_of
from actors.channels.stand_in import Serve, stand_in_command
from config import Settings


def _make(settings: Settings, front: str | None, host: str, port: int) -> Serve:
    return partial(FakeTwilio(settings, front or front_of(settings)).serve, host, port)


fake_twilio_command = stand_in_command(
    "fake-twilio",
    "Stand in for Twilio's API on loopback, until interrupted.",
    called="fake Twilio",
    port=8083,
    make=_make,
)
