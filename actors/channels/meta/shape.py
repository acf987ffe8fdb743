"""What can be said of a channel's credentials without asking anybody: do they look like Meta's? Pure.

It never says what they are, and names no id that may be a phone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from config import Channel, is_loopback
from runtime import Finding

PLACE = "channels.meta"
OLDEST_VERSION = 21  # of the Graph API; Meta shuts versions down about two years after the next one came
_SECRET = re.compile(r"[0-9a-f]{32}")
_VERSION = re.compile(r"/v([0-9]{1,3})\.[0-9]{1,2}/?")


def judge_shape(channel: Channel) -> Iterator[Finding]:
    """Yield what is odd about a channel's credentials; nothing, where all looks usual."""
    if not 14 <= len(channel.id) <= 17:
        yield _odd(
            "id",
            "the id has not the usual 15 to 17 digits",
            "give the phone number id of the app's page, not the number itself",
        )
    if any(not _SECRET.fullmatch(secret.reveal()) for secret in channel.app_secret):
        yield _odd(
            "app_secret",
            "the app_secret has not the usual 32 hex digits",
            "copy it from the app's basic settings; with a wrong one every webhook is answered 401",
        )
    if len(channel.verify_token.reveal()) < 12:
        yield _odd(
            "verify_token",
            "the verify_token is shorter than 12 characters",
            "draw a longer one, and give it to the app's webhook, too",
        )
    host = urlsplit(channel.api_url).hostname
    if is_loopback(host):  # a stand-in has tokens and versions of its own
        return
    token = channel.access_token.reveal()
    if len(token) < 50 or not token.startswith("EA"):
        yield _odd(
            "access_token",
            "the access_token does not look like one of Meta's",
            "make one for a system user, with whatsapp_business_messaging and whatsapp_business_management",
        )
    if host != "graph.facebook.com":
        yield _odd(
            "api_url",
            f"messages and tokens go to {host}",
            "https://graph.facebook.com/vNN.0 is Meta's; keep another one only if it is your own proxy",
        )
    yield from _judge_version(channel.api_url)


def _judge_version(url: str) -> Iterator[Finding]:
    found = _VERSION.fullmatch(urlsplit(url).path)
    if found is None:
        yield _odd(
            "api_url",
            "the api_url names no version",
            "end it with a version, such as /v23.0: without one Meta takes the oldest that it has",
        )
    elif int(found[1]) < OLDEST_VERSION:
        yield _odd(
            "api_url",
            f"the api_url names the old version {found[1]}",
            "Meta shuts old versions down: name a newer one, such as /v23.0",
        )


def _odd(facet: str, seen: str, advice: str) -> Finding:
    return Finding(f"{PLACE}.{facet}", "warn", seen, advice)


def names_of(channels: Sequence[Channel]) -> Mapping[str, str]:
    """Return how to name each channel, by its key: by its id, or by its place where the id may be a phone number."""
    return {
        channel.key: channel.id if len(channel.id) >= 14 else f"channels[{place}]"
        for place, channel in enumerate(channels)
    }
