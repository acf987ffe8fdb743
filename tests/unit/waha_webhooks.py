"""Webhooks as WAHA sends them, signed by code of the tests' own."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from actors.channels.waha import WahaProvider
from config import Channel, Secret, Settings
from runtime import Request

HMAC, API_KEY = "waha-hmac-key-51dd", "waha-api-key-77a0"
API, PATH, KEY = "http://127.0.0.1:1", "/webhooks/waha/wa1", "waha:wa1"
WHO, ME = "971500000001", "971455566770"
CHAT, MINE = f"{WHO}@c.us", f"{ME}@c.us"
NOW = 1_767_225_600  # seconds since 1970


def channel(name: str = "wa1", **more: object) -> Channel:
    """Return a channel; `more` replaces or adds fields."""
    given = {"id": "default", "hmac_key": (Secret(HMAC),), "api_key": Secret(API_KEY), "api_url": API}
    return Channel(**{"provider": "waha", "name": name, **given, **more})  # type: ignore[arg-type]


def configured(*channels: Channel) -> WahaProvider:
    """Return the provider with these channels, or with the usual one, at NOW."""
    provider = WahaProvider(clock=lambda: NOW)
    provider.configure(Settings(data_dir=Path("unused"), channels=channels or (channel(),)))
    return provider


def message(**more: Any) -> dict[str, Any]:
    """Return the payload of a text that a person wrote; `more` replaces or adds fields."""
    usual = {
        "id": f"false_{CHAT}_3EB0AAAA",
        "timestamp": NOW,
        "from": CHAT,
        "fromMe": False,
        "source": "app",
        "to": MINE,
        "participant": None,
        "body": "سلام، ۲ خوابه؟",
        "hasMedia": False,
        "media": None,
        "ack": 1,
        "ackName": "SERVER",
        "location": None,
        "vCards": [],
        "replyTo": None,
        "_data": {"notifyName": "Sara", "type": "chat"},
    }
    return usual | more


def own(**more: Any) -> dict[str, Any]:
    """Return the payload of a text that the number itself sent."""
    usual = message(fromMe=True, body="Hello from the office", **{"from": MINE, "to": CHAT})
    return usual | {"id": f"true_{CHAT}_3EB0BBBB"} | more


def ack(number: int, **more: Any) -> dict[str, Any]:
    """Return the payload of a receipt."""
    usual = {"id": f"true_{CHAT}_3EB0BBBB", "from": MINE, "to": CHAT, "fromMe": True, "participant": None}
    return {**usual, "ack": number, "ackName": "", **more}


def envelope(event: str, payload: object, **more: Any) -> dict[str, Any]:
    """Return a webhook's body."""
    usual = {"id": "evt_1", "timestamp": NOW * 1000, "event": event, "session": "default", "metadata": {}}
    me = {"id": MINE, "pushName": "Palm Homes"}
    return {**usual, "me": me, "payload": payload, "engine": "WEBJS", "environment": {}, **more}


def sign(body: bytes, key: str = HMAC) -> str:
    """Return the header for a body."""
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def request(told: object, *, path: str = PATH, key: str = HMAC) -> Request:
    """Return the signed request that brings a body."""
    body = json.dumps(told).encode()
    headers = {
        "x-webhook-request-id": "01",
        "x-webhook-timestamp": str(NOW * 1000),
        "x-webhook-hmac": sign(body, key),
        "x-webhook-hmac-algorithm": "sha512",
        "content-type": "application/json",
    }
    return Request("POST", path, {}, headers, body)
