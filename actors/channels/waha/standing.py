"""What a channel's secrets look like, and what WAHA's answer about its session means for it. Pure; `examination` asks.

Neither the number behind a session nor its name is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from actors.channels.errors import answer_of
from actors.channels.waha.errors import SESSION
from actors.channels.wire import items, members, text
from config import Channel
from runtime import Finding

PLACE = "channels.waha"
_SHORTEST = 16
#: What a webhook must tell of, each by one of these: what people write, receipts, and what the session is at.
_EVENTS: Sequence[tuple[str, ...]] = (("message", "message.any"), ("message.ack",), ("session.status",))
_WILD = "*"


def judge_shape(channel: Channel) -> Iterator[Finding]:
    """Yield what is odd about a channel's secrets; nothing, where all looks usual."""
    if any(len(key.reveal()) < _SHORTEST for key in channel.hmac_key):
        yield _found(
            "hmac_key",
            "warn",
            "the hmac_key is short",
            "draw one of 32 characters or more: whoever guesses it speaks as anybody",
        )
    if len(channel.api_key.reveal()) < _SHORTEST:
        yield _found(
            "api_key",
            "warn",
            "the api_key is short",
            "draw one of 32 characters or more: whoever guesses it has the number",
        )


def judge_silence(reason: str) -> Finding:
    """Say that nobody answered."""
    advice = "look at api_url, the network, and whether WAHA runs; sends wait meanwhile"
    return _found("session", "fail", f"WAHA does not answer: {reason}", advice)


def judge_session(channel: Channel, status: int, body: bytes) -> Iterator[Finding]:
    """Yield what the answer to GET /api/sessions/{session} says."""
    answer = answer_of(body)
    at = text(answer.get("status"))
    if status != 200 or not at:
        yield _found("session", "fail", *_refusal(status))
        return
    if at == "WORKING":
        yield _found("session", "ok", "the session works, and the API key is right")
    elif at in SESSION:
        standing: Literal["warn", "fail"] = "warn" if at == "STARTING" else "fail"
        yield _found("session", standing, f"the session is at {at}", SESSION[at])
    else:
        yield _found("session", "warn", "the session is at what nobody knows", "see WAHA's log")
    yield from _judge_webhooks(channel, answer)


def _judge_webhooks(channel: Channel, answer: object) -> Iterator[Finding]:
    """Yield what is wrong with the webhook that leads to the channel; global ones are not told of by WAHA."""
    ours = f"/webhooks/waha/{channel.name}"
    known = [members(one) for one in items(members(members(answer).get("config")).get("webhooks"))]
    leading = [one for one in known if text(one.get("url")).partition("?")[0].rstrip("/").endswith(ours)]
    if not leading:
        yield _found(
            "webhook",
            "warn",
            "no webhook of the session leads here",
            "give it one to .../webhooks/waha/<name>, unless WAHA has a global one (WHATSAPP_HOOK_URL)",
        )
        return
    events = {text(event) for one in leading for event in items(one.get("events"))}
    missing = [kinds[0] for kinds in _EVENTS if not events & {*kinds, _WILD}]
    keys = {text(members(one.get("hmac")).get("key")) for one in leading}
    if missing:
        advice = "add them to the webhook's events; message.any tells of what people write at the phone, too"
        yield _found("webhook", "warn", f"the webhook does not tell of {', '.join(missing)}", advice)
    if not keys & {key.reveal() for key in channel.hmac_key}:
        advice = "give both the same one: without it every webhook is answered 401"
        yield _found("webhook", "fail", "the webhook has no hmac key, or another one than ours", advice)
    elif not missing:
        yield _found("webhook", "ok", "its webhook leads here, signed, and tells of all that is needed")


def _refusal(status: int) -> tuple[str, str]:
    match status:
        case 401 | 403:
            return "WAHA refuses the api_key", "give the channel WAHA's API key, and majlis reload"
        case 404:
            return "WAHA has no such session", "look at id, the session's name, and at api_url"
        case 200:
            return "what answers there does not answer as WAHA does", "look at api_url"
        case _:
            return f"WAHA refuses the question (HTTP {status})", "look at api_url and at WAHA's log"


def _found(facet: str, status: Literal["ok", "warn", "fail"], seen: str, advice: str = "") -> Finding:
    return Finding(f"{PLACE}.{facet}", status, seen, advice)
