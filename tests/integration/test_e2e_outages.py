"""A whole `serve` under load, and its databases in trouble: that costs time, and nothing else.

While it lasts webhooks are answered in time, and the probes say what is the matter; afterwards the same process goes on
by itself, nothing is lost, doubled or out of order, nobody was blamed, and the servers hold no more of it than before.
SUITE_OUTAGE (seconds, 2 if absent) is how long a trouble lasts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import trio

from actors.channels.fake_graph import Faults
from actors.simulate import Plan
from runtime.drill.connections import Connection, open_view, pool_size
from tests.integration.outages import Outage, each_outage
from tests.integration.world import MARK, World, fresh_id, open_world, own_channels, person, until

CHANNEL = str(own_channels(1)[0]["id"])
LASTS = float(os.environ.get("SUITE_OUTAGE", "2"))
#: What a provider waits for an answer.
PROMPTLY = 2.0
#: Seconds from the end of a trouble to the first webhook that is stored; an embedded server may have to be started.
SOON = 6.0
PLAN = Plan(
    people=int(75 * LASTS),
    messages=8,
    channels=10,
    duplicates=0.1,
    shuffle=True,
    batch=2,
    concurrency=4,
    linger=0.2,
)
#: An unknown send is tried again soon, so that a short run can see the end of it.
NODE = {"send_timeout": 2.0, "uncertain_wait": 5.0, "lease_ttl": 2.0}


@dataclass(frozen=True)
class Knock:
    """One webhook with one message of somebody new: when it left, how long the answer took, and what it was."""

    message: str
    began: float
    took: float
    status: int


@dataclass
class Door:
    """What somebody who stands before the server sees: answers to webhooks and probes, all the time."""

    world: World
    knocks: list[Knock] = field(default_factory=list)
    lives: list[tuple[float, int]] = field(default_factory=list)
    checks: set[tuple[int, str, str]] = field(default_factory=set)
    _guests: count[int] = field(default_factory=lambda: count(1))

    async def knock_often(self) -> None:
        while True:
            message, began = fresh_id(), trio.current_time()
            sender = person(next(self._guests))
            status = await self.world.majlis.say(CHANNEL, sender, f"Anybody there {MARK}", message)
            self.knocks.append(Knock(message, began, trio.current_time() - began, status))
            await trio.sleep(0.1)

    async def probe_often(self) -> None:
        async with httpx.AsyncClient(base_url=self.world.majlis.admin, trust_env=False, timeout=15) as client:
            while True:
                began = trio.current_time()
                self.lives.append(((await client.get("/livez")).status_code, trio.current_time() - began))
                answer = await client.get("/readyz")
                for name, check in answer.json()["checks"].items():
                    self.checks.add((answer.status_code, name, check["status"]))
                await trio.sleep(0.05)

    def is_open(self, since: float) -> bool:
        """Whether a webhook was stored that came after a moment."""
        return any(one.began >= since and one.status == 200 for one in self.knocks)


@asynccontextmanager
async def crowd(world: World) -> AsyncIterator[Door]:
    """Stand before the server with some others while the block runs."""
    door = Door(world)
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(door.knock_often)
        nursery.start_soon(door.probe_often)
        yield door
        nursery.cancel_scope.cancel()


@dataclass(frozen=True)
class Traces:
    """What a process holds of the system: threads, and descriptors other than those of connections to others."""

    threads: int
    descriptors: int


async def traces(world: World) -> Traces:
    """Count them, but for connections: others count those. The least of some looks, for each needs a descriptor."""
    looks = [await _look(world) for _ in range(5)]
    return Traces(min(look.threads for look in looks), min(look.descriptors for look in looks))


async def _look(world: World) -> Traces:
    process = Path(f"/proc/{world.majlis.process.pid}")
    facts = await world.majlis.statistics()
    pools = [
        facts["postgres_journal"],
        facts["postgres_turns"],
        facts["redis"]["pool"],
        facts["http_client"]["pool"],
    ]
    counted = sum(pool["busy"] + pool["idle"] + pool["closing"] for pool in pools)
    incoming = facts["http_server"]["open"]
    descriptors = len(list((process / "fd").iterdir())) - counted - incoming
    return Traces(len(list((process / "task").iterdir())), descriptors)


async def nothing_left(world: World, before: Traces) -> None:
    """Wait until the servers hold no more of the process than its pools, all at rest, and it no more of the system."""
    settings = world.majlis.settings
    async with open_view(settings) as view:

        async def at_rest() -> bool:
            seen = await view.look()
            return {one.state for one in seen} == {"idle"} and not over(seen, world)

        await until(at_rest, 10, "connections at rest, no more than the pools")
        for _ in range(20):  # a poll may be under way at any moment, but none for long
            seen = await view.look()
            assert not over(seen, world)
            assert not [one for one in seen if one.state != "idle" and one.seconds > 0.5], seen
            await trio.sleep(0.02)
        listening = [one for one in seen if one.name.endswith("(listening)")]
        assert len(listening) == 1, seen
    assert await world.number("select count(*) from pg_locks where locktype = 'advisory'") == 0
    assert await world.number("select count(*) from pg_prepared_xacts") == 0
    await until(partial(nobody_else, world), 5, "no connection of anybody else")

    async def as_before() -> bool:
        now = await traces(world)
        return now.threads <= before.threads and now.descriptors <= before.descriptors

    await until(as_before, 15, f"no more threads and descriptors than {before}")


async def nobody_else(world: World) -> bool:
    """Whether Postgres has no connection but the pools' and that of the question."""
    return not await world.number(
        "select count(*) from pg_stat_activity where backend_type = 'client backend' "
        "and application_name not like 'majlis/%/%' and pid <> pg_backend_pid()"
    )


