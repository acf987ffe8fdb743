"""Real `serve` processes: stopped, killed, reloaded, side by side, and refused when they may not run."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
import trio

from actors.channels.fake_graph import Faults
from actors.simulate import Plan
from runtime.drill.process import ServeFailed
from runtime.resources.children import processes_in
from tests.integration.world import (
    CHANNELS,
    MARK,
    OWN,
    SHARED,
    TENANTS,
    Majlis,
    World,
    channel,
    open_world,
    own_channels,
    person,
    said,
    until,
)

PLAN = Plan(
    people=80,
    messages=5,
    channels=10,
    duplicates=0.2,
    shuffle=True,
    batch=20,
    concurrency=4,
    linger=0.2,
)
NODE = {"send_timeout": 1.5, "uncertain_wait": 3.0, "lease_ttl": 2.0}


async def sent(world: World, count: int) -> None:
    """Wait until the provider has accepted so many messages."""
    while world.fake.last_index < count:
        await world.fake.wait_sent(world.fake.last_index, timeout=1)


async def held(majlis: Majlis) -> int:
    """Return how many shards a server holds."""
    return int((await majlis.statistics())["leases"]["held"])


async def takes_over(majlis: Majlis) -> None:
    """Wait until a server holds all shards; a lease's life and two seconds is what that may take."""

    async def look() -> bool:
        return await held(majlis) == 128

    await until(look, NODE["lease_ttl"] + 2.0)


async def test_sigterm_under_load_ends_with_zero_and_leaves_nothing_behind_but_work_for_the_next_life() -> (
    None
):
    async with open_world(channels=own_channels(10), node=NODE) as world:
        majlis = world.majlis
        data_dir = majlis.settings.data_dir

        async def restart() -> None:
            await sent(world, 100)
            assert await majlis.process.stop() == 0
            for name in ("postgres/data", "redis"):
                assert not list(processes_in(data_dir / name, ("postgres", "valkey-server", "redis-server")))
            assert not [path for path in data_dir.rglob("*") if path.is_socket()]
            await majlis.process.start()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(restart)
            verdict = await world.simulate(PLAN)
        assert (verdict.ok, verdict.replied, verdict.doubled_in_flight) == (True, 400, 0), verdict.table()
        assert '"code": 0' in majlis.log


async def test_a_second_process_stands_by_and_takes_over_from_one_that_is_killed_or_stopped(
    postgres_dsn: str, redis_dsn: str
) -> None:
    channels = own_channels(10)
    async with open_world(
        postgres_dsn, redis_dsn, channels=channels, node=NODE, statuses_to_second=True
    ) as world:
        first, second = world.majlis, world.beside()
        await second.process.start()
        assert await held(first) == 128
        assert await held(second) == 0
        await world.welcomed(second, person(1), "100200300400000")
        [row] = await world.rows("select distinct replica from turn")
        assert row["replica"] == (await first.operate("status"))["replica"]

        async def kill() -> None:
            await sent(world, 100)
            await first.process.kill()

            await takes_over(second)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(kill)
            verdict = await world.simulate(replace(PLAN, webhook_url=second.url))
        assert (verdict.ok, verdict.replied, verdict.doubled_in_flight) == (True, 400, 0), verdict.table()

        await first.process.start()
        assert await held(first) == 0
        before = world.fake.last_index

        async def stop() -> None:
            await sent(world, before + 100)
            assert await second.process.stop() == 0

            await takes_over(first)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            verdict = await world.simulate(replace(PLAN, webhook_url=first.url))
        assert (verdict.ok, verdict.replied, verdict.doubled_in_flight) == (True, 400, 0), verdict.table()


async def test_a_process_that_froze_in_the_middle_of_turns_is_fenced_when_it_wakes(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, node=NODE, statuses_to_second=True) as world:
        first, second = world.majlis, world.beside()
        await second.process.start()

        async def stuck(server: Majlis, what: str, number: str, least: int) -> None:
            async def look() -> bool:
                return int((await server.statistics())[what][number]) >= least

            await until(look, 4)

        async with world.locked("turn"):  # no turn can commit: one is on its way, the others queue behind it
            assert await first.say(OWN, person(0), f"Good evening {MARK}") == 200
            for guest in range(1, 11):
                assert await first.say(OWN, person(guest), f"Good evening {MARK}") == 200
            await stuck(first, "commits", "waiting", 5)
            first.signal(signal.SIGSTOP)
            await takes_over(second)
            await stuck(second, "cells", "busy", 5)
        await world.handled(11)
        first.signal(signal.SIGCONT)
        await first.logged("shards lost")
        await first.logged("turn fenced")

        async def all_sent() -> bool:
            return world.fake.last_index >= 11

        await until(all_sent, 10)
        assert sorted(sent.to for sent in world.fake.sent()) == [person(guest) for guest in range(11)]
        assert await world.number("select count(*) from turn") == 11


