"""The journal in memory: the same promises as the Postgres one, for tests and simulation; nothing survives the process.

Several replicas may share one `MemoryStore`, each with a `MemoryJournal` of its own. Time is a function, so that tests
can move it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
import trio

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, FailedAttempt, Timer, TurnRecord
from runtime.actor.resources import Transaction
from runtime.channel import RECEIPTS, Arrival, Receipt
from runtime.journal.handover import PAUSES_MOST, PastPause
from runtime.journal.identity import SHARDS, Alias, Conflict, resolve, shard_of
from runtime.journal.protocol import (
    EFFECTS_MOST,
    Claim,
    ClaimRequest,
    Ingested,
    ResultRecord,
    Settled,
    echoed,
)
from runtime.journal.staleness import fresh_for


@dataclass(frozen=True)
class Pause:
    """Why a bot is paused; of what turns after version `after` ask to send, nothing leaves."""

    after: int
    since: datetime
    by: str
    why: str
    to: str = ""

    @property
    def held(self) -> bool:
        """Whether it is an operator's, or one has taken the conversation."""
        return self.by != "bot" or bool(self.to)


@dataclass
class Conversation:
    """A conversation's row, and its inbox."""

    id: str
    channel: str
    address: str
    epoch: int = 0
    version: int = 0
    done_seq: int = 0
    pair_clock: float = float("-inf")
    state: bytes = b""
    attempts: int = 0
    attempts_since: datetime | None = None
    parked: FailedAttempt | None = None
    pause: Pause | None = None
    muted_to: int = 0
    operated: bool = False
    inbox: list[StoredEvent] = field(default_factory=list)
    dedups: list[str] = field(default_factory=list)  # of the inbox, in its order

    def mutes(self, out: Outgoing) -> bool:
        """Tell whether a send does not leave because the bot is paused, or was when it was asked for."""
        version = out.effect.version
        late = version <= self.muted_to or (self.pause is not None and version > self.pause.after)
        return late and not out.operator and out.effect.lane is Lane.SEND


@dataclass
class Outgoing:
    """An effect as the outbox has it; `operator` is whose it is, if it is one's."""

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
    operator: str = ""


#: What an effect's status says once nothing more comes of it.
ENDED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class Letter:
    """An event, or a timer, that was not simply handled: its fate is dead or stale."""

    conversation: str
    seq: int
    timer: str
    fate: str


@dataclass
class _Shard:
    owner: str | None = None
    epoch: int = 0
    lease_until: float = float("-inf")


