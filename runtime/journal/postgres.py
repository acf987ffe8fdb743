"""The journal on PostgreSQL: each protocol method is one statement, or one short transaction, in one hop.

Serialization failures and deadlocks are run again; a fault of the data is `DataFault`, for the caller to halve its batch;
a store that is away is `ResourceUnavailable`. Aliases never move, so those that were seen are kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from time import time
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import trio
from msgspec.structs import astuple

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, FailedAttempt, Timer, TurnRecord
from runtime.actor.resources import Transaction
from runtime.channel import RECEIPTS, Arrival, Receipt
from runtime.journal.aliases import AliasCache
from runtime.journal.identity import Alias, resolve, shard_of, unknown_aliases
from runtime.journal.protocol import (
    EFFECTS_MOST,
    Claim,
    ClaimRequest,
    DataFault,
    Ingested,
    ResultRecord,
    Settled,
    echoed,
)
from runtime.journal.staleness import fresh_for
from runtime.journal.statements import statement
from runtime.resources.errors import PostgresFault, ResourceUnavailable, postgres_fault
from runtime.resources.postgres import Driver, PostgresPool

R = TypeVar("R")

#: What journal connections need set: a sequential scan would lock rows in heap order and deadlock; and a plan made for
#: the values of one batch believes statistics that may be of yesterday (measured: 120 ms against 9).
SESSION = {"enable_seqscan": "off", "jit": "off", "plan_cache_mode": "force_generic_plan"}
CONNECTIONS = 8
"""Connections of a journal: for seven kinds of batch; leases, poll and ping share what is free."""
_TRIES = 8
_ALIASES_KEPT = 200_000
_LATELY = (
    10  # minutes: a receipt and its send's answer that miss each other do so within one statement's time
)


class PostgresJournal:
    """A `Journal` on a pool of connections opened with `SESSION`."""

    def __init__(
        self,
        pool: PostgresPool,
        *,
        replica: str,
        salt: bytes,
        stale_after: float = 86400.0,
        wall: Callable[[], float] = time,
    ) -> None:
        """`stale_after` seconds an event may wait, or be old, by `wall`, seconds since 1970."""
        self._pool = pool
        self._replica = replica
        self._salt = salt
        self._stale_after = stale_after
        self._wall = wall
        self._aliases = AliasCache(_ALIASES_KEPT)

    async def ingest(self, arrivals: Sequence[Arrival], receipts: Sequence[Receipt] = ()) -> Ingested:
        """See `Journal.ingest`."""
        now, wall = trio.current_time(), self._wall()
        fresh = [fresh_for(arrival, wall, self._stale_after) for arrival in arrivals]
        return await self._run(lambda connection: self._ingest(connection, arrivals, receipts, fresh, now))

    async def load(self, conversations: Sequence[str]) -> Sequence[ConversationRow]:
        """See `Journal.load`."""
        rows = await self._run(lambda c: c.fetch(statement("load"), list(conversations)))
        return [ConversationRow(**dict(row)) for row in rows]

    async def read(
        self, wanted: Sequence[tuple[ConversationRow, int]], limit: int
    ) -> Sequence[Sequence[StoredEvent]]:
        """See `Journal.read`."""
        now = trio.current_time()
        arguments = [row.id for row, _ in wanted], [after for _, after in wanted]
        rows = await self._run(lambda c: c.fetch(statement("read"), *arguments, limit))
        found: dict[str, list[StoredEvent]] = {row.id: [] for row, _ in wanted}
        by_id = {row.id: row for row, _ in wanted}
        for row in rows:
            of = by_id[row["conversation"]]
            found[of.id].append(
                StoredEvent(
                    of.id,
                    of.shard,
                    row["seq"],
                    row["payload"],
                    row["received_at"],
                    of.channel,
                    None if row["fresh_for"] is None else now + row["fresh_for"],
                )
            )
        return [found[row.id] for row, _ in wanted]

    async def commit(self, turns: Sequence[TurnRecord]) -> frozenset[str]:
        """See `Journal.commit`."""
        rows = await self._run(
            lambda c: c.fetch(statement("commit"), *_commit_arguments(turns, self._replica))
        )
        return frozenset(row["id"] for row in rows)

    async def commit_within(self, transaction: Transaction, turn: TurnRecord) -> bool:
        """See `Journal.commit_within`."""
        try:
            return bool(
                await transaction.fetch(statement("commit"), *_commit_arguments([turn], self._replica))
            )
        except asyncpg.QueryCanceledError as error:
            raise ResourceUnavailable("postgres", "the statement took too long") from error

    async def fail(self, attempts: Sequence[FailedAttempt]) -> frozenset[str]:
        """See `Journal.fail`."""
        rows = await self._run(lambda c: c.fetch(statement("fail"), *_columns(map(astuple, attempts), 10)))
        return frozenset(row["id"] for row in rows)

    async def due(self, shards: Sequence[int], now: datetime, limit: int, after: str = "") -> Sequence[Timer]:
        """See `Journal.due`."""
        rows = await self._run(lambda c: c.fetch(statement("due"), list(shards), now, after, limit))
        return [Timer(**dict(row)) for row in rows]

    async def claim(self, requests: Sequence[ClaimRequest], uncertain_wait: float) -> Sequence[Claim]:
        """See `Journal.claim`."""
        arguments = (
            [UUID(request.effect) for request in requests],
            [request.conversation for request in requests],
            [request.epoch for request in requests],
            [request.pair_interval for request in requests],
            [request.pair_burst for request in requests],
            [request.again for request in requests],
        )
        rows = await self._run(lambda c: c.fetch(statement("claim"), *arguments, uncertain_wait))
        claims = {
            str(row["id"]): Claim(
                str(row["id"]), row["verdict"], row["wait"], row["address"], row["attempts"]
            )
            for row in rows
        }
        return [claims.get(request.effect) or Claim(request.effect, "gone") for request in requests]

    async def record(self, results: Sequence[ResultRecord]) -> Ingested:
        """See `Journal.record`."""
        return await self._run(lambda connection: self._record(connection, results))

    async def effects(self, conversations: Sequence[str]) -> Sequence[Effect]:
        """See `Journal.effects`."""
        arguments = (
            [shard_of(conversation) for conversation in conversations],
            list(conversations),
            EFFECTS_MOST,
        )
        rows = await self._run(lambda c: c.fetch(statement("effects"), *arguments))
        return [
            Effect(
                row["conversation"],
                row["channel"],
                row["version"],
                row["ordinal"],
                Lane(row["lane"]),
                row["payload"],
            )
            for row in rows
        ]

    async def match_receipts(self) -> Sequence[Settled]:
        """See `Journal.match_receipts`; forgetting is retention's."""
        rows = await self._run(lambda c: c.fetch(statement("match_receipts"), _LATELY))
        return [Settled(row["conversation"], str(row["id"])) for row in rows]

    async def backlog(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.backlog`."""
        rows = await self._run(lambda c: c.fetch(statement("backlog"), list(shards), limit, after))
        return [(row["id"], row["shard"]) for row in rows]

    async def pending(self, shards: Sequence[int], limit: int, after: str = "") -> Sequence[tuple[str, int]]:
        """See `Journal.pending`."""
        rows = await self._run(lambda c: c.fetch(statement("pending"), list(shards), limit, after))
        return [(row["conversation"], row["shard"]) for row in rows]

    async def operator_pending(self, shards: Sequence[int], limit: int) -> Sequence[tuple[str, int]]:
        """See `Journal.operator_pending`."""
        rows = await self._run(lambda c: c.fetch(statement("operator_pending"), list(shards), limit))
        return [(row["conversation"], row["shard"]) for row in rows]

    async def acquire(self, *, own: bool, ttl: float) -> dict[int, int]:
        """See `Journal.acquire`."""
        rows = await self._run(lambda c: c.fetch(statement("acquire"), self._replica, ttl, own))
        return {row["id"]: row["epoch"] for row in rows}

    async def renew(self, *, ttl: float) -> dict[int, int]:
        """See `Journal.renew`."""
        rows = await self._run(lambda c: c.fetch(statement("renew"), self._replica, ttl))
        return {row["id"]: row["epoch"] for row in rows}

    async def release(self, shards: Sequence[int]) -> None:
        """See `Journal.release`."""
        await self._run(lambda c: c.execute(statement("release"), self._replica, list(shards)))

    async def _run(self, work: Callable[[Driver], Coroutine[Any, Any, R]]) -> R:
        """Run one statement or transaction, again where the database says that it may."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._pool.run(work)
            except asyncpg.QueryCanceledError as error:
                raise ResourceUnavailable("postgres", "the statement took too long") from error
            except Exception as error:
                match postgres_fault(error):
                    case PostgresFault.DATA if not _is_race(error):
                        raise DataFault(type(error).__name__) from error
                    case PostgresFault.DATA | PostgresFault.RETRY if attempt < _TRIES:
                        continue
                    case _:
                        raise
        raise AssertionError("the last try returns or raises")

    async def _ingest(
        self,
        connection: Driver,
        arrivals: Sequence[Arrival],
        receipts: Sequence[Receipt],
        fresh: Sequence[float | None],
        now: float,
    ) -> Ingested:
        """Resolve, then store all in one transaction. Runs on the bridge's loop; `now` is Trio's."""
        known = await self._known(connection, arrivals)
        resolution = resolve(arrivals, known, self._salt)
        async with connection.transaction():
            if resolution.added:
                added = sorted(resolution.added.items())
                await connection.execute(
                    statement("add_aliases"),
                    *_columns(((channel, name, c) for (channel, name), c in added), 3),
                )
            if resolution.conflicts:
                conflicts = ((c.channel, c.identity, c.conversation, c.chosen) for c in resolution.conflicts)
                await connection.execute(statement("add_alias_conflicts"), *_columns(conflicts, 4))
            events = await append(connection, arrivals, resolution.conversations, fresh, now)
            settled = await _merge(connection, receipts)
        self._aliases.add(known)
        self._aliases.add(resolution.added)
        return Ingested(events, settled)

    async def _known(self, connection: Driver, arrivals: Sequence[Arrival]) -> dict[Alias, str]:
        """Return every alias of these arrivals that exists, from memory or the database."""
        wanted = {(a.channel, identity) for a in arrivals for identity in a.identities}
        known = self._aliases.known(wanted)
        missing = unknown_aliases(arrivals, known)
        if missing:
            rows = await connection.fetch(statement("find_aliases"), *_columns(missing, 2))
            known.update({(row["channel"], row["identity"]): row["conversation"] for row in rows})
        return known

    async def _record(self, connection: Driver, results: Sequence[ResultRecord]) -> Ingested:
        """Record results; what actors hear of them becomes events of their conversations in the same transaction."""
        by_id = {UUID(result.effect): result for result in results}
        ordered = [by_id[key] for key in sorted(by_id)]
        async with connection.transaction():
            if told := [key for key in sorted(by_id) if by_id[key].event]:
                await connection.execute(statement("lock_owners"), told)
            rows = await connection.fetch(
                statement("record"),
                sorted(by_id),
                [result.epoch for result in ordered],
                [result.status for result in ordered],
                [result.provider_id for result in ordered],
                [result.code for result in ordered],
                [result.uncounted for result in ordered],
            )
            heard = [
                row for row in rows if row["status"] == by_id[row["id"]].status and by_id[row["id"]].event
            ]
            arrivals = [
                Arrival(row["channel"], (), f"e|{row['id']}", by_id[row["id"]].event) for row in heard
            ]
            owners = [row["conversation"] for row in heard]
            return Ingested(await append(connection, arrivals, owners, [None] * len(owners), 0.0))


def _is_race(error: BaseException) -> bool:
    """Tell whether another process was first, so that the batch may be stored yet.

    It added the same alias, or opened the period of rows that were on their way to a default partition.
    """
    if isinstance(error, asyncpg.CheckViolationError):
        return error.table_name in {"inbox_default", "turn_default"}
    return isinstance(error, asyncpg.UniqueViolationError) and error.table_name == "alias"


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    """Turn rows into the columns that `unnest` takes."""
    listed = list(rows)
    return [[row[i] for row in listed] for i in range(width)]


async def append(
    connection: Driver,
    arrivals: Sequence[Arrival],
    conversations: Sequence[str],
    fresh: Sequence[float | None],
    now: float,
) -> Sequence[StoredEvent]:
    """Append arrivals to their conversations; return those that were new, in order."""
    if not arrivals:
        return []
    rows = await connection.fetch(
        statement("ingest"),
        list(conversations),
        [shard_of(conversation) for conversation in conversations],
        [arrival.channel for arrival in arrivals],
        [_address(arrival) for arrival in arrivals],
        [arrival.dedup for arrival in arrivals],
        [arrival.payload for arrival in arrivals],
        fresh,
    )
    by_dedup = {arrival.dedup: place for place, arrival in reversed(list(enumerate(arrivals)))}
    events = []
    for row in rows:
        place = by_dedup[row["dedup"]]
        arrival, worth = arrivals[place], fresh[place]
        conversation = row["conversation"]
        events.append(
            StoredEvent(
                conversation,
                shard_of(conversation),
                row["seq"],
                arrival.payload,
                row["received_at"],
                arrival.channel,
                None if worth is None else now + worth,
            )
        )
    events.sort(key=lambda event: (event.conversation, event.seq))
    return events


def _address(arrival: Arrival) -> str:
    """Return where replies go from now on, "" to leave it as it is."""
    if arrival.address is None or arrival.address:
        return arrival.address or ""
    return arrival.identities[0] if arrival.identities else ""


async def _merge(connection: Driver, receipts: Sequence[Receipt]) -> Sequence[Settled]:
    """Merge receipts into the effects they echo, else into those of the provider's id."""
    if not receipts:
        return []
    columns = _columns(((echoed(r), r.channel, r.provider_id, RECEIPTS[r.status]) for r in receipts), 4)
    rows = await connection.fetch(statement("merge_receipts"), *columns)
    return [Settled(row["conversation"], str(row["id"])) for row in rows]


def _commit_arguments(turns: Sequence[TurnRecord], replica: str) -> tuple[object, ...]:
    effects = [(turn, effect) for turn in turns for effect in turn.effects]
    reminders = [(turn.conversation, name, due) for turn in turns for name, due in turn.reminders]
    forgotten = [(turn.conversation, name) for turn in turns for name in _forgotten(turn)]
    return (
        [turn.conversation for turn in turns],
        [turn.epoch for turn in turns],
        [turn.version - 1 for turn in turns],
        [turn.first_seq for turn in turns],
        [turn.last_seq for turn in turns],
        [turn.now for turn in turns],
        [turn.state for turn in turns],
        [turn.timer.name if turn.timer is not None else None for turn in turns],
        [turn.timer.generation if turn.timer is not None else 0 for turn in turns],
        [turn.stale for turn in turns],
        replica,
        [effect.conversation for _, effect in effects],
        [effect.ordinal for _, effect in effects],
        [effect.id for _, effect in effects],
        [effect.lane.value for _, effect in effects],
        [effect.payload for _, effect in effects],
        [turn.expires_at for turn, _ in effects],
        *_columns(reminders, 3),
        *_columns(forgotten, 2),
        [turn.paused for turn in turns],
        [turn.pause for turn in turns],
        [turn.resume for turn in turns],
        [turn.resume_why for turn in turns],
    )


def _forgotten(turn: TurnRecord) -> set[str]:
    """Return the timers that a turn ends: those it forgets and the one it handled, unless it has set them again."""
    names = {*turn.forgotten, *([turn.timer.name] if turn.timer is not None else [])}
    return names - {name for name, _ in turn.reminders}