async def test_a_stop_that_runs_out_of_time_says_so_gives_its_leases_back_and_doubles_nothing(
    postgres_dsn: str, redis_dsn: str
) -> None:
    node = {"shutdown_timeout": 2.0, "send_timeout": 30.0, "uncertain_wait": 31.0}
    async with open_world(postgres_dsn, redis_dsn, node=node, faults=Faults(latency=60.0)) as world:
        assert await world.majlis.say(OWN, person(1), f"Good evening {MARK}") == 200
        await world.fake.wait_sent()
        began = trio.current_time()
        assert await world.majlis.process.stop() == 3
        assert trio.current_time() - began < 4.0
        assert await world.number("select count(*) from shards where owner is not null") == 0

        world.fake.put_faults(Faults())
        await world.majlis.process.start()

        async def settled() -> bool:
            return await world.number("select count(*) from outbox where status = 'done'") == 1

        await until(settled, 10)
        assert world.fake.last_index == 1


async def test_sighup_takes_new_tenants_and_channels_and_disables_those_that_left(
    postgres_dsn: str, redis_dsn: str
) -> None:
    new, tenant = (
        "100200300400077",
        {"id": 9, "slug": "cedar", "name": "Cedar Homes", "default_language": "en"},
    )
    async with open_world(postgres_dsn, redis_dsn) as world:
        majlis = world.majlis
        api = {"api_url": majlis.settings.channels[0].api_url}
        assert await majlis.say(new, person(1), f"too early {MARK}") == 200
        assert await majlis.metric("majlis_webhook_dropped_total", reason="unknown_channel") == 1

        tenants, channels = [*TENANTS, tenant], [channel(new, "cedar", **api), channel(OWN, "palm", **api)]
        majlis.write({**majlis.facts, "tenants": tenants, "channels": channels})
        majlis.signal(signal.SIGHUP)
        await majlis.logged("settings reloaded")
        await world.welcomed(majlis, person(1), new)
        [welcome] = world.fake.sent()
        assert "Cedar Homes" in said(welcome)

        assert await majlis.say(SHARED, person(2), "TENANT_2") == 200
        assert await majlis.metric("majlis_webhook_dropped_total", reason="unknown_channel") == 2
        rows = await world.rows("select id, status from channels")
        assert {tuple(row) for row in rows} == {(new, "active"), (OWN, "active"), (SHARED, "disabled")}

        majlis.write({**majlis.facts, "tenants": tenants, "channels": [channel(new, "ceder", **api)]})
        majlis.signal(signal.SIGHUP)
        await majlis.logged("settings not reloaded")
        assert "channels[0].tenant" in majlis.log
        await world.welcomed(majlis, person(3), OWN)
        await world.welcomed(majlis, person(4), new)

        majlis.write({**majlis.facts, "channels": [{**one, **api} for one in CHANNELS]})
        majlis.signal(signal.SIGHUP)
        await majlis.logged("settings reloaded", times=2)
        await world.welcomed(majlis, person(5), SHARED)
        assert await world.number("select count(*) from channels where status = 'disabled'") == 1
        assert await world.number("select count(*) from tenants where status = 'disabled'") == 1


async def test_a_program_older_than_the_schema_refuses_by_name(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        assert await world.majlis.process.stop() == 0
        await world.rows(
            "insert into schema_version(namespace, version, name, checksum) values ('journal', 99, 'from_tomorrow', 'x')"
        )
        with pytest.raises(ServeFailed, match="ended with 1") as refusal:
            await world.majlis.process.start()
        assert "journal: the database is at migration 99 (from_tomorrow)" in str(refusal.value)


async def test_a_second_serve_on_the_same_data_directory_refuses_by_name(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        second = world.majlis.another()
        with pytest.raises(ServeFailed, match="ended with 1") as refusal:
            await second.start()
        holder = (
            f"{world.majlis.settings.data_dir} is in use by another serve (pid {world.majlis.process.pid})"
        )
        assert holder in str(refusal.value)
        await world.welcomed(world.majlis, person(1))
