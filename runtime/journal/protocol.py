"""What a journal promises, as values and one protocol; `postgres` and `memory` both keep it, one suite checks both.

Every method takes a batch and is one durable step: when it returns, all of the batch is stored, and when it raises, none
is known to be (a commit whose answer was lost may have happened; every write is keyed, so that doing it again is
harmless). All raise `ResourceUnavailable` when the store is away and `DataFault` when one of the batch cannot be stored
at all. Cancellation abandons the answer, not the write.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from runtime.actor.effect import Effect
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, FailedAttempt, Timer, TurnRecord
from runtime.actor.resources import Transaction
from runtime.channel import Arrival, Receipt


class DataFault(Exception):
    """A batch holds something that the store refuses for its content; taken apart, the others go through."""


#: Unsettled effects of one conversation, and of one lane, that are read at once.
EFFECTS_MOST = 100


def echoed(receipt: Receipt) -> UUID | None:
    """Return the effect that a receipt names; None if it names none of anybody's, and only the provider's id is left."""
    try:
        return UUID(receipt.effect)
    except ValueError:
        return None


class Settled(msgspec.Struct, frozen=True):
    """A send that was in doubt and that a receipt has proved."""

    conversation: str
    effect: str


class Ingested(msgspec.Struct, frozen=True):
    """What a batch added: new events in order, and sends that are in doubt no more."""

    events: Sequence[StoredEvent] = ()
    settled: Sequence[Settled] = ()


class ClaimRequest(msgspec.Struct, frozen=True):
    """A wish to perform an effect now, under an epoch and the pair limit of its channel.

    `again` says that the answer to an earlier wish was lost and that nothing left since: if it was claimed, it still is.
    """

    effect: str
    conversation: str
    epoch: int
    pair_interval: float = 0.0
    pair_burst: int = 1
    again: bool = False


class Claim(msgspec.Struct, frozen=True):
    """The answer: claimed | wait (seconds) | settled | expired | unsettled | cancelled | fenced | gone.

    See sql/claim.sql. Work that somebody else, or an earlier life, had begun is claimed at once.
    """

    effect: str
    verdict: str
    wait: float = 0.0
    address: str = ""
    attempts: int = 0


class ResultRecord(msgspec.Struct, frozen=True):
    """What became of a claimed effect: `status` queued (try again), uncertain, done or failed.

    `event` is the encoded event for the actor that goes with `done` or `failed`. `uncounted`: the effect is not to blame,
    so that the attempt does not count.
    """

    effect: str
    epoch: int
    status: str
    provider_id: str = ""
    code: str = ""
    event: bytes = b""
    uncounted: bool = False


class Journal(Protocol):
    """The durable store of conversations, in batches."""

    async def ingest(self, arrivals: Sequence[Arrival], receipts: Sequence[Receipt] = ()) -> Ingested:
        """Store what is new, in order; deduplicate; merge receipts into their effects."""

    async def load(self, conversations: Sequence[str]) -> Sequence[ConversationRow]:
        """Return the rows of those that exist."""

    async def read(
        self, wanted: Sequence[tuple[ConversationRow, int]], limit: int
    ) -> Sequence[Sequence[StoredEvent]]:
        """Return, for each (conversation, seq) asked, up to `limit` events after that sequence number, in order."""

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        """Commit turns, at most one per conversation; return the conversations whose turn committed, not the fenced."""

    async def commit_within(self, transaction: Transaction, turn: TurnRecord) -> bool:
        """Add a turn's commit to an open transaction; False if it is fenced (the caller rolls back)."""

    async def fail(self, attempts: Sequence[FailedAttempt]) -> frozenset[str]:
        """Count faults of actors, at most one per conversation, and park where it was the last attempt.

        Return the conversations where it was counted; the others are fenced.
        """

    async def due(self, shards: Sequence[int], now: datetime, limit: int, after: str = "") -> Sequence[Timer]:
        """Return timers that are due, of conversations that are not parked, a page in the order of conversations."""

    async def claim(self, requests: Sequence[ClaimRequest], uncertain_wait: float) -> Sequence[Claim]:
        """Mark effects as being sent, before any request leaves; one answer per request, in the order asked."""

    async def record(self, results: Sequence[ResultRecord]) -> Ingested:
        """Record what became of claimed effects; what the actor hears of it becomes an event, in the same step, once."""

    async def effects(self, conversations: Sequence[str]) -> Sequence[Effect]:
        """Return the unsettled effects of these conversations in order, the first `EFFECTS_MOST` of each one and lane."""

    async def match_receipts(self) -> Sequence[Settled]:
        """Merge receipts that came before their send was known by the provider's id; forget those of nobody's sends."""

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """Return (conversation, shard) of those that have unhandled events and are not parked, as a page in key order."""

    async def pending(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """Return (conversation, shard) of those with unsettled effects, up to `limit`, in key order after `after`."""

    async def operator_pending(self, shards: Sequence[int], limit: int) -> Sequence[tuple[str, int]]:
        """Return (conversation, shard) of those with sends of operators that are not settled: few, so often looked at."""

    async def acquire(self, *, own: bool, ttl: float) -> dict[int, int]:
        """Take free and expired shards (with `own`, also those of an earlier life); return shard -> new epoch."""

    async def renew(self, *, ttl: float) -> dict[int, int]:
        """Prolong what this replica holds; return shard -> epoch, the whole truth about what it holds."""

    async def release(self, shards: Sequence[int]) -> None:
        """Give shards back at once."""
