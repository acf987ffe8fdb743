"""What a drill has in hand: databases, a provider, servers and a crowd of its own, and the timeline of what happens.

A drill's body makes trouble with it and says what must come of it; whatever it leaves running is settled, stopped and
looked at by `perform`. This module judges nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TypeVar

import httpx
import trio

from actors.channels.fake_graph import FakeGraph, Sent
from actors.drills.load import Answered
from actors.drills.pace import Pace, Window, pace
from actors.drills.servers import DrillReplica, Program
from actors.drills.strangers import Strangers
from actors.drills.wishes import Wishes, crowd_of, make_replica, numbers_of
from actors.simulate.people import Message
from config import Settings
from runtime.testing import (
    OPEN,
    Databases,
    FaultProxy,
    Invariant,
    Ledger,
    Mark,
    ResourceUnavailable,
    Sample,
    Timeline,
    read_ledger,
    time_on_cores,
)

T = TypeVar("T")
_LOOK_EVERY = 0.25
_LOOK_PATIENCE = 0.5
_LEDGER_PATIENCE = 10.0
_SETTLE = 45.0
"""Seconds at most from the last webhook until nothing is outstanding any more."""


class NotRecovered(Exception):
    """Nothing was answered again in time."""


class Rehearsal:
    """The stage of one drill. Times of marks and samples are seconds from `began`."""

    def __init__(
        self,
        home: Path,
        program: Program,
        databases: Databases,
        fake: FakeGraph,
        replicas: Sequence[DrillReplica],
        wishes: Wishes,
        webhooks: str,
        *,
        proxies: Mapping[str, FaultProxy],
        cluster: Path | None,
        quick: bool,
        seed: int,
        tell: Callable[[str], object],
    ) -> None:
        self.home = home
        self.program = program
        self.databases = databases
        self.fake = fake
        self.proxies = proxies
        """Before "postgres" and "redis", where they were wished for."""
        self.cluster = cluster
        """Where PostgreSQL's files are, if in a place of their own."""
        self.replicas = list(replicas)
        self.quick = quick
        self.dice = Random(seed)  # noqa: S311 - chance for rehearsals
        self.tell = tell
        self.found: list[Invariant] = []
        self.figures: dict[str, float] = {}
        self.pages: list[str] = []
        """What servers showed, to be searched for what no page may hold."""
        self.sent: list[Sent] = []
        self.excused: dict[str, Collection[str]] = {}
        """By person, the states in which a reply may be at the end without having been accepted."""
        self.began = trio.current_time()
        self._parts: list[object] = []
        self._samples: list[Sample] = []
        self._marks: list[Mark] = []
        self._fault_ended: float | None = None
        self.target = webhooks
        settings = self.server.settings
        numbers = numbers_of(settings, wishes)
        self.load = crowd_of(settings, numbers, wishes, seed, lambda: self.target)
        self.strangers = Strangers(self.load.run_id, numbers)
        self._provider_began = trio.current_time() - fake.now
        self._load_done = trio.Event()
        self._on_cores = time_on_cores()

    # ── what a body asks and says ─────────────────────────────────────

    @property
    def server(self) -> DrillReplica:
        """The first replica."""
        return self.replicas[0]

    @property
    def settings(self) -> Settings:
        """Those of the first replica."""
        return self.server.settings

    @property
    def timeline(self) -> Timeline:
        """What was seen so far."""
        return Timeline(list(self._samples), list(self._marks))

    @property
    def now(self) -> float:
        """Seconds since the drill began."""
        return trio.current_time() - self.began

    def lasting(self, quick: float, whole: float) -> float:
        """Return how long something shall last, in seconds: shorter where the drill is to be quick."""
        return quick if self.quick else whole

    def mark(self, name: str) -> None:
        """Note on the timeline that something was done."""
        self._marks.append(Mark(name, self.now))
        self.tell(name)

    @asynccontextmanager
    async def fault(self, name: str) -> AsyncIterator[None]:
        """Note a fault that lasts as long as the block; `recovered` counts from its end."""
        begun = self.now
        self.tell(f"{name} ...")
        try:
            yield
        finally:
            self._marks.append(Mark(name, begun, self.now, fault=True))
            self._fault_ended = trio.current_time()

    async def running(self, seconds: float) -> None:
        """Let all go on for a while."""
        await trio.sleep(seconds)

    async def stretch(self, seconds: float) -> Window:
        """Let all go on for a while; return when that was."""
        begun = trio.current_time()
        await trio.sleep(seconds)
        return Window(begun, trio.current_time())

    def pace(self, window: Window, among: Callable[[Message], bool] | None = None) -> Pace:
        """Return how quickly those were served who wrote in a window; the whole crowd and no stranger by default."""
        among = among or (lambda message: not self.strangers.knows(message))
        return pace(window, self.load.messages, self.load.posts, self.replied(), among)

    async def answered(self, since: float | None = None, within: float = 30.0) -> float:
        """Wait until somebody who wrote after `since` (Trio's clock, None: now) has a reply; return the seconds.

        Raises NotRecovered.
        """
        since = trio.current_time() if since is None else since
        with trio.move_on_after(within - (trio.current_time() - since)):
            while True:
                known = {message.id for message in self.load.messages}
                fresh = {
                    one
                    for post in self.load.posts
                    if post.begun >= since and post.acknowledged is not None
                    for one in post.messages
                    if one in known
                }
                await self.look()
                if any(sent.quoted in fresh for sent in self.sent):
                    return trio.current_time() - since
                await trio.sleep(0.05)
        raise NotRecovered(f"nobody who wrote was answered within {within:g} s")

    async def recovered(self) -> float:
        """Wait, half a minute at most, until somebody who wrote after the latest fault is answered; keep how long."""
        seconds = await self.answered(self._fault_ended)
        known = self.figures.get("recovery s", 0.0)
        self.figures["recovery s"] = max(known, seconds)
        self.mark("answered again")
        return seconds

    def answers_since(self, moment: float) -> Sequence[Answered]:
        """Return the POSTs that came to an end after a moment on Trio's clock: also those that began before it."""
        return [one for one in self.load.attempts if one.ended >= moment]

    @property
    def starved(self) -> float:
        """The part of the time so far that this process wanted a core and had none, as others had them."""
        ran, waited = (now - then for now, then in zip(time_on_cores(), self._on_cores, strict=True))
        return max(0.0, waited) / max(ran + waited, 1e-9)

    async def logged(self, text: str, times: int = 1, within: float = 10.0) -> None:
        """Wait until the first replica's log has a text so often. Raises NotRecovered."""
        with trio.move_on_after(within):
            while self.server.log.read_text("utf-8", "replace").count(text) < times:  # noqa: ASYNC110 - a file
                await trio.sleep(0.05)
            return
        raise NotRecovered(f"{text!r} is not {times} times in the log after {within:g} s")

    async def page(self, path: str, replica: DrillReplica | None = None) -> httpx.Response:
        """Ask a replica's admin listener; the answer is searched at the end for what no page may hold."""
        url = (replica or self.server).admin
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
            answer = await client.get(path)
        self.pages.append(answer.text)
        return answer

    async def look(self) -> None:
        """Take over what the provider accepted since the last look."""
        after = self.sent[-1].index if self.sent else 0
        while page := self.fake.sent(after):
            self.sent += page
            after = page[-1].index

    def replied(self) -> Mapping[str, float]:
        """Return, by message that was quoted, when the provider first accepted a reply to it, on Trio's clock."""
        first: dict[str, float] = {}
        for sent in self.sent:
            first.setdefault(sent.quoted, self._provider_began + sent.at)
        return first

    async def settled(self, within: float = _SETTLE) -> bool:
        """Wait until nothing is stored and not handled, and nothing is to be sent; False after `within` seconds.

        Replies to people who are excused to have theirs open at the end are not waited for.
        """
        with trio.move_on_after(within):
            while True:
                try:
                    if not await self.databases.waiting():
                        await self.look()
                        if await self.databases.unsent() <= self._may_be_open():
                            return True
                except ResourceUnavailable:
                    pass
                await trio.sleep(0.1)
        return False

    async def ledger(self) -> Ledger:
        """Read the books, patiently: a database that was just started again may need a moment."""
        deadline = trio.current_time() + _LEDGER_PATIENCE
        while True:
            try:
                return await read_ledger(self.settings)
            except ResourceUnavailable:
                if trio.current_time() > deadline:
                    raise
            await trio.sleep(0.2)

    def _may_be_open(self) -> int:
        """Return how many messages of people who may have a reply open have none, as far as the provider knows."""
        patient = {who for who, states in self.excused.items() if not OPEN.isdisjoint(states)}
        asked = sum(message.person.wa_id in patient for message in self.load.messages)
        return asked - len({sent.effect for sent in self.sent if sent.to in patient})

    def replica(self, settings: Settings | None = None) -> DrillReplica:
        """Make another replica on the same databases, with a data directory and ports of its own."""
        made = make_replica(self.home, settings or self.settings, self.program, len(self.replicas))
        self.replicas.append(made)
        return made

    def keep(self, part: object) -> None:
        """Keep something that stands beside the servers where the body finds it: see `parts`."""
        self._parts.append(part)

    def parts(self, kind: type[T]) -> list[T]:
        """Return what was kept of a kind."""
        return [one for one in self._parts if isinstance(one, kind)]

    # ── what goes on beside the body ──────────────────────────────────

    async def write(self) -> None:
        """Let the crowd write until it is told to stop and all is acknowledged."""
        await self.load.run()
        self._load_done.set()

    async def quiet(self) -> None:
        """Tell the crowd to stop, and wait until all that it said is acknowledged or given up."""
        self.load.stop()
        await self._load_done.wait()

    async def over(self) -> None:
        """Have the crowd stop, and wait until all that can be settled is, for what can only be judged then."""
        await self.quiet()
        await self.settled()

    async def keep_looking(self) -> None:
        """Take samples until cancelled."""
        while True:
            await self._take_sample()
            await trio.sleep(_LOOK_EVERY)

    async def _take_sample(self) -> None:
        waiting = connections = None
        with trio.move_on_after(_LOOK_PATIENCE):
            try:
                waiting = await self.databases.waiting()
                connections = (await self.databases.remains()).connections
            except ResourceUnavailable:
                pass
        await self.look()
        latencies, self.load.latencies = sorted(self.load.latencies), []
        self._samples.append(
            Sample(
                at=self.now,
                acknowledged=len(self.load.acknowledged),
                replied=len(self.sent),
                median=latencies[len(latencies) // 2] if latencies else None,
                slowest=latencies[-1] if latencies else None,
                waiting=waiting,
                connections=connections,
            )
        )

    def statistics(self) -> Mapping[str, object]:
        """Return what the parts say."""
        return {
            "load": self.load.statistics(),
            "strangers": self.strangers.statistics(),
            "databases": self.databases.statistics(),
            "replicas": [one.statistics() for one in self.replicas],
            "samples": len(self._samples),
        }
