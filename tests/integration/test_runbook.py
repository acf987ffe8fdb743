"""Each section of the runbook, played: the fault is made, its commands show it, what it says is done, and it is over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
import trio

from actors.channels.fake_graph import Faults
from actors.channels.fake_graph.faults import Failure
from runtime.resources.embedded import embedded_postgres
from tests.integration.runbook import Play, pattern, sections
from tests.integration.test_e2e_databases import PATH, family
from tests.integration.test_e2e_supervision import BOT, MENDED
from tests.integration.test_schema_change import given
from tests.integration.world import (
    MARK,
    OWN,
    Majlis,
    World,
    channel,
    open_world,
    person,
    said,
    until,
)


async def replied(world: World, guests: range) -> None:
    """Wait until each of these people got exactly one reply."""

    async def look() -> bool:
        return {person(guest) for guest in guests} <= {sent.to for sent in world.fake.sent()}

    await until(look, 15, "replies")
    for guest in guests:
        assert len([sent for sent in world.fake.sent() if sent.to == person(guest)]) == 1


async def write(majlis: Majlis, guests: range, words: str = "Good evening") -> None:
    for guest in guests:
        assert await majlis.say(OWN, person(guest), f"{words} {MARK}") == 200


async def conversation_of(world: World, guest: int) -> str:
    rows = await world.rows("select conversation from alias where identity = $1", f"wa_id:{person(guest)}")
    return str(rows[0]["conversation"])


def test_the_runbook_has_the_sections_that_alerts_lead_to_each_with_its_parts() -> None:
    book = sections()
    assert list(book) == [
        "replies-stopped",
        "token-expired",
        "lag-grows",
        "disk-full",
        "postgres-away",
        "one-conversation-stuck",
        "wrong-tenant-answered",
        "restart-hangs",
    ]
    for name, parts in book.items():
        assert {"Shows", "Look", "Over", "Not"} <= parts.keys(), name
        assert [part for part in parts if part.startswith("Do")], name
        for part in ("Look", "Over"):
            assert parts[part].commands, name
            assert parts[part].says, name


def test_a_sample_stands_for_other_numbers_and_not_for_other_words() -> None:
    assert pattern("c…  meta:100  idle").search("cabc9  meta:200  idle  x")
    assert not pattern("phase = serving").search("phase = draining")
    assert pattern('{"channel": "…", … "event": "x …').search('{"channel": "a", "code": 1, "event": "x yz"}')


async def test_replies_stopped_while_the_provider_does_not_answer() -> None:
    node = {"send_timeout": 0.4, "uncertain_wait": 1.5}
    async with open_world(node=node) as world:
        play = Play("replies-stopped", world)
        await world.welcomed(world.majlis, person(1))
        await play.shows("Over")
        world.fake.put_faults(Faults(failures=(Failure(delay=3.0),)))
        await write(world.majlis, range(2, 8))
        await world.majlis.logged("sends of a channel wait")
        # Whose send has not been tried goes first to see whether the provider is back: nobody is in doubt a second time.
        await write(world.majlis, range(8, 14))
        await play.shows("Look")
        assert not await play.says("Over")
        world.fake.put_faults(Faults())
        await play.run("Do")
        await play.shows("Over", within=20)
        await replied(world, range(2, 14))


async def test_a_token_that_expired_is_replaced() -> None:
    own = {k: v for k, v in channel(OWN, "palm").items() if k != "access_token"}
    async with open_world(channels=[{**own, "access_token": "old"}], start=False) as world:
        token = world.majlis.home / "access-token"
        facts = dict(world.majlis.facts)
        (one,) = facts["channels"]
        one = {k: v for k, v in one.items() if k != "access_token"}
        world.majlis.write({**facts, "channels": [{**one, "access_token_file": "access-token"}]})
        token.write_text("old")
        await world.majlis.process.start()
        play = Play("token-expired", world)
        await world.welcomed(world.majlis, person(1))
        await play.shows("Over")

        world.fake.put_faults(Faults(expired=(OWN,)))
        await write(world.majlis, range(2, 5))
        await world.majlis.logged("sends of a channel wait")
        await play.shows("Look")
        assert not await play.says("Over")

        graph = world.fake._graph
        graph.accounts = {
            number: msgspec.structs.replace(account, token="new")
            for number, account in graph.accounts.items()
        }
        world.fake.put_faults(Faults())
        token.write_text("new\n")
        await play.run("Do")
        await play.shows("Over")
        await replied(world, range(2, 5))


async def test_lag_that_a_forgotten_transaction_makes() -> None:
    async with open_world() as world:
        play = Play("lag-grows", world)
        await world.welcomed(world.majlis, person(1))
        await play.shows("Over")
        async with world.locked("turn"):
            await write(world.majlis, range(2, 5))
            await play.shows("Look")
            assert not await play.says("Over")
            (row,) = await world.rows(
                "select pid from pg_stat_activity where state = 'idle in transaction' and application_name = ''"
            )
            play.known["PID"] = str(row["pid"])
            await play.run("Do")
            await play.shows("Over", within=15)
        await replied(world, range(2, 5))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a database and little else."""
    if os.geteuid():
        pytest.skip("a small disk can be mounted by root only")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=160m,mode=711", "small", str(place)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S603, S607


