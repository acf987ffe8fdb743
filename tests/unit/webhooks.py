"""Webhooks of two numbers of a provider, and what becomes of them: what the tests of the parsing share."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from actors.channels.meta import MetaProvider
from actors.messages import INCOMING
from config import Channel, Secret, Settings
from runtime import Arrival, Event, Request, Response, Verified
from runtime.actor.event import EventCodec

NUMBER, OTHER, STRANGE = "100200300400500", "100200300400600", "999"
ACCOUNT, DECLARED = "200300400500600", "200300400500700"
CHANNEL = f"meta:{NUMBER}"
SECRETS = {NUMBER: ("mine", "mine-new"), OTHER: ("theirs",)}
CODEC = EventCodec(INCOMING)


def serving() -> MetaProvider:
    provider = MetaProvider()
    channels = tuple(
        Channel(
            provider="meta",
            id=number,
            app_secret=tuple(Secret(secret) for secret in secrets),
            verify_token=Secret("verify"),
            access_token=Secret("access"),
            account=DECLARED if number == OTHER else None,
        )
        for number, secrets in SECRETS.items()
    )
    provider.configure(Settings(data_dir=Path("unused"), channels=channels))
    return provider


PROVIDER = serving()


def post(body: bytes | object, key: str = "mine") -> Verified | Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = "sha256=" + hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    return PROVIDER.receive(Request("POST", "/webhooks/meta", {}, {"x-hub-signature-256": signed}, raw))


def verified(body: bytes | object, key: str = "mine") -> Verified:
    answer = post(body, key)
    assert isinstance(answer, Verified)
    for arrival in answer.arrivals:
        for name in (arrival.channel, arrival.dedup, *arrival.identities):
            assert len(name.encode()) <= 512
            assert name.isprintable()
        arrival.payload.decode()
        assert json.loads(arrival.payload)
    return answer


def change(value: object, field: str = "messages", account: str = ACCOUNT) -> dict[str, Any]:
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": account, "changes": [{"field": field, "value": value}]}],
    }


SARA = {
    "profile": {"name": "Sara"},
    "wa_id": "971501112233",
    "user_id": "US.1001",
    "parent_user_id": "US.ENT.2",
}


def value(*messages: object, number: str = NUMBER, **more: object) -> dict[str, Any]:
    contacts = {"contacts": [SARA], "messages": list(messages)} if messages else {}
    metadata = {"display_phone_number": "97145556677", "phone_number_id": number}
    return {"messaging_product": "whatsapp", "metadata": metadata, **contacts, **more}


def message(**more: object) -> dict[str, Any]:
    head = {"from": "971501112233", "id": "wamid.HBgM0", "timestamp": "1767225600"}
    return {name: part for name, part in (head | more).items() if part is not None}


def text(body: object = "Body Text", **more: object) -> dict[str, Any]:
    return message(type="text", text={"body": body}, **more)


def events(answer: Verified) -> list[Event]:
    return [CODEC.decode(arrival.payload) for arrival in answer.arrivals]


def only(answer: Verified) -> tuple[Arrival, Event]:
    (arrival,) = answer.arrivals
    return arrival, CODEC.decode(arrival.payload)


def status(word: object, **more: object) -> dict[str, Any]:
    return {
        "id": "wamid.OUT",
        "status": word,
        "timestamp": "1698266945",
        "recipient_id": "971501112233",
        "biz_opaque_callback_data": "0b9c-uuid",
        **more,
    }
