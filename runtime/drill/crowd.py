"""A few people at two channels, whose webhooks come late, together, twice, in another order, or are given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

import msgspec
import trio

from runtime.actor.event import Event, encode_event
from runtime.channel import Arrival, Receipt, Verified
from runtime.drill.evidence import SentEvent
from runtime.drill.odds import Odds, Size
from runtime.drill.unsteady import Replica
from runtime.resources.errors import ResourceUnavailable

CHANNELS = ("sim:1", "sim:2")

Say = Callable[[Random, int], Event]
"""The n-th event that somebody sends."""


class Crowd:
    """People and their providers' webhooks; `sent` says what they sent, when, and whether it was acknowledged."""

    def __init__(
        self, say: Say, replicas: Callable[[], Sequence[Replica]], dice: Random, odds: Odds, size: Size
    ) -> None:
        """`replicas` returns those that a webhook may reach now."""
        self._say = say
        self._replicas = replicas
        self._dice = dice
        self._odds = odds
        self._size = size
        self._sent: dict[str, SentEvent] = {}
        self._counts: Counter[str] = Counter()

    @property
    def sent(self) -> Sequence[SentEvent]:
        """What was sent, in the order in which it was begun."""
        return list(self._sent.values())

    async def write(self) -> None:
        """Send all there is to send."""
        async with trio.open_nursery() as nursery:
            for at, arrivals in self._webhooks():
                nursery.start_soon(self._post, at, arrivals)

    async def tell(self, receipt: Receipt) -> None:
        """Let a provider tell of a send, sooner or later, if anybody is there."""
        self._counts["receipts"] += 1
        await trio.sleep(self._dice.choice((0.0, 0.05, 1.0, 5.0)))
        for _ in range(5):
            if await self._deliver(Verified(receipts=(receipt,))):
                return
            await trio.sleep(0.5)

    def statistics(self) -> Mapping[str, int]:
        """Return how often what happened."""
        return dict(self._counts)

    def _webhooks(self) -> Iterator[tuple[float, tuple[Arrival, ...]]]:
        """Yield when each webhook comes and what is in it: events of one person, or of several."""
        dice, number = self._dice, 0
        for _ in range(self._size.webhooks):
            arrivals = []
            channel, person = dice.choice(CHANNELS), dice.randrange(self._size.people)
            for _ in range(dice.choice((1, 1, 2, 4))):
                number += 1
                payload = encode_event(self._say(dice, number))
                arrivals.append(Arrival(channel, (f"id:{person}",), f"m|{channel}|{number}", payload))
                if dice.random() < 0.2:
                    channel, person = dice.choice(CHANNELS), dice.randrange(self._size.people)
            yield dice.uniform(0, self._size.seconds), tuple(arrivals)

    async def _post(self, at: float, arrivals: Sequence[Arrival]) -> None:
        """Send a webhook until somebody acknowledges it, as providers do, and now and then again."""
        dice, webhook = self._dice, Verified(tuple(arrivals))
        await trio.sleep(at)
        for one in arrivals:
            begun = trio.current_time()
            self._sent[one.dedup] = SentEvent(one.dedup, one.identities[0], begun, None, one.channel)
        while not await self._deliver(webhook):
            if dice.random() < self._odds.given_up:
                self._counts["webhooks given up"] += 1
                return
            await trio.sleep(dice.choice((0.05, 0.3, 1.0)))
        for one in arrivals:
            known = self._sent[one.dedup]
            self._sent[one.dedup] = msgspec.structs.replace(known, acknowledged=trio.current_time())
        while dice.random() < self._odds.repeated:
            self._counts["webhooks repeated"] += 1
            await trio.sleep(dice.choice((0.0, 0.1, 2.0)))
            await self._deliver(webhook)

    async def _deliver(self, webhook: Verified) -> bool:
        """Bring a webhook to one of the replicas; return whether it was acknowledged."""
        replicas = self._replicas()
        if not replicas:
            await trio.sleep(0.1)
            return False
        with trio.move_on_after(self._dice.choice((0.2, 3.0))):
            try:
                await self._dice.choice(replicas).node.store(webhook)
            except ResourceUnavailable:
                return False
            return True
        return False
