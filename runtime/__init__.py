"""The door of the runtime: what an app needs, re-exported, and nothing else."""

from runtime.actor.behaviour import Actor
from runtime.actor.event import (
    Burst,
    EffectFailed,
    Event,
    Failure,
    Stale,
    TimerDue,
    UnreadableEvent,
    encode_event,
)
from runtime.actor.gathering import BurstPolicy
from runtime.actor.turn import Row, Transaction, Turn
from runtime.app import App, Migration
from runtime.channel import (
    RECEIPTS,
    Accepted,
    Arrival,
    Broken,
    Delivery,
    HttpClient,
    Outcome,
    Pace,
    Provider,
    Receipt,
    Refused,
    Request,
    Response,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.resources.errors import ResourceUnavailable

__all__ = [
    "RECEIPTS",
    "Accepted",
    "Actor",
    "App",
    "Arrival",
    "Broken",
    "Burst",
    "BurstPolicy",
    "Delivery",
    "EffectFailed",
    "Event",
    "Failure",
    "HttpClient",
    "Migration",
    "Outcome",
    "Pace",
    "Provider",
    "Receipt",
    "Refused",
    "Request",
    "ResourceUnavailable",
    "Response",
    "Row",
    "Stale",
    "TimerDue",
    "Transaction",
    "TryAgain",
    "Turn",
    "Uncertain",
    "UnreadableEvent",
    "Verified",
    "encode_event",
]
