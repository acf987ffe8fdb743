"""What an operator does to conversations that stopped and to events that were not handled: look, replay, skip.

Theory of operation: every change locks its conversations first, in key order, and only then looks, so of two operators
one wins and the other is told how things stand now. The owner of a conversation is told nothing: it looks at the journal
again by itself, within `node.poll_interval`. Works beside any number of servers, and without one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import msgspec

from config import Settings
from runtime.journal.ledger import postgres_of
from runtime.journal.migrations import SchemaMismatch
from runtime.journal.standing import (
    Contents,
    DeadLetter,
    Fate,
    Freed,
    Parked,
    Replayed,
    Skipped,
    Standing,
    Unfinished,
    judge_skip,
)
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.errors import PostgresFault, ResourceUnavailable, postgres_fault
from runtime.resources.postgres import Driver, PostgresPool, open_postgres_pool

R = TypeVar("R")

#: Conversations, or letters, of one transaction.
PAGE = 100
#: Of letters, only so many are looked at to count those that wait.
COUNTED = 10_000
#: Of the conversations of a shard that are behind, only so many are looked at for the oldest event.
LAGGARDS = 100
_TRIES = 8


class Desk:
    """The operators' view of the journal on a pool of connections.

    Every method raises ResourceUnavailable when the database is away and SchemaMismatch when it has no such tables. What
    changes something does so in transactions of at most `PAGE` conversations; cancelled, some of them may be done.
    """

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def parked(self, limit: int) -> Sequence[Parked]:
        """Return parked conversations, those that stopped first at the top."""
        rows = await self._run(lambda c: c.fetch(statement("parked"), None, limit))
        return [Parked(**dict(row)) for row in rows]

    async def parked_at(self, conversation: str) -> Parked | None:
        """Return where a conversation is parked; None if it is not."""
        row = await self._run(lambda c: c.fetchrow(statement("parked"), conversation, 1))
        return None if row is None else Parked(**dict(row))

    async def event(self, conversation: str, seq: int) -> Contents | None:
        """Return an event of a conversation as it came."""
        row = await self._run(lambda c: c.fetchrow(statement("parked_event"), conversation, seq))
        return None if row is None else Contents(**dict(row))

    async def replay(self, conversations: Sequence[str]) -> Sequence[Freed]:
        """Let parked conversations try again, with all attempts before them; one answer each, in key order."""
        ordered = sorted(set(conversations))
        freed: list[Freed] = []
        for page in _pages(ordered):
            freed += await self._run(partial(_replay, conversations=page))
        return freed

    async def replay_all(self) -> Counter[str]:
        """Do the same to all that are parked, a page at a time; return how many, and how many events wait behind them.

        One that stops again meanwhile is not tried twice.
        """
        counts: Counter[str] = Counter(replayed=0, waiting=0)
        after = ""
        while ids := await self._ids("parked_page", after, PAGE):
            after = ids[-1]
            freed = [one for one in await self.replay(ids) if one.outcome == "replayed"]
            counts.update(replayed=len(freed), waiting=sum(one.waiting for one in freed))
        return counts

    async def skip(self, conversation: str, seq: int | None = None) -> Skipped:
        """Make a dead letter of what a conversation stopped at, and let it go on behind that.

        With `seq`, only if it stopped at that event. What it stopped at is looked at before its lock is waited for, so
        that an operator never skips what another's skip has brought up.
        """
        seen = await self._run(lambda c: _standing(c, conversation))
        if seen is not None and seq is not None:
            seen = msgspec.structs.replace(seen, seq=seq, timer=None)
        return await self._run(lambda c: _skip(c, conversation, seen))

    async def letters(
        self, limit: int, *, fate: Fate | None = None, conversation: str | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead letters, the newest first."""
        rows = await self._run(lambda c: c.fetch(statement("dead_letters"), fate, conversation, limit))
        return [DeadLetter(**dict(row)) for row in rows]

    async def letter(self, number: int) -> DeadLetter | None:
        """Return one dead letter."""
        row = await self._run(lambda c: c.fetchrow(statement("dead_letters_named"), [number]))
        return None if row is None else DeadLetter(**dict(row))

    async def letter_payload(self, number: int) -> bytes:
        """Return the event of a dead letter as it came; empty if there is none."""
        payload: bytes | None = await self._run(
            lambda c: c.fetchval(statement("dead_letter_payload"), number)
        )
        return payload or b""

    async def replay_letters(self, numbers: Sequence[int], *, again: bool = False) -> Sequence[Replayed]:
        """Let events come once more, at the end of their conversations, and timers be due; one answer each, in order.

        Each is replayed once; with `again`, once more.
        """
        replayed: list[Replayed] = []
        for page in _pages(sorted(set(numbers))):
            replayed += await self._run(partial(_replay_letters, numbers=page, again=again))
        return replayed

    async def replay_all_letters(self, fate: Fate | None = None) -> Counter[str]:
        """Do the same to all that were not replayed and are there now, a page at a time; return how many by outcome."""
        counts: Counter[str] = Counter(replayed=0)
        last: int = await self._run(lambda c: c.fetchval(statement("newest_dead_letter")))
        after = 0
        while ids := await self._ids("dead_letters_page", fate, after, last, PAGE):
            after = ids[-1]
            counts.update(one.outcome for one in await self.replay_letters(ids))
        return counts

    async def unfinished(self) -> Unfinished:
        """Count what waits for an operator."""
        (row,) = await self._run(lambda c: c.fetch(statement("unfinished"), COUNTED))
        return Unfinished(row["parked"], {"dead": row["dead"], "stale": row["stale"]})

    async def queue_lag(self) -> Mapping[int, float]:
        """Return by shard the seconds that the oldest event has waited; of events behind a park none counts."""
        rows = await self._run(lambda c: c.fetch(statement("queue_lag"), LAGGARDS))
        return {row["shard"]: max(0.0, row["seconds"]) for row in rows}

    async def _ids(self, name: str, *arguments: object) -> list[Any]:
        rows = await self._run(lambda c: c.fetch(statement(name), *arguments))
        return [row[0] for row in rows]

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


