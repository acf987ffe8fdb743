"""A database that stops answering on its open connections, as behind a cut cable: nothing waits for it for ever."""

from __future__ import annotations

import os
import signal

import trio

from runtime import Turn
from tests.integration.outages import frozen
from tests.integration.test_turn_on_postgres import Guest, World, world

__all__ = ["world"]


async def backends(world: World, name: str) -> list[int]:
    rows = await world.pool.fetch("select pid from pg_stat_activity where application_name = $1", name)
    return [row["pid"] for row in rows]


async def test_leases_and_polls_go_on_with_new_connections(world: World) -> None:
    with frozen(await backends(world, "journal")), trio.fail_after(30):
        while world.node.leases.statistics().trusted:
            await trio.sleep(0.05)
        while not world.node.leases.statistics().trusted:
            await trio.sleep(0.05)
        await world.visit("one")
        await world.quiet()
    assert world.post.sent == ["one"]


async def test_a_commit_in_the_actors_own_transaction_is_given_up_and_done_again(world: World) -> None:
    entered = trio.Event()
    frozen_ones: list[int] = []

    async def report(turn: Turn[Guest]) -> None:
        frozen_ones.extend(await backends(world, "turns"))
        for pid in frozen_ones:
            os.kill(pid, signal.SIGSTOP)
        entered.set()

    world.book.tricks.append(report)
    await world.visit("one")
    await entered.wait()
    with frozen(frozen_ones), trio.fail_after(20):
        while not world.node.room.waits:
            await trio.sleep(0.05)
    await world.quiet()
    assert world.post.sent == ["one"]
    assert await world.count("select count(*) from visits") == 1


async def test_a_turn_that_waits_for_a_silent_database_blames_nobody(world: World) -> None:
    await world.visit("one")
    await world.quiet()
    with frozen(await backends(world, "turns")), trio.fail_after(20):
        await world.visit("two")
        while not world.node.room.waits + world.node.room.faults:
            await trio.sleep(0.05)
    await world.quiet()
    assert world.node.room.faults == 0
    assert world.post.sent == ["one", "two"]
