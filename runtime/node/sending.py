"""One attempt at one effect: let out at its channel's pace, claimed, performed within a deadline, recorded.

Knows nothing of order: `lanes` decides what is attempted when, and what follows from an attempt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Protocol, TypeVar

import structlog
import trio

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import EffectFailed, encode_event
from runtime.actor.supervision import backoff, origin
from runtime.channel import (
    Accepted,
    Broken,
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
SENDS_AT_ONCE = 256  # of all channels, so that many ready sends do not keep a webhook's answer waiting
_CHANNEL_AT_ONCE = 32  # of one channel, so that a provider that is slow with one does not take all places
_ASIDES_AT_ONCE = 64
_KINDS = {
    Accepted: "accepted",
    TryAgain: "again",
    Uncertain: "uncertain",
    Refused: "refused",
    Broken: "broken",
}


class Claims(Protocol):
    """What an attempt needs of the journal; the node batches it."""

    async def claim(self, request: ClaimRequest) -> Claim:
        """Claim one effect."""

    async def record(self, result: ResultRecord) -> None:
        """Record one result."""

    def claim_epoch(self, shard: int) -> int | None:
        """Return the epoch under which effects of a shard may be claimed; None when they may not."""


class _Gate:
    """The way out of one channel: its pace, and the places for sends at the same time."""

    def __init__(self, pace: ChannelPace) -> None:
        self.pace = pace
        self.places = trio.CapacityLimiter(_CHANNEL_AT_ONCE)


def result_of(effect: Effect, epoch: int, outcome: Outcome) -> ResultRecord:
    """Return what is recorded of an outcome; a failure for good carries its event for the actor."""
    match outcome:
        case Accepted(provider_id=provider_id):
            return ResultRecord(str(effect.id), epoch, "done", _storable(provider_id))
        case TryAgain(code=code) | Broken(code=code):
            return ResultRecord(str(effect.id), epoch, "queued", "", _storable(code))
        case Uncertain(code=code):
            return ResultRecord(str(effect.id), epoch, "uncertain", "", _storable(code))
        case Refused(code=code, reason=reason):
            failure = encode_event(
                EffectFailed(effect=str(effect.id), code=_storable(code), reason=_storable(reason))
            )
            heard = effect.lane is Lane.SEND  # a read mark that failed is nobody's news
            return ResultRecord(
                str(effect.id), epoch, "failed", "", _storable(code), failure if heard else b""
            )


def _storable(text: str) -> str:
    """Return a provider's words as any store takes them: what cannot be recorded would be sent again and again."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


