"""Effects on their way out: one lane of sends per conversation, asides beside it.

Theory of operation: an effect is paced, then claimed (the journal marks it `sending` before any request leaves), then
performed by its provider within a deadline, then its result is recorded. The next send of the conversation starts only
after that. A send that may try again, or whose outcome is unknown, holds its lane; the unknown one is claimed anew only
after `uncertain_wait`, unless a receipt settles it first. Whatever is cut off here stays in the outbox as it is, for
this node or the next one to take up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

import structlog
import trio

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import EffectFailed, encode_event
from runtime.actor.supervision import backoff
from runtime.channel import (
    Accepted,
    Delivery,
    HttpClient,
    Outcome,
    Provider,
    Refused,
    TryAgain,
    Uncertain,
)
from runtime.journal.identity import shard_of
from runtime.journal.protocol import Claim, ClaimRequest, ResultRecord
from runtime.node.pacing import ChannelPace
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)
R = TypeVar("R")
_ASIDES_AT_ONCE = 64
_KEPT = 100  # sends of one conversation in memory; the others stay in the outbox until it is their turn


class Outbox(Protocol):
    """What the lanes need of the journal; the node batches it."""

    async def claim(self, request: ClaimRequest) -> Claim:
        """Claim one effect."""

    async def record(self, result: ResultRecord) -> None:
        """Record one result."""

    async def effects(self, conversation: str) -> Sequence[Effect]:
        """Return a conversation's unsettled effects."""

    def claim_epoch(self, shard: int) -> int | None:
        """Return the epoch under which effects of a shard may be claimed; None when they may not."""


@dataclass(frozen=True)
class LaneStatistics:
    """Conversations with sends under way, sends waiting in them, and outcomes since the start."""

    lanes: int
    waiting: int
    outcomes: Mapping[str, int]


class _SendLane:
    """The sends of one conversation, oldest first."""

    __slots__ = ("behind", "changed", "conversation", "queue")

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.queue: deque[Effect] = deque()
        self.behind = False
        self.changed = trio.Event()


def result_of(effect: Effect, epoch: int, outcome: Outcome) -> ResultRecord:
    """Return what is recorded of an outcome; a failure for good carries its event for the actor."""
    match outcome:
        case Accepted(provider_id=provider_id):
            return ResultRecord(str(effect.id), epoch, "done", provider_id)
        case TryAgain(code=code):
            return ResultRecord(str(effect.id), epoch, "queued", "", code)
        case Uncertain(code=code):
            return ResultRecord(str(effect.id), epoch, "uncertain", "", code)
        case Refused(code=code, reason=reason):
            failure = encode_event(EffectFailed(effect=str(effect.id), code=code, reason=reason))
            heard = effect.lane is Lane.SEND  # a read mark that failed is nobody's news
            return ResultRecord(str(effect.id), epoch, "failed", "", code, failure if heard else b"")


