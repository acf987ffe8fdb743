"""Webhooks as Twilio sends them, signed by code of the tests' own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from actors.channels.twilio import TwilioProvider
from config import Channel, Secret, Server, Settings
from runtime import Request

ACCOUNT, TOKEN = "AC" + "0a" * 16, "twilio-token-51dd"
NUMBER, PUBLIC = "whatsapp:+14155238886", "https://bot.example.com"
PATH, KEY = "/webhooks/twilio/tw1", "twilio:tw1"
PERSON, SID = "whatsapp:+971500000001", "SM" + "1b" * 16


def channel(name: str = "tw1", **more: object) -> Channel:
    """Return a channel; `more` replaces or adds fields."""
    given = {
        "id": NUMBER,
        "account_sid": ACCOUNT,
        "auth_token": (Secret(TOKEN),),
        "api_url": "http://127.0.0.1:1",
    }
    return Channel(**{"provider": "twilio", "name": name, **given, **more})  # type: ignore[arg-type]


def configured(*channels: Channel, public: str = PUBLIC) -> TwilioProvider:
    """Return the provider with these channels, or with the usual one."""
    provider = TwilioProvider()
    server = Server(public_url=public)
    provider.configure(Settings(data_dir=Path("unused"), server=server, channels=channels or (channel(),)))
    return provider


def inbound(**more: str) -> dict[str, str]:
    """Return the fields of a text; `more` replaces or adds fields."""
    usual = {
        "SmsMessageSid": SID,
        "NumMedia": "0",
        "ProfileName": "Sara",
        "MessageType": "text",
        "SmsSid": SID,
        "WaId": "971500000001",
        "SmsStatus": "received",
        "Body": "سلام، ۲ خوابه؟",
        "To": NUMBER,
        "NumSegments": "1",
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": PERSON,
        "ApiVersion": "2010-04-01",
    }
    return usual | more


def status(told: str, **more: str) -> dict[str, str]:
    """Return the fields of a status callback."""
    usual = {"MessageStatus": told, "SmsStatus": told, "MessageSid": SID, "AccountSid": ACCOUNT}
    return {**usual, "From": NUMBER, "To": PERSON, "ApiVersion": "2010-04-01", **more}


def sign(fields: Mapping[str, str], url: str, token: str = TOKEN) -> str:
    """Return the header for these fields."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def request(
    fields: Mapping[str, str], *, query: str = "", signed_as: str = PUBLIC + PATH, path: str = PATH
) -> Request:
    """Return the signed request that brings these fields."""
    url = signed_as + (f"?{query}" if query else "")
    headers = {
        "x-twilio-signature": sign(fields, url),
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    }
    return Request("POST", path, {}, headers, urlencode(fields).encode(), query)
