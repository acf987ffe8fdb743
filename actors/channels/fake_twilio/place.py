"""Where a fake Twilio is for some channels, and whether it answers there."""

from __future__ import annotations

from collections.abc import Sequence

from actors.channels import loopback
from actors.channels.fake_twilio.server import IDENTITY, Health
from config import Channel

_CALLED = "fake Twilio"


def place_of(channels: Sequence[Channel]) -> tuple[str, int]:
    """Return the host and port that Twilio's channels send to. Raises NoStandIn unless it is one, on loopback."""
    return loopback.place_of(channels, "twilio", _CALLED)


async def fake_twilio_at(host: str, port: int) -> Health | None:
    """Return how the fake Twilio at a place is; None where nothing listens. Raises NoStandIn if something else does."""
    return await loopback.introduced_at(host, port, Health, IDENTITY, _CALLED)
