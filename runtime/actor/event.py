"""What arrives for an actor: the base of every event type and its wire form.

An event is a frozen struct, stored as JSON in the inbox and decoded again by whichever replica handles it. An app
declares its event types once; their names are the tags on the wire, so a renamed class is a changed format.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """One thing that arrives for an actor. Subclass it, keyword fields only, defaults for what may be absent."""


class Failure(enum.StrEnum):
    """Why an effect failed for good, whatever the provider: what an actor may want to tell apart."""

    NEVER = "never"
    """This message, or this recipient, is refused."""
    TEMPLATE = "template"
    """The service window is closed: a template would be taken."""
    LONG = "long"
    """The provider stops messages to this person, or of this kind, for hours or days."""
    OPTED_OUT = "opted_out"
    """The person does not want such messages."""
    HALTED = "halted"
    """The account or the template is halted: a human has to act."""
    STALE = "stale"
    """It could not be sent before it was too old."""
    UNSETTLED = "unsettled"
    """It was tried more than once, and whether it was sent is not known."""
    UNDELIVERED = "undelivered"
    """The provider took it and could not bring it to the person."""


class EffectFailed(Event, frozen=True, kw_only=True):
    """An effect of this conversation failed for good: refused by the provider, expired, or undeliverable.

    `effect` is the effect's id towards the provider, `code` the provider's own word for the reason ("131026",
    "expired"), `reason` a sentence for the log without any message text. Of work, `task` is what the turn had asked for,
    as JSON.
    """

    effect: str
    code: str
    reason: str = ""
    kind: Failure = Failure.NEVER
    task: str = ""


class OperatorCommand(Event, frozen=True, kw_only=True):
    """Something that an operator told this conversation's actor: `name` and `data` are between the two of them.

    `resumed` comes by itself, with the operator's label as `by`, when an operator ends a pause.
    """

    name: str
    data: dict[str, str] = {}


class TimerDue(Event, frozen=True, kw_only=True):
    """A reminder that a turn set with `turn.remind` has come due, and nothing has arrived before it."""

    name: str
    due_at: datetime


class Burst(Event, frozen=True, kw_only=True):
    """Several events that one turn handles together, oldest first; only an actor with a burst policy gets it."""

    events: tuple[Event, ...]


class Stale(Event, frozen=True, kw_only=True):
    """A run of `count` events that waited too long, or were old when they came: recorded, not answered one by one.

    `newest` is when the last of them was received.
    """

    count: int
    newest: datetime


class UnreadableEvent(Event, frozen=True, kw_only=True):
    """A stored event that this version of the app cannot decode; its bytes stay in the inbox."""

    reason: str


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the journal holds it: its place in the conversation's order and its undecoded bytes.

    From `stale_at` on, on the monotonic clock of whoever holds it, it is recorded and not answered; None: never.
    """

    conversation: str
    shard: int
    seq: int
    payload: bytes
    received_at: datetime
    channel: str
    stale_at: float | None = None


class EventCodec:
    """Encodes and decodes the event types of one app together with those of the runtime."""

    def __init__(self, types: Iterable[type[Event]] = ()) -> None:
        known = dict.fromkeys((EffectFailed, OperatorCommand, *types))
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
