"""What is known of one channel of Twilio's, made of its settings once."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from actors.channels.pace import PAIR_BURST, PAIR_INTERVAL
from actors.channels.twilio.media import source_of
from actors.channels.twilio.parsing import Owner
from actors.media.sources import Source
from config import Channel
from runtime import Pace

#: What the path of a webhook begins with; the channel's name follows.
HOOK = "/webhooks/twilio/"


@dataclass(frozen=True)
class Line:
    """One channel: `messages` is where sends go and are listed, `callback` where Twilio tells what became of them."""

    owner: Owner
    tokens: tuple[str, ...] = field(repr=False)
    messages: str
    callback: str
    authorization: Mapping[str, str] = field(repr=False)
    contents: Mapping[str, str]
    pace: Pace
    source: Source


def line_of(channel: Channel, public: str) -> Line:
    """Return a channel that is reached under the URL `public`."""
    api, account = channel.api_url.rstrip("/"), channel.account_sid
    authorization = authorization_of(channel)
    return Line(
        owner=Owner(channel.key, channel.id, account),
        tokens=tuple(token.reveal() for token in channel.auth_token),
        messages=f"{api}/2010-04-01/Accounts/{account}/Messages.json",
        callback=f"{public}{HOOK}{channel.name}",
        authorization=authorization,
        contents=channel.contents,
        pace=Pace(float(channel.max_mps), PAIR_INTERVAL, PAIR_BURST),
        source=source_of(api, account, authorization),
    )


def authorization_of(channel: Channel) -> Mapping[str, str]:
    """Return the header by which the API knows the account: its first token sends, the others only sign."""
    pair = f"{channel.account_sid}:{channel.auth_token[0].reveal()}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
