"""The page of a real `serve` is the table: no row is missing, nothing else is there, and what happens is seen in it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping

import trio
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from actors.estate import app
from runtime.journal.desk import Desk
from runtime.journal.migrations import migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from runtime.serve.health import PHASES
from runtime.serve.metric_table import METRICS
from tests.integration.test_journal_conformance import arrival, turn
from tests.integration.world import MARK, OWN, Majlis, open_world, person, until
from tests.unit.alert_rules import FILE, asked, parse

TABLE = (*METRICS, *app.metrics)
#: Of these there is a sample only once there is something to tell.
SILENT = {
    "majlis_queue_lag_seconds",
    "majlis_webhook_dropped_total",
    "majlis_embedded_restarts_total",  # of servers that are not ours
    *(f"majlis_models_{what}" for what in ("questions_total", "circuit_open", "circuit_openings_total")),
}


async def page_of(majlis: Majlis) -> Mapping[str, tuple[str, str, list[Sample]]]:
    """Return type, meaning and samples by the name of each metric on the page."""
    families = text_string_to_metric_families(await majlis.page("/metrics"))
    return {
        family.name + "_total" * (family.type == "counter"): (
            family.type,
            family.documentation,
            family.samples,
        )
        for family in families
    }


async def test_the_page_and_the_table_are_the_same_and_every_alert_finds_its_series(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        await world.welcomed(world.majlis, person(1))

        async def measured() -> bool:
            return await world.majlis.metric("majlis_tables_bytes", table="inbox") > 0

        await until(measured)
        page = await page_of(world.majlis)
        assert {name: shown[:2] for name, shown in page.items()} == {
            row.name: (row.kind, row.meaning) for row in TABLE
        }
        for row in TABLE:
            samples = page[row.name][2]
            assert samples or row.name in SILENT, f"{row.name} has no sample"
            buckets = {"le"} if row.kind == "histogram" else set()
            assert all(sample.labels.keys() - buckets == set(row.labels) for sample in samples), row.name
        series = {sample.name for _, _, samples in page.values() for sample in samples} | SILENT | {"up"}
        for alert in parse(FILE.read_text()):
            assert {selector.series for selector in asked(alert.expr).selectors} <= series, alert.name


async def test_what_happens_is_counted_where_an_operator_looks_for_it(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        majlis = world.majlis
        await world.welcomed(majlis, person(1))
        assert await majlis.post(b"{}", secret="guessed") == 401
        assert await majlis.metric("majlis_ack_seconds_count", status="2xx") >= 1
        assert await majlis.metric("majlis_ack_seconds_count", status="4xx") == 1
        assert await majlis.metric("majlis_turns_total", outcome="done") == 1
        assert await majlis.metric("majlis_turn_seconds_count") == 1
        assert await majlis.metric("majlis_effects_total", outcome="accepted") >= 1
        assert await majlis.metric("majlis_leases_held") == 128
        assert (
            await majlis.metric("majlis_phase", phase="serving") == await majlis.metric("majlis_phase") == 1
        )
        assert await majlis.metric("majlis_ready") == 1
        assert await majlis.metric("majlis_circuit_open") == 0
        assert await majlis.metric("majlis_info", app="estate") == 1
        assert 0 < await majlis.metric("process_open_fds") < await majlis.metric("process_max_fds")
        assert await majlis.metric("process_resident_memory_bytes") > 10_000_000
        began = await majlis.metric("process_start_time_seconds")
        now = float(await world.number("select extract(epoch from now())::bigint"))
        assert now - 60 < began <= now + 1

        await world.rows(
            "update shards set owner = 'somebody else', lease_until = now() + interval '1 minute'"
        )

        async def stands_by() -> bool:
            return await majlis.metric("majlis_leases_held") == 0

        await until(stands_by)
        assert await majlis.metric("majlis_leases_lost_total") == 128
        assert await majlis.say(OWN, person(1), f"waits {MARK}") == 200

        async def lags() -> bool:
            return await majlis.metric("majlis_queue_lag_seconds") > 0.2

        await until(lags, 15, "a lag in the metrics")
        shown = (await page_of(majlis))["majlis_queue_lag_seconds"][2]
        shard = await world.number("select shard from conversation where done_seq < next_seq - 1")
        assert [sample.labels for sample in shown] == [{"shard": str(shard)}]


async def test_the_phase_of_a_stop_is_shown_while_it_lasts(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_world(postgres_dsn, redis_dsn, node={"ready_delay": 1.0}) as world:
        majlis = world.majlis

        async def draining() -> bool:
            return await majlis.metric("majlis_phase", phase=PHASES[3]) == 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(majlis.process.stop)
            await until(draining)
            assert await majlis.metric("majlis_ready") == 0
            assert await majlis.metric("majlis_phase") == 1
        assert majlis.process.exit_code == 0


async def test_an_embedded_server_that_ends_by_itself_is_counted() -> None:
    async with open_world() as world:
        majlis = world.majlis
        assert await majlis.metric("majlis_embedded_restarts_total", server="redis") == 0
        lines = [json.loads(line) for line in majlis.log.splitlines()]
        (pid,) = [line["pid"] for line in lines if line.get("server") == "redis" and "pid" in line]
        os.kill(pid, signal.SIGKILL)

        async def restarted() -> bool:
            return await majlis.metric("majlis_embedded_restarts_total", server="redis") == 1

        await until(restarted)
        assert await majlis.metric("majlis_embedded_restarts_total", server="postgres") == 0

        async def well() -> bool:
            return await majlis.metric("majlis_check_ok", check="redis") == 1

        await until(well)


async def test_the_lag_is_that_of_the_oldest_event_that_may_be_handled(postgres_dsn: str) -> None:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="test/lag", size=2, settings=SESSION) as pool,
    ):
        await migrate(pool, {"journal": migrations()})
        journal, desk = PostgresJournal(pool, replica="one", salt=b"x"), Desk(pool)
        assert await desk.queue_lag() == {}
        stored = (await journal.ingest([arrival(f"m{n}", f"id:{n}") for n in range(4)])).events
        done, parked, young, old = stored
        await journal.ingest([arrival("m9", "id:3")])
        await pool.execute(
            "update inbox set received_at = now() - make_interval(secs => 100 * (1 + mod(seq, 2)))"
            " where conversation = $1",
            old.conversation,
        )
        await pool.execute(
            "update inbox set received_at = now() - interval '1 hour' where conversation = any($1::text[])",
            [done.conversation, parked.conversation],
        )
        await journal.commit([turn(done, 1)])
        await pool.execute("update conversation set parked = true where id = $1", parked.conversation)
        lag = await desk.queue_lag()
        assert lag.keys() == {young.shard, old.shard}
        assert 200 <= lag[old.shard] < 210
        if young.shard != old.shard:
            assert lag[young.shard] < 10
