"""What holds in every life of a conversation, on the real journal: a few random schedules, one database for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import ClassVar

import asyncpg
import pytest
import trio
from hypothesis import HealthCheck, Phase, given, settings

from config import Postgres, Settings
from runtime import Transaction
from runtime.actor.event import EventCodec
from runtime.drill.chronicler import Pressed, Told, name_of
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations, statement
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import EmbeddedServer
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.testing import read_history
from tests.unit.schedules import (
    Books,
    Kept,
    PastEvent,
    PastRow,
    Run,
    Schedule,
    Sent,
    check,
    history_of,
    schedules,
)

SCALE = 0.1
_lives = count(1)


class PostgresWorld:
    """See `World`. Each life has a channel of its own, so that none sees another's conversations."""

    scale = SCALE
    codec = EventCodec((Told, Pressed))
    settings: ClassVar = {
        "send_timeout": 0.5,
        "uncertain_wait": 1.0,
        "poll_interval": 0.05,
        "lease_ttl": 1.0,
    }

    def __init__(self, pool: PostgresPool, turns: PostgresPool, salt: bytes) -> None:
        self.pool, self._turns, self._salt = pool, turns, salt
        self.channel = f"post:{next(_lives)}"

    def journal(self, replica: str) -> PostgresJournal:
        return PostgresJournal(self.pool, replica=replica, salt=self._salt)

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        return self._turns.transaction()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def parked(self) -> Sequence[tuple[str, str]]:
        rows = await self.pool.fetch(
            "select p.conversation, p.timer, i.payload from parked p left join inbox i using (conversation, seq)"
        )
        return [
            (
                row["conversation"],
                f"due:{row['timer']}" if row["timer"] else name_of(self.codec.decode(row["payload"])),
            )
            for row in rows
        ]

    async def unpark(self, conversation: str, *, skip: bool) -> None:
        await self.pool.fetch(
            statement("skip" if skip else "unpark"), conversation if skip else [conversation]
        )

    async def end_leases(self) -> None:
        await self.pool.execute("update shards set lease_until = '-infinity'")

    async def quiet(self) -> bool:
        row = await self.pool.fetchrow(
            "select not exists (select from conversation where done_seq < next_seq - 1 or parked)"
            " and not exists (select from outbox where status not in ('done', 'failed'))"
            " and not exists (select from timer)"
        )
        assert row is not None
        return bool(row[0])

    async def books(self) -> Books:
        conversations = await self.pool.fetch(
            "select id, channel, version, done_seq, state from conversation where channel = $1 order by id",
            self.channel,
        )
        names = [row["id"] for row in conversations]
        sends = await self.pool.fetch("select * from outbox where conversation = any($1::text[])", names)
        outbox = {
            str(row["id"]): Sent(
                *(row[name] for name in ("conversation", "version", "ordinal", "lane", "payload", "status")),
                row["maybe_duplicate"],
            )
            for row in sends
        }
        return Books([await self._kept(row) for row in conversations], outbox)

    async def _kept(self, conversation: asyncpg.Record) -> Kept:
        name = conversation["id"]
        inbox = await self.pool.fetch(
            "select payload, received_at from inbox where conversation = $1 order by seq", name
        )
        letters = await self.pool.fetch(
            "select seq, fate from dead_letter where conversation = $1 and seq is not null order by seq", name
        )
        stale = [row["seq"] for row in letters if row["fate"] == "stale"]
        turns = await self.pool.fetch(
            "select version, first_seq, last_seq, now, coalesce(timer, '') as timer from turn"
            " where conversation = $1 order by version",
            name,
        )
        return Kept(
            **conversation,
            inbox=[PastEvent(*row) for row in inbox],
            turns=[PastRow(*row, stale=row["first_seq"] in stale and not row["timer"]) for row in turns],
            dead=[row["seq"] for row in letters if row["fate"] == "dead"],
            stale=stale,
        )


@pytest.fixture(scope="module")
def dsn(servers: tuple[EmbeddedServer, EmbeddedServer]) -> Iterator[str]:
    """A database for all lives."""
    server = servers[0].dsn

    async def run(sql: str, on: str = server) -> None:
        connection = await asyncpg.connect(on)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def prepare(dsn: str) -> None:
        async with (
            open_bridge() as bridge,
            open_postgres_pool(dsn, bridge=bridge, name="test/prepare", size=1, settings=SESSION) as pool,
        ):
            await migrate(pool, {"journal": migrations()})
            await pool.execute(
                "create table pressed(conversation text, number int, chain text, primary key (conversation, number))"
            )

    asyncio.run(run("create database lives"))
    found = server.replace("/majlis?", "/lives?")
    trio.run(prepare, found)
    yield found
    asyncio.run(run("drop database lives with (force)"))


async def live(schedule: Schedule, dsn: str) -> None:
    """Run a schedule on a channel of its own and judge it."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(dsn, bridge=bridge, name="test/lives", size=6, settings=SESSION) as pool,
        open_postgres_pool(dsn, bridge=bridge, name="test/turns", size=4) as turns,
    ):
        world = PostgresWorld(pool, turns, await installation_salt(pool))
        run = Run(world, schedule)
        books = await run()
        await check(run, books)
        for kept in books.conversations:
            await _check_rows(world, kept)
            history = await read_history(
                Settings(data_dir=Path("unused"), postgres=Postgres(url=dsn)), kept.id
            )
            assert history == history_of(kept)


async def _check_rows(world: PostgresWorld, kept: Kept) -> None:
    """What turns wrote into the app's own table is there once for each turn that committed, and for no other."""
    events = [world.codec.decode(event.payload) for event in kept.inbox]
    handled = [
        event.number
        for turn in kept.turns
        for event in events[turn.first_seq - 1 : turn.last_seq]
        if isinstance(event, Pressed) and not turn.stale
    ]
    rows = await world.pool.fetch(
        "select number from pressed where conversation = $1 order by number", kept.id
    )
    assert [row["number"] for row in rows] == handled


#: Not shrunk: real time plays its part, and a life takes a second.
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schedule=schedules(10, SCALE, hangs=False))
def test_every_life_leaves_its_books_in_order(schedule: Schedule, dsn: str) -> None:
    trio.run(live, schedule, dsn)
