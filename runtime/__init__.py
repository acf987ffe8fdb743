"""The door of the runtime: what an app needs, re-exported, and nothing else."""

from runtime.actor.behaviour import Actor
from runtime.actor.effect import Lane
from runtime.actor.event import (
    Burst,
    EffectFailed,
    Event,
    Failure,
    OperatorCommand,
    Stale,
    TimerDue,
    UnreadableEvent,
    encode_event,
)
from runtime.actor.gathering import BurstPolicy
from runtime.actor.metric import Metric
from runtime.actor.resources import HttpClient, Redis, Row, StreamedAnswer, Transaction
from runtime.actor.turn import Turn
from runtime.app import App, Migration
from runtime.channel import (
    RECEIPTS,
    Accepted,
    Answered,
    Arrival,
    Broken,
    Delivery,
    Examinable,
    Finding,
    Outcome,
    Pace,
    PerChannel,
    Provider,
    Receipt,
    Refused,
    Request,
    Response,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.resources.bridge import open_bridge
from runtime.resources.errors import (
    PostgresFault,
    ResourceUnavailable,
    TransactionAborted,
    UnusableUrl,
    postgres_fault,
)
from runtime.resources.http import NeverSent, UnfitAnswerError, open_http_client
from runtime.resources.pool import Limits, PoolStatistics
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.redis import open_redis_pool
from runtime.route import Call, File, Nothing, NotThere, Route, RouteFault, Tenancy

__all__ = [
    "RECEIPTS",
    "Accepted",
    "Actor",
    "Answered",
    "App",
    "Arrival",
    "Broken",
    "Burst",
    "BurstPolicy",
    "Call",
    "Delivery",
    "EffectFailed",
    "Event",
    "Examinable",
    "Failure",
    "File",
    "Finding",
    "HttpClient",
    "Lane",
    "Limits",
    "Metric",
    "Migration",
    "NeverSent",
    "NotThere",
    "Nothing",
    "OperatorCommand",
    "Outcome",
    "Pace",
    "PerChannel",
    "PoolStatistics",
    "PostgresFault",
    "Provider",
    "Receipt",
    "Redis",
    "Refused",
    "Request",
    "ResourceUnavailable",
    "Response",
    "Route",
    "RouteFault",
    "Row",
    "Stale",
    "StreamedAnswer",
    "Tenancy",
    "TimerDue",
    "Transaction",
    "TransactionAborted",
    "TryAgain",
    "Turn",
    "Uncertain",
    "UnfitAnswerError",
    "UnreadableEvent",
    "UnusableUrl",
    "Verified",
    "encode_event",
    "open_bridge",
    "open_http_client",
    "open_postgres_pool",
    "open_redis_pool",
    "postgres_fault",
]
