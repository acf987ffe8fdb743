"""The simulator looks at the databases' own view of connections, and finds out who opens one for each message."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import asyncpg
import pytest
import trio

from actors.simulate.sampling import Record, picture_beside, recording
from config import Settings, load
from runtime.drill.connections import LISTENING, open_view, pool_size
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.redis import open_redis_pool
from tests.integration.world import majlis_command

JOURNAL, TURNS, REDIS = "majlis/r-1/journal", "majlis/r-1/turns", "majlis/r-1"


def settings_of(postgres_dsn: str, redis_dsn: str, tmp_path: Path) -> Settings:
    urls = {"MAJLIS_POSTGRES_URL": postgres_dsn, "MAJLIS_REDIS_URL": redis_dsn}
    return load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path), "HOME": str(tmp_path), **urls})


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory through which servers can pass that run as another user."""
    with tempfile.TemporaryDirectory(prefix="majlis-flood-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def looked(record: Record, times: int) -> None:
    """Wait for so many looks more."""
    wanted = record.usage().samples + times
    with trio.fail_after(20):
        while record.usage().samples < wanted:
            await trio.sleep(0.01)


async def test_pools_that_are_used_over_and_over_are_right(
    postgres_dsn: str, redis_dsn: str, tmp_path: Path
) -> None:
    settings = settings_of(postgres_dsn, redis_dsn, tmp_path)
    messages = 0
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, name=JOURNAL, bridge=bridge, size=3) as postgres,
        open_redis_pool(redis_dsn, name=REDIS, bridge=bridge, size=2) as redis,
        redis.subscribe("anything"),
        recording(settings, lambda: messages) as record,
        trio.open_nursery() as nursery,
    ):

        async def work() -> None:
            nonlocal messages
            while True:
                await postgres.fetch("select pg_sleep(0.01)")
                await redis.command("PING")
                messages += 1

        for _ in range(5):
            nursery.start_soon(work)
        await looked(record, 30)
        nursery.cancel_scope.cancel()
    usage = record.usage()
    assert usage.ok, usage.rows()
    assert {pool.label: (pool.highest, pool.size) for pool in usage.pools} == {
        "journal": (3, 8),
        "Redis": (2, 10),
        "Redis (listening)": (1, 1),
    }
    assert usage.messages > 0
    file = tmp_path / "connections.json"
    record.write(file)
    kept = json.loads(file.read_bytes())
    assert (kept["ok"], len(kept["series"])) == (True, usage.samples)
    assert max(sample.get(JOURNAL, 0) for sample in kept["series"]) == 3
    ET.parse(picture_beside(file))  # noqa: S314 - our own


async def test_a_connection_for_each_message_is_found_out(
    postgres_dsn: str, redis_dsn: str, tmp_path: Path
) -> None:
    settings = settings_of(postgres_dsn, redis_dsn, tmp_path)

    async def one_each() -> None:
        connection = await asyncpg.connect(postgres_dsn, server_settings={"application_name": TURNS})
        await asyncio.sleep(0.02)
        await connection.close()

    with trio.fail_after(30):
        async with open_bridge() as bridge, recording(settings, lambda: 1) as record:
            while record.usage().replaced < 5:
                await bridge.run(one_each)
    [pool] = record.usage().pools
    assert (pool.label, pool.size) == ("turns", 4)
    assert pool.highest <= 4
    assert not record.usage().ok


async def test_the_view_says_what_each_connection_is_at(
    postgres_dsn: str, redis_dsn: str, tmp_path: Path
) -> None:
    settings = settings_of(postgres_dsn, redis_dsn, tmp_path)
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, name=TURNS, bridge=bridge, size=1) as postgres,
        open_redis_pool(redis_dsn, name=REDIS, bridge=bridge, size=1) as redis,
        open_view(settings) as view,
        trio.open_nursery() as nursery,
    ):

        async def states() -> dict[str, str]:
            return {one.name: one.state for one in await view.look()}

        async def turn_to(wanted: dict[str, str]) -> None:
            with trio.fail_after(10):
                while await states() != wanted:
                    await trio.sleep(0.01)

        async with postgres.transaction():
            await turn_to({TURNS: "idle in transaction"})
        nursery.start_soon(partial(redis.command, "BLPOP", "nothing", 30, timeout=30))
        await turn_to({TURNS: "idle", REDIS: "blocked"})
        async with redis.subscribe("anything"):
            await turn_to({TURNS: "idle", REDIS: "blocked", REDIS + LISTENING: "idle"})
        assert [pool_size(name, settings) for name in (JOURNAL, TURNS, REDIS, REDIS + LISTENING)] == [
            8,
            4,
            10,
            1,
        ]
        nursery.cancel_scope.cancel()


async def test_a_flood_of_deep_links_opens_no_connections_and_welcomes_each_once(place: Path) -> None:
    """The command of the README at its smallest: a server of its own, on channels of its own."""
    file = place / "flood.json"
    words = "simulate --demo --mps 1000 --deep-links --people 300 --messages 1 --channels 20 --concurrency 16 --json"
    environ = {"HOME": str(place), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    with trio.fail_after(90):
        ended = await trio.run_process(
            [
                *majlis_command(),
                *words.split(),
                "--connections",
                str(file),
                "--data-dir",
                str(place / "data"),
            ],
            capture_stdout=True,
            env=environ,
            check=False,
        )
    verdict = json.loads(ended.stdout)
    assert (ended.returncode, verdict["ok"]) == (0, True), verdict
    assert (verdict["acknowledged"], verdict["handled"], verdict["replied"], verdict["doubled"]) == (
        300,
        300,
        300,
        0,
    )
    kept = json.loads(file.read_bytes())
    assert {pool["label"] for pool in kept["pools"]} == {"journal", "turns", "Redis", "Redis (listening)"}
    assert (kept["messages"], kept["ok"]) == (300, True)
    ET.parse(picture_beside(file))  # noqa: S314 - our own
