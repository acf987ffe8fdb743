"""Where a medium of WAHA's is to be had: under the path that the webhook names, at the configured server and no other.

The host in the webhook is what WAHA takes itself for ("http://localhost:3000" in a container), so only its path counts.
The API key goes along, and so nothing but the store of files is asked with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import trio

from actors.media.sources import Denied, Link, Resolved, Source
from runtime import HttpClient

_FILE = re.compile(r"/api/files(?:/(?!\.)[\w.@=+~:,-]+)+", re.ASCII)


def source_of(api: str, key: Mapping[str, str]) -> Source:
    """Return the way to the media of a channel; media that WAHA keeps elsewhere are refused."""
    home = api.rstrip("/")

    async def resolve(_http: HttpClient, media: str) -> Resolved:
        await trio.lowlevel.checkpoint()
        path = path_of(media)
        return Link(home + path) if path else Denied("foreign_media")

    return Source(home, key, resolve, beside=True)


def path_of(link: str) -> str:
    """Return the path of a file of WAHA's; "" if the link leads anywhere else."""
    try:
        path = urlsplit(link).path
    except ValueError:
        return ""
    return path if _FILE.fullmatch(path) else ""
