"""An event that a turn has for another actor, as the effect it is until it is in that actor's inbox.

It travels in the lane of work: it waits for nothing, a pause does not hold it, and what a crash cut off is begun again;
whoever stores it uses the effect's id, so that it arrives once. Knows no journal.
"""

from __future__ import annotations

from typing import Final

import msgspec

from runtime.actor.effect import Effect, Lane

TAG: Final = "majlis:tell"
_BEGINNING: Final = b'{"type":"majlis:tell"'


class Tell(msgspec.Struct, frozen=True, tag=TAG, omit_defaults=True):
    """An encoded event for whoever has these `identities` at the same channel, or for a `conversation` of it."""

    event: msgspec.Raw
    identities: tuple[str, ...] = ()
    conversation: str = ""


_DECODER: Final = msgspec.json.Decoder(Tell)


def tell_of(effect: Effect) -> Tell | None:
    """Return what an effect tells another actor; None if it is any other effect."""
    if effect.lane is not Lane.WORK or not effect.payload.startswith(_BEGINNING):
        return None
    return _DECODER.decode(effect.payload)
