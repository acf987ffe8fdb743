"""What an operator sees of conversations that stopped and of events that were not handled, as values; and a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

Fate = Literal["dead", "stale"]


class Parked(msgspec.Struct, frozen=True):
    """A conversation that stopped at event `seq` or at a `timer`; `waiting` events are behind it."""

    conversation: str
    channel: str
    since: datetime
    attempts: int
    waiting: int
    fault: str
    origin: str
    seq: int | None
    timer: str | None


class DeadLetter(msgspec.Struct, frozen=True):
    """An event, or a timer, that was not simply handled: skipped by an operator (dead), or too old (stale)."""

    id: int
    conversation: str
    channel: str
    fate: Fate
    reason: str
    seq: int | None
    timer: str | None
    received_at: datetime
    at: datetime
    replayed_at: datetime | None


class Contents(msgspec.Struct, frozen=True):
    """An event as it came: what a person wrote."""

    payload: bytes
    received_at: datetime


class Freed(msgspec.Struct, frozen=True):
    """What became of one conversation that was to be replayed; `waiting` events are behind the one it stopped at."""

    conversation: str
    outcome: Literal["replayed", "not parked", "unknown"]
    waiting: int = 0


class Skipped(msgspec.Struct, frozen=True):
    """What became of a skip, and where the conversation is parked now, if it is elsewhere.

    `letter` is the dead letter of what was skipped. "handled": a turn has handled that event meanwhile.
    """

    conversation: str
    outcome: Literal["skipped", "not parked", "elsewhere", "handled", "unknown"]
    letter: int | None = None
    seq: int | None = None
    timer: str | None = None
    waiting: int = 0


class Replayed(msgspec.Struct, frozen=True):
    """What became of one dead letter: as event `seq` it waits behind `waiting` others, or as a timer it is due now."""

    id: int
    outcome: Literal["replayed", "due", "timer set", "replayed before", "unknown"]
    conversation: str = ""
    seq: int | None = None
    waiting: int = 0
    parked: bool = False
    replayed_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True):
    """How a conversation stands: whether it is parked and where, and up to which event it is done."""

    parked: bool
    done_seq: int
    seq: int | None
    timer: str | None

    @property
    def place(self) -> tuple[int | None, str | None]:
        """Where it is parked."""
        return self.seq, self.timer


class Unfinished(msgspec.Struct, frozen=True):
    """What waits for an operator: parked conversations, and by fate the letters that were not replayed.

    Of the letters of a fate only the newest are looked at: see sql/unfinished.sql.
    """

    parked: int = 0
    dead_letters: Mapping[str, int] = {}


def judge_skip(conversation: str, seen: Standing | None, now: Standing | None) -> Skipped | None:
    """Return why a conversation that was `seen` parked is not to be skipped as it stands now; None if it is."""
    if seen is None or now is None:
        return Skipped(conversation, "unknown")
    if not (seen.parked and now.parked) or now.place == (None, None):
        return Skipped(conversation, "not parked")
    if now.place != seen.place:
        return Skipped(conversation, "elsewhere", seq=now.seq, timer=now.timer)
    if now.seq is not None and now.seq != now.done_seq + 1:
        return Skipped(conversation, "handled", seq=now.seq)
    return None
