"""Where a provider's stand-in is for some channels, and whether it answers there. Talks to nothing but loopback."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from config import Channel
from runtime.cli import CommandFailed

_ENDING, _AGAIN = 2.0, 0.05  # seconds: for a look at one that ends, and between two looks


class NoStandIn(CommandFailed):
    """The channels do not send to their provider's stand-in on loopback; the message says where they do."""


class Introduced(msgspec.Struct, frozen=True):
    """What every stand-in says of itself at /_fake/health: who it is, and which of its lives this is."""

    name: str
    run: str


_H = TypeVar("_H", bound=Introduced)


def place_of(channels: Sequence[Channel], provider: str, called: str) -> tuple[str, int]:
    """Return the host and port that the channels of a provider send to.

    Raises NoStandIn unless it is one, on loopback; `called` is the stand-in in words: "fake Graph".
    """
    channels = [channel for channel in channels if channel.provider == provider]
    places = sorted({urlsplit(channel.api_url).netloc for channel in channels})
    if not places:
        raise NoStandIn("the settings have no channels (try --demo)")
    if len(places) != 1:
        raise NoStandIn(f"the channels send to different places: {', '.join(places)}")
    url = urlsplit(channels[0].api_url)
    host = url.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if url.scheme != "http" or not loopback:
        raise NoStandIn(f"the channels send to {places[0]}: this needs a {called} on loopback (try --demo)")
    return host, url.port or 80


async def introduced_at(host: str, port: int, kind: type[_H], identity: str, called: str) -> _H | None:
    """Return how the stand-in at a place is; None where nothing listens. Raises NoStandIn if something else does.

    One that is ending breaks off in the middle of an answer: who does is asked again, for `_ENDING` seconds.
    """
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    deadline = trio.current_time() + _ENDING
    while True:
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
                health = msgspec.json.decode((await client.get("/_fake/health")).content, type=kind)
            if health.name == identity:
                return health
        except httpx.ConnectError:
            return None
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            if trio.current_time() < deadline:
                await trio.sleep(_AGAIN)
                continue
        except (httpx.HTTPError, msgspec.MsgspecError):
            pass
        raise NoStandIn(f"{url} is taken by something that is no {called}: stop it, or change api_url")
