"""What a turn asks the world to do, as data, and the names by which the world may know it.

Theory of operation: an effect's identity is (conversation, version, ordinal): the turn that made it and its place in
that turn. A turn commits at most once per version, so the identity is unique, stable over retries and the same after
a replay. Providers see a UUIDv5 of it, which they echo in their receipts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from uuid import UUID, uuid5

import msgspec

_NAMESPACE = UUID("5e3b0c5e-6f0a-5d3c-9a53-6d616a6c6973")


class Lane(enum.StrEnum):
    """Where an effect runs.

    Sends of one conversation leave one after the other; asides run beside them. Work is slow and runs beside both, in
    no order; doing it twice harms nobody, so what a crash cut off is simply begun again.
    """

    SEND = "send"
    ASIDE = "aside"
    WORK = "work"


class Effect(msgspec.Struct, frozen=True, gc=False):
    """One request of a turn. `payload` is the encoded message or action; only a provider reads it."""

    conversation: str
    channel: str
    version: int
    ordinal: int
    lane: Lane
    payload: bytes

    @property
    def id(self) -> UUID:
        """The effect's id towards providers."""
        return effect_id(self.conversation, self.version, self.ordinal)

    def told(self) -> Mapping[str, object]:
        """Return what a log line about this effect carries."""
        return {"conversation": self.conversation, "effect": str(self.id), "channel": self.channel}


def effect_id(conversation: str, version: int, ordinal: int) -> UUID:
    """Return the id under which providers know an effect: the same for the same turn and place, always."""
    return uuid5(_NAMESPACE, f"{conversation}|{version}|{ordinal}")
