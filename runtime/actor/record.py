"""A conversation and a turn as they are stored: what a cell reads when it starts and what it commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from runtime.actor.effect import Effect


class ConversationRow(msgspec.Struct, frozen=True, gc=False):
    """A conversation as it stands: `state` is empty before its first turn.

    `attempts` are the faults of the actor at what comes next, since `attempts_since`; `parked` it begins no turn.
    `paused` its bot says nothing; `operated`: operators have sent something, which may still wait; `held`: the pause is
    an operator's, or one has taken the conversation.
    """

    id: str
    shard: int
    channel: str
    version: int
    done_seq: int
    next_seq: int
    epoch: int
    state: bytes
    attempts: int = 0
    attempts_since: datetime | None = None
    parked: bool = False
    paused: bool = False
    operated: bool = False
    held: bool = False


class Timer(msgspec.Struct, frozen=True, gc=False):
    """A reminder of a conversation: `generation` is the version of the turn that set it."""

    conversation: str
    shard: int
    name: str
    generation: int
    due_at: datetime


class TurnRecord(msgspec.Struct, frozen=True, gc=False):
    """A finished turn, to be committed against the version it has seen (`version` is that one plus one).

    It handled the events `first_seq` to `last_seq`, or, if `timer` is set, that one and no event (`last_seq` is then
    `first_seq` - 1). `reminders` are set, `forgotten` names deleted. `stale` events are kept as letters.
    `paused`: it knew that the bot is paused, so what it asks to send is cancelled; `pause` is the reason for a pause that
    it begins, None for none, and with `resume` it ends the one that there was, for the reason `resume_why`. With both the
    pause goes on as it was, and what this turn asks to send leaves.
    """

    conversation: str
    epoch: int
    version: int
    first_seq: int
    last_seq: int
    now: datetime
    state: bytes
    effects: Sequence[Effect]
    expires_at: datetime
    timer: Timer | None = None
    reminders: Sequence[tuple[str, datetime]] = ()
    forgotten: Sequence[str] = ()
    stale: bool = False
    paused: bool = False
    pause: str | None = None
    resume: bool = False
    resume_why: str = ""


class FailedAttempt(msgspec.Struct, frozen=True):
    """A fault of the actor, to be counted against the version it has seen; `parked` it was the last one.

    It met event `seq`, or `timer` if that is not "". `fault` names its type and `origin` its lines, never its words.
    """

    conversation: str
    epoch: int
    version: int
    attempts: int
    since: datetime
    parked: bool
    seq: int
    timer: str
    fault: str
    origin: str
