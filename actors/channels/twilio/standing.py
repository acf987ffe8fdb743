"""What is odd about a channel of Twilio's, and what Twilio's answers about it mean. Pure; `examination` asks.

Of an answer only what is needed is decoded. Channels are told by their names: a sender's id is a phone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from actors.channels.errors import answer_of
from actors.channels.wire import token
from config import Channel, is_loopback
from runtime import Finding

T = TypeVar("T")
Status = Literal["ok", "warn", "fail", "skipped"]

PLACE = "channels.twilio"
_TOKEN = re.compile(r"[0-9a-f]{32}")
_HOST = re.compile(r"api\.(?:[a-z0-9-]+\.){0,2}twilio\.com")
_RENEW = "copy the account's SID and its auth token from Twilio's console, and majlis reload"


class _Account(msgspec.Struct, frozen=True):
    status: str


class _Webhook(msgspec.Struct, frozen=True):
    callback_url: str | None = None
    callback_method: str | None = None
    fallback_url: str | None = None


class _Sender(msgspec.Struct, frozen=True):
    sender_id: str | None = None
    status: str = ""
    webhook: _Webhook | None = None


class _Meta(msgspec.Struct, frozen=True):
    next_page_url: str | None = None


class _Senders(msgspec.Struct, frozen=True):
    senders: tuple[_Sender, ...]
    meta: _Meta = _Meta()


def judge_shape(channel: Channel) -> Iterator[Finding]:
    """Yield what is odd about a channel's credentials; nothing, where all looks usual."""
    host = urlsplit(channel.api_url).hostname or ""
    if is_loopback(host):  # a stand-in has tokens of its own
        return
    if any(not _TOKEN.fullmatch(secret.reveal()) for secret in channel.auth_token):
        seen, advice = (
            "the auth_token has not the usual 32 hex digits",
            f"{_RENEW}: an API key signs no webhook",
        )
        yield _found("auth_token", "warn", seen, advice)
    if not _HOST.fullmatch(host):
        advice = "https://api.twilio.com is Twilio's; keep another one only if it is your own proxy"
        yield _found("api_url", "warn", f"messages and tokens go to {host}", advice)


def senders_url(api: str) -> str:
    """Return where an account's senders are listed: at a host of their own, where the API is Twilio's."""
    parts = urlsplit(api.rstrip("/"))
    if _HOST.fullmatch(parts.hostname or ""):
        parts = parts._replace(netloc="messaging." + parts.netloc.removeprefix("api."))
    return f"{parts.geturl()}/v2/Channels/Senders?Channel=whatsapp&PageSize=1000"


def judge_account(answer: httpx.Response) -> Finding:
    """The account exists, its token is right, and it may send."""
    facet = "account"
    account = _decoded(answer, _Account) if answer.status_code == 200 else None
    if account is None:
        return judge_refusal(facet, answer)
    if account.status != "active":
        advice = "see Twilio's console: nothing is sent until it is active again"
        return _found(facet, "fail", "the account is suspended or closed", advice)
    return _found(facet, "ok", "the account is active, and the auth_token is its own")


def judge_sender(answer: httpx.Response, channel: Channel, hook: str) -> Iterator[Finding]:
    """The account has the channel's sender, it is online, and its messages come to `hook`."""
    if answer.status_code in {404, 405}:
        yield _found("sender", "skipped", "this API does not tell of its senders", "look at Twilio's console")
        return
    listed = _decoded(answer, _Senders) if answer.status_code == 200 else None
    if listed is None:
        yield judge_refusal("sender", answer)
        return
    sender = next((one for one in listed.senders if one.sender_id == channel.id), None)
    if sender is None:
        more = listed.meta.next_page_url is not None
        advice = "look at its id, and whose account_sid it is; the sandbox's number is in no list"
        yield _found("sender", "skipped" if more else "warn", "the account lists no such sender", advice)
        return
    if not sender.status.startswith("ONLINE"):
        advice = "see the sender in Twilio's console: nothing is sent or received until it is online"
        yield _found("sender", "fail", "the sender is not online", advice)
    else:
        yield _found("sender", "ok", "the account has the sender, and it is online")
    yield _judge_webhook(sender.webhook or _Webhook(), hook)


def _judge_webhook(webhook: _Webhook, hook: str) -> Finding:
    facet = "webhook"
    if webhook.callback_url != hook or (webhook.callback_method or "POST") != "POST":
        advice = f"let the sender's webhook be {hook}, by POST"
        return _found(facet, "fail", "the sender's messages go elsewhere, or nowhere", advice)
    if not webhook.fallback_url:
        advice = f"let the sender's fallback URL be {hook}, too: Twilio posts once"
        return _found(facet, "warn", "the sender's messages come here, and have no second way", advice)
    return _found(facet, "ok", "the sender's messages come here, and have a second way")


def judge_refusal(facet: str, answer: httpx.Response) -> Finding:
    """Say what a refusal means, whatever was asked."""
    code = token(answer_of(answer.content).get("code"))
    word = f"code {code}" if code.isdigit() else f"HTTP {answer.status_code}"
    if answer.status_code == 401 or code == "20003":
        return _found(facet, "fail", f"the account_sid and the auth_token do not fit ({word})", _RENEW)
    if answer.status_code == 429:
        return _found(facet, "skipped", f"too many questions for now ({word})", "ask again in a minute")
    if answer.status_code >= 500:
        advice = "look at its status page, and ask again"
        return _found(facet, "fail", f"the provider is not well ({word})", advice)
    if answer.status_code == 200:
        return _found(facet, "fail", "what answers there does not answer as Twilio does", "look at api_url")
    advice = "look at api_url and account_sid"
    return _found(facet, "fail", f"the provider refuses the question ({word})", advice)


def judge_silence(where: str, reason: str) -> Finding:
    """Say that nobody answered."""
    advice = "look at api_url, the network, the name service and the firewall; sends wait meanwhile"
    return Finding(PLACE, "fail", f"no answer from {where}: {reason}", advice)


def _found(facet: str, status: Status, seen: str, advice: str = "") -> Finding:
    return Finding(f"{PLACE}.{facet}", status, seen, advice)


def _decoded(answer: httpx.Response, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
