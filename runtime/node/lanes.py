"""Effects on their way out: one lane of sends per conversation, asides beside it.

Theory of operation: an effect is paced, then claimed (the journal marks it `sending` before any request leaves), then
performed by its provider within a deadline, then its result is recorded. The next send of the conversation starts only
after that. A send that may try again, or whose outcome is unknown, holds its lane; the unknown one is claimed anew only
after `uncertain_wait`, unless a receipt settles it first. Whatever is cut off here stays in the outbox as it is, for
this node or the next one to take up; and nothing may overtake it: the lane of a conversation that left something, or of
a shard whose outbox is not known yet, begins by reading the outbox.
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
from runtime.actor.supervision import backoff, first_of, origin
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
SENDS_AT_ONCE = 128  # of all channels, so that many ready sends do not keep a webhook's answer waiting
_CHANNEL_AT_ONCE = 32  # of one channel, so that a provider that is slow with one does not take all places
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


class _Gate:
    """The way out of one channel: its pace, and the places for sends at the same time."""

    def __init__(self, pace: ChannelPace) -> None:
        self.pace = pace
        self.places = trio.CapacityLimiter(_CHANNEL_AT_ONCE)


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
        self._gates: dict[str, _Gate] = {}
        self._left: set[str] = set()
        self._doubtful: set[int] = set()
        self._sends = trio.CapacityLimiter(SENDS_AT_ONCE)
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
                if lane.behind or len(lane.queue) >= _KEPT:
                    lane.behind = True  # it will be found in the outbox
                else:
                    lane.queue.append(effect)
            else:
                self._nursery.start_soon(self._aside, effect, name=f"aside {effect.id}")

    def open(self, conversation: str) -> None:
        """Take up a conversation whose unsettled effects are in the outbox, after a start or a take-over."""
        if conversation not in self._lanes:
            self._lane(conversation).behind = True

    def resume(self) -> None:
        """Take up again what lanes of ours left when they ended early."""
        for conversation in list(self._left):
            self.open(conversation)

    def doubt(self, shards: Iterable[int]) -> None:
        """Shards were gained: what their outbox holds is not known yet."""
        self._doubtful.update(shards)

    def trust(self, shards: Iterable[int]) -> None:
        """All unsettled conversations of these shards were opened."""
        self._doubtful.difference_update(shards)

    def settle(self, conversation: str) -> None:
        """A receipt has proved a send that was in doubt: look again, at once."""
        lane = self._lanes.get(conversation)
        if lane is not None:
            lane.changed.set()

    def adjust(self) -> None:
        """Take new limits of channels and a new share of the shards."""
        for channel, gate in self._gates.items():
            provider = self._provider(channel)
            if provider is not None:
                gate.pace.adjust(provider.pace(channel).per_second, self._share())

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
            lane.behind = conversation in self._left or shard_of(conversation) in self._doubtful
            self._left.discard(conversation)
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
        except* Exception as group:  # noqa: BLE001 - the boundary: a fault of one lane ends no other
            self._fault(lane.conversation, group)
        finally:
            del self._lanes[lane.conversation]
            if lane.queue or lane.behind:
                self._left.add(lane.conversation)

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
        try:
            async with self._asides:
                await self._through(effect, None)
        except* Exception as group:  # noqa: BLE001 - the boundary: it is in the outbox still
            self._fault(effect.conversation, group)

    async def _through(self, effect: Effect, lane: _SendLane | None) -> bool:
        """Bring one effect to its end; False if it is not ours to end."""
        provider = self._provider(effect.channel)
        while True:
            if lane is not None:
                lane.changed = trio.Event()
            epoch = self._outbox.claim_epoch(shard_of(effect.conversation))
            if epoch is None or provider is None or self._stopped:
                return False
            if lane is None:
                claim, outcome = await self._attempt(effect, provider, epoch)
            else:
                claim, outcome = await self._in_turn(effect, provider, epoch)
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
                case None, "fenced" | "stopped":
                    return False
                case None, "wait":
                    await self._pause(lane, claim.wait)

    async def _in_turn(self, effect: Effect, provider: Provider, epoch: int) -> tuple[Claim, Outcome | None]:
        """Attempt a send when its channel lets it out: in the order asked, at the channel's pace."""
        gate = self._gates.get(effect.channel)
        if gate is None:
            limit = provider.pace(effect.channel).per_second
            gate = self._gates[effect.channel] = _Gate(ChannelPace(limit, trio.current_time(), self._share()))
        pace = gate.pace
        await trio.sleep(pace.reserve(trio.current_time()))
        async with gate.places, self._sends:
            while delay := pace.enter(trio.current_time()):  # noqa: ASYNC110 - time is what it waits for
                await trio.sleep(delay)
            outcome: Outcome | None = None
            try:
                claim, outcome = await self._attempt(effect, provider, epoch)
            finally:
                pace.leave(trio.current_time(), sent=outcome is not None)
            return claim, outcome

    async def _attempt(self, effect: Effect, provider: Provider, epoch: int) -> tuple[Claim, Outcome | None]:
        """Claim, perform, record. No outcome: the claim was not given."""
        if self._stopped:
            return Claim(str(effect.id), "stopped"), None
        with self._in_hand():
            limits = provider.pace(effect.channel)
            request = ClaimRequest(
                str(effect.id), effect.conversation, epoch, limits.pair_interval, limits.pair_burst
            )
            claim = await self._insist(lambda: self._outbox.claim(request))
            outcome: Outcome | None = None
            if claim.verdict == "claimed":
                outcome = await self._perform(effect, provider, claim)
            elif claim.verdict == "expired":
                outcome = Refused("expired", "it could not be sent in time")
            if outcome is not None:
                result = result_of(effect, epoch, outcome)
                await self._insist(lambda: self._outbox.record(result))
                self._count(outcome, effect)
            return claim, outcome

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
        except Exception as error:  # noqa: BLE001 - the boundary: a provider's fault ends no lane
            _log.error(
                "provider failed",
                conversation=effect.conversation,
                effect=delivery.id,
                fault=type(error).__name__,
                where=origin(error),
            )
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

    def _fault(self, conversation: str, group: BaseException) -> None:
        """Tell of a fault of ours; what it interrupted is in the outbox and is taken up by the next look at it."""
        error = first_of(group)
        _log.error("lane failed", conversation=conversation, fault=type(error).__name__, where=origin(error))

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
