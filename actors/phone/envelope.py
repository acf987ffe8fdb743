"""What a person does, as the webhook in which the provider tells it. Pure; signs nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping

import msgspec

from actors.phone.screen import Option
from config import Channel


class Person(msgspec.Struct, frozen=True):
    """Somebody with a phone."""

    name: str
    number: str


def person_named(name: str) -> Person:
    """Return the person of that name: the same name has the same number, under a country code that nobody has."""
    digest = hashlib.sha256(name.casefold().encode()).digest()
    return Person(name, f"999{int.from_bytes(digest[:5], 'big') % 10**9:09d}")


def fresh_id() -> str:
    """Return a message id that was never used."""
    return f"wamid.PHONE{secrets.token_hex(12).upper()}"


def text(body: str) -> Mapping[str, object]:
    """Return the part of a message that is a text."""
    return {"type": "text", "text": {"body": body}}


def picked(option: Option) -> Mapping[str, object]:
    """Return the part of a message that says that an option was picked."""
    reply = {"id": option.id, "title": option.title}
    if option.description:
        reply["description"] = option.description
    return {"type": "interactive", "interactive": {"type": option.shape, option.shape: reply}}


def encode(person: Person, channel: Channel, message: str, part: Mapping[str, object], stamp: int) -> bytes:
    """Return the webhook's body, escaped as the provider does; `message` is the id, `stamp` seconds since 1970."""
    element = {"from": person.number, "id": message, "timestamp": str(stamp), **part}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": channel.id, "phone_number_id": channel.id},
        "contacts": [{"profile": {"name": person.name}, "wa_id": person.number}],
        "messages": [element],
    }
    entry = {"id": channel.account or "200300400500600", "changes": [{"field": "messages", "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return json.dumps(body).replace("/", "\\/").encode("utf-8")
