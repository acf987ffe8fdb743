"""Drills about the databases: their sessions end, they hang, they end and come back, the way to them is bad.

PostgreSQL is the only truth: what it does not take is answered 503, in time. Redis is a convenience: nobody notices
that it is away.
"""

from __future__ import annotations

import signal

import trio

from actors.drills.clock import CLOCK_JUMP
from actors.drills.disk import DISK_FULL
from actors.drills.drill import ServeDrill
from actors.drills.ending import GONE
from actors.drills.judging import of_promptness, of_refusals
from actors.drills.rehearsal import Rehearsal
from actors.drills.versions import UPGRADE_AND_ROLL_BACK
from actors.drills.wishes import Wishes
from runtime.testing import Faults, at_least

_OFTEN = 0.1
_FEW = 40.0
"""Webhooks a second where they are refused for a while: each comes again and again, until there are ten times as many."""


async def _pg_terminate(rehearsal: Rehearsal) -> None:
    await rehearsal.running(1)
    began, ended = trio.current_time(), 0
    async with rehearsal.fault("all sessions of PostgreSQL end, again and again"):
        while trio.current_time() < began + rehearsal.lasting(3, 20):
            ended += await rehearsal.databases.end_sessions()
            await trio.sleep(_OFTEN)
    await rehearsal.recovered()
    rehearsal.found += [
        at_least("sessions ended", ended, 10),
        of_promptness(rehearsal.answers_since(began), rehearsal.starved),
    ]


async def _pg_pause(rehearsal: Rehearsal) -> None:
    await rehearsal.running(1)
    began = trio.current_time()
    with rehearsal.databases.postgres.paused():
        async with rehearsal.fault("PostgreSQL hangs"):
            await rehearsal.running(rehearsal.lasting(2, 10))
    await rehearsal.recovered()
    meanwhile = rehearsal.answers_since(began)
    rehearsal.found += [of_promptness(meanwhile, rehearsal.starved), of_refusals(meanwhile)]
    with rehearsal.databases.postgres.paused():
        async with rehearsal.fault("PostgreSQL hangs, then SIGTERM"):
            await rehearsal.running(0.5)
            await rehearsal.server.stop(expected=3)
    await rehearsal.server.start()
    await rehearsal.recovered()


async def _pg_restart(rehearsal: Rehearsal) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        await rehearsal.running(rehearsal.lasting(0.5, 4))
        began = trio.current_time()
        async with rehearsal.fault(f"PostgreSQL ends by {how.name}"):
            await rehearsal.databases.postgres.end(how)
            await rehearsal.running(rehearsal.lasting(0.5, 3))
            await rehearsal.databases.postgres.begin()
        await rehearsal.recovered()
        rehearsal.found.append(of_promptness(rehearsal.answers_since(began), rehearsal.starved))


async def _redis_pause(rehearsal: Rehearsal) -> None:
    await rehearsal.running(1)
    began = trio.current_time()
    with rehearsal.databases.redis.paused():
        async with rehearsal.fault("Redis hangs"):
            await rehearsal.answered()
            await rehearsal.running(rehearsal.lasting(3, 15))
    await rehearsal.recovered()
    rehearsal.found.append(of_promptness(rehearsal.answers_since(began), rehearsal.starved))


async def _redis_flush(rehearsal: Rehearsal) -> None:
    await rehearsal.running(1)
    began = trio.current_time()
    async with rehearsal.fault("Redis is emptied, again and again"):
        while trio.current_time() < began + rehearsal.lasting(3, 15):
            await rehearsal.databases.command("FLUSHALL")
            await trio.sleep(_OFTEN / 2)
    await rehearsal.recovered()
    rehearsal.found.append(of_promptness(rehearsal.answers_since(began), rehearsal.starved))


async def _net_stall(rehearsal: Rehearsal) -> None:
    postgres, redis = rehearsal.proxies["postgres"], rehearsal.proxies["redis"]
    slow = Faults(latency=0.01, jitter=0.01)
    began = trio.current_time()
    postgres.faults = redis.faults = slow
    rehearsal.mark("both databases are 10 to 20 ms away")
    await rehearsal.answered()
    await rehearsal.running(rehearsal.lasting(1, 5))
    redis.faults = Faults(stall=True)
    async with rehearsal.fault("nothing passes to Redis"):
        await rehearsal.answered()
        await rehearsal.running(rehearsal.lasting(1, 5))
    redis.faults = slow
    quiet = trio.current_time()
    refused = sum(one.answer != "200" for one in rehearsal.answers_since(began))
    rehearsal.figures["refused while Redis was stalled"] = refused
    postgres.faults = Faults(stall=True)
    async with rehearsal.fault("nothing passes to PostgreSQL"):
        await rehearsal.running(rehearsal.lasting(2.5, 10))
    postgres.faults = redis.faults = Faults()
    await rehearsal.recovered()
    rehearsal.found += [
        of_promptness(rehearsal.answers_since(began), rehearsal.starved),
        of_refusals(rehearsal.answers_since(quiet)),
    ]


DATABASES = (
    ServeDrill(
        name="pg-terminate",
        summary="every session of PostgreSQL is ended again and again while people write",
        body=_pg_terminate,
        wishes=Wishes(rate=_FEW),
        recovery=3.0,
    ),
    ServeDrill(
        name="pg-pause",
        summary="PostgreSQL hangs: 503 in time; SIGTERM while it hangs ends in time, and the next life takes up all",
        body=_pg_pause,
        recovery=8.0,
        wishes=Wishes(rate=_FEW, node={"shutdown_timeout": 2.0, "send_timeout": 1.0, "uncertain_wait": 2.0}),
        answers=GONE,
        owned=True,
    ),
    ServeDrill(
        name="pg-restart",
        summary="PostgreSQL is ended in order, at once and by kill -9, and started again",
        body=_pg_restart,
        wishes=Wishes(rate=_FEW),
        recovery=5.0,
        owned=True,
    ),
    ServeDrill(
        name="redis-pause",
        summary="Redis hangs: nothing is refused, all goes on",
        body=_redis_pause,
        recovery=2.0,
        answers=frozenset({"200"}),
        owned=True,
    ),
    ServeDrill(
        name="redis-flush",
        summary="Redis is emptied again and again: nothing is refused, all goes on",
        body=_redis_flush,
        recovery=2.0,
        answers=frozenset({"200"}),
        owned=True,
    ),
    ServeDrill(
        name="net-stall",
        summary="the ways to both databases are slow; then nothing passes to Redis for a while, then none to PostgreSQL",
        body=_net_stall,
        recovery=5.0,
        wishes=Wishes(rate=_FEW, proxied=True),
    ),
    DISK_FULL,
    CLOCK_JUMP,
    UPGRADE_AND_ROLL_BACK,
)
