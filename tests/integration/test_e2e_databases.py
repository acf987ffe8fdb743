"""A real `serve` whose databases are stopped under it: it says so, parks nobody, and goes on when they are back."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
import trio

from actors.channels.fake_graph import Faults
from runtime.resources.embedded import embedded_postgres, embedded_redis
from tests.integration.outages import family, frozen
from tests.integration.world import MARK, OWN, World, open_world, person, until

PATH = {"PATH": os.environ["PATH"]}
#: What a provider waits for an answer; Majlis must have said 503 by then.
PROMPTLY = 2.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A data directory for servers of this test's own, which run as another user where we are root."""
    with tempfile.TemporaryDirectory(prefix="majlis-e2e-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def refused_promptly(world: World, first: int) -> None:
    """Assert that webhooks are answered 503 in time, two in a row, then twenty at once; and that /readyz says so."""

    async def knock(guest: int) -> None:
        began = trio.current_time()
        assert await world.majlis.say(OWN, person(guest), f"Is anybody there {MARK}") == 503
        assert trio.current_time() - began < PROMPTLY

    await knock(first)
    await knock(first + 1)
    await not_ready(world)
    async with trio.open_nursery() as nursery:
        for guest in range(first + 2, first + 22):
            nursery.start_soon(knock, guest)


async def not_ready(world: World) -> None:
    """Wait until /readyz says that Postgres is the reason for which nothing should be sent here."""

    async def look() -> bool:
        status, facts = await world.majlis.readiness()
        return status == 503 and facts["checks"]["postgres"]["status"] == "fail"

    await until(look, 5)


async def ready(world: World) -> None:
    """Wait until /readyz is 200."""

    async def look() -> bool:
        return (await world.majlis.readiness())[0] == 200

    await until(look, 5)


async def taken_again(world: World, sender: str) -> None:
    """Wait until somebody who tries again and again, as a provider does, is answered 200."""

    async def knock() -> bool:
        return await world.majlis.say(OWN, sender, f"And now {MARK}", f"wamid.again.{sender}") == 200

    await until(knock, 10)


async def acknowledged(world: World, guests: range) -> None:
    """Let people write, to whom the provider is slow to carry the replies."""
    for guest in guests:
        assert await world.majlis.say(OWN, person(guest), f"Good evening {MARK}") == 200


async def all_answered_once(world: World, guests: range, *others: str) -> None:
    """Wait until each of these people got one reply, and nobody any other; and that no turn was blamed."""
    wanted = sorted([*(person(guest) for guest in guests), *others])

    async def look() -> bool:
        return world.fake.last_index >= len(wanted)

    await until(look, 20)
    await world.handled(len(wanted))
    assert sorted(sent.to for sent in world.fake.sent()) == wanted
    cells = (await world.majlis.statistics())["cells"]
    assert (cells["faults"], cells["busy"]) == (0, 0)
    assert world.majlis.process.lives == 1


@pytest.mark.parametrize("how", ["frozen", "stopped"])
async def test_postgres_away_is_503_within_two_seconds_and_back_is_200_without_a_restart(
    how: str, place: Path, redis_dsn: str
) -> None:
    slow = Faults(latency=0.5)
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(AsyncExitStack())
        server = await started.enter_async_context(embedded_postgres(place, environ=PATH))
        world = await stack.enter_async_context(open_world(server.dsn, redis_dsn, faults=slow))
        await acknowledged(world, range(30))
        if how == "frozen":
            with frozen(family(server.pid)):
                await refused_promptly(world, 100)
        else:
            await started.aclose()
            await refused_promptly(world, 100)
            await started.enter_async_context(embedded_postgres(place, environ=PATH))
        await taken_again(world, person(50))
        if how == "frozen":
            # What was waiting to be stored when the machine froze may be stored when it thaws: nobody was told it is not
            # welcome, only that it should come again.
            came = await world.rows(
                "select address from conversation where address >= $1", f"wa_id:{person(100)}"
            )
            others = [row["address"].removeprefix("wa_id:") for row in came]
        else:
            others = []
        await all_answered_once(world, range(30), person(50), *others)
        await ready(world)


@pytest.mark.parametrize("how", ["frozen", "stopped", "never there"])
async def test_redis_away_costs_readiness_a_word_and_nobody_anything(
    how: str, place: Path, postgres_dsn: str
) -> None:
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(AsyncExitStack())
        server = await started.enter_async_context(embedded_redis(place, environ=PATH))
        if how == "never there":
            await started.aclose()
        world = await stack.enter_async_context(open_world(postgres_dsn, server.dsn))
        if how == "frozen":
            stack.enter_context(frozen(family(server.pid)))
        else:
            await started.aclose()

        async def degraded() -> bool:
            status, facts = await world.majlis.readiness()
            return status == 200 and facts["ready"] and facts["checks"]["redis"]["status"] == "degraded"

        await until(degraded, 5)
        for guest in range(5):
            began = trio.current_time()
            await world.welcomed(world.majlis, person(guest))
            assert trio.current_time() - began < 1.0
        await all_answered_once(world, range(5))


async def test_an_embedded_postgres_that_is_killed_is_started_again(redis_dsn: str) -> None:
    async with open_world(redis=redis_dsn) as world:
        await world.welcomed(world.majlis, person(1))
        cluster = world.majlis.settings.data_dir / "postgres" / "data"
        killed = int((cluster / "postmaster.pid").read_text().split()[0])
        os.kill(killed, signal.SIGKILL)
        await taken_again(world, person(2))
        await all_answered_once(world, range(1, 3))
        await ready(world)
        assert int((cluster / "postmaster.pid").read_text().split()[0]) != killed


@pytest.mark.parametrize("how", ["frozen", "stopped"])
async def test_hints_between_replicas_come_again_after_redis_was_away_and_meanwhile_the_poll_finds_all(
    how: str, place: Path, postgres_dsn: str
) -> None:
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(AsyncExitStack())
        server = await started.enter_async_context(embedded_redis(place, environ=PATH))
        world = await stack.enter_async_context(open_world(postgres_dsn, server.dsn))
        holder, other = world.majlis, world.beside()
        await other.process.start()
        guests = iter(range(1000))

        async def heard() -> int:
            return int((await holder.statistics())["wakeups"]["heard"])

        async def hinted() -> bool:
            before = await heard()
            await world.welcomed(other, person(next(guests)))
            return await heard() > before

        await until(hinted, 15)
        with ExitStack() as ice:
            if how == "frozen":
                ice.enter_context(frozen(family(server.pid)))
            else:
                await started.aclose()
            for _ in range(3):
                await world.welcomed(other, person(next(guests)))
        if how == "stopped":
            await started.enter_async_context(embedded_redis(place, environ=PATH))
        await until(hinted, 15)
        came = next(guests)
        await world.handled(came)
        assert sorted(sent.to for sent in world.fake.sent()) == [person(guest) for guest in range(came)]
        assert [one.process.lives for one in world.all] == [1, 1]
