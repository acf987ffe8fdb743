"""The hand-over on PostgreSQL: each step locks its conversation, then looks, then changes it, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar

from runtime.actor.effect import effect_id
from runtime.actor.event import OperatorCommand, StoredEvent, encode_event
from runtime.channel import Arrival
from runtime.journal.desk import plain_faults
from runtime.journal.handover import (
    KEY_MOST,
    LABEL_MOST,
    REASON_MOST,
    PastPause,
    Paused,
    Pausing,
    Resuming,
    Sending,
    Telling,
    checked,
    dedup_of,
    paused_as,
    told_resumed,
)
from runtime.journal.identity import shard_of
from runtime.journal.postgres import append
from runtime.journal.statements import statement
from runtime.resources.errors import PostgresFault, postgres_fault
from runtime.resources.postgres import Driver, PostgresPool

R = TypeVar("R")
_TRIES = 8


class PostgresHandover:
    """A `Handover` on a pool of connections; see there for what its methods promise. Any number of them work at once."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def pause(self, conversation: str, *, by: str, why: str) -> Pausing:
        """See `Handover.pause`."""
        checked("the operator's label", by, LABEL_MOST), checked("the reason", why, REASON_MOST)

        async def work(connection: Driver) -> Pausing:
            async with connection.transaction():
                await connection.execute(statement("lock_conversations"), [conversation])
                row = await connection.fetchrow(statement("pause"), conversation, by, why)
            if row is None:
                return Pausing(conversation, "unknown")
            return Pausing(
                conversation,
                paused_as(row["fresh"]),
                row["by"],
                row["why"],
                row["since"],
                row["cancelled"],
            )

        return await self._run(work)

    async def in_flight(self, conversation: str) -> int:
        """See `Handover.in_flight`."""
        count: int = await self._run(
            lambda c: c.fetchval(statement("in_flight"), shard_of(conversation), conversation)
        )
        return count

    async def resume(self, conversation: str, *, by: str) -> Resuming:
        """See `Handover.resume`."""
        checked("the operator's label", by, LABEL_MOST)

        async def work(connection: Driver) -> Resuming:
            async with connection.transaction():
                known = await connection.fetch(statement("lock_conversations"), [conversation])
                row = await connection.fetchrow(statement("resume"), conversation, by)
                if row is None:
                    return Resuming(conversation, "not paused" if known else "unknown")
                key = dedup_of("r", conversation, str(row["version"]))
                events = await _append(connection, conversation, row["channel"], key, told_resumed(by))
            return Resuming(conversation, "resumed", row["cancelled"], events)

        return await self._run(work)

    async def assign(self, conversation: str, *, to: str) -> bool:
        """See `Handover.assign`."""
        checked("the operator's label", to, LABEL_MOST)
        return bool(await self._run(lambda c: c.fetch(statement("assign"), conversation, to)))

    async def send(
        self, conversation: str, payload: bytes, *, by: str, key: str, expires: datetime
    ) -> Sending:
        """See `Handover.send`."""
        checked("the operator's label", by, LABEL_MOST), checked("the key", key, KEY_MOST)
        dedup = dedup_of("w", conversation, key)

        async def work(connection: Driver) -> Sending:
            async with connection.transaction():
                row = await _locked(connection, conversation)
                if row is None:
                    return Sending(conversation, "unknown")
                effect = effect_id(conversation, row["version"] + 1, 0)
                queued = await connection.fetch(
                    statement("operator_send"), conversation, dedup, effect, payload, by, expires
                )
            return (
                Sending(conversation, "queued", str(effect)) if queued else Sending(conversation, "repeated")
            )

        return await self._run(work)

    async def tell(self, conversation: str, command: OperatorCommand, *, key: str) -> Telling:
        """See `Handover.tell`."""
        dedup = dedup_of("o", conversation, checked("the key", key, KEY_MOST))

        async def work(connection: Driver) -> Telling:
            async with connection.transaction():
                row = await _locked(connection, conversation)
                if row is None:
                    return Telling(conversation, "unknown")
                events = await _append(connection, conversation, row["channel"], dedup, command)
            return Telling(conversation, "stored" if events else "repeated", events)

        return await self._run(work)

    async def paused(self, limit: int, conversations: Sequence[str] | None = None) -> Sequence[Paused]:
        """See `Handover.paused`."""
        named = None if conversations is None else list(conversations)
        rows = await self._run(lambda c: c.fetch(statement("paused"), named, limit))
        return [Paused(**dict(row)) for row in rows]

    async def pauses(self, conversation: str, limit: int) -> Sequence[PastPause]:
        """See `Handover.pauses`."""
        rows = await self._run(lambda c: c.fetch(statement("pauses"), conversation, limit))
        return [PastPause(**dict(row)) for row in rows]

    async def _run(self, work: Callable[[Driver], Coroutine[Any, Any, R]]) -> R:
        """Run one statement or transaction, again where the database says that it may."""
        for attempt in range(1, _TRIES + 1):
            try:
                with plain_faults():
                    return await self._pool.run(work)
            except Exception as error:
                if postgres_fault(error) is not PostgresFault.RETRY or attempt == _TRIES:
                    raise
        raise AssertionError("the last try returns or raises")


async def _locked(connection: Driver, conversation: str) -> Any:
    """Lock a conversation, then return its row; None if there is none."""
    await connection.execute(statement("lock_conversations"), [conversation])
    return await connection.fetchrow(statement("load"), [conversation])


async def _append(
    connection: Driver, conversation: str, channel: str, dedup: str, command: OperatorCommand
) -> Sequence[StoredEvent]:
    """Append a command to the events of a conversation that is locked, unless its key was there."""
    arrival = Arrival(channel, (), dedup, encode_event(command))
    return await append(connection, [arrival], [conversation], [None], 0.0)
