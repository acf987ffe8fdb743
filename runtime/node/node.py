"""The node: one replica's actors, effects and leases over a journal, wired together.

Nurseries from the outside in: committers, lanes, cells, watchers. Each closes after those inside it, so that what runs
inside can always still commit. The node knows neither HTTP nor signals; `store` is how events come in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from random import Random

import httpx
import structlog
import trio

from config import Node as NodeSettings
from runtime.actor.effect import Effect
from runtime.actor.event import StoredEvent
from runtime.actor.record import ConversationRow, FailedAttempt, Timer, TurnRecord
from runtime.actor.resources import HttpClient, Redis, Transaction
from runtime.actor.room import Room, TurnResources
from runtime.actor.supervision import RestartWindow
from runtime.app import App
from runtime.channel import Arrival, Verified
from runtime.journal.group import BatchFailed, GroupCommit, GroupStatistics
from runtime.journal.identity import shard_of
from runtime.journal.protocol import Claim, ClaimRequest, DataFault, Ingested, Journal, ResultRecord
from runtime.node.cells import Cells
from runtime.node.clock import SteadyClock
from runtime.node.lanes import Lanes
from runtime.node.leases import Leases
from runtime.node.line import Line
from runtime.node.scope import Reach, TurnScope
from runtime.node.sending import Sending
from runtime.resources.errors import PostgresFault, ResourceUnavailable, postgres_fault

_log = structlog.get_logger(__name__)
_POLL_MOST = 2000
_PENDING_MOST = 20_000  # all pages are read, and each costs as much as there is in all
_PENDING_EVERY = 5
_PATIENCE = 5.0  # seconds for one look at the journal
ReadRequest = tuple[ConversationRow, int, int]
Look = Callable[[Sequence[int], int, str], Awaitable[Sequence[tuple[str, int]]]]


def wall_clock() -> datetime:
    """Return the time of day; tests and drills inject another."""
    return datetime.now(UTC)


class Node:
    """One replica. Open it with `open_node`."""

    def __init__(
        self,
        app: App,
        settings: NodeSettings,
        *,
        journal: Journal,
        reach: Reach,
        tell: Callable[[str, int], None],
        now: Callable[[], datetime],
        ready: trio.Event | None = None,
        work_at_once: int = 16,
        dice: Random | None = None,
    ) -> None:
        self._app = app
        self._work_at_once = work_at_once
        self._settings = settings
        self._journal = journal
        self._reach = reach
        self._tell = tell
        self.clock = SteadyClock(now)
        self.intake = GroupCommit[Verified, None](
            "intake",
            self._ingest,
            largest=2000,
            weight=lambda v: len(v.arrivals) + len(v.receipts),
        )
        self.commits = GroupCommit[TurnRecord, bool](
            "commits", self._commit, apart=lambda turn: turn.conversation
        )
        self.attempts = GroupCommit[FailedAttempt, bool](
            "attempts", self._fail, apart=lambda attempt: attempt.conversation
        )
        self.claims = GroupCommit[ClaimRequest, Claim](
            "claims", self._claim, apart=lambda request: request.effect
        )
        self.records = GroupCommit[ResultRecord, None](
            "records", self._record, apart=lambda result: result.effect
        )
        self.loads = GroupCommit[str, ConversationRow | None]("loads", self._load)
        self.reads = GroupCommit[ReadRequest, Sequence[StoredEvent]](
            "reads", self._read, largest=50, apart=lambda request: request[0].id
        )
        self.outbox = GroupCommit[str, Sequence[Effect]]("outbox", self._effects)
        self._groups = (
            self.intake, self.commits, self.attempts, self.claims, self.records, self.loads, self.reads, self.outbox
        )  # fmt: skip
        self.leases = Leases(
            journal, ttl=settings.lease_ttl, gained=self._gained, lost=self._lost, ready=ready
        )
        self.line = Line()
        self.cells: Cells
        self.lanes: Lanes
        self.sending: Sending
        self.room = Room(
            app.actor,
            app.codec,
            self,
            turn_timeout=settings.turn_timeout,
            reply_expires=settings.reply_expires,
            limits=RestartWindow(settings.max_attempts, settings.restart_window),
            dice=dice or Random(),  # noqa: S311 - jitter
        )
        self._to_recover: set[int] = set()
        self._looked_to = ""
        self._timers_to = ""
        self._news = trio.Event()

    # ── what ingress asks ─────────────────────────────────────────────

    async def store(self, verified: Verified) -> None:
        """Make a webhook's content durable. Raises ResourceUnavailable when it could not be; then nobody may say 200.

        Cancelled, it may be stored all the same; the provider's repetition is then a duplicate.
        """
        if verified.arrivals or verified.receipts:
            await self.intake.submit(verified)

    def deliver(self, events: Iterable[StoredEvent]) -> None:
        """Bring stored events to their actors here, or hint to the replica that holds their shard."""
        for event in events:
            if self.leases.epoch(event.shard) is not None:
                self.cells.deliver(event)
            else:
                self._tell(event.conversation, event.shard)

    def nudge(self, conversation: str) -> None:
        """An operator has acted: look at its sends at once, here or, by a hint, where its shard is held."""
        shard = shard_of(conversation)
        if self.leases.epoch(shard) is not None:
            self.lanes.hurry(conversation)
        else:
            self._tell(conversation, ~shard)

    def wake(self, conversation: str, shard: int) -> None:
        """Follow a hint: look at a conversation if its shard is ours; ~shard says that it is about an operator's act."""
        if shard < 0:
            if self.leases.epoch(~shard) is not None:
                self.lanes.hurry(conversation)
        elif self.leases.epoch(shard) is not None:
            self.cells.wake(conversation, shard)

    # ── what cells ask (`runtime.actor.room.Host`) ────────────────────

    def epoch(self, shard: int) -> int | None:
        """See `Host.epoch`."""
        return self.leases.epoch(shard)

    async def load(self, conversation: str) -> ConversationRow | None:
        """See `Host.load`."""
        return await self.loads.submit(conversation)

    async def read(self, row: ConversationRow, after: int, limit: int) -> Sequence[StoredEvent]:
        """See `Host.read`."""
        return await self.reads.submit((row, after, limit))

    async def fail(self, attempt: FailedAttempt) -> bool:
        """See `Host.fail`."""
        return await self.attempts.submit(attempt)

    def resources(self) -> AbstractAsyncContextManager[TurnResources]:
        """See `Host.resources`."""
        return TurnScope(self._reach, self._journal, self.commits.submit, self.line)

    def now(self) -> datetime:
        """See `Host.now`."""
        return self.clock.now()

    def committed(self, record: TurnRecord) -> None:
        """See `Host.committed`."""
        self.lanes.append(record.effects)

    def recall(self, conversation: str) -> None:
        """See `Host.recall`."""
        self.lanes.recall(conversation)

    def is_away(self, error: BaseException) -> bool:
        """See `Host.is_away`. Whose fault a deadlock is depends on who else was there: it is tried again."""
        away = isinstance(error, ResourceUnavailable | BatchFailed | httpx.TransportError)
        return away or postgres_fault(error) is PostgresFault.RETRY

    # ── what lanes and sending ask ────────────────────────────────────

    async def claim(self, request: ClaimRequest) -> Claim:
        """See `Claims.claim`."""
        return await self.claims.submit(request)

    async def record(self, result: ResultRecord) -> None:
        """See `Claims.record`."""
        await self.records.submit(result)

    async def bring(self, arrival: Arrival) -> None:
        """See `Claims.bring`."""
        await self.intake.submit(Verified((arrival,)))

    async def effects(self, conversation: str) -> Sequence[Effect]:
        """See `Outbox.effects`."""
        return await self.outbox.submit(conversation)

    def claim_epoch(self, shard: int) -> int | None:
        """See `Outbox.claim_epoch`."""
        return self.leases.claim_epoch(shard)

    # ── stopping, in this order ───────────────────────────────────────

    async def finish_turns(self) -> None:
        """Begin no turn any more and wait until those in hand have ended; cancelled, it cancels them.

        The caller sets the deadline. What was cut has left no trace, and the next owner begins it again.
        """
        self.leases.stop_turns()
        self.cells.stop()
        self.line.close()
        try:
            await self.cells.quiet()
        finally:
            self.cells.cut()

    async def finish_effects(self) -> None:
        """Claim no effect any more and wait until requests in hand are answered and recorded.

        Work that takes longer than the caller waits stays in the outbox, and the next owner begins it again.
        """
        self.sending.stop()
        await self.sending.calm()

    async def release(self) -> None:
        """Give the shards back."""
        await self.leases.release()

    # ── batches ───────────────────────────────────────────────────────

    async def _ingest(self, batch: Sequence[Verified]) -> Sequence[None]:
        arrivals = [arrival for verified in batch for arrival in verified.arrivals]
        receipts = [receipt for verified in batch for receipt in verified.receipts]
        try:
            self._route(await self._journal.ingest(arrivals, receipts))
        except DataFault:
            if len(batch) > 1 or len(arrivals) < 2:
                raise
            await self._ingest_singly(batch[0])
        return [None] * len(batch)

    async def _ingest_singly(self, verified: Verified) -> None:
        """One event of a webhook cannot be stored: store the others, then fail, so that it is not acknowledged."""
        self._route(await self._journal.ingest((), verified.receipts))
        fault: DataFault | None = None
        for arrival in verified.arrivals:
            try:
                self._route(await self._journal.ingest([arrival]))
            except DataFault as error:
                fault = error
                _log.error("an event cannot be stored", channel=arrival.channel, fault=str(error))
        if fault is not None:
            raise fault

    def _route(self, ingested: Ingested) -> None:
        self.deliver(ingested.events)
        for settled in ingested.settled:
            self.lanes.settle(settled.conversation)

    async def _commit(self, batch: Sequence[TurnRecord]) -> Sequence[bool]:
        done = await self._journal.commit(batch)
        return [turn.conversation in done for turn in batch]

    async def _fail(self, batch: Sequence[FailedAttempt]) -> Sequence[bool]:
        counted = await self._journal.fail(batch)
        return [attempt.conversation in counted for attempt in batch]

    async def _claim(self, batch: Sequence[ClaimRequest]) -> Sequence[Claim]:
        return await self._journal.claim(batch, self._settings.uncertain_wait)

    async def _record(self, batch: Sequence[ResultRecord]) -> Sequence[None]:
        self._route(await self._journal.record(batch))
        return [None] * len(batch)

    async def _load(self, batch: Sequence[str]) -> Sequence[ConversationRow | None]:
        rows = {row.id: row for row in await self._journal.load(batch)}
        return [rows.get(name) for name in batch]

    async def _read(self, batch: Sequence[ReadRequest]) -> Sequence[Sequence[StoredEvent]]:
        limit = max(limit for _, _, limit in batch)
        return await self._journal.read([(row, after) for row, after, _ in batch], limit)

    async def _effects(self, batch: Sequence[str]) -> Sequence[Sequence[Effect]]:
        found: dict[str, list[Effect]] = {name: [] for name in batch}
        for effect in await self._journal.effects(batch):
            found[effect.conversation].append(effect)
        return [found[name] for name in batch]

    # ── watching ──────────────────────────────────────────────────────

    def _gained(self, shards: Iterable[int]) -> None:
        new = set(shards)
        self._to_recover |= new
        self._news.set()
        self.lanes.doubt(new)
        self.sending.adjust()

    def _lost(self, shards: Iterable[int]) -> None:
        gone = set(shards)
        self._to_recover -= gone
        self.cells.drop(gone)
        self.sending.adjust()

    async def _poll(self) -> None:
        """Look for work that no hint told of; the journal is the truth."""
        rounds = 0
        while True:
            try:
                await self._look(everything=rounds % _PENDING_EVERY == 0)
                rounds += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may go well
                reason = error.reason if isinstance(error, ResourceUnavailable) else type(error).__name__
                _log.warning("poll failed", reason=reason)
            self.cells.passivate(trio.current_time())
            self.clock.look()
            with trio.move_on_after(self._settings.poll_interval):
                await self._news.wait()
            self._news = trio.Event()

    async def _look(self, *, everything: bool) -> None:
        shards = [shard for shard in self.leases.shards if self.leases.epoch(shard) is not None]
        if not shards:
            return
        new = self._to_recover.intersection(shards)
        self._to_recover -= new
        try:
            self.lanes.resume(self.leases.shards)
            page = await self._page(self._journal.backlog, shards, _POLL_MOST, self._looked_to)
            self._looked_to = page[-1][0] if len(page) == _POLL_MOST else ""
            for conversation, shard in page:
                self.wake(conversation, shard)
            await self._remind(shards)
            for conversation, _ in await self._operated(shards):
                self.lanes.open(conversation)
            after: str | None = "" if everything or new else None
            while after is not None:
                page = await self._page(self._journal.pending, shards, _PENDING_MOST, after)
                for conversation, _ in page:
                    self.lanes.open(conversation)
                after = page[-1][0] if len(page) == _PENDING_MOST else None
            self.lanes.trust(new)
        except BaseException:
            self._to_recover |= new
            raise
        if everything:
            with trio.move_on_after(_PATIENCE):
                for settled in await self._journal.match_receipts():
                    self.lanes.settle(settled.conversation)

    async def _remind(self, shards: Sequence[int]) -> None:
        """Hand over a page of the timers that are due; those that do not get on must not hide the others."""
        due: Sequence[Timer] = ()
        with trio.move_on_after(_PATIENCE):
            due = await self._journal.due(shards, self.now(), _POLL_MOST, self._timers_to)
        self._timers_to = due[-1].conversation if len(due) == _POLL_MOST else ""
        for timer in due:
            if self.leases.epoch(timer.shard) is not None:
                self.cells.remind(timer)

    async def _operated(self, shards: Sequence[int]) -> Sequence[tuple[str, int]]:
        """Return conversations in which an operator has something to say: people wait for it, so all looks look at it."""
        with trio.move_on_after(_PATIENCE):
            return await self._journal.operator_pending(shards, _POLL_MOST)
        return ()

    async def _page(
        self, look: Look, shards: Sequence[int], most: int, after: str
    ) -> Sequence[tuple[str, int]]:
        with trio.move_on_after(_PATIENCE):
            return await look(shards, most, after)
        raise ResourceUnavailable("postgres", f"no answer in {_PATIENCE:g} s")

    def statistics(self) -> Mapping[str, object]:
        """Return the statistics of everything that lives here, by name."""
        return {
            "leases": self.leases.statistics(),
            "cells": self.cells.statistics(),
            "line": self.line.statistics(),
            "lanes": self.lanes.statistics(),
            **self.groups(),
        }

    def groups(self) -> Mapping[str, GroupStatistics]:
        """Return the statistics of the batched calls of the journal, by name."""
        return {group.name: group.statistics() for group in self._groups}

    @asynccontextmanager
    async def _opened(self, http: HttpClient) -> AsyncIterator[Node]:
        settings = self._settings
        async with trio.open_nursery() as committers:
            for group in self._groups:
                committers.start_soon(group.run, name=group.name)
            async with trio.open_nursery() as sends:
                self.sending = Sending(
                    self,
                    {provider.name: provider for provider in self._app.providers},
                    http,
                    timeout=settings.send_timeout,
                    work_at_once=self._work_at_once,
                    share=lambda: self.leases.share,
                    dice=self.room.dice,
                )
                self.lanes = Lanes(self, self.sending, sends, dice=self.room.dice)
                async with trio.open_nursery() as outside:
                    turns = await outside.start(_hold)
                    self.cells = Cells(
                        self.room,
                        turns,
                        mailbox_limit=settings.mailbox_limit,
                        max_active=settings.max_active,
                        passivate_after=settings.passivate_after,
                    )
                    async with trio.open_nursery() as watchers:
                        watchers.start_soon(self.leases.run, name="leases")
                        watchers.start_soon(self._poll, name="poll")
                        yield self
                        watchers.cancel_scope.cancel()
                    turns.cancel_scope.cancel()
                sends.cancel_scope.cancel()
            committers.cancel_scope.cancel()


