"""Where a fake WAHA is for some channels, and whether it answers there."""

from __future__ import annotations

from collections.abc import Sequence

from actors.channels import loopback
from actors.channels.fake_waha.server import IDENTITY, Health
from config import Channel

_CALLED = "fake WAHA"


def place_of(channels: Sequence[Channel]) -> tuple[str, int]:
    """Return the host and port that WAHA's channels send to. Raises NoStandIn unless it is one, on loopback."""
    return loopback.place_of(channels, "waha", _CALLED)


async def fake_waha_at(host: str, port: int) -> Health | None:
    """Return how the fake WAHA at a place is; None where nothing listens. Raises NoStandIn if something else does."""
    return await loopback.introduced_at(host, port, Health, IDENTITY, _CALLED)
