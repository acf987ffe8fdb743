"""A message as the texts that Twilio takes, and the address that it takes for a person."""

from __future__ import annotations

from collections.abc import Sequence

from actors.channels.numbered import parts_of, written
from actors.messages import Buttons, Choices, Text

#: Units of one text, and texts of one message.
BODY, PARTS = 1600, 10


def recipient(address: str) -> str | None:
    """Return what stands in To; None for an identity that cannot be sent to."""
    kind, _, value = address.partition(":")
    return f"whatsapp:+{value}" if kind == "wa_id" and value.isascii() and value.isdigit() else None


def render(message: Text | Buttons | Choices) -> Sequence[str]:
    """Return the texts, in order, that say a message: one, if it is not too long; at most PARTS."""
    return parts_of(written(message), BODY, PARTS)
