"""What Meta's answers about a token, a number, an app and its webhook mean for a channel. Pure; `examination` asks.

Of an answer only what is needed is decoded; neither the number itself nor the business's name is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import httpx
import msgspec

from actors.channels.meta.errors import error_code
from actors.channels.meta.shape import PLACE
from actors.channels.wire import token
from runtime import Finding

T = TypeVar("T")
Status = Literal["ok", "warn", "fail", "skipped"]

#: Fields of a number that are asked for.
NUMBER_FIELDS = "id,quality_rating,code_verification_status"
_DAY = 86_400
_SOON = 7 * _DAY
_NEEDED = ("whatsapp_business_messaging", "whatsapp_business_management")
_RENEW = "make a new one (a system user's need not end), put it into access_token, and majlis reload"
_EXPIRED = Finding(f"{PLACE}.token", "fail", "the access token has expired or was withdrawn", _RENEW)
_RIGHTS = f"give the token's user {' and '.join(_NEEDED)} for this business account"


class TokenFacts(msgspec.Struct, frozen=True):
    """What debug_token says; times in seconds since 1970, 0: never."""

    app_id: str = ""
    is_valid: bool = False
    expires_at: int = 0
    scopes: tuple[str, ...] = ()


class _Debugged(msgspec.Struct, frozen=True):
    data: TokenFacts


class _Number(msgspec.Struct, frozen=True):
    quality_rating: str = ""
    code_verification_status: str = ""


class _App(msgspec.Struct, frozen=True):
    id: int | str = ""


class _Subscribed(msgspec.Struct, frozen=True):
    whatsapp_business_api_data: _App = _App()


class _Subscriptions(msgspec.Struct, frozen=True):
    data: tuple[_Subscribed, ...] = ()


def judge_refusal(facet: str, answer: httpx.Response) -> Finding:
    """Say what a refusal means, whatever was asked."""
    code = error_code(answer.content)
    word = f"HTTP {answer.status_code}" if code is None else f"code {code}"
    if code == 190 or (code is None and answer.status_code == 401):
        return _EXPIRED
    if code in {3, 10} or (code is not None and 200 <= code < 300):
        return _found(facet, "fail", f"the access token lacks a right ({word})", _RIGHTS)
    if code in {4, 80007, 80008, 130429} or answer.status_code == 429:
        return _found(facet, "skipped", f"too many questions for now ({word})", "ask again in an hour")
    if answer.status_code >= 500 or code in {1, 2}:
        return _found(
            facet, "fail", f"the provider is not well ({word})", "look at its status page, and ask again"
        )
    if answer.status_code == 200:
        return _found(facet, "fail", "what answers there does not answer as Meta does", "look at api_url")
    return _found(
        facet,
        "fail",
        f"the provider refuses the question ({word})",
        "look at api_url and the channel's ids",
    )


def judge_silence(where: str, reason: str) -> Finding:
    """Say that nobody answered."""
    advice = "look at api_url, the network, the name service and the firewall; sends wait meanwhile"
    return Finding(PLACE, "fail", f"no answer from {where}: {reason}", advice)


def judge_number(answer: httpx.Response) -> Finding:
    """The number exists, and this token may use it."""
    facet = "number"
    if answer.status_code != 200:
        if error_code(answer.content) == 100:
            advice = "look at its id (the phone number id, not the number), and whose token it is"
            return _found(
                facet, "fail", "the provider knows no such number, or not for this token (code 100)", advice
            )
        return judge_refusal(facet, answer)
    number = _decoded(answer, _Number)
    if number is None:
        return judge_refusal(facet, answer)
    if number.quality_rating == "RED":
        advice = "people block or report it: look at its quality page before its limit is lowered"
        return _found(facet, "warn", "the number exists, and its quality is RED", advice)
    if number.code_verification_status == "EXPIRED":
        advice = "verify the number again on the app's page"
        return _found(facet, "warn", "the number exists, and its verification has expired", advice)
    return _found(facet, "ok", "the number exists, and the token may use it")


def token_facts(answer: httpx.Response) -> TokenFacts | None:
    """Return what debug_token says; None where it says nothing."""
    debugged = _decoded(answer, _Debugged) if answer.status_code == 200 else None
    return debugged.data if debugged else None


def judge_token(facts: TokenFacts, now: float) -> Finding:
    """How long it lives, and what it may."""
    facet, left = "token", facts.expires_at - now
    if not facts.is_valid or (facts.expires_at and left <= 0):
        return _EXPIRED
    if missing := [scope for scope in _NEEDED if facts.scopes and scope not in facts.scopes]:
        return _found(facet, "fail", f"the access token lacks {' and '.join(missing)}", _RIGHTS)
    if not facts.expires_at:
        return _found(facet, "ok", "the access token is valid, without an end")
    days = f"{left / _DAY:.0f} days" if left >= _DAY else f"{left / 3600:.0f} hours"
    if left < _SOON:
        return _found(facet, "warn", f"the access token ends in {days}", _RENEW)
    return _found(facet, "ok", f"the access token is valid for {days}")


def is_app_secret(answer: httpx.Response) -> bool | None:
    """Say whether an app's secret was taken; None where the answer tells nothing of it."""
    if answer.status_code == 200:
        return True
    refused = answer.status_code < 500 and error_code(answer.content) in {1, 101, 102, 104, 190}
    return False if refused else None


def judge_app_secret(taken: Mapping[str, bool | None]) -> Finding:
    """One of a channel's secrets must be that of the token's app; others may be on their way in or out."""
    facet = "app_secret"
    if any(taken.values()):
        return _found(facet, "ok", "the app_secret is that of the token's app")
    if None in taken.values():
        return _found(
            facet, "skipped", "the provider does not say whether the app_secret is right", "ask again later"
        )
    advice = "copy the one of this app; until then every webhook is answered 401"
    return _found(facet, "fail", "the app_secret is not that of the token's app", advice)


def judge_webhook(answer: httpx.Response, app_id: str) -> Finding:
    """The app must be subscribed to the business account, or no webhook ever comes."""
    facet = "webhook"
    if answer.status_code != 200:
        if error_code(answer.content) == 100:
            advice = "look at account: the id of the WhatsApp business account"
            return _found(
                facet, "fail", "the provider knows no such account, or not for this token (code 100)", advice
            )
        return judge_refusal(facet, answer)
    found = _decoded(answer, _Subscriptions)
    if found is None:
        return judge_refusal(facet, answer)
    apps = {token(one.whatsapp_business_api_data.id) for one in found.data}
    if app_id in apps or (apps and not app_id):
        return _found(facet, "ok", "the app is subscribed to the business account")
    advice = (
        "POST {api_url}/{account}/subscribed_apps with the token, and subscribe the app to the field messages"
    )
    return _found(facet, "fail", "the app is not subscribed to the business account", advice)


def _found(facet: str, status: Status, seen: str, advice: str = "") -> Finding:
    return Finding(f"{PLACE}.{facet}", status, seen, advice)


def _decoded(answer: httpx.Response, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
