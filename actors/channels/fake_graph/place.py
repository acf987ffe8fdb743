"""Where a fake Graph is for some channels, and whether it answers there. Never talks to anything but loopback."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from actors.channels.fake_graph.server import IDENTITY, Health
from config import Channel
from runtime.cli import CommandFailed

_ENDING, _AGAIN = 2.0, 0.05  # seconds: for a look at one that ends, and between two looks


class NoFakeGraph(CommandFailed):
    """The channels do not send to a fake Graph on loopback; the message says where they do."""


def place_of(channels: Sequence[Channel]) -> tuple[str, int]:
    """Return the host and port that Meta's channels send to. Raises NoFakeGraph unless it is one, on loopback."""
    channels = [channel for channel in channels if channel.provider == "meta"]
    places = sorted({urlsplit(channel.api_url).netloc for channel in channels})
    if not places:
        raise NoFakeGraph("the settings have no channels (try --demo)")
    if len(places) != 1:
        raise NoFakeGraph(f"the channels send to different places: {', '.join(places)}")
    url = urlsplit(channels[0].api_url)
    host = url.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if url.scheme != "http" or not loopback:
        raise NoFakeGraph(
            f"the channels send to {places[0]}: this needs a fake Graph on loopback (try --demo)"
        )
    return host, url.port or 80


async def fake_graph_at(host: str, port: int) -> Health | None:
    """Return how the fake Graph at a place is; None where nothing listens. Raises NoFakeGraph if something else does.

    One that is ending breaks off in the middle of an answer: who does is asked again, for `_ENDING` seconds.
    """
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    deadline = trio.current_time() + _ENDING
    while True:
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
                health = msgspec.json.decode((await client.get("/_fake/health")).content, type=Health)
            if health.name == IDENTITY:
                return health
        except httpx.ConnectError:
            return None
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            if trio.current_time() < deadline:
                await trio.sleep(_AGAIN)
                continue
        except (httpx.HTTPError, msgspec.MsgspecError):
            pass
        raise NoFakeGraph(f"{url} is taken by something that is no fake Graph: stop it, or change api_url")
