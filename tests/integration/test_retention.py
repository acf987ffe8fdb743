"""Old rows go, in periods and in batches; what is not handled stays, whatever happens in between."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import trio
from structlog.testing import capture_logs

from runtime import Arrival
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, TurnRecord
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.protocol import ClaimRequest, ResultRecord
from runtime.journal.retention import ADVISORY, BATCH, Ages, Hindered, Retention
from runtime.journal.statements import migrations, statement
from runtime.resources.bridge import open_bridge
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.serve.retention import Retainer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
#: Makes everything so far 40 days old: period 1 ended 39 days ago.
AGED = """
alter table inbox detach partition inbox_1;
alter table turn detach partition turn_1;
update inbox_1 set kept_at = kept_at - interval '40 days', received_at = received_at - interval '40 days';
update turn_1 set kept_at = kept_at - interval '40 days';
update period set ends_at = date_trunc('hour', now()) - interval '39 days';
do $$
declare until timestamptz := (select ends_at from period);
begin
  execute format('alter table inbox attach partition inbox_1 for values from (''-infinity'') to (%L)', until);
  execute format('alter table turn attach partition turn_1 for values from (''-infinity'') to (%L)', until);
end $$;
"""
ROWS = "select tableoid::regclass::text as place, conversation, seq, dedup, payload, received_at, stale_at from inbox"


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[PostgresPool]:
    """A migrated database of this test's own."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_dsn, bridge=bridge, name="test/retention", size=6, settings=SESSION
        ) as opened,
    ):
        await migrate(opened, {"journal": migrations()})
        yield opened


@pytest.fixture
async def journal(pool: PostgresPool) -> PostgresJournal:
    return PostgresJournal(pool, replica="one", salt=await installation_salt(pool))


@pytest.fixture
def retention(pool: PostgresPool) -> Retention:
    return Retention(pool, Ages(), lead=0)  # nobody writes while it opens a period


def arrival(name: str, number: int) -> Arrival:
    return Arrival("post:1", (f"id:{name}",), f"{name}{number}", f"{name} says {number}".encode())


async def say(journal: PostgresJournal, name: str, numbers: range) -> list[StoredEvent]:
    return list((await journal.ingest([arrival(name, number) for number in numbers])).events)


async def take(journal: PostgresJournal, event: StoredEvent, version: int, *effects: Effect) -> bool:
    record = TurnRecord(
        event.conversation, 1, version, event.seq, event.seq, NOW, b"s", effects, NOW + timedelta(days=9000)
    )
    return bool(await journal.commit([record]))


async def next_events(journal: PostgresJournal, conversation: str) -> tuple[ConversationRow, list[bytes]]:
    (row,) = await journal.load([conversation])
    (events,) = await journal.read([(row, row.done_seq)], 100)
    assert [event.seq for event in events] == list(range(row.done_seq + 1, row.next_seq))
    return row, [event.payload for event in events]


async def count(pool: PostgresPool, table: str) -> int:
    row = await pool.fetchrow(f"select count(*) as n from {table}")  # noqa: S608 - our own words
    assert row is not None
    return int(row["n"])


async def partitions(pool: PostgresPool, whole: str) -> set[str]:
    rows = await pool.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::text::regclass", whole
    )
    return {row["name"] for row in rows}


# ── periods ───────────────────────────────────────────────────────────