async def test_a_disk_that_is_full(small_disk: Path, tmp_path: Path) -> None:
    async with open_world(start=False) as world:
        majlis = world.majlis
        majlis.write({**majlis.facts, "data_dir": str(small_disk / "data")})
        majlis.settings = msgspec.structs.replace(majlis.settings, data_dir=small_disk / "data")
        majlis.process = majlis.another()
        await majlis.process.start()
        play = Play("disk-full", world, ELSEWHERE=str(tmp_path))
        await world.welcomed(majlis, person(1))
        await play.shows("Over")
        assert not await play.says("Look")

        fill(small_disk / "data" / "backup" / "before-20260101-000000-x.majlis")

        async def refused() -> bool:
            status, _ = await majlis.readiness()
            return status == 503 and await majlis.say(OWN, person(2), MARK + "x" * 50_000) == 503

        async with trio.open_nursery() as nursery:
            nursery.start_soon(until, refused, 20)
            nursery.start_soon(_write_ahead, world)
        await play.shows("Look", within=20)
        assert not await play.says("Over")
        await play.run("Do")
        await play.shows("Over", within=25)

        async def taken() -> bool:
            return await majlis.say(OWN, person(3), f"And now {MARK}") == 200

        await until(taken, 15)
        await replied(world, range(3, 4))


def fill(path: Path) -> None:
    """Write a file until there is no room."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        try:
            while True:
                file.write(bytes(1_000_000))
                file.flush()
        except OSError:
            return


async def _write_ahead(world: World) -> None:
    """Let the database need a new file for its log of changes, as hours of traffic would."""
    for _ in range(3):
        with trio.move_on_after(3):
            try:
                await world.rows("select pg_switch_wal(), pg_logical_emit_message(false, 'x', 'x')")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return  # it has ended under it


async def test_postgres_away_and_back(tmp_path_factory: pytest.TempPathFactory, redis_dsn: str) -> None:
    place = tmp_path_factory.mktemp("postgres")
    for parent in (place, place.parent, place.parent.parent):
        parent.chmod(0o711)
    async with embedded_postgres(place, environ=PATH) as server, open_world(server.dsn, redis_dsn) as world:
        play = Play("postgres-away", world)
        await world.welcomed(world.majlis, person(1))
        await play.shows("Over")
        pids = family(server.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await play.shows("Look")
            assert not await play.says("Over")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        await play.shows("Over")
        await world.welcomed(world.majlis, person(2))


async def test_conversations_that_are_stuck_with_a_fix_and_without() -> None:
    node = {"max_attempts": 2, "restart_window": 60.0, "poll_interval": 0.3}
    async with open_world(start=False, node=node) as world:
        majlis = world.majlis
        await given(majlis, BOT).start()
        play = Play("one-conversation-stuck", world)
        await play.shows("Over")
        assert await majlis.say(OWN, person(1), f"poison {MARK}") == 200
        assert await majlis.say(OWN, person(2), f"poison {MARK}") == 200
        await majlis.logged("conversation parked", times=2, within=15)
        play.known["C"] = await conversation_of(world, 1)
        await play.shows("Look")
        assert not await play.says("Over")
        assert play.known["C"] in await play.run("Do, without one")

        assert await majlis.process.stop() == 0
        await given(majlis, MENDED).start()
        play.known["C"] = await conversation_of(world, 2)
        await play.run("Do, with a fix")
        await play.shows("Over")
        await replied(world, range(2, 3))


async def test_somebody_was_answered_on_behalf_of_another_tenant() -> None:
    async with open_world(channels=[channel(OWN, "marina")]) as world:
        play = Play("wrong-tenant-answered", world, NUMBER=person(1))
        await world.welcomed(world.majlis, person(1))
        play.known["C"] = await conversation_of(world, 1)
        await play.shows("Look")
        assert not await play.says("Over")

        facts = dict(world.majlis.facts)
        world.majlis.write({**facts, "channels": [{**one, "tenant": "palm"} for one in facts["channels"]]})
        await play.run("Do")
        await world.welcomed(world.majlis, person(1))
        await play.shows("Over")
        first, second = (said(sent) for sent in world.fake.sent())
        assert "Marina Homes" in first
        assert "Palm Homes" in second


async def test_a_restart_that_hangs() -> None:
    node = {"turn_timeout": 30.0, "shutdown_timeout": 60.0}
    async with open_world(start=False, node=node) as world:
        majlis = world.majlis
        await given(majlis, BOT).start()
        play = Play("restart-hangs", world)
        await play.shows("Over")
        assert await majlis.say(OWN, person(1), f"hang {MARK}") == 200

        async def busy() -> bool:
            return bool((await majlis.statistics())["postgres_turns"]["busy"])

        await until(busy)  # a turn that has only been asked for would not begin any more
        majlis.signal(signal.SIGTERM)
        first = trio.current_time()
        await play.shows("Look")
        assert not await play.says("Over")
        assert trio.current_time() - first > 1.0  # sooner, it counts as the same signal
        await play.run("Do")

        async def ended() -> bool:
            return majlis.process.exit_code is not None

        await until(ended, 15)
        assert majlis.process.exit_code == 143
        await given(majlis, MENDED).start()
        await play.shows("Over")
        await replied(world, range(1, 2))
