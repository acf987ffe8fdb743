"""Hints between replicas through Redis: "there is something for this conversation". Never the truth.

A replica that ingests for a shard it does not hold tells the others; whoever holds it looks at once instead of at the
next poll. Lost hints, and a Redis that is away, cost one poll interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec
import structlog
import trio

from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)
_MOST = 1000  # hints that wait to be told; more are left to the poll


class Hints(Protocol):
    """What this needs of the Redis pool."""

    async def command(self, *arguments: str | bytes | float) -> object:
        """Run a command."""

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[trio.abc.ReceiveChannel[bytes]]:
        """Listen on a channel."""


class Wakeups:
    """Tells other replicas, and hears from them."""

    def __init__(self, redis: Hints, topic: str, wake: Callable[[str, int], None]) -> None:
        self._redis = redis
        self._topic = topic
        self._wake = wake
        self._waiting: dict[str, int] = {}
        self._any = trio.Event()
        self.told = 0
        self.heard = 0
        self.failed = 0

    def tell(self, conversation: str, shard: int) -> None:
        """Hint, soon and best effort, that a conversation of another replica has work."""
        if len(self._waiting) < _MOST:
            self._waiting[conversation] = shard
            self._any.set()

    async def run(self) -> None:
        """Tell and listen until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell)
            nursery.start_soon(self._listen)

    async def _tell(self) -> None:
        while True:
            await self._any.wait()
            self._any = trio.Event()
            hints, self._waiting = list(self._waiting.items()), {}
            try:
                await self._redis.command("PUBLISH", self._topic, msgspec.json.encode(hints))
                self.told += len(hints)
            except Exception as error:  # noqa: BLE001 - hints are best effort, whatever is wrong with Redis
                self.failed += 1
                if not isinstance(error, ResourceUnavailable):
                    _log.warning("hints not told", topic=self._topic, fault=type(error).__name__)

    async def _listen(self) -> None:
        decoder = msgspec.json.Decoder(list[tuple[str, int]])
        async with self._redis.subscribe(self._topic) as messages:
            async for message in messages:
                try:
                    hints: Sequence[tuple[str, int]] = decoder.decode(message)
                except msgspec.DecodeError:
                    _log.warning("a hint could not be read", topic=self._topic)
                    continue
                self.heard += len(hints)
                for conversation, shard in hints:
                    self._wake(conversation, shard)

    def statistics(self) -> dict[str, int]:
        """Return hints told, heard and failed since the start."""
        return {"told": self.told, "heard": self.heard, "failed": self.failed}
