"""Statements that lock the same rows lock them in one order: conversations first, then effects, each by key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from runtime.actor.effect import Effect
from runtime.journal.postgres import PostgresJournal
from runtime.journal.protocol import ResultRecord
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from tests.integration.test_journal_conformance import CHANNEL, arrival, request, turn


@pytest.fixture
async def other(postgres_dsn: str) -> AsyncIterator[PostgresPool]:
    """Other sessions on the journal's database, as another replica has them."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="other", size=2) as pool,
    ):
        yield pool


async def sends(journal: PostgresJournal, number: int) -> list[Effect]:
    """Return effects of as many people, in the order of their ids."""
    made: list[Effect] = []
    for person in range(number):
        (event,) = (await journal.ingest([arrival(f"m{person}", f"id:{person}")])).events
        record = turn(event, 1, effects=1)
        await journal.commit([record])
        made.extend(record.effects)
    return sorted(made, key=lambda effect: effect.id)


async def until_somebody_waits(pool: PostgresPool) -> None:
    with trio.fail_after(10):
        while not await pool.fetch("select from pg_locks where not granted"):
            await trio.sleep(0.01)


async def test_a_failure_waits_for_its_conversation_before_it_holds_any_effect(
    postgres_journal: PostgresJournal, other: PostgresPool
) -> None:
    one, two = await sends(postgres_journal, 2)
    await postgres_journal.claim([request(one), request(two)], 20.0)
    results = [
        ResultRecord(str(one.id), 1, "done", "w"),
        ResultRecord(str(two.id), 1, "failed", "", "x", b"{}"),
    ]
    async with trio.open_nursery() as nursery, other.transaction() as ingest:
        await ingest.execute("select from conversation where id = $1 for update", two.conversation)
        nursery.start_soon(postgres_journal.record, results)
        await until_somebody_waits(other)
        await ingest.execute("set local lock_timeout = 500")
        await ingest.execute(statement("merge_receipts"), [one.id], [CHANNEL], ["w"], [1])
    rows = await other.fetch("select status from outbox order by id")
    assert [row["status"] for row in rows] == ["done", "failed"]


async def test_claims_hold_effects_in_the_order_in_which_receipts_want_them(
    postgres_journal: PostgresJournal, other: PostgresPool
) -> None:
    effects = await sends(postgres_journal, 12)
    ids = [effect.id for effect in effects]
    async with trio.open_nursery() as nursery, other.transaction() as receipts:
        await receipts.execute("select from outbox where id = $1 for update", ids[0])
        nursery.start_soon(postgres_journal.claim, [request(effect) for effect in reversed(effects)], 20.0)
        await until_somebody_waits(other)
        await receipts.execute("set local lock_timeout = 500")
        await receipts.execute("select from outbox where id = any($1) order by id for update", ids)
