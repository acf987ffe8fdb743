"""A batch of effects costs the database in proportion to its length, and nothing for what was settled long ago."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresConnection, open_postgres_pool
from tests.integration.test_journal_conformance import CHANNEL, arrival, turn

BATCH = 400


def effort(plan: Mapping[str, object]) -> float:
    """Return the most rows that any step of a plan has looked at: kept, or thrown away by a condition."""
    kinds = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    rows = sum(float(str(plan.get(kind, 0))) for kind in kinds) * float(str(plan["Actual Loops"]))
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return max([rows, *map(effort, below)])


def literal(column: Sequence[object]) -> str:
    values = ("null" if value is None else f'"{value}"' for value in column)
    return "'{" + ",".join(values) + "}'"


async def efforts(session: PostgresConnection, name: str, *arguments: str) -> float:
    """Run a statement as the journal does, with a plan that is blind to its arguments; return its effort."""
    await session.execute(f"prepare {name} as {statement(name)}")
    (row,) = await session.fetch(f"explain (analyze, format json) execute {name}({', '.join(arguments)})")
    await session.execute(f"deallocate {name}")
    return effort(json.loads(row[0])[0]["Plan"])


async def filled(journal: PostgresJournal, batches: int) -> list[list[tuple[UUID, str]]]:
    """Store and commit batches of effects, one a person; return their ids with their conversations."""
    made = []
    for batch in range(batches):
        stored = await journal.ingest([arrival(f"m{batch}.{n}", f"id:{batch}.{n}") for n in range(BATCH)])
        turns = [turn(event, 1, effects=1) for event in stored.events]
        await journal.commit(turns)
        made.append([(effect.id, effect.conversation) for record in turns for effect in record.effects])
    return made


@pytest.mark.parametrize("analyzed", [False, True], ids=["fresh tables", "known tables"])
async def test_claims_records_and_receipts_look_at_each_row_a_few_times(
    postgres_journal: PostgresJournal, postgres_dsn: str, analyzed: bool
) -> None:
    first, second = await filled(postgres_journal, 2)
    many = 10 * BATCH
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="plans", size=1, settings=SESSION) as pool,
        pool.transaction() as session,
    ):
        if analyzed:
            await session.execute("analyze")
        for batch in first, second:
            ids = literal([effect for effect, _ in batch])
            names = literal([f"w{effect}" for effect, _ in batch])
            same = {
                value: literal([value] * BATCH)
                for value in (1, 2, 3, 6.0, 44, "f", "done", "", CHANNEL, None)
            }
            claimed = await efforts(
                session,
                "claim",
                ids,
                literal([c for _, c in batch]),
                same[1],
                same[6.0],
                same[44],
                same["f"],
                "20",
            )
            recorded = await efforts(
                session, "record", ids, same[1], same["done"], names, same[""], same["f"]
            )
            echoed = await efforts(session, "merge_receipts", ids, same[CHANNEL], names, same[2])
            named = await efforts(session, "merge_receipts", same[None], same[CHANNEL], names, same[3])
            assert max(claimed, recorded, echoed, named) <= many
        rows = await session.fetch("select distinct status, receipt from outbox")
        assert [tuple(row.values()) for row in rows] == [("done", 3)]


async def test_a_late_look_at_receipts_reads_nothing_of_what_was_settled_long_ago(
    postgres_journal: PostgresJournal, postgres_dsn: str
) -> None:
    await filled(postgres_journal, 3)
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="plans", size=1, settings=SESSION) as pool,
        pool.transaction() as session,
    ):
        await session.execute("update outbox set status = 'done', provider_id = 'w' || id, receipt = 1")
        await session.execute(
            "insert into receipt(channel, provider_id, rank)"
            " select $1, coalesce(provider_id, 'w'), 2 from outbox limit 5",
            CHANNEL,
        )
        await session.execute("analyze")
        assert await efforts(session, "match_receipts", "10") <= 10
        rows = await session.fetch("select from outbox where receipt = 2")
        assert len(rows) == 5


@pytest.mark.parametrize("analyzed", [False, True], ids=["fresh tables", "known tables"])
async def test_a_look_at_the_lag_costs_the_same_however_many_wait(
    postgres_journal: PostgresJournal, postgres_dsn: str, analyzed: bool
) -> None:
    await postgres_journal.ingest([arrival(f"b{n}", f"id:{n}") for n in range(3 * BATCH)])
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="plans", size=1, settings=SESSION) as pool,
        pool.transaction() as session,
    ):
        await session.execute("update conversation set shard = mod(shard, 2)")
        if analyzed:
            await session.execute("analyze")
        rows = await session.fetch(statement("queue_lag"), 10)
        assert {row["shard"] for row in rows} == {0, 1}
        assert await efforts(session, "queue_lag", "10") <= 128, (
            "a row for each shard, and 10 of each of the two"
        )
