"""The provider's accounts, and what it tells their owner: of a number, a token, the apps of a business account. Pure.

The faults name channels whose token has expired or whose number is gone, and accounts that no app is subscribed to.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from actors.channels.fake_graph.contract import GraphError
from actors.channels.fake_graph.faults import Faults
from config import Settings

_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


class Account(msgspec.Struct, frozen=True):
    """One business number as the provider knows it. Without `token` any bearer will do."""

    id: str
    secret: str
    token: str = ""
    per_second: int = 80
    business: str = "200300400500600"

    @property
    def app(self) -> str:
        """The id of the app whose secret this is."""
        return str(10**15 + int(hashlib.sha256(self.secret.encode()).hexdigest()[:11], 16))


def accounts_of(settings: Settings) -> dict[str, Account]:
    """Return the Meta channels of these settings as the provider's accounts."""
    return {
        channel.id: Account(
            id=channel.id,
            secret=channel.app_secret[0].reveal(),
            token=channel.access_token.reveal(),
            per_second=channel.max_mps,
            business=channel.account or "200300400500600",
        )
        for channel in settings.channels
        if channel.key == f"meta:{channel.id}"
    }


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the token that a request brings; GraphError 190 where it brings none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise GraphError(190, "An access token is required to request this resource.")
    return token


def authorize(account: Account | None, bearer: str, faults: Faults) -> None:
    """Check that a bearer may use an account; GraphError 190 if not."""
    if account is None:
        return
    if account.id in faults.expired:
        raise GraphError(190, "Error validating access token: Session has expired.")
    if account.token and not hmac.compare_digest(bearer, account.token):
        raise GraphError(190, "Invalid OAuth access token.")


def authorize_any(accounts: Mapping[str, Account], bearer: str, faults: Faults) -> None:
    """Check that a bearer is the token of some account, as media ask of it; GraphError 190 if not."""
    usable = [one for one in accounts.values() if one.token in ("", bearer) and one.id not in faults.expired]
    if accounts and not usable:
        raise GraphError(190, "Invalid OAuth access token.")


def describe_number(account: Account, fields: str, faults: Faults) -> Mapping[str, object]:
    """Return the JSON of GET /{phone-number-id}; GraphError 100 for a number that is gone."""
    if account.id in faults.unknown:
        raise GraphError(100, f"Unsupported get request. Object with ID '{account.id}' does not exist.")
    known: Mapping[str, object] = {
        "verified_name": "Majlis Test",
        "code_verification_status": "VERIFIED",
        "display_phone_number": "+1 555-0100",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
    }
    wanted = [field for field in fields.split(",") if field in known] if fields else list(known)
    return {**{field: known[field] for field in wanted}, "id": account.id}


def describe_token(
    accounts: Mapping[str, Account], asked: str, bearer: str, faults: Faults, wall: float
) -> Mapping[str, object]:
    """Return the JSON of GET /debug_token; GraphError 190 for a bearer that is no token and no "app id|secret"."""
    app, _, secret = bearer.partition("|")
    if secret:
        if all((account.app, account.secret) != (app, secret) for account in accounts.values()):
            raise GraphError(
                190, "Invalid OAuth access token - Cannot get application info due to a system error."
            )
    else:
        owners = [one for one in accounts.values() if one.token in ("", bearer)]
        if not owners or all(one.id in faults.expired for one in owners):
            raise GraphError(190, "Error validating access token: Session has expired.")
    found = [one for one in accounts.values() if one.token in ("", asked)]
    if not found:
        return {
            "data": {
                "is_valid": False,
                "scopes": [],
                "error": {"code": 190, "message": "Invalid OAuth access token."},
            }
        }
    ends = int(wall) + faults.token_life if faults.token_life else 0
    valid = any(one.id not in faults.expired for one in found)
    return {
        "data": {
            "app_id": found[0].app,
            "type": "SYSTEM_USER",
            "is_valid": valid,
            "expires_at": ends,
            "scopes": _SCOPES,
        }
    }


def describe_subscriptions(
    accounts: Mapping[str, Account], business: str, bearer: str, faults: Faults
) -> Mapping[str, object]:
    """Return the JSON of GET /{business-account}/subscribed_apps; GraphError 100 for an account that there is not."""
    owned = [account for account in accounts.values() if account.business == business]
    if not owned:
        raise GraphError(100, f"Unsupported get request. Object with ID '{business[:64]}' does not exist.")
    may = [account for account in owned if account.token in ("", bearer) and account.id not in faults.expired]
    if not may:
        raise GraphError(190, "Invalid OAuth access token.")
    apps = () if business in faults.unsubscribed else sorted({account.app for account in owned})
    return {"data": [{"whatsapp_business_api_data": {"id": app, "name": "Majlis Test"}} for app in apps]}
