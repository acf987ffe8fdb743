"""What is done to a replica and to its journal is done: held, dropped, refused, and killed at exactly the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

import pytest
import trio

from config import Node as NodeSettings
from runtime import App, Arrival, Verified, encode_event
from runtime.drill.alike import run_alike
from runtime.drill.chronicler import Told, chronicle
from runtime.drill.nowhere import nowhere
from runtime.drill.odds import NONE
from runtime.drill.simulation import START, simulate
from runtime.drill.unsteady import KillAtStep, Replica, UnsteadyJournal, UnsteadyStatistics, Way
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.resources.errors import ResourceUnavailable
from tests.unit.test_node_in_memory import said


def unsteady(store: MemoryStore, way: Callable[[str], Way] = lambda _method: "") -> UnsteadyJournal:
    return UnsteadyJournal(MemoryJournal(store, replica="one"), way, late=1.0)


async def test_what_a_frozen_replica_asked_is_done_when_it_wakes_though_nobody_waits_any_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store = MemoryStore(trio.current_time)
    journal = unsteady(store)
    async with trio.open_nursery() as world:
        journal.freeze(world)
        with trio.move_on_after(5):
            await journal.ingest([said(1)])
            raise AssertionError("it was answered in its sleep")
        assert store.conversations == {}
        assert journal.statistics() == UnsteadyStatistics({"": 1}, 1, frozen=True, cut_off=False, dead=False)
        journal.wake()
        await trio.sleep(1)
        assert journal.statistics() == UnsteadyStatistics({"": 1}, 0, frozen=False, cut_off=False, dead=False)
        assert len(store.conversations) == 1
        assert (await journal.ingest([said(1)])).events == []


async def test_what_a_frozen_replica_asked_is_not_done_if_it_is_killed_in_its_sleep(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store = MemoryStore(trio.current_time)
    journal = unsteady(store)
    async with trio.open_nursery() as world:
        journal.freeze(world)
        world.start_soon(_refused, journal)
        await trio.sleep(1)
        journal.dead = True
        journal.wake()
    assert store.conversations == {}


async def _refused(journal: UnsteadyJournal) -> None:
    with pytest.raises(ResourceUnavailable):
        await journal.ingest([said(1)])


@pytest.mark.parametrize(
    ("way", "stored", "answered"),
    [("", 1, True), ("before", 0, False), ("after", 1, False), ("late", 1, True)],
)
async def test_a_call_goes_as_it_is_told(
    autojump_clock: trio.testing.MockClock, way: Way, stored: int, answered: bool
) -> None:
    store = MemoryStore(trio.current_time)
    done = False
    journal = unsteady(store, lambda _method: way)
    with suppress(ResourceUnavailable):
        await journal.ingest([said(1)])
        done = True
    assert journal.statistics().calls == {way: 1}
    assert (len(store.conversations), done) == (stored, answered)
    assert trio.current_time() == (1.0 if way == "late" else 0.0)


async def test_a_replica_that_is_cut_off_keeps_working_without_its_leases(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store = MemoryStore(trio.current_time)
    journal = unsteady(store)
    journal.cut_off = True
    with pytest.raises(ResourceUnavailable):
        await journal.renew(ttl=3.0)
    assert len((await journal.ingest([said(1)])).events) == 1
    assert journal.statistics() == UnsteadyStatistics(
        {"before": 1, "": 1}, 0, frozen=False, cut_off=True, dead=False
    )


def test_a_replica_is_killed_at_each_step_and_writes_nothing_afterwards() -> None:
    def lived(steps: int) -> Sequence[int]:
        async def life() -> Sequence[int]:
            store = MemoryStore(lambda: START.timestamp() + trio.current_time())
            app, _ = chronicle(Random(1))
            async with trio.open_nursery() as nursery:
                replica = Replica("one", unsteady(store))
                assert replica.statistics().node == {}
                await nursery.start(_start, replica, app)
                with KillAtStep(replica, steps):
                    nursery.start_soon(_store, replica)
                    with trio.move_on_after(60):
                        await replica.gone.wait()
                at_death = len(store.conversations), len(store.turns)
                await trio.sleep(20)
                assert replica.gone.is_set()
                assert (len(store.conversations), len(store.turns)) == at_death
                seen = replica.statistics()
                assert (seen.name, seen.gone, seen.journal.dead, seen.journal.held) == ("one", True, True, 0)
                assert {"leases", "cells", "lanes"} <= seen.node.keys()
            return at_death

        return run_alike(life, 1)

    seen = {tuple(lived(steps)) for steps in range(1, 60)}
    assert (0, 0) in seen
    assert any(conversations for conversations, _ in seen)


async def _start(replica: Replica, app: App, *, task_status: trio.TaskStatus[None]) -> None:
    await replica.run(
        app, NodeSettings(), begin=nowhere, now=lambda: START, dice=Random(1), task_status=task_status
    )


async def _store(replica: Replica) -> None:
    with suppress(ResourceUnavailable):
        told = encode_event(Told(number=1))
        await replica.node.store(Verified((Arrival("sim:1", ("id:1",), "m|1", told),)))


async def test_a_simulation_inside_of_a_trio_run_is_refused() -> None:
    app, say = chronicle(Random(1))
    with pytest.raises(RuntimeError):
        simulate(app, seed=1, say=say, faults=NONE)
