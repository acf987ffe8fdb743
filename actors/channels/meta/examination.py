"""Asks Meta whether what the settings say of its channels is true: tokens, numbers, app secrets, webhooks.

A token is asked about once, whoever shares it; a host that did not answer is not asked again. What was found is told when
all is asked, or when the caller's deadline cuts it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

import httpx
import trio

from actors.channels.findings import summed_up
from actors.channels.meta.shape import PLACE, judge_shape, names_of
from actors.channels.meta.standing import (
    NUMBER_FIELDS,
    is_app_secret,
    judge_app_secret,
    judge_number,
    judge_refusal,
    judge_silence,
    judge_token,
    judge_webhook,
    token_facts,
)
from config import Channel
from runtime import Finding, HttpClient, NeverSent

_AT_ONCE = 16
_ANSWER = 5.0  # seconds for one answer


def examine_shapes(channels: Sequence[Channel], tell: Callable[[Finding], None]) -> None:
    """Tell what the credentials look like."""
    names = names_of(channels)
    odd = [(names[channel.key], finding) for channel in channels for finding in judge_shape(channel)]
    for finding in summed_up(odd):
        tell(finding)
    if not odd:
        tell(Finding(PLACE, "ok", f"{len(channels)} channels, their credentials of the usual shape"))


async def examine_truth(
    channels: Sequence[Channel], http: HttpClient, tell: Callable[[Finding], None]
) -> None:
    """Ask Meta, and tell what it says. Cancelled, it tells what was found by then."""
    inquiry = _Inquiry(names_of(channels), http)
    tokens: dict[tuple[str, str], list[Channel]] = {}
    for channel in channels:
        tokens.setdefault((channel.api_url.rstrip("/"), channel.access_token.reveal()), []).append(channel)
    try:
        async with trio.open_nursery() as nursery:
            for channel in channels:
                nursery.start_soon(inquiry.number, channel)
            for (url, _), sharing in tokens.items():
                nursery.start_soon(inquiry.token, url, sharing)
    finally:
        for finding in summed_up(inquiry.found):
            tell(finding)


class _Silent(Exception):
    """Nobody answered; the message says how."""


class _Inquiry:
    """One round of questions."""

    def __init__(self, names: Mapping[str, str], http: HttpClient) -> None:
        self.found: list[tuple[str, Finding]] = []
        self._names = names
        self._http = http
        self._limit = trio.CapacityLimiter(_AT_ONCE)
        self._silent: dict[str, str] = {}

    async def number(self, channel: Channel) -> None:
        """Ask for a channel's number."""
        url = f"{channel.api_url.rstrip('/')}/{channel.id}?fields={NUMBER_FIELDS}"
        try:
            answer = await self._get(url, channel.access_token.reveal())
        except _Silent as silence:
            self._note([channel], judge_silence(_host(url), str(silence)))
            return
        self._note([channel], judge_number(answer))

    async def token(self, url: str, channels: Sequence[Channel]) -> None:
        """Ask about a token, then about the app that it is of."""
        bearer = channels[0].access_token.reveal()
        debug = f"{url}/debug_token?input_token={quote(bearer, safe='')}"
        try:
            answer = await self._get(debug, bearer)
            facts = token_facts(answer)
            if facts is None:
                self._note(channels, judge_refusal("token", answer))
            else:
                self._note(channels, judge_token(facts, time.time()))
                if facts.app_id:
                    await self._secrets(debug, facts.app_id, channels)
            await self._webhooks(url, facts.app_id if facts else "", channels)
        except _Silent as silence:
            self._note(channels, judge_silence(_host(url), str(silence)))

    async def _secrets(self, debug: str, app_id: str, channels: Sequence[Channel]) -> None:
        """An app may ask by its secret: so a right secret shows. Nothing else here proves one."""
        taken: dict[str, bool | None] = {}
        for channel in channels:
            own = [secret.reveal() for secret in channel.app_secret]
            for secret in own:
                if secret not in taken:
                    taken[secret] = is_app_secret(await self._get(debug, f"{app_id}|{secret}"))
            self._note([channel], judge_app_secret({secret: taken[secret] for secret in own}))

    async def _webhooks(self, url: str, app_id: str, channels: Sequence[Channel]) -> None:
        accounts: dict[str | None, list[Channel]] = {}
        for channel in channels:
            accounts.setdefault(channel.account, []).append(channel)
        for account, sharing in accounts.items():
            if account is None:
                advice = "give account, the id of the WhatsApp business account"
                seen = "the settings name no account to ask about"
                self._note(sharing, Finding(f"{PLACE}.webhook", "skipped", seen, advice))
                continue
            bearer = sharing[0].access_token.reveal()
            answer = await self._get(f"{url}/{quote(account, safe='')}/subscribed_apps", bearer)
            self._note(sharing, judge_webhook(answer, app_id))

    async def _get(self, url: str, bearer: str) -> httpx.Response:
        """Ask. Raises _Silent, from then on at once for the same host."""
        host = _host(url)
        async with self._limit:
            if host in self._silent:
                raise _Silent(self._silent[host])
            try:
                with trio.fail_after(_ANSWER):
                    return await self._http.request("GET", url, headers={"authorization": f"Bearer {bearer}"})
            except trio.TooSlowError:
                reason = f"nothing within {_ANSWER:g} s"
            except NeverSent as fault:
                reason = fault.reason
            except httpx.HTTPError as fault:
                reason = type(fault).__name__  # its words may hold the URL, and that a token
            self._silent[host] = reason
            raise _Silent(reason)

    def _note(self, channels: Sequence[Channel], finding: Finding) -> None:
        self.found += [(self._names[channel.key], finding) for channel in channels]


def _host(url: str) -> str:
    return urlsplit(url).netloc
