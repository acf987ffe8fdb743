"""The tree of tasks: what is alike is one line, nothing of what code holds is told, nobody is held up."""

from __future__ import annotations

from functools import partial

import trio

from runtime.resources.bridge import open_bridge
from runtime.serve.tasks import LINES, look

CELLS = 20_000


async def _cell(gate: trio.Event, secret: str) -> None:
    words = secret * 2
    await gate.wait()
    assert words


async def test_twenty_thousand_cells_are_one_line_and_the_others_go_on_meanwhile() -> None:
    gate, turns = trio.Event(), 0

    async def beat() -> None:
        nonlocal turns
        while not gate.is_set():
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        for number in range(CELLS):
            nursery.start_soon(_cell, gate, "quokka", name=f"cell c{number}")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(beat, name="beat")
        dump = await look(None)
        gate.set()
    text = "\n".join(dump.lines)
    (line,) = [line for line in dump.lines if "cell c" in line]
    assert f"{CELLS} x cell c" in line
    assert "test_tasks.py:" in line
    assert " _cell" in line
    assert "quokka" not in text
    assert dump.tasks >= CELLS
    assert len(dump.lines) < 100
    assert turns > 10  # another task had its turn between the slices


async def test_nurseries_shields_deadlines_and_the_bridges_tasks_are_told() -> None:
    scopes: list[trio.CancelScope] = []
    async with open_bridge() as bridge, trio.open_nursery() as nursery:

        async def shielded() -> None:
            async with trio.open_nursery() as inner:
                inner.cancel_scope.shield = True
                inner.cancel_scope.deadline = trio.current_time() + 50
                scopes.append(inner.cancel_scope)
                inner.start_soon(trio.sleep_forever, name="asleep")

        async def on_the_loop() -> None:
            import asyncio

            await asyncio.sleep(60)

        nursery.start_soon(shielded, name="outer")
        nursery.start_soon(partial(bridge.run, on_the_loop), name="call")
        await trio.testing.wait_all_tasks_blocked(0.05)
        dump = await look(bridge)
        scopes[0].cancel()
        nursery.cancel_scope.cancel()
    text = "\n".join(dump.lines)
    (inner,) = [line for line in dump.lines if "shielded" in line and "nursery" in line]
    assert "s left" in inner
    assert any(line.strip().startswith("asleep") and "s left" in line for line in dump.lines)
    assert "asyncio 1 x: " in text
    assert "on_the_loop" in text
    assert "thread majlis-bridge: " in text


async def test_a_dump_is_bounded_however_many_kinds_of_tasks_there_are() -> None:
    async def nest(number: int, depth: int) -> None:
        async with trio.open_nursery() as nursery:
            if depth:
                nursery.start_soon(nest, number, depth - 1, name=f"kind{number}.{depth}")
            else:
                nursery.start_soon(trio.sleep_forever)

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(nest, number, 30, name=f"root{number}")
        await trio.testing.wait_all_tasks_blocked()
        dump = await look(None)
        nursery.cancel_scope.cancel()
    assert dump.tasks > 1000
    assert len(dump.lines) <= LINES + 1
    assert any("60 more, other kinds" in line for line in dump.lines)
