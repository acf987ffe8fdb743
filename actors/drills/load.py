"""A crowd that writes at a steady rate until it is told to stop, and posts again what nobody acknowledged.

It is the provider's side of the webhooks: an open loop, so that a server that is slow or away does not slow the crowd
down. What it keeps is what was sent and when it was acknowledged; it judges nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import trio

from actors.drills.posting import Poster
from actors.simulate.people import Message, Parcel, Script, encode_parcel
from actors.simulate.views import Posted

_LONGEST_PAUSE = 1.0
_AT_ONCE = 500
"""POSTs under way at most; the crowd waits then, and `held_back` says so."""


class Answered(msgspec.Struct, frozen=True):
    """What came of one POST: when it began and ended on Trio's clock, and its status, or the fault's name."""

    began: float
    ended: float
    answer: str


class Load:
    """The crowd. `at` says how fast it writes; one parcel leaves after the other, in the script's order."""

    def __init__(
        self,
        script: Script,
        secrets: Sequence[bytes],
        url: Callable[[], str],
        rate: float,
        patience: float,
        *,
        keep_alive: bool = True,
    ) -> None:
        """`url` returns where webhooks go now; a parcel that nobody takes within `patience` seconds is given up.

        Without `keep_alive` each POST has a connection of its own.
        """
        self._poster = Poster(keep_alive=keep_alive)
        self._parcels = [parcel for phase in script.phases for parcel in phase]
        self.run_id = script.run
        self._secrets = secrets
        self._url = url
        self.rate = rate
        self._patience = patience
        self._stopped = trio.Event()
        self._room = trio.Semaphore(_AT_ONCE)
        self._sent: dict[str, Message] = {}
        self.posts: list[Posted] = []
        self.answers: Counter[str] = Counter()
        self.attempts: list[Answered] = []
        """Every POST that came to an end, in the order of the ends."""
        self.acknowledged: dict[str, float] = {}
        self.latencies: list[float] = []
        """Of the acknowledgements since the last look; whoever looks takes them away."""
        self.held_back = 0

    @property
    def messages(self) -> Sequence[Message]:
        """What was begun so far."""
        return list(self._sent.values())

    def stop(self) -> None:
        """Begin no more parcels; those under way are still posted."""
        self._stopped.set()

    async def run(self) -> None:
        """Write until told to stop and all is acknowledged or given up. Raises RuntimeError at the script's end."""
        parcels = iter(self._parcels)
        try:
            async with trio.open_nursery() as nursery:
                due = trio.current_time()
                while not self._stopped.is_set():
                    parcel = next(parcels, None)
                    if parcel is None:
                        raise RuntimeError("the crowd has nothing left to say: the script is too short")
                    if not self._room.value:
                        self.held_back += 1
                    await self._room.acquire()
                    nursery.start_soon(self._deliver, parcel)
                    due = max(due + 1 / self.rate, trio.current_time() - 0.1)
                    with trio.move_on_at(due):
                        await self._stopped.wait()
        finally:
            self._poster.close()

    async def say(self, parcel: Parcel) -> None:
        """Post one more parcel, apart from the others, until it is acknowledged or given up."""
        await self._room.acquire()
        await self._deliver(parcel)

    async def pour(self, parcels: Iterable[Parcel], rate: float) -> None:
        """Post more parcels beside the others, `rate` a second, until each is acknowledged or given up.

        A rate of 0 means one after the other, each when the one before is acknowledged.
        """
        async with trio.open_nursery() as nursery:
            due = trio.current_time()
            for parcel in parcels:
                await self._room.acquire()
                if not rate:
                    await self._deliver(parcel)
                    continue
                nursery.start_soon(self._deliver, parcel)
                due += 1 / rate
                await trio.sleep_until(due)

    def signed(self, body: bytes, group: int) -> Mapping[str, str]:
        """Return the headers with which the provider sends a body to channels of a group."""
        digest = hmac.new(self._secrets[group], body, hashlib.sha256).hexdigest()
        return {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}

    async def post(self, body: bytes, group: int) -> str:
        """Post a body that is none of texts, once; return the status, or the name of what went wrong."""
        answer = await self._poster.post(self._url(), body, self.signed(body, group))
        self.answers[answer] += 1
        return answer

    def statistics(self) -> Mapping[str, int]:
        """Return what was begun and acknowledged, and which answers came."""
        return {"begun": len(self._sent), "acknowledged": len(self.acknowledged), **self.answers}

    async def _deliver(self, parcel: Parcel) -> None:
        try:
            await self._until_acknowledged(parcel)
        finally:
            self._room.release()

    async def _until_acknowledged(self, parcel: Parcel) -> None:
        self._sent |= {message.dedup: message for message in parcel.messages}
        body = encode_parcel(parcel, int(time.time()))
        headers = self.signed(body, parcel.group)
        ids = tuple(message.id for message in parcel.messages)
        begun = trio.current_time()
        pause = 0.05
        while trio.current_time() - begun < self._patience:
            attempt = trio.current_time()
            answer = await self._poster.post(self._url(), body, headers)
            self.answers[answer] += 1
            self.attempts.append(Answered(attempt, trio.current_time(), answer))
            if answer == "200":
                now = trio.current_time()
                self.posts.append(Posted(ids, begun, now, now - attempt))
                self.acknowledged |= dict.fromkeys(ids, now)
                self.latencies.append(now - attempt)
                return
            await trio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
        self.posts.append(Posted(ids, begun, None))