class Sending:
    """Attempts effects for all lanes of a node."""

    def __init__(
        self,
        claims: Claims,
        providers: Mapping[str, Provider],
        http: HttpClient,
        *,
        timeout: float,
        share: Callable[[], float],
        dice: Random,
    ) -> None:
        """`share` returns the part of the shards that is ours; `timeout` is one request's, in seconds."""
        self._claims = claims
        self._providers = providers
        self._http = http
        self._timeout = timeout
        self._share = share
        self._dice = dice
        self._gates: dict[str, _Gate] = {}
        self._places = trio.CapacityLimiter(SENDS_AT_ONCE)
        self._aside_places = trio.CapacityLimiter(_ASIDES_AT_ONCE)
        self._in_hand = 0
        self._calm = trio.Event()
        self._calm.set()
        self.stopped = False
        self.outcomes = dict.fromkeys((*_KINDS.values(), "settled"), 0)

    def adjust(self) -> None:
        """Take new limits of channels and a new share of the shards."""
        share = self._share()
        for channel, gate in self._gates.items():
            provider = self._provider(channel)
            if (
                provider is not None and share > 0
            ):  # with no share at all nothing is claimed, at whatever pace
                gate.pace.adjust(provider.pace(channel).per_second, share)

    def stop(self) -> None:
        """Claim nothing any more; what is in the outbox stays there."""
        self.stopped = True

    async def calm(self) -> None:
        """Wait until no effect is between its claim and its record."""
        await self._calm.wait()

    async def insist(self, call: Callable[[], Awaitable[R]]) -> R:
        """Ask the journal until it answers: while it is away, effects wait."""
        attempt = 0
        while True:
            try:
                return await call()
            except ResourceUnavailable:
                attempt += 1
                await trio.sleep(backoff(attempt, self._dice, cap=1.0))

    async def attempt(self, effect: Effect) -> tuple[Claim, Outcome | None]:
        """Bring an effect out, once; no outcome means that the claim was not given, and its verdict says why.

        Cancelled after the claim, it leaves the effect `sending`: uncertain, for whoever takes it up.
        """
        provider = self._provider(effect.channel)
        if provider is None:
            return Claim(str(effect.id), "stopped"), None
        if effect.lane is Lane.ASIDE:
            async with self._aside_places:
                return await self._carry_out(effect, provider)
        gate = self._gates.get(effect.channel)
        if gate is None:
            limit = provider.pace(effect.channel).per_second
            gate = self._gates[effect.channel] = _Gate(ChannelPace(limit, trio.current_time(), self._share()))
        await trio.sleep(gate.pace.reserve(trio.current_time()))
        async with gate.places, self._places:
            while delay := gate.pace.enter(trio.current_time()):  # noqa: ASYNC110 - time is what it waits for
                await trio.sleep(delay)
            sent = True
            try:
                claim, outcome = await self._carry_out(effect, provider)
                sent = outcome is not None
            finally:
                gate.pace.leave(trio.current_time(), sent=sent)
            return claim, outcome

    async def _carry_out(self, effect: Effect, provider: Provider) -> tuple[Claim, Outcome | None]:
        """Claim, perform, record. The wait for a place may have been long: whether we still may is asked only now."""
        epoch = self._claims.claim_epoch(shard_of(effect.conversation))
        if epoch is None or self.stopped:
            return Claim(str(effect.id), "stopped"), None
        limits = provider.pace(effect.channel)
        request = ClaimRequest(
            str(effect.id), effect.conversation, epoch, limits.pair_interval, limits.pair_burst
        )
        with self._counted():
            claim = await self.insist(lambda: self._claims.claim(request))
            outcome: Outcome | None = None
            if claim.verdict == "claimed":
                outcome = await self._perform(effect, provider, claim)
            elif claim.verdict == "expired":
                outcome = Refused("expired", "it could not be sent in time")
            if outcome is not None:
                result = result_of(effect, epoch, outcome)
                await self.insist(lambda: self._claims.record(result))
                self._tell(outcome, effect)
            elif claim.verdict in {"settled", "gone"}:
                self.outcomes["settled"] += 1
        return claim, outcome

    async def _perform(self, effect: Effect, provider: Provider, claim: Claim) -> Outcome:
        """Let the provider do it within the deadline; whatever goes wrong is an outcome."""
        delivery = Delivery(
            str(effect.id), effect.channel, claim.address, effect.lane, effect.payload, claim.attempts
        )
        try:
            with trio.move_on_after(self._timeout):
                return await provider.perform(delivery, self._http)
            return Uncertain("timeout", f"no answer within {self._timeout:g} s")
        except ResourceUnavailable as error:
            return TryAgain("unavailable", error.reason)
        except Exception as error:  # noqa: BLE001 - the boundary: a provider's fault ends no lane
            fault, where = type(error).__name__, origin(error)
            _log.error(
                "provider failed",
                conversation=effect.conversation,
                effect=delivery.id,
                fault=fault,
                where=where,
            )
            return Uncertain("fault", "the provider's code failed after the request may have left")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count what is between its claim and its record; `calm` waits for it."""
        self._in_hand += 1
        if self._calm.is_set():
            self._calm = trio.Event()
        try:
            yield
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._calm.set()

    def _provider(self, channel: str) -> Provider | None:
        return self._providers.get(channel.partition(":")[0])

    def _tell(self, outcome: Outcome, effect: Effect) -> None:
        kind = _KINDS[type(outcome)]
        self.outcomes[kind] += 1
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
