"""The journal in memory: the same promises as the Postgres one, for tests and simulation; nothing survives the process.

Several replicas may share one `MemoryStore`, each with a `MemoryJournal` of its own. Time is a function, so that tests
can move it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, TurnRecord
from runtime.actor.turn import Transaction
from runtime.channel import RECEIPTS, Arrival, Receipt
from runtime.journal.identity import SHARDS, Alias, Conflict, resolve, shard_of
from runtime.journal.protocol import (
    Claim,
    ClaimRequest,
    Ingested,
    ResultRecord,
    Settled,
)


@dataclass
class _Conversation:
    id: str
    channel: str
    address: str
    epoch: int = 0
    version: int = 0
    done_seq: int = 0
    pair_clock: float = float("-inf")
    state: bytes = b""
    inbox: list[StoredEvent] = field(default_factory=list)


@dataclass
class _Outgoing:
    effect: Effect
    expires_at: float
    status: str = "queued"
    attempts: int = 0
    maybe_duplicate: bool = False
    epoch: int = 0
    claimed_at: float = 0.0
    provider_id: str = ""
    receipt: int = 0
    code: str = ""


@dataclass
class _Shard:
    owner: str | None = None
    epoch: int = 0
    lease_until: float = float("-inf")


class MemoryStore:
    """What all replicas share: the tables, as dictionaries. `wall` returns seconds since 1970."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.conversations: dict[str, _Conversation] = {}
        self.aliases: dict[Alias, str] = {}
        self.conflicts: set[Conflict] = set()
        self.seen: set[str] = set()
        self.turns: list[TurnRecord] = []
        self.outbox: dict[str, _Outgoing] = {}
        self.shards = [_Shard() for _ in range(SHARDS)]

    def statistics(self) -> dict[str, int]:
        """Return the number of rows in each table."""
        return {
            "conversations": len(self.conversations),
            "seen": len(self.seen),
            "turns": len(self.turns),
            "outbox": len(self.outbox),
        }


