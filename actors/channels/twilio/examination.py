"""Asks Twilio whether what the settings say of its channels is true: accounts, tokens, senders, webhooks.

An account is asked once, whoever shares it. What was found is told when all is asked, or when the caller's deadline cuts
it. Nothing is changed there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import httpx
import trio

from actors.channels.findings import summed_up
from actors.channels.twilio.line import HOOK, authorization_of
from actors.channels.twilio.standing import (
    PLACE,
    judge_account,
    judge_sender,
    judge_shape,
    judge_silence,
    senders_url,
)
from config import Channel
from runtime import Finding, HttpClient, NeverSent

_ANSWER = 5.0  # seconds for one answer


def examine_shapes(channels: Sequence[Channel], tell: Callable[[Finding], None]) -> None:
    """Tell what the credentials look like."""
    odd = [(channel.name, finding) for channel in channels for finding in judge_shape(channel)]
    for finding in summed_up(odd):
        tell(finding)
    if not odd:
        tell(Finding(PLACE, "ok", f"{len(channels)} channels, their credentials of the usual shape"))


async def examine_truth(
    channels: Sequence[Channel], public: str, http: HttpClient, tell: Callable[[Finding], None]
) -> None:
    """Ask Twilio, and tell what it says. Cancelled, it tells what was found by then."""
    found: list[tuple[str, Finding]] = []
    accounts: dict[tuple[str, str], list[Channel]] = {}
    for channel in channels:
        accounts.setdefault((channel.api_url.rstrip("/"), channel.account_sid), []).append(channel)
    try:
        async with trio.open_nursery() as nursery:
            for (api, account), sharing in accounts.items():
                nursery.start_soon(_account, api, account, sharing, public.rstrip("/"), http, found)
    finally:
        for finding in summed_up(found):
            tell(finding)


async def _account(
    api: str,
    account: str,
    channels: Sequence[Channel],
    public: str,
    http: HttpClient,
    found: list[tuple[str, Finding]],
) -> None:
    """Ask about an account, then about its senders; of channels that give it different tokens each asks for itself."""
    tokens: dict[str, list[Channel]] = {}
    for channel in channels:
        tokens.setdefault(channel.auth_token[0].reveal(), []).append(channel)
    for sharing in tokens.values():
        authorization = authorization_of(sharing[0])
        told = await _ask(f"{api}/2010-04-01/Accounts/{account}.json", authorization, http)
        judged = told if isinstance(told, Finding) else judge_account(told)
        found += [(channel.name, judged) for channel in sharing]
        if judged.status != "ok":
            continue
        listed = await _ask(senders_url(api), authorization, http)
        for channel in sharing:
            hook = f"{public}{HOOK}{channel.name}"
            of = [listed] if isinstance(listed, Finding) else judge_sender(listed, channel, hook)
            found += [(channel.name, one) for one in of]


async def _ask(url: str, authorization: Mapping[str, str], http: HttpClient) -> httpx.Response | Finding:
    """Return the answer, or that there was none."""
    try:
        with trio.fail_after(_ANSWER):
            return await http.request("GET", url, headers=authorization)
    except trio.TooSlowError:
        reason = f"nothing within {_ANSWER:g} s"
    except NeverSent as fault:
        reason = fault.reason
    except httpx.HTTPError as fault:
        reason = type(fault).__name__  # its words may hold the URL
    return judge_silence(urlsplit(url).netloc, reason)
