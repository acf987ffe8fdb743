"""Turns that want a transaction of their own when many do: each waits its turn, is tried once and blamed for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from config import Node as NodeSettings
from runtime import Event, Turn, Verified
from runtime.journal.memory import MemoryJournal
from runtime.node.line import Line
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable
from tests.unit.test_node_in_memory import Memory, World, said


class Counter:
    """A bank with one counter: a transaction takes a second, and is begun in the order of arrival."""

    def __init__(self, world: World) -> None:
        self.tries = 0
        self._world = world
        self._free = trio.Lock()
        receive = world.parrot.receive

        async def at_the_counter(turn: Turn[Memory], event: Event) -> None:
            self.tries += 1
            async with turn.postgres():
                await trio.sleep(1)
            await receive(turn, event)

        world.parrot.receive = at_the_counter  # type: ignore[method-assign]

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self._free:
            yield None

    @asynccontextmanager
    async def node(self, **settings: float) -> AsyncIterator[Node]:
        journal = MemoryJournal(self._world.store, replica="one")
        async with open_node(
            self._world.app,
            NodeSettings(**settings),
            journal=journal,
            http=None,  # type: ignore[arg-type]
            begin=self.begin,
        ) as node:
            await node.leases.settled.wait()
            await node.store(Verified(tuple(said(1, f"guest{n}") for n in range(50))))
            yield node


async def test_who_waits_much_longer_than_a_turn_may_take_is_tried_once_and_not_blamed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    counter = Counter(World())
    async with counter.node(turn_timeout=3.0) as node:
        await trio.sleep(10.5)
        assert node.line.statistics().waiting == 39
        with trio.fail_after(45):
            while node.cells.statistics().turns < 50:
                await trio.sleep(0.05)
        cells = node.cells.statistics()
        assert (counter.tries, cells.faults, cells.waits) == (50, 0, 0)
        assert (node.line.statistics().waiting, node.line.statistics().served) == (0, 50)


async def test_a_stop_sends_the_line_away_and_lets_finish_who_is_being_served(
    autojump_clock: trio.testing.MockClock,
) -> None:
    counter = Counter(World())
    async with counter.node(turn_timeout=3.0) as node:
        await trio.sleep(5.5)
        with trio.fail_after(1):
            await node.finish_turns()
        cells = node.cells.statistics()
        assert (cells.turns, cells.faults, cells.busy) == (6, 0, 0)
        assert counter.tries == 50


async def test_what_a_turn_does_with_its_transaction_is_its_own_time_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    line = Line()
    with trio.move_on_after(3) as clock:
        await trio.sleep(1)
        with line.place(clock):
            await trio.sleep(100)
        assert clock.deadline == trio.current_time() + 2
        await trio.sleep_forever()
    assert clock.cancelled_caught
    assert trio.current_time() == 103


async def test_a_line_that_is_closed_takes_nobody() -> None:
    line = Line()
    line.close()
    with pytest.raises(ResourceUnavailable), line.place(None):
        pytest.fail("nobody is served")
