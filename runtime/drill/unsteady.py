"""A journal that goes wrong as it is told, and a replica over it that can be killed at a step or frozen.

Nothing here decides when; schedules and simulations do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Literal, Self

import outcome
import trio
from trio.lowlevel import Task
from typing_extensions import override

from config import Node as NodeSettings
from runtime.actor.resources import Transaction
from runtime.app import App
from runtime.drill.checkpoints import descends
from runtime.journal.protocol import Journal
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable

#: How a call of the journal goes: as it should; not done and not answered (before); done and not answered (after); done
#: late, but answered.
Way = Literal["", "before", "after", "late"]

_LEASES = frozenset({"acquire", "renew"})


@dataclass(frozen=True)
class UnsteadyStatistics:
    """Calls by the way that was theirs, those that wait for the replica to wake, and what holds for all of them now."""

    calls: Mapping[Way, int]
    held: int
    frozen: bool
    cut_off: bool
    dead: bool


@dataclass(frozen=True)
class ReplicaStatistics:
    """A replica's name, whether it has gone, its journal, and what its node says of itself, once it has begun."""

    name: str
    gone: bool
    journal: UnsteadyStatistics
    node: Mapping[str, object]


class UnsteadyJournal:
    """A `Journal` whose calls go as `way` says of each method; `late` is in seconds.

    `cut_off`: leases can be neither taken nor renewed, while everything else works. `frozen`: whatever is asked is
    carried out when the replica wakes, even for callers that have given up meanwhile, as a process does that was stopped
    between two instructions. `dead`: nothing is done any more, whoever still asks.
    """

    def __init__(self, journal: Journal, way: Callable[[str], Way], *, late: float) -> None:
        self._journal = journal
        self._way = way
        self._late = late
        self.cut_off = False
        self.dead = False
        self._thaw: trio.Event | None = None
        self._nursery: trio.Nursery | None = None
        self._calls: Counter[Way] = Counter()
        self._held = 0

    def freeze(self, nursery: trio.Nursery) -> None:
        """Hold all that is asked from now on; it is carried out in `nursery`, which outlives the replica."""
        if self._thaw is None:
            self._thaw, self._nursery = trio.Event(), nursery

    def wake(self) -> None:
        """Carry out what was held."""
        thaw, self._thaw = self._thaw, None
        if thaw is not None:
            thaw.set()

    async def awake(self) -> None:
        """Wait until the replica is not frozen."""
        if self._thaw is not None:
            await self._thaw.wait()

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Return a call of the journal, made unsteady."""

        async def call(*arguments: object, **named: object) -> object:
            way = self._way(method)
            if way == "late":
                await trio.sleep(self._late)
            refused = way == "before" or self.dead or (self.cut_off and method in _LEASES)
            self._calls["before" if refused else way] += 1
            if refused:
                await trio.lowlevel.checkpoint()
                raise _away()

            async def ask() -> object:
                return await getattr(self._journal, method)(*arguments, **named)

            done = await (ask() if self._thaw is None else self._later(ask, self._thaw))
            if way == "after":
                raise _away()
            return done

        return call

    def statistics(self) -> UnsteadyStatistics:
        """Return what was asked so far, and what holds now."""
        return UnsteadyStatistics(
            dict(self._calls), self._held, self._thaw is not None, self.cut_off, self.dead
        )

    async def _later(self, ask: Callable[[], Awaitable[object]], thaw: trio.Event) -> object:
        """Ask when the replica wakes, in a task that outlives the one that waits for it."""
        answers: list[outcome.Outcome[object]] = []
        answered = trio.Event()

        async def run() -> None:
            try:
                await thaw.wait()
            finally:
                self._held -= 1
            if not self.dead:
                answers.append(await outcome.acapture(ask))
            answered.set()

        if self._nursery is None:
            raise RuntimeError("frozen without a nursery")
        self._held += 1
        self._nursery.start_soon(run)
        await answered.wait()
        if not answers:
            raise _away()
        return answers[0].unwrap()


class Replica:
    """A node in a task of its own, so that it can be killed."""

    def __init__(self, name: str, journal: UnsteadyJournal) -> None:
        self.name = name
        self.journal = journal
        self.scope = trio.CancelScope()
        self.gone = trio.Event()
        self.nursery: trio.Nursery
        self.node: Node
        self._begun = False

    async def run(
        self,
        app: App,
        settings: NodeSettings,
        *,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        now: Callable[[], datetime],
        dice: Random,
        tell: Callable[[str, int], None] = lambda _conversation, _shard: None,
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Be a node until killed. What it asks of the journal afterwards is not done."""
        journal: Any = self.journal
        http: Any = None  # providers that stand in ask for nothing

        async def live() -> None:
            opened = open_node(
                app, settings, journal=journal, http=http, begin=begin, now=now, dice=dice, tell=tell
            )
            async with opened as self.node:
                self._begun = True
                task_status.started()
                await trio.sleep_forever()

        try:
            with self.scope:
                async with trio.open_nursery() as self.nursery:
                    self.nursery.start_soon(live)
        finally:
            self.gone.set()

    def statistics(self) -> ReplicaStatistics:
        """Return how it stands; of one that has gone, how it stood."""
        node = self.node.statistics() if self._begun else {}
        return ReplicaStatistics(self.name, self.gone.is_set(), self.journal.statistics(), node)

    def kill(self) -> None:
        """End it at once: its tasks vanish with all they held."""
        self.journal.dead = True
        self.journal.wake()
        self.scope.cancel()

    async def stop(self, within: float) -> None:
        """Let it finish what it has in hand and give its leases back, as at SIGTERM; then it ends."""
        with trio.move_on_after(within), suppress(ResourceUnavailable):  # leases that are not given back end
            await self.node.finish_turns()
            await self.node.finish_effects()
            await self.node.release()
        self.kill()
        await self.gone.wait()


class KillAtStep(trio.abc.Instrument):
    """A block in which a replica is killed after so many steps of its tasks, if they come to that."""

    def __init__(self, replica: Replica, steps: int) -> None:
        self._replica = replica
        self._left = steps

    def __enter__(self) -> Self:
        trio.lowlevel.add_instrument(self)
        return self

    def __exit__(self, *_: object) -> None:
        trio.lowlevel.remove_instrument(self)

    @override
    def after_task_step(self, task: Task) -> None:
        if self._left > 0 and descends(task, self._replica.nursery):
            self._left -= 1
            if self._left == 0:
                self._replica.kill()


def _away() -> ResourceUnavailable:
    return ResourceUnavailable("postgres", "away")