class Lanes:
    """Performs the effects of all conversations of this node."""

    def __init__(
        self,
        outbox: Outbox,
        providers: Mapping[str, Provider],
        http: HttpClient,
        nursery: trio.Nursery,
        *,
        send_timeout: float,
        share: Callable[[], float],
        dice: Random,
    ) -> None:
        self._outbox = outbox
        self._providers = providers
        self._http = http
        self._nursery = nursery
        self._send_timeout = send_timeout
        self._share = share
        self._dice = dice
        self._lanes: dict[str, _SendLane] = {}
        self._paces: dict[str, ChannelPace] = {}
        self._asides = trio.CapacityLimiter(_ASIDES_AT_ONCE)
        self._outcomes = dict.fromkeys(("accepted", "again", "uncertain", "refused", "expired", "settled"), 0)
        self._performing = 0
        self._stopped = False
        self._calm = trio.Event()
        self._calm.set()

    def append(self, effects: Iterable[Effect]) -> None:
        """Take effects of a turn that has just committed, in order."""
        for effect in effects:
            if effect.lane is Lane.SEND:
                lane = self._lane(effect.conversation)
                if len(lane.queue) < _KEPT:
                    lane.queue.append(effect)
                else:
                    lane.behind = True
            else:
                self._nursery.start_soon(self._aside, effect, name=f"aside {effect.id}")

    def open(self, conversation: str) -> None:
        """Take up a conversation whose unsettled effects are in the outbox, after a start or a take-over."""
        if conversation not in self._lanes:
            self._lane(conversation).behind = True

    def settle(self, conversation: str) -> None:
        """A receipt has proved a send that was in doubt: look again, at once."""
        lane = self._lanes.get(conversation)
        if lane is not None:
            lane.changed.set()

    def adjust(self) -> None:
        """Take new limits of channels and a new share of the shards."""
        for channel, pace in self._paces.items():
            provider = self._provider(channel)
            if provider is not None:
                pace.adjust(provider.pace(channel).per_second, self._share())

    def stop(self) -> None:
        """Claim nothing any more; what is in the outbox stays there."""
        self._stopped = True

    async def calm(self) -> None:
        """Wait until no request to a provider is under way."""
        await self._calm.wait()

    def _lane(self, conversation: str) -> _SendLane:
        lane = self._lanes.get(conversation)
        if lane is None:
            lane = self._lanes[conversation] = _SendLane(conversation)
            self._nursery.start_soon(self._run, lane, name=f"lane {conversation}")
        return lane

    async def _run(self, lane: _SendLane) -> None:
        """Send what the lane holds, in order; end when it is empty or its shard is not ours."""
        try:
            while lane.queue or lane.behind:
                if not lane.queue:
                    await self._refill(lane)
                elif await self._through(lane.queue[0], lane):
                    lane.queue.popleft()
                else:
                    return
        finally:
            self._lanes.pop(lane.conversation, None)

    async def _refill(self, lane: _SendLane) -> None:
        """Read a lane's effects from the outbox; those that commit meanwhile come behind them."""
        lane.behind = False
        found = await self._insist(lambda: self._outbox.effects(lane.conversation))
        known = {(effect.version, effect.ordinal) for effect in found}
        newer = [effect for effect in lane.queue if (effect.version, effect.ordinal) not in known]
        lane.queue = deque([effect for effect in found if effect.lane is Lane.SEND] + newer)
        for effect in found:
            if effect.lane is Lane.ASIDE:
                self._nursery.start_soon(self._aside, effect, name=f"aside {effect.id}")

    async def _aside(self, effect: Effect) -> None:
        async with self._asides:
            await self._through(effect, None)

    async def _through(self, effect: Effect, lane: _SendLane | None) -> bool:
        """Bring one effect to its end; False if it is not ours to end."""
        provider = self._provider(effect.channel)
        while True:
            if lane is not None:
                lane.changed = trio.Event()
            epoch = self._outbox.claim_epoch(shard_of(effect.conversation))
            if epoch is None or provider is None or self._stopped:
                return False
            pace = await self._place(effect, provider) if lane is not None else None
            with self._in_hand():
                claim, outcome = await self._attempt(effect, provider, epoch, pace)
            match outcome, claim.verdict:
                case Accepted() | Refused(), _:
                    return True
                case TryAgain(after=after), _:
                    await self._pause(
                        lane, backoff(claim.attempts, self._dice, first=0.5) if after is None else after
                    )
                case None, "settled" | "gone":
                    self._outcomes["settled"] += 1
                    return True
                case None, "fenced":
                    return False
                case None, "wait":
                    await self._pause(lane, claim.wait)

    async def _attempt(
        self, effect: Effect, provider: Provider, epoch: int, pace: ChannelPace | None
    ) -> tuple[Claim, Outcome | None]:
        """Claim, perform, record. No outcome: the claim was not given."""
        limits = provider.pace(effect.channel)
        request = ClaimRequest(
            str(effect.id), effect.conversation, epoch, limits.pair_interval, limits.pair_burst
        )
        outcome: Outcome | None = None
        try:
            claim = await self._insist(lambda: self._outbox.claim(request))
            if claim.verdict == "claimed":
                outcome = await self._perform(effect, provider, claim)
        finally:
            if pace is not None and outcome is not None:
                pace.leave(trio.current_time())
            elif pace is not None:
                pace.withdraw()
        if claim.verdict == "expired":
            outcome = Refused("expired", "it could not be sent in time")
        if outcome is not None:
            result = result_of(effect, epoch, outcome)
            await self._insist(lambda: self._outbox.record(result))
            self._count(outcome, effect)
        return claim, outcome

    async def _place(self, effect: Effect, provider: Provider) -> ChannelPace:
        """Wait for the effect's place on its channel; the caller must `leave` or `withdraw`."""
        pace = self._paces.get(effect.channel)
        if pace is None:
            limit = provider.pace(effect.channel).per_second
            pace = self._paces[effect.channel] = ChannelPace(limit, trio.current_time(), self._share())
        delay = pace.reserve(trio.current_time())
        if delay > 0:
            await trio.sleep(delay)
        while delay := pace.enter(trio.current_time()):  # noqa: ASYNC110 - time is what it waits for
            await trio.sleep(delay)
        return pace

    async def _perform(self, effect: Effect, provider: Provider, claim: Claim) -> Outcome:
        """Let the provider do it within the deadline; whatever goes wrong is an outcome."""
        delivery = Delivery(
            str(effect.id), effect.channel, claim.address, effect.lane, effect.payload, claim.attempts
        )
        try:
            with trio.move_on_after(self._send_timeout):
                return await provider.perform(delivery, self._http)
            return Uncertain("timeout", f"no answer within {self._send_timeout} s")
        except ResourceUnavailable as error:
            return TryAgain("unavailable", error.reason)
        except Exception:  # noqa: BLE001 - the boundary: a provider's fault ends no lane
            _log.exception("provider failed", conversation=effect.conversation, effect=delivery.id)
            return Uncertain("fault", "the provider's code failed after the request may have left")

    @contextmanager
    def _in_hand(self) -> Iterator[None]:
        """Count what is between its claim and its record; `calm` waits for it."""
        self._performing += 1
        if self._calm.is_set():
            self._calm = trio.Event()
        try:
            yield
        finally:
            self._performing -= 1
            if not self._performing:
                self._calm.set()

    async def _pause(self, lane: _SendLane | None, seconds: float) -> None:
        """Wait; a receipt for the lane ends it early."""
        with trio.move_on_after(seconds):
            if lane is None:
                await trio.sleep_forever()
            else:
                await lane.changed.wait()

    async def _insist(self, call: Callable[[], Awaitable[R]]) -> R:
        """Ask the journal until it answers: while it is away, effects wait."""
        attempt = 0
        while True:
            try:
                return await call()
            except ResourceUnavailable:
                attempt += 1
                await trio.sleep(backoff(attempt, self._dice, cap=1.0))

    def _provider(self, channel: str) -> Provider | None:
        return self._providers.get(channel.partition(":")[0])

    def _count(self, outcome: Outcome, effect: Effect) -> None:
        kind = {Accepted: "accepted", TryAgain: "again", Uncertain: "uncertain", Refused: "refused"}[
            type(outcome)
        ]
        self._outcomes[kind] += 1
        if not isinstance(outcome, Accepted):
            _log.warning(
                "send not accepted",
                conversation=effect.conversation,
                effect=str(effect.id),
                channel=effect.channel,
                outcome=kind,
                code=outcome.code,
                reason=outcome.reason,
            )

    def statistics(self) -> LaneStatistics:
        """Return what is under way."""
        waiting = sum(len(lane.queue) for lane in self._lanes.values())
        return LaneStatistics(len(self._lanes), waiting, dict(self._outcomes))
