"""Where a medium of Twilio's is to be had: the address in the webhook itself, if it is one of the channel's account."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from actors.media.sources import Denied, Link, Resolved, Source
from runtime import HttpClient


def source_of(api: str, account: str, authorization: Mapping[str, str]) -> Source:
    """Return the way to the media of a channel. They redirect to a storage, where the credentials do not go."""
    home = f"{api.rstrip('/')}/2010-04-01/Accounts/{account}/"

    async def resolve(_http: HttpClient, media: str) -> Resolved:
        await trio.lowlevel.checkpoint()
        return Link(media) if media.startswith(home) else Denied("foreign_media")

    return Source(api, authorization, resolve)
