"""Whole nodes on the journal in memory, in virtual time, under faults that a seed draws; what they leave is a history.

A crowd writes, a cluster suffers, the world outside answers; then all goes well until nothing is left to do. It judges
nothing: that is `history`. Same seed, same code, same arguments: same history, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import trio

from config import Node as NodeSettings
from runtime.actor.resources import Transaction
from runtime.app import App
from runtime.drill.alike import run_alike
from runtime.drill.cluster import Cluster
from runtime.drill.crowd import Crowd, Say
from runtime.drill.drawing import Undrawable, draw
from runtime.drill.evidence import RunHistory
from runtime.drill.nowhere import nowhere
from runtime.drill.odds import ALL, SOME, Odds, Size
from runtime.drill.operators import Operators
from runtime.drill.outside import Line, Outside
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.memory_handover import MemoryHandover
from runtime.journal.memory_ledger import ledger_of

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUIET_WITHIN = 600.0
"""Virtual seconds for everything to come to its end once nothing goes wrong any more; what has not is in the history."""
_STILL = 3  # looks in a row, a second apart, that find nothing to do


class Simulated(msgspec.Struct, frozen=True):
    """What a simulation left, and how often what was done to it."""

    history: RunHistory
    figures: Mapping[str, int]


def simulate(
    app: App,
    *,
    seed: int,
    say: Say | None = None,
    faults: Odds = ALL,
    size: Size = SOME,
    settings: Mapping[str, float] | None = None,
    journal: type[MemoryJournal] = MemoryJournal,
    begin: Callable[[], AbstractAsyncContextManager[Transaction]] = nowhere,
) -> Simulated:
    """Simulate an app under the faults of a seed.

    `say` makes the n-th event that is sent (or, with a negative n, that ends a piece of work); without it events of the
    app's types are drawn. The app's providers are stood in for; `begin` opens what `turn.postgres()` gives, by default
    a transaction that finds nothing. `settings` are of the node; `journal` is the one under test. Raises Undrawable, and
    RuntimeError inside of a Trio run: it starts its own.
    """
    told = say or drawn_of(app)

    async def run() -> Simulated:
        return await _Simulation(app, seed, told, faults, size, journal, begin).run(settings or {})

    return run_alike(run, seed)


def drawn_of(app: App) -> Say:
    """Return events of an app's types, drawn. Raises Undrawable if it has none."""
    if not app.events:
        raise Undrawable(f"app {app.name!r} names no events: give `say`")
    return lambda dice, _number: draw(dice.choice(app.events), dice)


class _Simulation:
    def __init__(
        self,
        app: App,
        seed: int,
        say: Say,
        odds: Odds,
        size: Size,
        journal: type[MemoryJournal],
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
    ) -> None:
        self._app, self._say, self._odds, self._size = app, say, odds, size
        self._journal, self._begin = journal, begin
        self._seed = seed
        self._choices = self._dice("choices")
        self._interventions: Counter[str] = Counter()
        self._ahead = {"replicas": 0.0, "store": 0.0}
        self._store = MemoryStore(lambda: self._wall("store").timestamp())

    async def run(self, settings: Mapping[str, float]) -> Simulated:
        """Let it happen, let it become quiet; return what is left."""
        async with trio.open_nursery() as nursery:
            outside = Outside(
                self._dice("sends"),
                self._odds.sends,
                receipt=lambda receipt: nursery.start_soon(crowd.tell, receipt),
                answer=lambda dice: self._say(dice, -1),
            )
            cluster = Cluster(
                nursery,
                self._store,
                app=lambda journal: replace(self._app, providers=(Line(outside, journal),)),
                settings=self._settings(settings),
                journal=self._journal,
                begin=self._begin,
                now=lambda: self._wall("replicas"),
                jump=self._jump,
                dice=self._dice,
                odds=self._odds,
            )
            operators = Operators(
                MemoryHandover(self._journal(self._store, replica="desk")),
                self._store,
                outside.accepted,
                self._dice("operators"),
                often=self._odds.operators,
                now=lambda: self._wall("store"),
                nudge=cluster.nudge,
            )
            crowd = Crowd(self._say, cluster.replicas, self._dice("people"), self._odds, self._size)
            for number in range(self._size.replicas):
                await cluster.start(f"r{number}")
            async with trio.open_nursery() as acts:
                acts.start_soon(crowd.write)
                acts.start_soon(operators.act, self._size.seconds)
                acts.start_soon(cluster.strike, self._size.seconds)
            cluster.calm()
            outside.calm()
            await self._quiet()
            operators.close()
            ledger = ledger_of(self._store)
            nursery.cancel_scope.cancel()
        history = RunHistory(
            sent=crowd.sent,
            entries=ledger.entries,
            effects=ledger.sends,
            accepted=tuple(outside.accepted),
            turns=ledger.turns,
            tenants={one.id: one.channel for one in self._store.conversations.values()},
            interventions=dict(self._interventions + operators.interventions),
            silences=operators.silences,
        )
        counts = {
            "parks": self._interventions.total(),
            "events": len(ledger.entries),
            "turns": len(ledger.turns),
        }
        befell = {
            **cluster.statistics(),
            **crowd.statistics(),
            **outside.statistics(),
            **operators.statistics(),
        }
        return Simulated(history, {**counts, "effects": len(ledger.sends), **befell})

    def _settings(self, given: Mapping[str, float]) -> NodeSettings:
        """Choose settings in which bounds are met and waits are short."""
        chosen: dict[str, Any] = {
            "turn_timeout": 1.0,
            "send_timeout": 1.0,
            "uncertain_wait": 2.0,
            "poll_interval": 1.0,
            "lease_ttl": self._choices.choice((1.5, 3.0)),
            "max_active": self._choices.choice((1, 2, 20_000)),
            "mailbox_limit": self._choices.choice((1, 2, 256)),
            "max_attempts": self._choices.choice((1, 2, 3)),
        }
        return NodeSettings(**chosen | dict(given))

    def _dice(self, name: str) -> Random:
        return Random(f"{self._seed}|{name}")  # noqa: S311 - not for secrets

    def _wall(self, whose: str) -> datetime:
        return START + timedelta(seconds=trio.current_time() + self._ahead[whose])

    def _jump(self, replicas: float, store: float) -> None:
        self._ahead["replicas"] += replicas
        self._ahead["store"] += store

    async def _quiet(self) -> None:
        """Wait until nothing is left to do; what is parked is let go on, with what it stopped at or without."""
        still = 0
        with trio.move_on_after(QUIET_WITHIN):
            while still < _STILL:
                await trio.sleep(1.0)
                for one in self._store.conversations.values():
                    if one.parked is not None:
                        self._interventions[one.id] += 1
                        self._store.unpark(one.id, skip=self._choices.random() < 0.5)
                still = still + 1 if self._store.settled() else 0