class MemoryJournal:
    """A `Journal` of one replica over a shared store. Every method is atomic: it changes all between two checkpoints."""

    def __init__(self, store: MemoryStore, *, replica: str = "memory", salt: bytes = b"memory") -> None:
        self._store = store
        self._replica = replica
        self._salt = salt

    async def ingest(self, arrivals: Sequence[Arrival], receipts: Sequence[Receipt] = ()) -> Ingested:
        """See `Journal.ingest`."""
        await trio.lowlevel.checkpoint()
        store = self._store
        resolution = resolve(arrivals, store.aliases, self._salt)
        store.aliases.update(resolution.added)
        store.conflicts.update(resolution.conflicts)
        events = self._append(arrivals, resolution.conversations)
        return Ingested(events, self._merge(receipts))

    async def load(self, conversations: Sequence[str]) -> Sequence[ConversationRow]:
        """See `Journal.load`."""
        await trio.lowlevel.checkpoint()
        found = [self._store.conversations[c] for c in conversations if c in self._store.conversations]
        return [
            ConversationRow(
                c.id, shard_of(c.id), c.channel, c.version, c.done_seq, len(c.inbox) + 1, c.epoch, c.state
            )
            for c in found
        ]

    async def read(
        self, wanted: Sequence[tuple[ConversationRow, int]], limit: int
    ) -> Sequence[Sequence[StoredEvent]]:
        """See `Journal.read`."""
        await trio.lowlevel.checkpoint()
        return [self._store.conversations[row.id].inbox[after : after + limit] for row, after in wanted]

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        """See `Journal.commit`."""
        await trio.lowlevel.checkpoint()
        return frozenset(turn.conversation for turn in turns if self._commit(turn))

    async def commit_within(self, transaction: Transaction, turn: TurnRecord) -> bool:  # noqa: ARG002
        """See `Journal.commit_within`; there are no other tables here, so the transaction has nothing to add."""
        await trio.lowlevel.checkpoint()
        return self._commit(turn)

    async def claim(self, requests: Sequence[ClaimRequest], uncertain_wait: float) -> Sequence[Claim]:
        """See `Journal.claim`."""
        await trio.lowlevel.checkpoint()
        return [self._claim(request, uncertain_wait) for request in requests]

    async def record(self, results: Sequence[ResultRecord]) -> Ingested:
        """See `Journal.record`."""
        await trio.lowlevel.checkpoint()
        events: list[StoredEvent] = []
        for result in results:
            out = self._store.outbox.get(result.effect)
            if out is None or out.epoch != result.epoch or out.status == "failed":
                continue
            if out.status != "done":
                out.status = result.status
            out.provider_id = result.provider_id or out.provider_id
            out.code = result.code or out.code
            if out.status == "failed" and result.failure:
                conversation = self._store.conversations[out.effect.conversation]
                failure = Arrival(conversation.channel, (), f"e|{result.effect}", result.failure)
                events += self._append([failure], [conversation.id])
        return Ingested(events)

    async def effects(self, conversations: Sequence[str]) -> Sequence[Effect]:
        """See `Journal.effects`."""
        await trio.lowlevel.checkpoint()
        found = [out.effect for out in self._unsettled() if out.effect.conversation in set(conversations)]
        return sorted(found, key=lambda effect: (effect.conversation, effect.version, effect.ordinal))

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.backlog`."""
        await trio.lowlevel.checkpoint()
        behind = sorted(
            c.id for c in self._store.conversations.values() if c.done_seq < len(c.inbox) and c.id > after
        )
        return [(c, shard_of(c)) for c in behind if shard_of(c) in set(shards)][:limit]

    async def pending(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.pending`."""
        await trio.lowlevel.checkpoint()
        waiting = sorted({out.effect.conversation for out in self._unsettled()})
        return [(c, shard_of(c)) for c in waiting if c > after and shard_of(c) in set(shards)][:limit]

    async def acquire(self, *, own: bool, ttl: float) -> dict[int, int]:
        """See `Journal.acquire`."""
        await trio.lowlevel.checkpoint()
        now = self._store.wall()
        taken: dict[int, int] = {}
        for number, shard in enumerate(self._store.shards):
            if shard.owner is None or shard.lease_until < now or (own and shard.owner == self._replica):
                shard.owner, shard.epoch, shard.lease_until = self._replica, shard.epoch + 1, now + ttl
                taken[number] = shard.epoch
        return taken

    async def renew(self, *, ttl: float) -> dict[int, int]:
        """See `Journal.renew`."""
        await trio.lowlevel.checkpoint()
        held: dict[int, int] = {}
        for number, shard in enumerate(self._store.shards):
            if shard.owner == self._replica:
                shard.lease_until = self._store.wall() + ttl
                held[number] = shard.epoch
        return held

    async def release(self, shards: Sequence[int]) -> None:
        """See `Journal.release`."""
        await trio.lowlevel.checkpoint()
        for number in shards:
            shard = self._store.shards[number]
            if shard.owner == self._replica:
                shard.owner, shard.lease_until = None, float("-inf")

    def _unsettled(self) -> list[_Outgoing]:
        return [
            out for out in self._store.outbox.values() if out.status in {"queued", "sending", "uncertain"}
        ]

    def _append(self, arrivals: Sequence[Arrival], conversations: Sequence[str]) -> list[StoredEvent]:
        store = self._store
        now = datetime.fromtimestamp(store.wall(), UTC)
        events = []
        for arrival, name in zip(arrivals, conversations, strict=True):
            if arrival.dedup in store.seen:
                continue
            store.seen.add(arrival.dedup)
            address = arrival.identities[0] if arrival.identities else ""
            conversation = store.conversations.setdefault(name, _Conversation(name, arrival.channel, address))
            conversation.address = address or conversation.address
            seq = len(conversation.inbox) + 1
            event = StoredEvent(name, shard_of(name), seq, arrival.payload, now, arrival.channel)
            conversation.inbox.append(event)
            events.append(event)
        events.sort(key=lambda event: (event.conversation, event.seq))
        return events

    def _merge(self, receipts: Sequence[Receipt]) -> list[Settled]:
        settled = []
        for receipt in receipts:
            out = self._store.outbox.get(receipt.effect)
            if out is None or self._store.conversations[out.effect.conversation].channel != receipt.channel:
                continue
            out.receipt = max(out.receipt, RECEIPTS[receipt.status])
            out.provider_id = out.provider_id or receipt.provider_id
            if out.status in {"sending", "uncertain"}:
                settled.append(Settled(out.effect.conversation, receipt.effect))
            if out.status != "failed":
                out.status = "done"
        return settled

    def _commit(self, turn: TurnRecord) -> bool:
        conversation = self._store.conversations[turn.conversation]
        if (
            conversation.version != turn.version - 1
            or conversation.epoch > turn.epoch
            or conversation.done_seq != turn.first_seq - 1
        ):
            return False
        conversation.state, conversation.done_seq = turn.state, turn.last_seq
        conversation.version, conversation.epoch = turn.version, turn.epoch
        self._store.turns.append(turn)
        for effect in turn.effects:
            self._store.outbox[str(effect.id)] = _Outgoing(effect, turn.expires_at.timestamp())
        return True

    def _claim(self, request: ClaimRequest, uncertain_wait: float) -> Claim:
        out = self._store.outbox.get(request.effect)
        if out is None:
            return Claim(request.effect, "gone")
        now = self._store.wall()
        conversation = self._store.conversations[request.conversation]
        sends = out.effect.lane is Lane.SEND
        pair = max(conversation.pair_clock, now) - now - request.pair_interval * (request.pair_burst - 1)
        doubt = out.claimed_at + uncertain_wait - now if out.status != "queued" else 0.0
        wait = max(doubt, pair if sends else 0.0, 0.0)
        address = conversation.address
        if out.status in {"done", "failed"}:
            return Claim(request.effect, "settled", 0.0, address)
        if conversation.epoch > request.epoch or out.epoch > request.epoch:
            return Claim(request.effect, "fenced", 0.0, address)
        if out.expires_at <= now and doubt <= 0:
            out.status, out.epoch, out.claimed_at = "sending", request.epoch, now
            return Claim(request.effect, "expired", 0.0, address)
        if wait > 0:
            return Claim(request.effect, "wait", wait, address)
        out.maybe_duplicate = out.maybe_duplicate or out.status != "queued"
        out.status, out.epoch, out.claimed_at, out.attempts = "sending", request.epoch, now, out.attempts + 1
        if sends:
            conversation.pair_clock = max(conversation.pair_clock, now) + request.pair_interval
        return Claim(request.effect, "claimed", 0.0, address, out.attempts)
