"""Where a fake Graph is for some channels, and whether it answers there."""

from __future__ import annotations

from collections.abc import Sequence

from actors.channels import loopback
from actors.channels.fake_graph.server import IDENTITY, Health
from actors.channels.loopback import NoStandIn as NoFakeGraph
from config import Channel

__all__ = ["NoFakeGraph", "fake_graph_at", "place_of"]

_CALLED = "fake Graph"


def place_of(channels: Sequence[Channel]) -> tuple[str, int]:
    """Return the host and port that Meta's channels send to. Raises NoFakeGraph unless it is one, on loopback."""
    return loopback.place_of(channels, "meta", _CALLED)


async def fake_graph_at(host: str, port: int) -> Health | None:
    """Return how the fake Graph at a place is; None where nothing listens. Raises NoFakeGraph if something else does."""
    return await loopback.introduced_at(host, port, Health, IDENTITY, _CALLED)
