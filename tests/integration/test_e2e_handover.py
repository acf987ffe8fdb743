"""People take over from the bot of real servers, at random instants of a storm of replies: the provider's log judges."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import httpx
import msgspec
import trio

from actors.channels.fake_graph import Faults
from actors.messages import Text
from runtime.journal.handover import settle
from runtime.journal.ledger import postgres_of
from runtime.journal.postgres_handover import PostgresHandover
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from runtime.testing import Faults as Slow
from runtime.testing import fault_proxy
from tests.integration.world import MARK, OWN, Majlis, World, open_world, person, until

NODE = {"send_timeout": 1.5, "uncertain_wait": 3.0, "lease_ttl": 2.0}
BY_HAND = f"by hand {MARK}"


class Silence(NamedTuple):
    """What the provider had taken when a person's bot was silent at last, and when it was let speak again."""

    to: str
    first: int
    last: int


class Desk:
    """Operators of a world; `silences` are what they relied on."""

    def __init__(self, world: World, handover: PostgresHandover) -> None:
        self.world, self.handover = world, handover
        self.silences: list[Silence] = []
        self._keys = 0

    async def conversation(self, to: str) -> str:
        """Return the conversation of a person, once there is one."""

        async def look() -> str:
            rows = await self.world.rows("select conversation from alias where identity = $1", f"wa_id:{to}")
            return str(rows[0][0]) if rows else ""

        return await until(look)

    async def write(self, name: str) -> None:
        """Send a text by hand."""
        self._keys += 1
        expires = datetime.now(UTC) + timedelta(hours=1)
        payload = msgspec.json.encode(Text(BY_HAND))
        await self.handover.send(name, payload, by="sara", key=f"k{self._keys}", expires=expires)

    async def take_over(self, to: str, words: int, within: float = 15.0) -> None:
        """Pause a person's bot, write some texts, and give the conversation back when they have arrived."""
        name = await self.conversation(to)
        done = await settle(
            self.handover, await self.handover.pause(name, by="sara", why="drill"), within=within
        )
        assert done.in_flight == 0, "a send did not come to its end"
        first = self.world.fake.last_index
        for _ in range(words):
            await self.write(name)

        async def arrived() -> bool:
            return len(self.said_by_hand(to, first)) == words

        await until(arrived, 15, "what was written by hand")
        self.silences.append(Silence(to, first, self.world.fake.last_index))
        assert (await self.handover.resume(name, by="sara")).outcome == "resumed"

    def said_by_hand(self, to: str, after: int) -> list[int]:
        """Return the places of texts written by hand among what a person got."""
        got = self.world.fake.sent(after, to=to)
        return [one.index for one in got if BY_HAND in bytes(one.body).decode()]

    def check(self) -> None:
        """Assert that in each silence a person got what was written by hand, and nothing else."""
        for silence in self.silences:
            got = [
                one for one in self.world.fake.sent(silence.first, to=silence.to) if one.index <= silence.last
            ]
            strange = [one.index for one in got if BY_HAND not in bytes(one.body).decode()]
            assert not strange, f"the bot spoke in {silence}: {strange}"


@asynccontextmanager
async def far_world(
    postgres: str, redis: str, *, latency: float, faults: Faults | None = None
) -> AsyncIterator[tuple[World, Majlis]]:
    """Two servers on one database; sends travel for a while before the provider has them, and so do its answers."""
    async with open_world(postgres, redis, node=NODE, faults=faults, start=False) as world:
        target = (world.majlis.settings.server.host, 8082)
        async with fault_proxy(target, faults=Slow(latency=latency)) as proxy:
            for one in world.majlis.facts["channels"]:
                one["api_url"] = proxy.url(one["api_url"])
            world.majlis.write(world.majlis.facts)
            other = world.beside()
            await world.majlis.process.start()
            await other.process.start()
            yield world, other
            for one in world.all:
                if one.process.exit_code is None:
                    assert await one.process.stop() == 0, one.log


@asynccontextmanager
async def desk_of(world: World) -> AsyncIterator[Desk]:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_of(world.majlis.settings), bridge=bridge, name="test/desk", size=4
        ) as pool,
    ):
        yield Desk(world, PostgresHandover(pool))


async def talk(world: World, to: str, until_set: trio.Event, dice: Random) -> None:
    """Write to the bot again and again, to any server that answers."""
    while not until_set.is_set():
        server = dice.choice(world.all)
        with suppress(httpx.TransportError):  # it was killed
            await server.say(OWN, to, f"hello {MARK} {dice.random()}")
        await trio.sleep(dice.uniform(0.01, 0.15))


async def test_after_a_pause_the_provider_takes_nothing_of_the_bot_until_it_is_resumed(
    postgres_dsn: str, redis_dsn: str
) -> None:
    dice = Random(7)
    people = [person(number) for number in range(12)]
    odd = Faults(hang_up_probability=0.02)
    async with far_world(postgres_dsn, redis_dsn, latency=0.1, faults=odd) as (world, _other):
        over = trio.Event()
        async with desk_of(world) as desk, trio.open_nursery() as storm:
            for to in people:
                storm.start_soon(talk, world, to, over, Random(to))

            async def take_turns(to: str) -> None:
                for _ in range(4):
                    await trio.sleep(dice.uniform(0.1, 1.0))
                    await desk.take_over(to, words=1 + dice.randrange(3))

            async with trio.open_nursery() as desks:
                for to in people[:8]:
                    desks.start_soon(take_turns, to)
            over.set()
            assert len(desk.silences) == 32
            held_back = "select count(*) from outbox where status = 'cancelled'"
            assert await world.number(held_back) > 30, "there was nothing to cancel"
            desk.check()
            for to in people[:8]:  # it speaks again
                before = world.fake.last_index
                assert await world.majlis.say(OWN, to, f"again {MARK}") == 200
                assert await world.fake.wait_sent(before, to=to, timeout=15)


async def test_a_pause_holds_though_who_asked_for_it_died_and_the_owner_was_killed(
    postgres_dsn: str, redis_dsn: str
) -> None:
    people = [person(number) for number in range(6)]
    async with far_world(postgres_dsn, redis_dsn, latency=0.2) as (world, other):
        over = trio.Event()
        async with desk_of(world) as desk, trio.open_nursery() as storm:
            for to in people:
                storm.start_soon(talk, world, to, over, Random(to))
            names = [await desk.conversation(to) for to in people]
            for name in names:  # marked; and nobody waits, because the one who asked has died
                assert (await desk.handover.pause(name, by="sara", why="drill")).outcome == "paused"
            await other.process.kill()

            async def again(to: str) -> None:
                await desk.take_over(to, words=2, within=20.0)

            async with trio.open_nursery() as desks:
                for to in people:
                    desks.start_soon(again, to)
            over.set()
            assert len(desk.silences) == 6
            desk.check()
        handled = "select count(*) from conversation where done_seq < next_seq - 1"

        async def nothing_waits() -> bool:
            return await world.number(handled) == 0

        await until(nothing_waits, 20, "every message handled")