@contextmanager
def plain_faults() -> Iterator[None]:
    """Say in plain words what a statement of an operator's command may meet."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise ResourceUnavailable("postgres", "the statement took too long; try again") from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise SchemaMismatch(
            "the database has no tables of this version: `majlis serve` makes them at its start"
        ) from error


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open the desk on these settings' database, that of a running `serve` if it is embedded.

    Raises ResourceUnavailable when none runs.
    """
    async with open_desk_pool(settings) as pool:
        yield Desk(pool)


@asynccontextmanager
async def open_desk_pool(settings: Settings) -> AsyncIterator[PostgresPool]:
    """Open what an operator's command needs of these settings' database: one connection. Raises what `open_desk` does."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_of(settings), bridge=bridge, name="majlis/desk", size=1) as pool,
    ):
        yield pool


def _pages(ordered: Sequence[R]) -> Sequence[Sequence[R]]:
    return [ordered[start : start + PAGE] for start in range(0, len(ordered), PAGE)]


async def _standing(connection: Driver, conversation: str) -> Standing | None:
    row = await connection.fetchrow(statement("standing"), conversation)
    return None if row is None else Standing(**dict(row))


async def _replay(connection: Driver, conversations: Sequence[str]) -> Sequence[Freed]:
    async with connection.transaction():
        known = {row["id"] for row in await connection.fetch(statement("lock_conversations"), conversations)}
        rows = await connection.fetch(statement("unpark"), conversations)
    freed = {row["id"]: Freed(row["id"], "replayed", row["waiting"]) for row in rows}
    return [freed.get(c) or Freed(c, "not parked" if c in known else "unknown") for c in conversations]


async def _skip(connection: Driver, conversation: str, seen: Standing | None) -> Skipped:
    async with connection.transaction():
        await connection.execute(statement("lock_conversations"), [conversation])
        refusal = judge_skip(conversation, seen, await _standing(connection, conversation))
        if refusal is not None:
            return refusal
        (row,) = await connection.fetch(statement("skip"), conversation)
    return Skipped(conversation, "skipped", **dict(row))


async def _replay_letters(connection: Driver, numbers: Sequence[int], again: bool) -> Sequence[Replayed]:
    async with connection.transaction():
        await connection.execute(statement("lock_letters_owners"), numbers)
        rows = await connection.fetch(statement("dead_letters_named"), numbers)
        letters = {row["id"]: DeadLetter(**dict(row)) for row in rows}
        wanted = [letter for letter in letters.values() if again or letter.replayed_at is None]
        events = {
            letter.id: f"d|{letter.id}" if letter.replayed_at is None else f"d|{letter.id}|{uuid4().hex}"
            for letter in wanted
            if letter.timer is None
        }
        timers = [letter.id for letter in wanted if letter.timer is not None]
        came = await connection.fetch(statement("replay_events"), list(events), list(events.values()))
        due = await connection.fetch(statement("replay_timers"), timers)
    done = {row["letter"]: dict(row) for row in (*came, *due)}
    return [_replayed(number, letters.get(number), done.get(number), again) for number in numbers]


def _replayed(
    number: int, letter: DeadLetter | None, done: Mapping[str, Any] | None, again: bool
) -> Replayed:
    """Say what became of a letter; `done` is its row of what was replayed."""
    if letter is None:
        return Replayed(number, "unknown")
    if done is None and not again and letter.replayed_at is not None:
        return Replayed(number, "replayed before", letter.conversation, replayed_at=letter.replayed_at)
    if done is None:
        return Replayed(number, "timer set" if letter.timer is not None else "unknown", letter.conversation)
    return Replayed(
        number,
        "replayed" if letter.timer is None else "due",
        letter.conversation,
        done.get("seq"),
        done.get("waiting", 0),
        done["parked"],
    )