async def _hold(task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """Hold a nursery open that can be cancelled without whoever opened it."""
    async with trio.open_nursery() as nursery:
        task_status.started(nursery)
        await trio.sleep_forever()


@asynccontextmanager
async def open_node(
    app: App,
    settings: NodeSettings,
    *,
    journal: Journal,
    http: HttpClient,
    begin: Callable[[], AbstractAsyncContextManager[Transaction]],
    redis: Redis | None = None,
    web: HttpClient | None = None,
    tell: Callable[[str, int], None] = lambda _conversation, _shard: None,
    now: Callable[[], datetime] = wall_clock,
    ready: trio.Event | None = None,
    work_at_once: int = 16,
    dice: Random | None = None,
) -> AsyncIterator[Node]:
    """Run a node for the length of the block; leaving it cancels what is in hand, from the inside out.

    `begin` opens a transaction for `turn.postgres()`; `redis` and `web` are what `turn.redis` and `turn.http` lend;
    `tell` hints to other replicas. With `ready`, no shard is taken and so no turn is begun before it is set; `store`
    works at once. `work_at_once` pieces of work run beside the sends. `dice` spread pauses; with a seed they fall alike.
    """
    node = Node(
        app,
        settings,
        journal=journal,
        reach=Reach(begin, redis, web),
        tell=tell,
        now=now,
        ready=ready,
        work_at_once=work_at_once,
        dice=dice,
    )
    async with node._opened(http):  # noqa: SLF001 - the other half of this module
        yield node
