"""Replicas over one journal in memory, and what befalls them: each fault at a moment and in a way that dice choose.

They are killed at any step, stopped, frozen until others have taken over, cut off from their leases; the journal goes
away before or after a write; wall clocks jump. A replica has one fault at a time. Nothing is known here of events, people
and providers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from random import Random

import trio

from config import Node as NodeSettings
from runtime.actor.resources import Transaction
from runtime.app import App
from runtime.drill.odds import Odds
from runtime.drill.unsteady import KillAtStep, Replica, UnsteadyJournal, Way
from runtime.journal.identity import SHARDS
from runtime.journal.memory import MemoryJournal, MemoryStore

_LATE = 0.4  # seconds


class Cluster:
    """Replicas in a nursery, which outlives them. `statistics` counts what befell them."""

    def __init__(
        self,
        nursery: trio.Nursery,
        store: MemoryStore,
        *,
        app: Callable[[UnsteadyJournal], App],
        settings: NodeSettings,
        journal: type[MemoryJournal],
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        now: Callable[[], datetime],
        jump: Callable[[float, float], None],
        dice: Callable[[str], Random],
        odds: Odds,
    ) -> None:
        """`app` makes that of one replica; `dice` of a name are the same in each run of a seed.

        `jump` sets the wall clocks ahead by so many seconds, or back: that of the replicas, and that of the store.
        """
        self._nursery = nursery
        self._store = store
        self._app = app
        self._settings = settings
        self._journal = journal
        self._begin = begin
        self._now = now
        self._jump = jump
        self._named = dice
        self._fate, self._calls = dice("fate"), dice("calls")
        self._odds = odds
        self._replicas: dict[str, Replica] = {}
        self._troubled: set[Replica] = set()
        self._lives = 0
        self._calm = False
        self._away: Way = ""
        self._counts: Counter[str] = Counter()

    async def start(self, name: str) -> None:
        """Let a replica of this name live."""
        self._lives += 1
        journal = UnsteadyJournal(self._journal(self._store, replica=name), self._way, late=_LATE)
        replica = Replica(name, journal)
        await self._nursery.start(
            partial(
                replica.run,
                self._app(journal),
                self._settings,
                begin=self._begin,
                now=self._now,
                dice=self._named(f"life {self._lives}"),
                tell=self._hint,
            )
        )
        self._replicas[name] = replica

    def replicas(self) -> Sequence[Replica]:
        """Return those that live, in the order of their names."""
        return [replica for _, replica in sorted(self._replicas.items())]

    def nudge(self, conversation: str) -> None:
        """Tell one of those that live that an operator has acted, or lose it."""
        if (living := self.replicas()) and self._fate.random() < 0.7:
            self._fate.choice(living).node.nudge(conversation)

    def calm(self) -> None:
        """Let the journal work from now on."""
        self._calm = True

    async def strike(self, seconds: float) -> None:
        """Let faults happen for so long, and come to their ends."""
        faults = (self._kill, self._kill, self._stop, self._freeze, self._freeze, self._cut_off)
        async with trio.open_nursery() as nursery:
            while self._odds.replicas:
                await trio.sleep(self._fate.expovariate(self._odds.replicas))
                if trio.current_time() > seconds:
                    return
                chance = self._fate.random()
                if chance < 0.2:
                    nursery.start_soon(self._outage)
                elif chance < 0.3:
                    self._end_leases(self._fate.random())
                elif chance < 0.35:
                    self._counts["clocks jump"] += 1
                    self._jump(self._fate.choice((-3600.0, 3600.0)), self._fate.choice((-5.0, 5.0)))
                elif self._replicas:
                    nursery.start_soon(
                        self._befall, self._fate.choice(self.replicas()), self._fate.choice(faults)
                    )

    async def _befall(self, replica: Replica, fault: Callable[[Replica], Awaitable[None]]) -> None:
        """Let one fault befall a replica that has no other."""
        if replica in self._troubled:
            return
        self._troubled.add(replica)
        self._counts[fault.__name__.strip("_")] += 1
        await fault(replica)
        self._troubled.discard(replica)

    async def _kill(self, replica: Replica) -> None:
        """Kill it at a step of its own, and start it anew after a while."""
        with (
            KillAtStep(replica, self._fate.choice((1, 10, 50, 200)) + self._fate.randrange(50)),
            trio.move_on_after(2),
        ):
            await replica.gone.wait()
        replica.kill()
        await self._again(replica)

    async def _stop(self, replica: Replica) -> None:
        """Let it stop, with time enough or without."""
        await replica.stop(within=self._fate.choice((0.1, 5.0)))
        await self._again(replica)

    async def _freeze(self, replica: Replica) -> None:
        """Let it sleep and wake up late."""
        replica.journal.freeze(self._nursery)
        await trio.sleep(self._fate.choice((0.5, 2.0, 6.0)))
        replica.journal.wake()

    async def _cut_off(self, replica: Replica) -> None:
        """Let its leases run out, or end at once, while all else works."""
        replica.journal.cut_off = True
        if self._fate.random() < 0.5:
            self._end_leases(1.0)
        await trio.sleep(self._fate.choice((0.5, 2.0, 6.0)))
        replica.journal.cut_off = False

    async def _outage(self) -> None:
        """Let the journal be away for everybody."""
        self._counts["outage"] += 1
        self._away = self._fate.choice(("before", "after", "late"))
        await trio.sleep(self._fate.choice((0.1, 1.0, 3.0)))
        self._away = ""

    def _end_leases(self, part: float) -> None:
        """Let leases of some shards end though their owner believes in them."""
        self._counts["leases end"] += 1
        for number in range(SHARDS):
            if self._fate.random() < part:
                self._store.shards[number].lease_until = float("-inf")

    async def _again(self, replica: Replica) -> None:
        await replica.gone.wait()
        del self._replicas[replica.name]
        await trio.sleep(self._fate.choice((0.0, 0.5, 3.0)))
        await self.start(replica.name)

    def _way(self, _method: str) -> Way:
        """Choose how a call of the journal goes."""
        if self._calm:
            return ""
        if self._away:
            return self._away
        if self._calls.random() >= self._odds.journal:
            return ""
        self._counts["calls of the journal"] += 1
        return self._calls.choice(("before", "after", "late"))

    def _hint(self, conversation: str, shard: int) -> None:
        """Bring a hint to the other replicas, or lose it."""
        for replica in self.replicas():
            if self._fate.random() < 0.5:
                replica.node.wake(conversation, shard)

    def statistics(self) -> Mapping[str, int]:
        """Return how often what happened."""
        return dict(self._counts)
