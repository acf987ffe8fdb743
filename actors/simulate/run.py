"""Runs a simulation: posts the script with signatures until all of it is acknowledged, waits until it is quiet, judges.

The shell around people.py and verdict.py. It believes nothing but a 200: whatever else comes, or nothing, the
same body is posted again.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import httpx
import msgspec
import trio

from actors.simulate.door import Door, Post, SimulationError, Watch
from actors.simulate.doors import DOORS
from actors.simulate.people import Parcel, Plan, Script, write_script
from actors.simulate.report import Verdict
from actors.simulate.verdict import judge
from actors.simulate.views import Evidence, Posted, Reply
from actors.stage import StandIn
from config import Channel, Node, Settings
from runtime.testing import Ledger

#: Seconds one POST may take, and the longest wait before it is posted again.
_TIMEOUT = 10.0
_LONGEST_BACKOFF = 1.0
#: Seconds between two looks at the provider, or two tries to read the database.
_LOOK = 0.5
#: Seconds for which the database may be away before that is an error.
_PATIENCE = 15.0


class Progress(msgspec.Struct, frozen=True):
    """Where a run is: counts of messages, of POSTs that failed and of replies at the provider."""

    phase: str
    messages: int
    acknowledged: int
    failed_posts: int
    replies: int


def no_progress(_progress: Progress) -> None:
    """Show nothing."""


async def simulate(
    plan: Plan,
    settings: Settings,
    *,
    fake: StandIn | None = None,
    ledger: Callable[[], Awaitable[Ledger]],
    progress: Callable[[Progress], None] = no_progress,
    kills: int = 0,
    restart: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint,
) -> Verdict:
    """Drive the Majlis of these settings and judge it.

    `fake`: the provider, if it lives in this process; else it is found at the channels' api_url, or hosted
    there for the length of the run. `ledger` reads the database; it is called several times. `restart` kills the
    server as `kill -9` does and starts it again: `kills` times, spread over the acknowledgements. Raises
    SimulationError when the plan does not fit the settings or a view is not to be had. Cancellation ends the
    run without a verdict.
    """
    door = door_of(plan)
    channels = _channels(plan, settings)
    script = write_script(plan, f"{secrets.randbelow(1_000_000):06d}", door.numbers(channels))
    try:
        async with door.watching(settings, channels, fake) as watch:
            post = door.poster(settings, channels, plan.webhook_url)
            run = _Run(plan, settings.node, script, watch, post, quotes=door.quotes, progress=progress)
            await run.post(kills, restart)
            verdict = await run.settle(ledger)
            return msgspec.structs.replace(verdict, kills=run.kills)
    except ExceptionGroup as faults:
        raise _cause(faults) from faults


async def _patiently(ledger: Callable[[], Awaitable[Ledger]]) -> Ledger:
    """Read the database, which may be away for a while where the product is being killed; else raise what it says."""
    patience = trio.current_time() + _PATIENCE
    while True:
        try:
            return await ledger()
        except Exception:
            if trio.current_time() > patience:
                raise
        await trio.sleep(_LOOK)


def _cause(fault: Exception) -> Exception:
    """Return the one exception in nested groups, or the innermost group that holds several."""
    while isinstance(fault, ExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    return fault


class _Run:
    """One run: what was posted and what was seen so far."""

    def __init__(
        self,
        plan: Plan,
        node: Node,
        script: Script,
        watch: Watch,
        poster: Callable[[Parcel, int], Post],
        *,
        quotes: bool,
        progress: Callable[[Progress], None],
    ) -> None:
        self._plan = plan
        self._script = script
        self._watch = watch
        self._poster = poster
        self._quotes = quotes
        self._progress = progress
        self._quiet = plan.quiet if plan.quiet is not None else node.uncertain_wait + node.send_timeout + 15.0
        self._posts: list[Posted] = []
        self._acknowledged: set[str] = set()
        self._answers: Counter[str] = Counter()
        self._people = {message.person.wa_id for message in script.messages}
        self._replies: list[Reply] = []
        self._began = self._last_reply = trio.current_time()
        self._news = trio.Event()
        self._posted = False
        self.kills = 0

    async def post(self, kills: int, restart: Callable[[], Awaitable[object]]) -> None:
        """Post all phases, with `kills` on the way; return when all is acknowledged or the deadline has passed."""
        self._began = trio.current_time()
        limits = httpx.Limits(max_connections=self._plan.concurrency)
        async with (
            httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT, limits=limits) as client,
            trio.open_nursery() as watchers,
        ):
            watchers.start_soon(self._look_often)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._post_phases, client)
                nursery.start_soon(self._kill, kills, restart)
            watchers.cancel_scope.cancel()

    async def _post_phases(self, client: httpx.AsyncClient) -> None:
        for phase in self._script.phases:
            parcels = iter(phase)
            async with trio.open_nursery() as posters:
                for _ in range(min(self._plan.concurrency, len(phase))):
                    posters.start_soon(self._deliver_all, client, parcels)
        self._posted = True
        self._news.set()

    async def _kill(self, kills: int, restart: Callable[[], Awaitable[object]]) -> None:
        """Kill and restart the server when 1, 2, ... of `kills` + 1 parts of the messages are acknowledged."""
        for part in range(1, kills + 1):
            while len(self._acknowledged) * (kills + 1) < part * len(self._script.messages):
                if self._posted:
                    return
                await self._news.wait()
                self._news = trio.Event()
            await restart()
            self.kills += 1

    async def settle(self, ledger: Callable[[], Awaitable[Ledger]]) -> Verdict:
        """Look at all three views until nothing is outstanding, or nothing has moved for the quiet time; judge."""
        pause = 0.1
        moved = trio.current_time()
        seen: tuple[int, ...] = ()
        confirmed = False
        while True:
            began = trio.current_time()
            await self._look("waiting for replies")
            evidence = Evidence(
                run=self._script.run,
                messages=self._script.messages,
                posts=self._posts,
                replies=tuple(self._replies),
                violations=await self._watch.violations(),
                answers=dict(self._answers.most_common()),
                seconds=self._last_reply - self._began,
                quotes=self._quotes,
            )
            # In a thread: a provider that lives in this process answers meanwhile.
            held = await _patiently(ledger)
            verdict = await trio.to_thread.run_sync(partial(judge, evidence, held, expect=self._plan.expect))
            now = trio.current_time()
            known = (verdict.handled, verdict.replied, verdict.unsettled, len(self._replies))
            if known != seen:
                seen, moved, confirmed = known, now, False
            if verdict.complete and confirmed:
                return verdict
            if now - moved > self._quiet:
                return verdict
            confirmed = verdict.complete
            pause = min(2.0, pause * 2)
            await trio.sleep(max(self._plan.linger if confirmed else pause, 2 * (now - began)))

    async def _deliver_all(self, client: httpx.AsyncClient, parcels: Iterator[Parcel]) -> None:
        for parcel in parcels:
            await self._deliver(client, parcel)

    async def _deliver(self, client: httpx.AsyncClient, parcel: Parcel) -> None:
        """Post one parcel until it is acknowledged."""
        webhook = self._poster(parcel, int(time.time()))
        ids = tuple(message.id for message in parcel.messages)
        begun = trio.current_time()
        backoff = 0.05
        while trio.current_time() - self._began < self._plan.deadline:
            attempt = trio.current_time()
            answer = await self._post(client, webhook)
            self._answers[answer] += 1
            if answer == "200":
                acknowledged = trio.current_time()
                self._posts.append(Posted(ids, begun, acknowledged, acknowledged - attempt))
                self._acknowledged.update(ids)
                self._news.set()
                return
            await trio.sleep(backoff)
            backoff = min(_LONGEST_BACKOFF, backoff * 2)
        self._posts.append(Posted(ids, begun, None))

    async def _post(self, client: httpx.AsyncClient, webhook: Post) -> str:
        try:
            answer = await client.post(webhook.url, content=webhook.body, headers=dict(webhook.headers))
            return str(answer.status_code)
        except httpx.HTTPError as fault:
            return type(fault).__name__

    async def _look_often(self) -> None:
        while True:
            await self._look("posting")
            await trio.sleep(_LOOK)

    async def _look(self, phase: str) -> None:
        """Take over what the provider got since the last look, as far as it is ours."""
        news = [reply for reply in await self._watch.more() if reply.to in self._people]
        if news:
            self._last_reply = trio.current_time()
            self._replies += news
        failed = sum(count for answer, count in self._answers.items() if answer != "200")
        acknowledged = len(self._acknowledged)
        self._progress(Progress(phase, len(self._script.messages), acknowledged, failed, len(self._replies)))


def door_of(plan: Plan) -> Door:
    """Return the door of a plan. Raises SimulationError when it does not bear the plan."""
    door = DOORS.get(plan.provider)
    if door is None:
        raise SimulationError(f"no such provider: {plan.provider}; there are: {', '.join(DOORS)}")
    if plan.batch > 1 and not door.batches:
        raise SimulationError(f"--batch: a webhook of {door.provider} brings one message")
    return door


def _channels(plan: Plan, settings: Settings) -> Sequence[Channel]:
    """Return the channels of a plan; SimulationError when there are not enough."""
    by_key = {channel.key: channel for channel in settings.channels if channel.provider == plan.provider}
    if plan.channel_keys:
        unknown = [key for key in plan.channel_keys if key not in by_key]
        if unknown:
            raise SimulationError(
                f"no such channel: {', '.join(unknown)}; there are: {', '.join(by_key) or 'none'}"
            )
        return [by_key[key] for key in plan.channel_keys]
    suitable = [channel for channel in by_key.values() if (channel.tenant is None) == plan.shared]
    if len(suitable) < plan.channels:
        kind = "shared by all" if plan.shared else "owned by a tenant"
        raise SimulationError(
            f"{plan.channels} channels {kind} are asked for, the settings have {len(suitable)} (try --demo)"
        )
    return suitable[: plan.channels]
