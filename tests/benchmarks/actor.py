"""Tell, ask and spawn, against a bare Trio task with a memory channel.

Mechanics only, without journal and turns: a turn's own work is measured by `turns`.
- tell: events in bursts to a conversation in memory, from `Cells.deliver` until its task has taken them from the mailbox;
  a conversation has a task only while it has work, so each burst also begins and ends one. Against `await send` in
  one task and `async for` in another that is always there; `send_nowait`, which needs room for the burst, is reported.
- ask: a task that waits for a long-lived task's answer, as cells wait for the committer: `GroupCommit.submit`. Against
  a request over a memory channel and its answer over another. Many ask at once, as under load; one alone is reported.
- spawn: the first event for a conversation that is not in memory, until its task has taken it. Against `start_soon`, a
  channel, one item over it, and the end of both.

All of it is computing in one thread, so the figures are processor time: neighbours on the machine do not count.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import trio
from measure import collect_seldom, options, take_turns, tell

import runtime.node.cells as cells_module
from runtime.actor.cell import Cell
from runtime.actor.event import StoredEvent
from runtime.journal.group import GroupCommit
from runtime.node.cells import Cells

NOW = datetime.now(UTC)


class Taking(Cell):
    """A cell whose turn is to take an event from the mailbox, and nothing else."""

    __slots__ = ()

    async def run(self, room: Any) -> None:
        mailbox = self.mailbox
        while mailbox.peek() is not None:
            mailbox.done()
            room.turns += 1


def event(conversation: str, seq: int) -> StoredEvent:
    return StoredEvent(conversation, 1, seq, b"{}", NOW, "meta:1")


async def _open(work: Callable[[Cells, Any], Awaitable[float]]) -> float:
    room = SimpleNamespace(turns=0)
    async with trio.open_nursery() as nursery:
        cells = Cells(cast("Any", room), nursery, mailbox_limit=256, max_active=10**9, passivate_after=3600.0)
        return await work(cells, room)


async def tell_cell(bursts: int, burst: int) -> float:
    """Return seconds per event that was told and taken."""

    async def work(cells: Cells, room: Any) -> float:
        cells.deliver(event("c1", 1))
        await cells.quiet()
        rows = [[event("c1", 2 + at * burst + n) for n in range(burst)] for at in range(bursts)]
        collect_seldom()
        began = time.process_time()
        for row in rows:
            for one in row:
                cells.deliver(one)
            await cells.quiet()
        took = time.process_time() - began
        assert room.turns == bursts * burst + 1
        return took / (bursts * burst)

    return await _open(work)


async def tell_channel(bursts: int, burst: int, *, waiting: bool = True) -> float:
    """Return seconds per item that was sent and received; without `waiting` the sender yields once a burst."""
    send, receive = trio.open_memory_channel[StoredEvent](burst)
    rows = [[event("c1", at * burst + n) for n in range(burst)] for at in range(bursts)]
    taken = 0
    done = trio.Event()

    async def take() -> None:
        nonlocal taken
        async for _ in receive:
            taken += 1
        done.set()

    collect_seldom()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        began = time.process_time()
        for row in rows:
            for one in row:
                if waiting:
                    await send.send(one)
                else:
                    send.send_nowait(one)
            await trio.lowlevel.checkpoint()
            while not waiting and send.statistics().current_buffer_used:
                await trio.lowlevel.checkpoint()
        send.close()
        await done.wait()
        took = time.process_time() - began
    assert taken == bursts * burst
    return took / taken


async def _many(tasks: int, times: int, ask: Callable[[int], Awaitable[object]]) -> float:
    """Return seconds per answer when `tasks` ask `times` each."""

    async def insist(number: int) -> None:
        for _ in range(times):
            await ask(number)

    collect_seldom()
    began = time.process_time()
    async with trio.open_nursery() as nursery:
        for number in range(tasks):
            nursery.start_soon(insist, number)
    return (time.process_time() - began) / (tasks * times)


async def ask_group(tasks: int, times: int) -> float:
    async def batch(items: Sequence[int]) -> Sequence[int]:
        return [item + 1 for item in items]

    group = GroupCommit[int, int]("benchmark", batch)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(group.run)
        took = await _many(tasks, times, group.submit)
        nursery.cancel_scope.cancel()
    return took


async def ask_channel(tasks: int, times: int) -> float:
    requests, incoming = trio.open_memory_channel[tuple[int, trio.MemorySendChannel[int]]](tasks)
    answers = [trio.open_memory_channel[int](1) for _ in range(tasks)]

    async def answer() -> None:
        async for item, back in incoming:
            await back.send(item + 1)

    async def ask(number: int) -> int:
        back, reply = answers[number]
        await requests.send((number, back))
        return await reply.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        took = await _many(tasks, times, ask)
        nursery.cancel_scope.cancel()
    return took


async def spawn_cell(conversations: int) -> float:
    """Return seconds per conversation that was met, got its event and went idle; a hundred at a time."""

    async def work(cells: Cells, room: Any) -> float:
        events = [event(f"c{n}", 1) for n in range(conversations)]
        collect_seldom()
        began = time.process_time()
        for at in range(0, len(events), 100):
            for one in events[at : at + 100]:
                cells.deliver(one)
            await cells.quiet()
        took = time.process_time() - began
        assert room.turns == conversations
        return took / conversations

    return await _open(work)


async def spawn_task(conversations: int) -> float:
    """Return seconds per task that was started with a channel, got its item and ended; a hundred at a time."""
    events = [event(f"c{n}", 1) for n in range(conversations)]
    kept: dict[str, trio.MemorySendChannel[StoredEvent]] = {}
    taken = 0

    async def take(receive: trio.MemoryReceiveChannel[StoredEvent]) -> None:
        nonlocal taken
        await receive.receive()
        taken += 1

    collect_seldom()
    began = time.process_time()
    for at in range(0, len(events), 100):
        async with trio.open_nursery() as nursery:
            for one in events[at : at + 100]:
                send, receive = trio.open_memory_channel[StoredEvent](256)
                kept[one.conversation] = send
                nursery.start_soon(take, receive)
                send.send_nowait(one)
    took = time.process_time() - began
    assert taken == conversations
    return took / conversations


def main() -> None:
    given = options(__doc__, bursts=1000, burst=100, asks=20_000, askers=64, spawns=10_000, rounds=5)
    cells_module.Cell = Taking  # type: ignore[attr-defined]
    runs: list[tuple[str, Any, Any, tuple[int, ...], float | None]] = [
        ("tell", tell_cell, tell_channel, (given.bursts, given.burst), 0.4),
        (
            "tell, send_nowait",
            tell_cell,
            partial(tell_channel, waiting=False),
            (given.bursts, given.burst),
            None,
        ),
        ("ask", ask_group, ask_channel, (given.askers, given.asks // given.askers or 1), 1.0),
        ("ask, one alone", ask_group, ask_channel, (1, given.asks // 4 or 1), None),
        ("spawn", spawn_cell, spawn_task, (given.spawns,), None),
    ]
    for measure, ours, theirs, sizes, most in runs:
        found = take_turns(
            given.rounds,
            {
                "ours": partial(trio.run, ours, *sizes),
                "theirs": partial(trio.run, theirs, *sizes),
            },
        )
        tell(
            "actor",
            measure,
            [seconds * 1e6 for seconds in found["ours"]],
            "us",
            comparator="a Trio task with memory channels",
            against=[seconds * 1e6 for seconds in found["theirs"]],
            bound=None if most is None else ("ratio", "<=", most),
        )


if __name__ == "__main__":
    main()