def over(seen: list[Connection], world: World) -> list[str]:
    """Return the pools that have more connections than they may."""
    settings = world.majlis.settings
    return [
        name for name, many in Counter(one.name for one in seen).items() if many > pool_size(name, settings)
    ]


async def nobody_blamed(world: World) -> None:
    assert await world.number("select count(*) from parked") == 0
    assert await world.number("select count(*) from conversation where attempts <> 0") == 0
    assert await world.number("select count(*) from dead_letter") == 0
    assert (await world.majlis.statistics())["cells"]["faults"] == 0


async def all_handled_once(world: World, door: Door) -> None:
    """Wait until all is handled and sent, and look whether what was promised at the door was kept, once."""

    async def done() -> bool:
        waiting = await world.number("select count(*) from conversation where done_seq < next_seq - 1")
        return not waiting and not await world.number("select count(*) from outbox where status <> 'done'")

    await until(done, 20, "everything handled and sent")
    ledger = await world.ledger()
    turns = Counter({entry.dedup: entry.turns for entry in ledger.entries})
    assert set(turns.values()) == {1}
    promised = [f"m|meta:{CHANNEL}|{one.message}" for one in door.knocks if one.status == 200]
    assert [one for one in promised if turns[one] != 1] == []
    accepted = Counter(sent.effect for sent in world.fake.sent(limit=100_000))
    assert set(accepted) == {send.effect for send in ledger.sends}
    unsure = {send.effect for send in ledger.sends if send.maybe_duplicate}
    assert {effect for effect, times in accepted.items() if times > 1} <= unsure


@each_outage()
async def test_an_outage_under_load_costs_nothing_but_time(outage: Outage) -> None:
    channels = own_channels(10)
    async with open_world(channels=channels, node=NODE, faults=Faults(latency=0.05)) as world:
        await world.welcomed(world.majlis, person(0), CHANNEL)
        before = await traces(world)
        ended = 0.0

        async def trouble() -> None:
            nonlocal ended
            await world.fake.wait_sent(count=100, timeout=20)
            async with outage.strike(world):
                await trio.sleep(LASTS)
            ended = trio.current_time()
            await until(opened, SOON, "a webhook stored after the trouble")

        async def opened() -> bool:
            return door.is_open(ended)

        async with crowd(world) as door, trio.open_nursery() as nursery:
            nursery.start_soon(trouble)
            verdict = await world.simulate(PLAN)
        assert verdict.ok, verdict.table()
        assert set(verdict.answers) <= ({"200", "503"} if outage.costs else {"200"}), verdict.table()
        assert {one.status for one in door.knocks} <= ({200, 503} if outage.costs else {200})
        assert max(one.took for one in door.knocks) < PROMPTLY
        assert {status for status, _ in door.lives} == {200}
        assert max(took for _, took in door.lives) < PROMPTLY
        if outage.costs:  # else it was no trouble
            assert "503" in verdict.answers
        if outage.told == "postgres":
            assert (503, "postgres", "fail") in door.checks
        if outage.told == "redis":
            assert (200, "redis", "degraded") in door.checks
        if not outage.costs:
            assert {status for status, *_ in door.checks} == {200}
        await all_handled_once(world, door)
        await nobody_blamed(world)
        await nothing_left(world, before)
        assert world.majlis.process.lives == 1
