"""What arrives for an actor: the base of every event type and its wire form.

An event is a frozen struct, stored as JSON in the inbox and decoded again by whichever replica handles it. An app
declares its event types once; their names are the tags on the wire, so a renamed class is a changed format.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """One thing that arrives for an actor. Subclass it, keyword fields only, defaults for what may be absent."""


class EffectFailed(Event, frozen=True, kw_only=True):
    """An effect of this conversation failed for good: refused by the provider, expired, or undeliverable.

    `effect` is the effect's id towards the provider, `code` the provider's own word for the reason ("131026",
    "expired"), `reason` a sentence for the log without any message text.
    """

    effect: str
    code: str
    reason: str = ""


class UnreadableEvent(Event, frozen=True, kw_only=True):
    """A stored event that this version of the app cannot decode; its bytes stay in the inbox."""

    reason: str


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as the journal holds it: its place in the conversation's order and its undecoded bytes."""

    conversation: str
    shard: int
    seq: int
    payload: bytes
    received_at: datetime
    channel: str


class EventCodec:
    """Encodes and decodes the event types of one app together with those of the runtime."""

    def __init__(self, types: Iterable[type[Event]] = ()) -> None:
        known = dict.fromkeys((EffectFailed, *types))
        union: object = reduce(or_, known)
        self._decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(union)

    def decode(self, payload: bytes) -> Event:
        """Return the typed event; an unknown or malformed one becomes `UnreadableEvent`, never an error."""
        try:
            return self._decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return UnreadableEvent(reason=str(error)[:200])


def encode_event(event: Event) -> bytes:
    """Return the stored form of an event."""
    return msgspec.json.encode(event)
