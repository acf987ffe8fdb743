"""Drills about how a server ends: by a signal, by two, by `kill -9`, one after the other, with clients who hold on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import trio

from actors.drills.balancer import Balancer, balancing
from actors.drills.drill import ServeDrill
from actors.drills.rehearsal import NotRecovered, Rehearsal
from actors.drills.wishes import BALANCER, Wishes
from runtime.testing import at_least, at_most, exactly

GONE = frozenset({"200", "503", "ConnectError", "NoAnswer"})
"""What a POST may come to where a server goes away under it."""
FORCED = 143
_IDLERS = 50
BEYOND = 0.5
"""Seconds beyond the ready delay in which a server with nothing in hand is gone."""


async def _term_under_load(rehearsal: Rehearsal) -> None:
    for _ in range(int(rehearsal.lasting(2, 6))):
        await rehearsal.running(rehearsal.lasting(1, 5))
        async with rehearsal.fault("SIGTERM under load"):
            await rehearsal.server.stop()
        await rehearsal.server.start()
        await rehearsal.recovered()


async def _term_twice(rehearsal: Rehearsal) -> None:
    await rehearsal.running(1)
    async with rehearsal.fault("SIGTERM, again after 20 ms: one stop"):
        await rehearsal.server.stop(again=(0.02,))
    await rehearsal.server.start()
    await rehearsal.recovered()
    async with rehearsal.fault("SIGTERM, again after 1.2 s: at once"):
        stop = await rehearsal.server.stop(expected=FORCED, again=(1.2,))
    rehearsal.found += [
        at_most("gone after the second signal", round(stop.seconds - 1.2, 3), 1.5, "s"),
        exactly("leases not given back", await rehearsal.databases.leased(), 0),
    ]
    await rehearsal.server.start()
    await rehearsal.recovered()


async def _kill(rehearsal: Rehearsal) -> None:
    for _ in range(int(rehearsal.lasting(3, 15))):
        await rehearsal.running(rehearsal.lasting(1, 4))
        async with rehearsal.fault("kill -9"):
            await rehearsal.server.kill()
        await rehearsal.server.start()
        await rehearsal.recovered()


async def _idle_keepalives(rehearsal: Rehearsal) -> None:
    await rehearsal.running(rehearsal.lasting(1, 5))
    await rehearsal.quiet()
    await rehearsal.settled()
    server = rehearsal.settings.server
    async with AsyncExitStack() as stack:
        idlers = [await _idler(stack, server.host, server.port) for _ in range(_IDLERS)]
        async with rehearsal.fault(f"SIGTERM with {_IDLERS} idle connections"):
            stop = await rehearsal.server.stop()
        open_still = 0
        for idler in idlers:
            with trio.move_on_after(1) as patience:
                while await idler.receive_some(1024):
                    pass
            open_still += patience.cancelled_caught
    beyond = stop.seconds - rehearsal.settings.node.ready_delay
    rehearsal.found += [
        at_most("gone beyond the ready delay", round(beyond, 3), BEYOND, "s"),
        exactly("idle connections not closed", open_still, 0),
    ]


async def _idler(stack: AsyncExitStack, host: str, port: int) -> trio.SocketStream:
    """Open a connection that asked once and holds on."""
    stream = await stack.enter_async_context(await trio.open_tcp_stream(host, port))
    await stream.send_all(b"GET /nowhere HTTP/1.1\r\nHost: idle\r\n\r\n")
    with trio.fail_after(5):
        await stream.receive_some(4096)
    return stream


async def _rolling_restart(rehearsal: Rehearsal) -> None:
    before = rehearsal.now
    for round_ in range(int(rehearsal.lasting(1, 3))):
        for place, replica in enumerate(rehearsal.replicas, 1):
            await rehearsal.running(rehearsal.lasting(0.5, 3))
            async with rehearsal.fault(f"replica {place} restarts"):
                await replica.stop()
                await replica.start()
            await _balanced(rehearsal)
            await rehearsal.recovered()
            rehearsal.tell(f"round {round_ + 1}, replica {place} is back")
    seconds = rehearsal.now - before
    posts = [post for post in rehearsal.load.posts if post.acknowledged is not None]
    rate = sum(post.begun >= rehearsal.began + before for post in posts) / seconds
    rehearsal.figures["webhooks a second"] = round(rate, 1)
    wrote = at_least("webhooks a second", round(rate, 1), 0.9 * rehearsal.load.rate)
    if wrote.status == "violated":  # the crowd is ours: what it could not write says nothing of the servers
        wrote = msgspec.structs.replace(
            wrote, status="skipped", note="this machine was too busy to write faster"
        )
    rehearsal.found.append(wrote)


async def _balanced(rehearsal: Rehearsal) -> None:
    """Wait until the balancer has found all replicas again."""
    (balancer,) = rehearsal.parts(Balancer)
    try:
        await balancer.all_ready(10)
    except trio.TooSlowError as slow:
        raise NotRecovered("a replica that was restarted is not ready after 10 s") from slow


@asynccontextmanager
async def _behind_a_balancer(rehearsal: Rehearsal) -> AsyncIterator[None]:
    async with balancing(rehearsal.replicas, rehearsal.settings.server.host, BALANCER) as balancer:
        rehearsal.keep(balancer)
        await balancer.all_ready(10)
        yield
        rehearsal.found.append(exactly("connections that found no replica", balancer.turned_away, 0))


ENDING = (
    ServeDrill(
        name="term-under-load",
        summary="SIGTERM while people write; the next life takes up what is left",
        body=_term_under_load,
        recovery=10.0,
        answers=GONE,
    ),
    ServeDrill(
        name="term-twice",
        summary="a second SIGTERM: within a second it is the same one, later it cuts the stop short",
        body=_term_twice,
        recovery=10.0,
        wishes=Wishes(rate=50, node={"ready_delay": 3.0}),
        answers=GONE,
    ),
    ServeDrill(
        name="idle-keepalives",
        summary=f"SIGTERM with nothing in hand, while {_IDLERS} clients hold on to their connections",
        body=_idle_keepalives,
        recovery=10.0,
    ),
    ServeDrill(
        name="kill",
        summary="kill -9 every few seconds while people write",
        body=_kill,
        recovery=10.0,
        wishes=Wishes(rate=60),
        answers=GONE,
    ),
    ServeDrill(
        name="rolling-restart",
        summary="two replicas behind a balancer restart one after the other; not one webhook fails",
        body=_rolling_restart,
        recovery=5.0,
        wishes=Wishes(rate=200, replicas=2, node={"ready_delay": 1.5}),
        answers=frozenset({"200"}),
        beside=_behind_a_balancer,
    ),
)