class MemoryStore:
    """What all replicas share: the tables, as dictionaries. `wall` returns seconds since 1970."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.conversations: dict[str, Conversation] = {}
        self.aliases: dict[Alias, str] = {}
        self.conflicts: set[Conflict] = set()
        self.seen: set[str] = set()
        self.turns: list[TurnRecord] = []
        self.writers: list[tuple[str, float]] = []  # the replica and the time of each turn
        self.outbox: dict[str, Outgoing] = {}
        self.provider_ids: dict[tuple[str, str], str] = {}
        self.receipts: dict[tuple[str, str], int] = {}
        self.timers: dict[tuple[str, str], Timer] = {}
        self.letters: list[Letter] = []
        self.pauses: dict[str, list[PastPause]] = {}  # of each conversation, the oldest first
        self.shards = [_Shard() for _ in range(SHARDS)]

    def pause(self, conversation: Conversation, pause: Pause | None, by: str = "bot", why: str = "") -> None:
        """Give a conversation a pause, or none, and keep what became of it; `by` and `why` are of the end of one."""
        before, conversation.pause = conversation.pause, pause
        past = self.pauses.setdefault(conversation.id, [])
        if before is not None and (pause is None or pause.since != before.since):
            ended_by, ended_why = (by, why) if pause is None else (pause.by, pause.why)
            now = pause.since if pause is not None else datetime.fromtimestamp(self.wall(), UTC)
            past[-1] = msgspec.structs.replace(past[-1], until=now, ended_by=ended_by, ended_why=ended_why)
        if pause is not None and (before is None or pause.since != before.since):
            past.append(PastPause(pause.since, pause.by, pause.why, pause.to))
            del past[:-PAUSES_MOST]
        elif pause is not None:
            past[-1] = msgspec.structs.replace(past[-1], assigned=pause.to)

    def statistics(self) -> dict[str, int]:
        """Return the number of rows in each table."""
        return {
            "conversations": len(self.conversations),
            "seen": len(self.seen),
            "turns": len(self.turns),
            "outbox": len(self.outbox),
            "receipts": len(self.receipts),
            "timers": len(self.timers),
            "letters": len(self.letters),
        }

    def settled(self) -> bool:
        """Tell whether every event is handled and every effect has ended; timers may still come."""
        return all(c.done_seq == len(c.inbox) for c in self.conversations.values()) and all(
            out.status in ENDED for out in self.outbox.values()
        )

    def unpark(self, conversation: str, *, skip: bool = False) -> None:
        """Let a parked conversation try again, or go on without what it stopped at."""
        held = self.conversations[conversation]
        parked = held.parked
        if parked is None:
            raise ValueError(f"{conversation} is not parked")
        held.parked, held.attempts, held.attempts_since = None, 0, None
        held.version += 1  # an attempt, or a turn, that began before is fenced
        if skip:
            self.letters.append(Letter(conversation, parked.seq, parked.timer, "dead"))
            self.timers.pop((conversation, parked.timer), None)
            held.done_seq += not parked.timer


class MemoryJournal:
    """A `Journal` of one replica over a shared store. Every method is atomic: it changes all between two checkpoints."""

    def __init__(
        self,
        store: MemoryStore,
        *,
        replica: str = "memory",
        salt: bytes = b"memory",
        stale_after: float = 86400.0,
    ) -> None:
        self.store = self._store = store
        self._replica = replica
        self._salt = salt
        self._stale_after = stale_after

    async def ingest(self, arrivals: Sequence[Arrival], receipts: Sequence[Receipt] = ()) -> Ingested:
        """See `Journal.ingest`."""
        await trio.lowlevel.checkpoint()
        store = self._store
        resolution = resolve(arrivals, store.aliases, self._salt)
        store.aliases.update(resolution.added)
        store.conflicts.update(resolution.conflicts)
        events = self.append(arrivals, resolution.conversations)
        return Ingested(events, self._merge(receipts))

    async def load(self, conversations: Sequence[str]) -> Sequence[ConversationRow]:
        """See `Journal.load`."""
        await trio.lowlevel.checkpoint()
        found = [self._store.conversations[c] for c in conversations if c in self._store.conversations]
        return [
            ConversationRow(
                c.id,
                shard_of(c.id),
                c.channel,
                c.version,
                c.done_seq,
                len(c.inbox) + 1,
                c.epoch,
                c.state,
                c.attempts,
                c.attempts_since,
                c.parked is not None,
                c.pause is not None,
                c.operated,
                c.pause is not None and c.pause.held,
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

    async def fail(self, attempts: Sequence[FailedAttempt]) -> frozenset[str]:
        """See `Journal.fail`."""
        await trio.lowlevel.checkpoint()
        return frozenset(attempt.conversation for attempt in attempts if self._count(attempt))

    async def due(self, shards: Sequence[int], now: datetime, limit: int, after: str = "") -> Sequence[Timer]:
        """See `Journal.due`."""
        await trio.lowlevel.checkpoint()
        ours = set(shards)
        found = [
            timer
            for (conversation, _), timer in sorted(self._store.timers.items())
            if timer.due_at <= now and conversation > after and timer.shard in ours
        ]
        return [t for t in found if self._store.conversations[t.conversation].parked is None][:limit]

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
            if out.status not in {"done", "cancelled"} or result.status == "done":
                out.status = result.status
            out.provider_id = result.provider_id or out.provider_id
            out.code = "" if out.status == "done" else result.code or out.code
            out.attempts -= result.uncounted
            out.receipt = max(out.receipt, self._kept(out))
            if out.status == result.status and result.event:
                conversation = self._store.conversations[out.effect.conversation]
                heard = Arrival(
                    conversation.channel, (), f"e|{result.effect}", result.event, perishable=False
                )
                events += self.append([heard], [conversation.id])
        return Ingested(events)

    async def effects(self, conversations: Sequence[str]) -> Sequence[Effect]:
        """See `Journal.effects`."""
        await trio.lowlevel.checkpoint()
        found = [out.effect for out in self._unsettled() if out.effect.conversation in set(conversations)]
        found.sort(key=lambda effect: (effect.conversation, effect.version, effect.ordinal))
        counts: Counter[tuple[str, Lane]] = Counter()
        first: list[Effect] = []
        for effect in found:
            counts[effect.conversation, effect.lane] += 1
            if counts[effect.conversation, effect.lane] <= EFFECTS_MOST:
                first.append(effect)
        return first

    async def match_receipts(self) -> Sequence[Settled]:
        """See `Journal.match_receipts`; here a receipt and an answer never miss each other."""
        await trio.lowlevel.checkpoint()
        return []

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.backlog`."""
        await trio.lowlevel.checkpoint()
        behind = sorted(
            c.id
            for c in self._store.conversations.values()
            if c.done_seq < len(c.inbox) and c.parked is None and c.id > after
        )
        ours = set(shards)
        return [(c, shard_of(c)) for c in behind if shard_of(c) in ours][:limit]

    async def pending(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.pending`."""
        await trio.lowlevel.checkpoint()
        waiting = sorted({out.effect.conversation for out in self._unsettled()})
        ours = set(shards)
        return [(c, shard_of(c)) for c in waiting if c > after and shard_of(c) in ours][:limit]

    async def operator_pending(self, shards: Sequence[int], limit: int) -> Sequence[tuple[str, int]]:
        """See `Journal.operator_pending`."""
        await trio.lowlevel.checkpoint()
        waiting = sorted({out.effect.conversation for out in self._unsettled() if out.operator})
        return [(c, shard_of(c)) for c in waiting if shard_of(c) in set(shards)][:limit]

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
        until = self._store.wall() + ttl
        for number, shard in enumerate(self._store.shards):
            if shard.owner == self._replica:
                shard.lease_until = until
                held[number] = shard.epoch
        return held

    async def release(self, shards: Sequence[int]) -> None:
        """See `Journal.release`."""
        await trio.lowlevel.checkpoint()
        for number in shards:
            shard = self._store.shards[number]
            if shard.owner == self._replica:
                shard.owner, shard.lease_until = None, float("-inf")

    def _unsettled(self) -> list[Outgoing]:
        return [
            out for out in self._store.outbox.values() if out.status in {"queued", "sending", "uncertain"}
        ]

    def append(self, arrivals: Sequence[Arrival], conversations: Sequence[str]) -> list[StoredEvent]:
        """Append arrivals to their conversations; return those that were new, in order."""
        store = self._store
        now = datetime.fromtimestamp(store.wall(), UTC)
        events = []
        for arrival, name in zip(arrivals, conversations, strict=True):
            if arrival.dedup in store.seen:
                continue
            store.seen.add(arrival.dedup)
            first = arrival.identities[0] if arrival.identities else ""
            address = "" if arrival.address is None else arrival.address or first
            conversation = store.conversations.setdefault(name, Conversation(name, arrival.channel, address))
            conversation.address = address or conversation.address
            seq = len(conversation.inbox) + 1
            fresh = fresh_for(arrival, store.wall(), self._stale_after)
            stale_at = None if fresh is None else trio.current_time() + fresh
            event = StoredEvent(name, shard_of(name), seq, arrival.payload, now, arrival.channel, stale_at)
            conversation.inbox.append(event)
            conversation.dedups.append(arrival.dedup)
            events.append(event)
        events.sort(key=lambda event: (event.conversation, event.seq))
        return events

    def _merge(self, receipts: Sequence[Receipt]) -> list[Settled]:
        settled = []
        for receipt in receipts:
            named = echoed(receipt)
            known = (receipt.channel, receipt.provider_id)
            rank = RECEIPTS[receipt.status]
            effect = str(named) if named is not None else self._store.provider_ids.get(known, "")
            if not effect and receipt.provider_id:
                self._store.receipts[known] = max(rank, self._store.receipts.get(known, 0))
            out = self._store.outbox.get(effect)
            if out is None or self._channel(out) != receipt.channel:
                continue
            if not out.provider_id and receipt.provider_id:
                out.provider_id = receipt.provider_id
                rank = max(rank, self._kept(out))
            out.receipt = max(out.receipt, rank)
            if out.status in {"sending", "uncertain"}:
                settled.append(Settled(out.effect.conversation, effect))
            if out.status != "failed":
                out.status, out.code = "done", ""
        return settled

    def _channel(self, out: Outgoing) -> str:
        return self._store.conversations[out.effect.conversation].channel

    def _kept(self, out: Outgoing) -> int:
        """Make a send known by the provider's id; return the rank of a receipt that came before."""
        if not out.provider_id:
            return 0
        known = (self._channel(out), out.provider_id)
        self._store.provider_ids[known] = str(out.effect.id)
        return self._store.receipts.get(known, 0)

    def _count(self, attempt: FailedAttempt) -> bool:
        conversation = self._store.conversations[attempt.conversation]
        if (
            conversation.version != attempt.version
            or conversation.epoch > attempt.epoch
            or conversation.done_seq != attempt.seq - 1
            or conversation.parked is not None
        ):
            return False
        conversation.epoch = attempt.epoch
        conversation.attempts, conversation.attempts_since = attempt.attempts, attempt.since
        conversation.parked = attempt if attempt.parked else None
        return True

    def _commit(self, turn: TurnRecord) -> bool:
        store, name = self._store, turn.conversation
        conversation = store.conversations[name]
        if (
            conversation.version != turn.version - 1
            or conversation.epoch > turn.epoch
            or conversation.done_seq != turn.first_seq - 1
            or conversation.parked is not None
        ):
            return False
        if turn.timer is not None:
            held = store.timers.get((name, turn.timer.name))
            overtaken = conversation.done_seq < len(conversation.inbox)
            if overtaken or held is None or held.generation != turn.timer.generation:
                return False
            del store.timers[name, turn.timer.name]
        conversation.state, conversation.done_seq = turn.state, turn.last_seq
        conversation.version, conversation.epoch = turn.version, turn.epoch
        conversation.attempts, conversation.attempts_since = 0, None
        self._pause(conversation, turn)
        store.turns.append(turn)
        store.writers.append((self._replica, store.wall()))
        if turn.stale:
            seqs = range(turn.first_seq, turn.last_seq + 1)
            store.letters += [Letter(name, seq, "", "stale") for seq in seqs]
        for forgotten in turn.forgotten:
            store.timers.pop((name, forgotten), None)
        for reminder, due in turn.reminders:
            store.timers[name, reminder] = Timer(name, shard_of(name), reminder, turn.version, due)
        for effect in turn.effects:
            silent = turn.paused and turn.pause is None and not turn.resume and effect.lane is Lane.SEND
            status = "cancelled" if silent else "queued"
            store.outbox[str(effect.id)] = Outgoing(effect, turn.expires_at.timestamp(), status)
        return True

    def _pause(self, conversation: Conversation, turn: TurnRecord) -> None:
        """Let a turn's pause begin, end, or go on as it was behind what the turn asks to send."""
        if turn.pause is not None and turn.resume and conversation.pause is not None:
            self._store.pause(conversation, replace(conversation.pause, after=turn.version))
            return
        if turn.pause is not None or turn.resume:
            conversation.muted_to = turn.version - 1
        if turn.pause is not None and not turn.resume:
            now = datetime.fromtimestamp(self._store.wall(), UTC)
            self._store.pause(conversation, Pause(turn.version, now, "bot", turn.pause))
        elif turn.resume:
            self._store.pause(conversation, None, why=turn.resume_why)

    def _claim(self, request: ClaimRequest, uncertain_wait: float) -> Claim:
        out = self._store.outbox.get(request.effect)
        if out is None:
            return Claim(request.effect, "gone")
        now = self._store.wall()
        conversation = self._store.conversations[request.conversation]
        # A clock that jumped back makes nobody wait longer than a burst takes, or than the doubt lasts.
        clock = max(conversation.pair_clock, now)
        clock = min(clock, now + request.pair_interval * request.pair_burst)
        repeated = request.again and out.status == "sending" and out.epoch == request.epoch
        certain = repeated or out.status == "queued" or out.effect.lane is Lane.WORK
        doubt = 0.0 if certain else max(min(out.claimed_at, now) + uncertain_wait - now, 0.0)
        sends = out.effect.lane is Lane.SEND and not repeated
        pair = max(clock - now - request.pair_interval * (request.pair_burst - 1), 0.0) if sends else 0.0
        late = out.expires_at <= now
        muted = conversation.mutes(out)
        if out.status in {"done", "failed"}:
            verdict = "settled"
        elif out.status == "cancelled":
            verdict = "cancelled"
        elif conversation.epoch > request.epoch or out.epoch > request.epoch:
            verdict = "fenced"
        elif muted and (doubt <= 0 or out.status == "uncertain"):
            verdict, out.status, out.epoch = "cancelled", "cancelled", request.epoch
        elif doubt <= 0 and ((out.maybe_duplicate and (late or not certain)) or (late and not certain)):
            verdict, out.status, out.epoch = "unsettled", "uncertain", request.epoch
        elif doubt <= 0 and late:
            verdict, out.status, out.epoch = "expired", "queued", request.epoch
        elif doubt > 0 or pair > 0:
            verdict, out.claimed_at = "wait", min(out.claimed_at, now)
            conversation.pair_clock = min(conversation.pair_clock, clock)
        else:
            verdict, out.status, out.epoch, out.claimed_at = "claimed", "sending", request.epoch, now
            out.maybe_duplicate = out.maybe_duplicate or not certain
            out.attempts += not repeated
            if sends:
                conversation.pair_clock = clock + request.pair_interval
        return Claim(request.effect, verdict, max(doubt, pair), conversation.address, out.attempts)
