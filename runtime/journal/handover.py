"""What operators do to a conversation whose bot gives way to a person, as values and one protocol.

Theory of operation: every step locks the conversation first and is durable when it returns. A pause and its end take a
version of the conversation, and so does an operator's send: a turn that began before is fenced and begins anew, so it
knows of the pause, and what it asks to send comes behind what the operator sent. While the bot is paused no claim is
given for what it asked to send; what was claimed before is on its way, and `settle` waits until its end is recorded. A
node needs no word of any of it: its next claim, or its next look at the journal, tells it.
A bot that has paused itself may still interject, until an operator pauses it too, takes the conversation or writes in it:
that takes a version as well.

`postgres_handover` and `memory_handover` keep the protocol; one suite checks both. It knows nothing of who may do what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec
import trio

from runtime.actor.event import OperatorCommand, StoredEvent

#: The name of the command that an actor gets when a pause ends.
RESUMED = "resumed"
#: Why a pause ended that an operator has ended.
BY_OPERATOR = "by an operator"
#: How many pauses of a conversation are kept.
PAUSES_MOST = 50
#: Labels of operators and reasons are shown in lists, keys become dedup keys, a command is data between two programs.
LABEL_MOST, REASON_MOST, KEY_MOST, COMMAND_MOST = 64, 100, 100, 16_384
_FIRST_LOOK, _SLOWEST_LOOK = 0.01, 0.2  # seconds between two looks at what is on its way


class Paused(msgspec.Struct, frozen=True):
    """A conversation whose bot is paused: since when, by whom ("bot": it asked for it itself), why, and who has taken it.

    `waiting` events have not been handled yet; turns go on during a pause, so they are few.
    """

    conversation: str
    channel: str
    since: datetime
    by: str
    why: str
    assigned: str = ""
    waiting: int = 0


class PastPause(msgspec.Struct, frozen=True):
    """A pause of a bot, as `Paused` tells it, and its end: when, by whom and why; `until` is None while it holds.

    One that began anew, because somebody took the conversation, say, is two.
    """

    since: datetime
    by: str
    why: str
    assigned: str = ""
    until: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""


class Pausing(msgspec.Struct, frozen=True):
    """What became of a pause: by whom, why and since when it is; how many sends it cancelled.

    `in_flight` sends of the bot are still on their way: 0 says that from now on none comes to be seen.
    """

    conversation: str
    outcome: Literal["paused", "paused before", "unknown"]
    by: str = ""
    why: str = ""
    since: datetime | None = None
    cancelled: int = 0
    in_flight: int = 0


class Resuming(msgspec.Struct, frozen=True):
    """What became of the end of a pause. `events` are what its actor hears, for whoever brings events to actors."""

    conversation: str
    outcome: Literal["resumed", "not paused", "unknown"]
    cancelled: int = 0
    events: Sequence[StoredEvent] = ()


class Sending(msgspec.Struct, frozen=True):
    """What became of an operator's message: `effect` is its id towards the provider."""

    conversation: str
    outcome: Literal["queued", "repeated", "unknown"]
    effect: str = ""


class Telling(msgspec.Struct, frozen=True):
    """What became of a command to an actor."""

    conversation: str
    outcome: Literal["stored", "repeated", "unknown"]
    events: Sequence[StoredEvent] = ()


class Handover(Protocol):
    """The durable half of what operators do.

    All raise ResourceUnavailable when the store is away; then it may have happened all the same, and doing it again with
    the same key is harmless. Labels, reasons and keys that are not 1 to so many printable characters are a ValueError.
    """

    async def pause(self, conversation: str, *, by: str, why: str) -> Pausing:
        """Pause the bot and cancel what it has queued to send, also where it is paused already."""

    async def in_flight(self, conversation: str) -> int:
        """Return how many sends of the bot are on their way now."""

    async def resume(self, conversation: str, *, by: str) -> Resuming:
        """End a pause; what was cancelled stays so, and the actor hears of it."""

    async def assign(self, conversation: str, *, to: str) -> bool:
        """Say who has taken a paused conversation; False if it is not paused."""

    async def send(
        self, conversation: str, payload: bytes, *, by: str, key: str, expires: datetime
    ) -> Sending:
        """Queue an operator's message behind what the conversation sends; `key` again, within days, changes nothing."""

    async def tell(self, conversation: str, command: OperatorCommand, *, key: str) -> Telling:
        """Append a command to the conversation's events; `key` again, within days, changes nothing."""

    async def paused(self, limit: int, conversations: Sequence[str] | None = None) -> Sequence[Paused]:
        """Return conversations whose bot is paused, the longest first; of these ones only, if some are given."""

    async def pauses(self, conversation: str, limit: int) -> Sequence[PastPause]:
        """Return the latest pauses of a conversation, the newest first; the last fifty are kept."""


async def settle(journal: Handover, pausing: Pausing, within: float) -> Pausing:
    """Wait until what the bot had on its way when it was paused has ended, at most `within` seconds.

    Returns the same with what is in flight then. Cancelled, the pause stays.
    """
    if pausing.outcome == "unknown":
        return pausing
    left, look = 1, _FIRST_LOOK
    with trio.move_on_after(within):
        while left := await journal.in_flight(pausing.conversation):
            await trio.sleep(look)
            look = min(look * 2, _SLOWEST_LOOK)
    return msgspec.structs.replace(pausing, in_flight=left)


def paused_as(fresh: bool) -> Literal["paused", "paused before"]:
    """Return the outcome of a pause: whether it is this one, or an earlier one still holds."""
    return "paused" if fresh else "paused before"


def told_resumed(by: str) -> OperatorCommand:
    """Return what an actor hears when an operator ends a pause."""
    return OperatorCommand(name=RESUMED, data={"by": by})


def checked(what: str, value: str, most: int) -> str:
    """Return a label, a reason or a key. Raises ValueError unless it is 1 to `most` printable characters."""
    if not value.isprintable() or not 0 < len(value) <= most:
        raise ValueError(f"{what} must be 1 to {most} printable characters")
    return value


def dedup_of(kind: str, conversation: str, key: str) -> str:
    """Return the dedup key of something that operators do: keys of one conversation say nothing in another."""
    return f"{kind}|{conversation}|{key}"


def command_data(data: Mapping[str, str]) -> dict[str, str]:
    """Return the data of a command. Raises ValueError where it is too large to be one."""
    if sum(len(name) + len(value) for name, value in data.items()) > COMMAND_MOST:
        raise ValueError(f"the data of a command are at most {COMMAND_MOST} characters")
    return dict(data)
