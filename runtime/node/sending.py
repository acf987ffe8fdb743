"""One attempt at one effect: let out by its channel's gate, claimed, performed within a deadline, recorded.

Knows nothing of order: `lanes` decides what is attempted when, and what follows from an attempt; nor of how a channel's
sends wait: that is `gates`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

import structlog
import trio

from runtime.actor.concern import concern
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import Failure
from runtime.actor.resources import HttpClient
from runtime.actor.supervision import backoff, origin
from runtime.actor.tell import tell_of
from runtime.channel import (
    Accepted,
    Answered,
    Arrival,
    Broken,
    Delivery,
    Outcome,
    Provider,
    Refused,
    TryAgain,
    Uncertain,
)
from runtime.journal.identity import shard_of
from runtime.journal.protocol import Claim, ClaimRequest, ResultRecord
from runtime.node.circuit import Sign
from runtime.node.gates import Gate
from runtime.node.outcomes import (
    CLASSES,
    ENDS,
    arrival_of,
    class_of,
    repeatable,
    result_of,
    sign_of,
    worn_out,
)
from runtime.node.places import Places
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)

R = TypeVar("R")
REQUESTS_AT_ONCE = 256  # of all channels, so that many ready sends do not keep a webhook's answer waiting
_ASIDES_AT_ONCE = 64
_CHANNEL_AT_ONCE = 32  # sends of one channel, and as many asides
WORK_MOST = 900.0  # seconds: work keeps a deadline of its own, and this is for work that does not
_ALERT_EVERY = 3600.0  # seconds: a halted account fails every send, and one line tells of it
_KINDS = {
    Accepted: "accepted",
    Answered: "answered",
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

    async def bring(self, arrival: Arrival) -> None:
        """Store an event that a turn told another actor."""

    def claim_epoch(self, shard: int) -> int | None:
        """Return the epoch under which effects of a shard may be claimed; None when they may not."""


@dataclass(frozen=True)
class SendingStatistics:
    """Outcomes since the start; by channel: open circuits, sends that wait for them, and sends that a halt refused.

    `working`: work that has a place. `errors`: by class, what was not taken (see `outcomes.CLASSES`).
    """

    working: int
    outcomes: Mapping[str, int]
    open_circuits: Mapping[str, int]
    held: Mapping[str, int]
    halted: Mapping[str, int]
    errors: Mapping[str, int]


class Sending:
    """Attempts effects for all lanes of a node."""

    def __init__(
        self,
        claims: Claims,
        providers: Mapping[str, Provider],
        http: HttpClient,
        *,
        timeout: float,
        work_at_once: int,
        share: Callable[[], float],
        dice: Random,
    ) -> None:
        """`share` returns the part of the shards that is ours; `timeout` is one request's, in seconds.

        Work has `work_at_once` places of its own, first come, first served, all of which one channel may hold.
        """
        self._claims = claims
        self._providers = providers
        self._http = http
        self._timeout = timeout
        self._share = share
        self._dice = dice
        self._gates: dict[str, Gate] = {}
        self._places = Places(REQUESTS_AT_ONCE - _ASIDES_AT_ONCE, _CHANNEL_AT_ONCE)
        self._aside_places = Places(_ASIDES_AT_ONCE, _CHANNEL_AT_ONCE)
        self._work_places = trio.CapacityLimiter(work_at_once)
        self._unrecorded: set[str] = set()  # effects that left from here and whose result is not stored
        self._alerted: dict[tuple[str, str], float] = {}
        self._in_hand = 0
        self._calm = trio.Event()
        self._calm.set()
        self.stopped = False
        self.outcomes = dict.fromkeys((*_KINDS.values(), "settled", "stale", "unsettled", "cancelled"), 0)
        self.halted: dict[str, int] = {}
        self._errors = dict.fromkeys(CLASSES, 0)

    def adjust(self) -> None:
        """Take new settings of channels and a new share of the shards; open circuits probe at once."""
        share = self._share()
        for channel, gate in self._gates.items():
            provider = self._provider(channel)
            if provider is not None and share > 0:  # with no share nothing is claimed, at whatever pace
                gate.adjust(provider.pace(channel).per_second, share)
            else:
                gate.wake()

    def stop(self) -> None:
        """Claim nothing any more; what is in the outbox stays there."""
        self.stopped = True
        for gate in self._gates.values():
            gate.wake()

    async def calm(self) -> None:
        """Wait until no effect is between its claim and its record."""
        await self._calm.wait()

    @property
    def in_hand(self) -> int:
        """Effects between their claim and their record."""
        return self._in_hand

    def serves(self, channel: str) -> bool:
        """Return whether sends of a channel can leave from here at all."""
        return not self.stopped and self._provider(channel) is not None

    async def insist(self, call: Callable[[], Awaitable[R]]) -> R:
        """Ask the journal until it answers: while it is away, effects wait."""
        attempt = 0
        while True:
            try:
                return await call()
            except ResourceUnavailable:
                attempt += 1
                await trio.sleep(backoff(attempt, self._dice, cap=1.0))

    def shut(self, channel: str) -> bool:
        """Return whether a channel's circuit is open, so that its sends wait."""
        gate = self._gates.get(channel)
        return gate is not None and gate.circuit.open

    async def attempt(
        self, effect: Effect, *, tried: bool = False, suspect: bool = False, told_to_wait: int = 0
    ) -> tuple[Claim, Outcome | None]:
        """Bring an effect out, once; no outcome means that the claim was not given, and its verdict says why.

        While the channel's circuit is open it waits; `tried` says that an earlier try may have arrived, `suspect` that
        one found the channel broken: if others find that it works, this effect is at fault, and opens nothing again.
        `told_to_wait` counts the tries before that were answered with the time to wait, and is the provider's to know.
        Cancelled after the claim, it leaves the effect `sending`: uncertain, for whoever takes it up.
        """
        concern.set(effect)
        provider = self._provider(effect.channel)
        if provider is None:
            return Claim(str(effect.id), "stopped"), None
        if effect.lane is Lane.ASIDE or tell_of(effect) is not None:
            async with self._aside_places.place(effect.channel):
                return await self._carry_out(effect, provider, told_to_wait)
        if effect.lane is Lane.WORK:
            async with self._work_places:
                return await self._carry_out(effect, provider, told_to_wait)
        gate = self._gates.get(effect.channel)
        if gate is None:
            limit = provider.pace(effect.channel).per_second
            gate = self._gates[effect.channel] = Gate(limit, self._share(), self._dice)
        while True:
            probe = await gate.admit(lambda: self._epoch(effect) is not None, tried=tried or suspect)
            if probe is None:
                return Claim(str(effect.id), "stopped"), None
            attempted = await self._leave(effect, provider, gate, told_to_wait, probe=probe, suspect=suspect)
            if attempted is not None:
                return attempted

    async def _leave(
        self,
        effect: Effect,
        provider: Provider,
        gate: Gate,
        told_to_wait: int,
        *,
        probe: bool,
        suspect: bool,
    ) -> tuple[Claim, Outcome | None] | None:
        """Wait for the pace (a probe does not) and a place, then carry out; None if the circuit opened meanwhile."""
        performed: Outcome | None = None
        try:
            if not probe:
                await gate.line_up()
            async with self._places.place(effect.channel):
                while delay := gate.pace.enter(trio.current_time()):  # noqa: ASYNC110 - time is what it waits for
                    await trio.sleep(delay)
                sent = False
                try:
                    if gate.circuit.open and not probe:
                        return None
                    sent = True  # also if it is cancelled from here on
                    claim, outcome = await self._carry_out(effect, provider, told_to_wait)
                    sent = claim.verdict == "claimed"
                    performed = outcome if sent else None
                finally:
                    gate.pace.leave(trio.current_time(), sent=sent)
            return claim, outcome
        finally:
            sign = sign_of(performed)
            if sign is Sign.BROKEN and suspect and not probe:
                sign = Sign.NONE
            if gate.end(sign, probe=probe):
                self._tell_circuit(effect.channel, gate, performed)

    async def _carry_out(
        self, effect: Effect, provider: Provider, told_to_wait: int
    ) -> tuple[Claim, Outcome | None]:
        """Claim, perform, record. The wait for a place may have been long: whether we still may is asked only now."""
        epoch = self._epoch(effect)
        if epoch is None:
            return Claim(str(effect.id), "stopped"), None
        with self._counted():
            claim = await self._claim(effect, epoch, provider)
            outcome: Outcome | None = ENDS.get(claim.verdict)
            if claim.verdict == "claimed":
                self._unrecorded.add(claim.effect)
                outcome = worn_out(effect, claim.attempts) or await self._perform(
                    effect, provider, claim, told_to_wait
                )
            if outcome is not None:
                result = result_of(effect, epoch, outcome)
                await self.insist(lambda: self._claims.record(result))
                self._tell(claim.verdict, outcome, effect)
            elif claim.verdict in {"settled", "gone"}:
                self.outcomes["settled"] += 1
            elif claim.verdict == "cancelled":
                self.outcomes["cancelled"] += 1
            if claim.verdict != "wait":
                self._unrecorded.discard(claim.effect)
        return claim, outcome

    async def _claim(self, effect: Effect, epoch: int, provider: Provider) -> Claim:
        """Claim an effect. If an answer was lost, it may be claimed already: for us, and nothing has left since."""
        limits = provider.pace(effect.channel)
        again = False

        async def ask() -> Claim:
            nonlocal again
            request = ClaimRequest(
                str(effect.id), effect.conversation, epoch, limits.pair_interval, limits.pair_burst, again
            )
            again = request.effect not in self._unrecorded
            return await self._claims.claim(request)

        return await self.insist(ask)

    async def _perform(self, effect: Effect, provider: Provider, claim: Claim, told_to_wait: int) -> Outcome:
        """Let the provider do it within the deadline; whatever goes wrong is an outcome."""
        delivery = Delivery(
            str(effect.id),
            effect.channel,
            claim.address,
            effect.lane,
            effect.payload,
            claim.attempts,
            told_to_wait,
        )
        patience = WORK_MOST if effect.lane is Lane.WORK else self._timeout
        try:
            with trio.move_on_after(patience):
                if (told := tell_of(effect)) is not None:
                    await self._claims.bring(arrival_of(effect, told))
                    return Accepted("")
                return repeatable(effect, await provider.perform(delivery, self._http))
            return repeatable(effect, Uncertain("timeout", f"no answer within {patience:g} s"))
        except ResourceUnavailable as error:
            return TryAgain("unavailable", error.reason, unreachable=True)
        except Exception as error:  # noqa: BLE001 - the boundary: a provider's fault ends no lane
            fault, where = type(error).__name__, origin(error)
            _log.error(
                "provider failed",
                conversation=effect.conversation,
                effect=delivery.id,
                fault=fault,
                where=where,
            )
            return repeatable(
                effect, Uncertain("fault", "the provider's code failed after the request may have left")
            )

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

    def _epoch(self, effect: Effect) -> int | None:
        """Return the epoch under which an effect may be claimed now; None when it may not."""
        return None if self.stopped else self._claims.claim_epoch(shard_of(effect.conversation))

    def _tell(self, verdict: str, outcome: Outcome, effect: Effect) -> None:
        kind = {"expired": "stale"}.get(verdict, verdict) if verdict in ENDS else _KINDS[type(outcome)]
        self.outcomes[kind] += 1
        if isinstance(outcome, Accepted | Answered):
            return
        self._errors[class_of(outcome)] += 1
        _log.warning(
            "work not done" if effect.lane is Lane.WORK else "send not accepted",
            conversation=effect.conversation,
            effect=str(effect.id),
            channel=effect.channel,
            outcome=kind,
            code=outcome.code,
            reason=outcome.reason,
        )
        if isinstance(outcome, Refused) and outcome.kind is Failure.HALTED:
            self._alert(effect.channel, outcome)

    def _alert(self, channel: str, outcome: Refused) -> None:
        """Count a send that a halt refused, and tell of each halt once an hour."""
        self.halted[channel] = self.halted.get(channel, 0) + 1
        now = trio.current_time()
        if now - self._alerted.get((channel, outcome.code), float("-inf")) >= _ALERT_EVERY:
            self._alerted[channel, outcome.code] = now
            _log.error(
                "the provider has halted this channel or a template: act, sends fail until then",
                channel=channel,
                code=outcome.code,
                reason=outcome.reason,
            )

    def _tell_circuit(self, channel: str, gate: Gate, outcome: Outcome | None) -> None:
        match outcome:
            case TryAgain() | Uncertain() | Broken() if gate.circuit.open:
                _log.error(
                    "sends of a channel wait: it does not work; if its credentials are at fault, mend them and reload",
                    channel=channel,
                    code=outcome.code,
                    reason=outcome.reason,
                )
            case _:
                _log.info("sends of a channel go on: it works again", channel=channel, waited=gate.waiting)

    def statistics(self) -> SendingStatistics:
        """Return outcomes, and how the channels are."""
        return SendingStatistics(
            self._work_places.borrowed_tokens,
            dict(self.outcomes),
            {channel: int(gate.circuit.open) for channel, gate in self._gates.items()},
            {channel: gate.waiting for channel, gate in self._gates.items()},
            dict(self.halted),
            dict(self._errors),
        )
