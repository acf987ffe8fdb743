"""What the fake WAHA posts: events in WAHA's envelope, as one of its engines words them, and signed. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

Json = Mapping[str, object]

#: The number behind every session.
ME = "971455566770@c.us"
_ACKS = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}


def text_of(chat: str, key: str, body: str, stamp: int, name: str = "", **more: object) -> Json:
    """Return what somebody wrote; `stamp` in seconds since 1970, `more` replaces or adds fields."""
    return {
        "id": f"false_{chat}_{key}",
        "timestamp": stamp,
        "from": chat,
        "fromMe": False,
        "source": "app",
        "to": ME,
        "participant": None,
        "body": body,
        "hasMedia": False,
        "media": None,
        "ack": 1,
        "ackName": _ACKS[1],
        "location": None,
        "vCards": [],
        "replyTo": None,
        "_data": {"notifyName": name, "type": "chat"},
        **more,
    }


def own_of(message: str, chat: str, body: str, stamp: int, source: str) -> Json:
    """Return what the number itself sent, from an "api" or an "app"."""
    told = {"id": message, "from": ME, "to": chat, "fromMe": True, "source": source}
    return {**text_of(chat, "", body, stamp), **told}


def ack_of(message: str, chat: str, ack: int) -> Json:
    """Return what became of a message of the number's."""
    return {
        "id": message,
        "from": ME,
        "to": chat,
        "participant": None,
        "fromMe": True,
        "ack": ack,
        "ackName": _ACKS[ack],
    }


def signed(
    key: str, session: str, event: str, payload: Json, stamp: int, number: int = 0
) -> tuple[bytes, Mapping[str, str]]:
    """Return the body and the headers of a webhook, the `number`th one."""
    told = {
        "id": f"evt_{number:026d}",
        "timestamp": stamp * 1000,
        "event": event,
        "session": session,
        "metadata": {},
        "me": {"id": ME, "pushName": "Stand-in"},
        "payload": payload,
        "engine": "WEBJS",
        "environment": {"version": "2026.1.1", "engine": "WEBJS", "tier": "CORE"},
    }
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {
        "content-type": "application/json",
        "x-webhook-request-id": f"{number:026d}",
        "x-webhook-timestamp": str(stamp * 1000),
        "x-webhook-hmac": hmac.new(key.encode(), body, hashlib.sha512).hexdigest(),
        "x-webhook-hmac-algorithm": "sha512",
    }
    return body, headers
