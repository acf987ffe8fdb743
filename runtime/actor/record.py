"""A conversation and a turn as they are stored: what a cell reads when it starts and what it commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from runtime.actor.effect import Effect


class ConversationRow(msgspec.Struct, frozen=True):
    """A conversation as it stands: `state` is empty before its first turn."""

    id: str
    shard: int
    channel: str
    version: int
    done_seq: int
    next_seq: int
    epoch: int
    state: bytes


class TurnRecord(msgspec.Struct, frozen=True):
    """A finished turn, to be committed against the version it has seen (`version` is that one plus one)."""

    conversation: str
    epoch: int
    version: int
    first_seq: int
    last_seq: int
    now: datetime
    state: bytes
    effects: Sequence[Effect]
    expires_at: datetime
