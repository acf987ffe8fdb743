"""Asks WAHA whether what the settings say of its channels is true: keys, sessions, webhooks. Nothing is changed there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

import httpx
import trio

from actors.channels.findings import summed_up
from actors.channels.waha.standing import PLACE, judge_session, judge_shape, judge_silence
from config import Channel
from runtime import Finding, HttpClient, NeverSent

_AT_ONCE = 16
_ANSWER = 5.0  # seconds for one answer


async def examine(
    channels: Sequence[Channel], http: HttpClient | None, tell: Callable[[Finding], None]
) -> None:
    """Tell what the channels' secrets look like, and with `http` what WAHA says of their sessions.

    Cancelled, it tells what was found by then.
    """
    odd = [(channel.name, finding) for channel in channels for finding in judge_shape(channel)]
    for finding in summed_up(odd):
        tell(finding)
    if not odd:
        tell(Finding(PLACE, "ok", f"{len(channels)} channels, their secrets long enough"))
    if http is None:
        return
    limit = trio.CapacityLimiter(_AT_ONCE)

    found: list[tuple[str, Finding]] = []

    async def ask(channel: Channel) -> None:
        async with limit:
            found.extend([(channel.name, finding) for finding in await _asked(channel, http)])

    try:
        async with trio.open_nursery() as nursery:
            for channel in channels:
                nursery.start_soon(ask, channel)
    finally:
        for finding in summed_up(found):
            tell(finding)


async def _asked(channel: Channel, http: HttpClient) -> list[Finding]:
    url = f"{channel.api_url.rstrip('/')}/api/sessions/{quote(channel.id, safe='')}"
    headers = {"x-api-key": channel.api_key.reveal()}
    try:
        with trio.fail_after(_ANSWER):
            answer = await http.request("GET", url, headers=headers)
    except trio.TooSlowError:
        return [judge_silence(f"nothing within {_ANSWER:g} s")]
    except NeverSent as fault:
        return [judge_silence(fault.reason)]
    except httpx.HTTPError as fault:
        return [judge_silence(type(fault).__name__)]
    return list(judge_session(channel, answer.status_code, answer.content))
