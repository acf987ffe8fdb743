"""What is known of one channel of WAHA's, made of its settings once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actors.channels.waha.media import source_of
from actors.channels.waha.parsing import Owner
from actors.media.sources import Source
from config import Channel
from runtime import Pace

#: WAHA has no limit per person, but WhatsApp looks for numbers that write like a machine: some at once, then one in 2 s.
PAIR_INTERVAL, PAIR_BURST = 2.0, 10


@dataclass(frozen=True)
class Line:
    """One channel: `api` is its server, `headers` those of every request to it."""

    owner: Owner
    keys: tuple[str, ...] = field(repr=False)
    api: str
    headers: Mapping[str, str] = field(repr=False)
    pace: Pace
    source: Source


def line_of(channel: Channel) -> Line:
    """Return what a channel's settings say of it."""
    api, key = channel.api_url.rstrip("/"), {"x-api-key": channel.api_key.reveal()}
    return Line(
        owner=Owner(channel.key, channel.name, channel.id),
        keys=tuple(one.reveal() for one in channel.hmac_key),
        api=api,
        headers={**key, "content-type": "application/json"},
        pace=Pace(float(channel.max_mps), PAIR_INTERVAL, PAIR_BURST),
        source=source_of(api, key),
    )