async def test_a_period_goes_with_what_was_handled_and_what_waits_behind_a_park_moves_on(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    ann = await say(journal, "ann", range(1, 4))
    bob = await say(journal, "bob", range(1, 4))
    for event in [*ann, bob[0]]:
        assert await take(journal, event, event.seq)
    await pool.execute("update conversation set parked = true where id = $1", bob[0].conversation)
    await pool.execute(AGED)
    before = {row["dedup"]: dict(row) for row in await pool.fetch(ROWS)}
    assert await retention.open_periods() == 2
    assert await retention.drop_period() == (1, 2)
    assert await retention.drop_period() == (0, 0)

    after = {row["dedup"]: dict(row) for row in await pool.fetch(ROWS)}
    assert {row.pop("place") for row in after.values()} == {"inbox_2"}
    assert {row.pop("place") for row in before.values()} == {"inbox_1"}
    assert after == {dedup: before[dedup] for dedup in ("bob2", "bob3")}  # received_at and stale_at too
    assert await count(pool, "turn") == 0
    assert await partitions(pool, "inbox") == {"inbox_2", "inbox_3", "inbox_default"}
    assert await partitions(pool, "turn") == {"turn_2", "turn_3", "turn_default"}

    await pool.execute("update conversation set parked = false")
    _, waiting = await next_events(journal, bob[0].conversation)
    assert waiting == [b"bob says 2", b"bob says 3"]
    assert await take(journal, bob[1], 2)
    assert [event.seq for event in await say(journal, "ann", range(3, 6))] == [4, 5]  # ann3 is still known
    fates = {
        row["dedup"]: (row["fate"], row["turns"]) for row in await pool.fetch(statement("ledger_entries"))
    }
    assert fates == {
        "bob2": ("done", 1),
        "bob3": ("waiting", 0),
        "ann4": ("waiting", 0),
        "ann5": ("waiting", 0),
    }


async def test_nothing_is_lost_or_done_twice_when_events_come_and_turns_commit_during_the_drop(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    retention = Retention(pool, Ages(), lock_timeout=5)
    handled = {name: (await say(journal, name, range(20)))[0].conversation for name in map(str, range(8))}
    parked = (await say(journal, "parked", range(5)))[0].conversation
    await pool.execute(AGED)
    await retention.open_periods()
    dropped, begun = trio.Event(), trio.Event()
    said: dict[str, int] = {}

    async def handle(conversation: str) -> None:
        """Commit event by event, as a cell does; it must always find the very next one."""
        for version in range(1, 21):
            row, waiting = await next_events(journal, conversation)
            event = StoredEvent(row.id, row.shard, version, waiting[0], NOW, row.channel)
            assert await take(journal, event, version)
            begun.set()

    async def talk(name: str) -> None:
        said[name] = 0
        while not dropped.is_set() or said[name] < 20:
            await say(journal, name, range(said[name], said[name] + 1))
            said[name] += 1

    async with trio.open_nursery() as nursery:
        for conversation in handled.values():
            nursery.start_soon(handle, conversation)
        for name in ("ann", "bob", "cid"):
            nursery.start_soon(talk, name)
        await begun.wait()
        periods, moved = await retention.drop_period()
        dropped.set()
    assert periods == 1
    assert 5 <= moved < 8 * 20 + 5
    assert len((await next_events(journal, parked))[1]) == 5
    turns = await pool.fetch(
        "select conversation, version, first_seq, last_seq from turn order by conversation, version"
    )
    every = [
        (name, version, version, version) for name in sorted(handled.values()) for version in range(1, 21)
    ]
    assert sorted(map(tuple, turns)) == every
    for name, number in said.items():
        rows = await pool.fetch("select seq from inbox where dedup like $1 order by seq", f"{name}%")
        assert [row["seq"] for row in rows] == list(range(1, number + 1))


async def wait_for_locks(pool: PostgresPool, sessions: int) -> list[int]:
    """Wait until as many sessions of the test wait for a lock; return their pids."""
    while True:
        rows = await pool.fetch(
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        if len(rows) >= sessions:
            return [row["pid"] for row in rows]
        await trio.sleep(0.01)


async def test_who_comes_while_a_drop_waits_holds_nothing_that_the_drop_wants_next(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    (event, *_) = await say(journal, "ann", range(1, 4))
    await pool.execute(AGED)
    retention = Retention(pool, Ages(), lock_timeout=60)
    await retention.open_periods()
    done: dict[str, object] = {}

    async def drop() -> None:
        done["drop"] = await retention.drop_period()

    async def commit() -> None:
        done["commit"] = await take(journal, event, 1)

    async def look() -> None:
        done["look"] = len(await pool.fetch(statement("ledger_entries")))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery, pool.transaction() as reader:
            await reader.execute("lock table inbox in access share mode")
            nursery.start_soon(drop)
            await wait_for_locks(pool, 1)
            nursery.start_soon(commit)
            nursery.start_soon(look)
            await wait_for_locks(pool, 3)
    assert done == {"drop": (1, 3), "commit": True, "look": 3}


async def test_a_kill_in_the_middle_of_a_drop_leaves_everything_as_it_was(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    (event, *_) = await say(journal, "ann", range(1, 4))
    await pool.execute(AGED)
    retention = Retention(pool, Ages(), lock_timeout=60)
    await retention.open_periods()
    before = sorted(map(tuple, await pool.fetch(ROWS)))
    with trio.fail_after(30):
        async with pool.transaction() as reader:
            await reader.execute(
                "lock table turn_1 in access share mode"
            )  # the drop stops behind it, all but done

            async def drop() -> None:
                with pytest.raises(ResourceUnavailable):
                    await retention.drop_period()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(drop)
                (pid,) = await wait_for_locks(pool, 1)
                await pool.execute("select pg_terminate_backend($1)", pid)
        assert sorted(map(tuple, await pool.fetch(ROWS))) == before
        assert len((await next_events(journal, event.conversation))[1]) == 3
        assert await retention.drop_period() == (1, 3)


async def test_a_long_reader_hinders_the_drop_and_not_the_ingest(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    await say(journal, "ann", range(1, 3))
    await pool.execute(AGED)
    await retention.open_periods()
    with trio.fail_after(30):
        async with pool.transaction() as reader:
            await reader.execute("select count(*) from inbox")
            for number in range(3, 6):
                async with trio.open_nursery() as nursery:

                    async def drop() -> None:
                        with pytest.raises(Hindered):
                            await retention.drop_period()

                    nursery.start_soon(drop)
                    nursery.start_soon(say, journal, "ann", range(number, number + 1))
        assert await retention.drop_period() == (1, 2 + 3 - 3)
    assert await count(pool, "inbox") == 5


async def test_one_replica_works_and_the_others_find_nothing_to_do(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    await say(journal, "ann", range(1, 3))
    await pool.execute(AGED)
    async with pool.transaction() as other:
        await other.execute("select pg_advisory_xact_lock($1)", ADVISORY)
        assert (
            await Retention(pool, Ages()).open_periods(),
            await Retention(pool, Ages()).drop_period(),
        ) == (0, (0, 0))
    opened: list[int] = []

    async def replica() -> None:
        opened.append(await Retention(pool, Ages()).open_periods())

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(replica)
    assert sorted(opened) == [0, 0, 0, 1]


# ── where there is no period ──────────────────────────────────────────


async def test_after_a_long_rest_events_are_stored_all_the_same_and_find_their_period_later(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    await pool.execute(AGED)
    events = await say(journal, "ann", range(1, 4))
    assert await take(journal, events[0], 1)
    assert await count(pool, "inbox_default") == 3
    for table in ("inbox_default", "turn_default"):
        await pool.execute(f"update {table} set kept_at = kept_at - interval '1 hour'")  # noqa: S608 - our own words
    assert (await retention.gather("inbox"), await retention.gather("turn")) == (0, 0)  # no period to go to
    assert await retention.open_periods() == 2
    assert (await retention.gather("inbox"), await retention.gather("turn")) == (3, 1)
    assert (await count(pool, "inbox_default"), await count(pool, "turn_default")) == (0, 0)
    await say(journal, "ann", range(4, 5))
    assert (await count(pool, "inbox_2"), await count(pool, "turn_2")) == (4, 1)
    assert (await next_events(journal, events[0].conversation))[1][0] == b"ann says 2"


async def test_a_period_may_open_while_events_are_stored_where_there_is_none(
    pool: PostgresPool, journal: PostgresJournal
) -> None:
    await pool.execute(AGED)
    opened = trio.Event()
    stored: list[StoredEvent] = []

    async def talk(name: str) -> None:
        number = 0
        while not opened.is_set() or number < 50:
            stored.extend(await say(journal, name, range(number, number + 1)))
            number += 1

    async with trio.open_nursery() as nursery:
        for name in ("ann", "bob", "cid", "dan"):
            nursery.start_soon(talk, name)
        assert await Retention(pool, Ages()).open_periods() >= 1
        opened.set()
    assert await count(pool, "inbox") == len(stored)


async def test_a_strange_clock_fails_no_ingest_and_stops_no_period(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    (event, *_) = await say(journal, "ann", range(1, 4))
    await pool.execute("update inbox set kept_at = '2090-01-01' where seq = 1")
    await pool.execute(
        "update inbox set kept_at = now() + interval '4 days' where seq = 2"
    )  # where period 2 will be
    assert await count(pool, "inbox_default") == 2
    assert await retention.open_periods() == 1
    assert (await count(pool, "inbox_2"), await count(pool, "inbox_default")) == (1, 1)
    assert await retention.gather("inbox") == 1
    assert await count(pool, "inbox_default") == 0
    assert len((await next_events(journal, event.conversation))[1]) == 3


async def test_the_tables_of_before_become_the_first_period(postgres_dsn: str) -> None:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_dsn, bridge=bridge, name="test/upgrade", size=2, settings=SESSION
        ) as pool,
    ):
        await migrate(pool, {"journal": migrations()[:2]})
        await pool.execute(
            "insert into conversation(id, shard, channel, address, next_seq) values ('c', 1, 'post:1', 'id:ann', 3);"
            "insert into inbox(conversation, seq, dedup, payload) values ('c', 1, 'a', 'x'), ('c', 2, 'b', 'y');"
            "insert into turn(conversation, version, first_seq, last_seq, now, epoch, replica)"
            "  values ('c', 1, 1, 1, now(), 1, 'one')"
        )
        await migrate(pool, {"journal": migrations()})
        assert (await count(pool, "inbox_1"), await count(pool, "turn_1"), await count(pool, "turn")) == (
            2,
            1,
            1,
        )
        assert await Retention(pool, Ages()).drop_period() == (0, 0)


# ── batches ───────────────────────────────────────────────────────────


async def test_old_rows_go_in_batches_and_young_and_unsettled_ones_stay(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    (event,) = await say(journal, "ann", range(1, 2))
    effects = [Effect(event.conversation, event.channel, 1, n, Lane.SEND, b"hi") for n in range(3)]
    assert await take(journal, event, 1, *effects)
    for effect, status in zip(effects, ("done", "failed", ""), strict=True):
        await journal.claim([ClaimRequest(str(effect.id), effect.conversation, 1)], 20.0)
        if status:
            await journal.record([ResultRecord(str(effect.id), 1, status, "", "131026")])
    ages = {"seen": 9, "receipt": 9, "outbox": 30, "dead_letter": 90}
    await pool.execute(f"""
        insert into seen(dedup, at)
          select 'k' || i, now() - interval '9 days 1 minute' from generate_series(1, {BATCH + 7}) i;
        insert into seen(dedup, at) values ('young', now() - interval '8 days 23 hours');
        insert into receipt(channel, provider_id, rank, at)
          select 'post:1', i::text, 1, now() - make_interval(days => i) from generate_series(8, 10) i;
        insert into dead_letter(conversation, channel, seq, fate, reason, payload, received_at, at)
          select 'c', 'post:1', i, 'dead', '', '', now(), now() - make_interval(days => i) from generate_series(89, 91) i;
    """)  # noqa: S608 - our own words
    assert [await retention.delete_old("seen") for _ in range(3)] == [BATCH, 7, 0]
    assert {row["dedup"] for row in await pool.fetch("select dedup from seen")} == {"ann1", "young"}
    assert [await retention.delete_old(table) for table in ages] == [0, 2, 0, 2]
    await pool.execute("update outbox set created_at = now() - interval '31 days'")
    assert await retention.delete_old("outbox") == 2
    assert [row["status"] for row in await pool.fetch("select status from outbox")] == ["sending"]
    assert set(ages) == set(Ages().by_table)


async def test_batches_are_found_by_indexes(pool: PostgresPool) -> None:
    found = {
        "seen": "seen_at",
        "outbox": "outbox_settled",
        "receipt": "receipt_at",
        "dead_letter": "dead_letter_at",
    }
    for table, index in found.items():
        sql = statement(f"delete_{table}").replace("$1", "777600.0").replace("$2", "1000")
        plan = "\n".join(row[0] for row in await pool.fetch(f"explain {sql}"))
        assert re.search(rf"using {index} on|Scan on {index} ", plan), plan
        assert "Seq Scan" not in plan


# ── the rounds ────────────────────────────────────────────────────────


async def test_a_role_that_may_not_create_tables_is_told_once_and_rows_still_go(
    pool: PostgresPool, journal: PostgresJournal, postgres_dsn: str
) -> None:
    await say(journal, "ann", range(1, 3))
    await pool.execute(AGED)
    await pool.execute("update seen set at = now() - interval '10 days'")
    role = f"poor_{postgres_dsn.rpartition('/')[2].partition('?')[0]}"
    await pool.execute(
        f"create role {role} login;"
        f"grant select, insert, update, delete on all tables in schema public to {role}"
    )
    poor_dsn = postgres_dsn.replace("majlis@", f"{role}@")
    assert poor_dsn != postgres_dsn
    try:
        async with (
            open_bridge() as bridge,
            open_postgres_pool(poor_dsn, bridge=bridge, name="test/poor", size=2, settings=SESSION) as poor,
        ):
            retainer = Retainer(Retention(poor, Ages()), Ages())
            with capture_logs() as logs:
                for _ in range(3):
                    await retainer.round()
    finally:
        await pool.execute(f"drop owned by {role}; drop role {role}")
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["step"] for entry in warnings] == ["open periods", "drop a period"]
    assert all("must own the journal's tables" in entry["reason"] for entry in warnings)
    statistics = retainer.statistics()
    assert (statistics.failures, statistics.deleted["seen"]) == (6, 2)


async def test_a_round_does_all_that_is_due_and_sizes_are_summed_over_periods(
    pool: PostgresPool, journal: PostgresJournal, retention: Retention
) -> None:
    await say(journal, "ann", range(1, 4))
    await pool.execute(AGED)
    retainer = Retainer(retention, Ages())
    await retainer.round()
    statistics = retainer.statistics()
    assert (statistics.opened, statistics.dropped, statistics.failures) == (2, 1, 0)
    assert statistics.moved == {"unhandled": 3, "uncovered": 0}
    await pool.execute("analyze")
    await retainer.measure()
    sizes = retainer.sizes
    assert set(sizes.bytes) >= {"inbox", "turn", "seen", "outbox", "conversation", "period"}
    assert not {name for name in sizes.bytes if name.startswith(("inbox_", "turn_"))}
    assert sizes.live_rows["inbox"] == 3
    assert sizes.bytes["inbox"] > sizes.bytes["period"] > 0
    assert set(sizes.dead_rows) == set(sizes.bytes)
