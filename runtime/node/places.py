"""Places for requests at the same time, shared by channels so that none can take them all.

Theory of operation: a channel may hold a quarter as many places as are free, one at least, and no more than its limit. So
each that holds its places for long takes at most a fifth of what the others left, and it takes a score of such channels
to use up a few hundred places.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


class Places:
    """The places of all channels: `total`, and at most `most` for one channel."""

    def __init__(self, total: int, most: int) -> None:
        self._free = total
        self._most = most
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[trio.Event]] = {}

    @asynccontextmanager
    async def place(self, channel: str) -> AsyncIterator[None]:
        """Hold a place for the length of the block. Cancelled while it waits, it has taken none."""
        if channel in self._waiting or not self._take(channel):
            await self._wait(channel)
        try:
            yield
        finally:
            self._give(channel)

    def held(self, channel: str) -> int:
        """Return how many places a channel holds."""
        return self._held[channel]

    async def _wait(self, channel: str) -> None:
        """Wait in line; whoever gives a place back takes it for the first who may have it."""
        queue = self._waiting.setdefault(channel, deque())
        mine = trio.Event()
        queue.append(mine)
        try:
            await mine.wait()
        except BaseException:
            if mine.is_set():
                self._give(channel)
            else:
                queue.remove(mine)
                if not queue:
                    del self._waiting[channel]
            raise

    def _take(self, channel: str) -> bool:
        if not self._free or self._held[channel] >= max(1, min(self._most, self._free // 4)):
            return False
        self._held[channel] += 1
        self._free -= 1
        return True

    def _give(self, channel: str) -> None:
        self._free += 1
        self._held[channel] -= 1
        if not self._held[channel]:
            del self._held[channel]
        for name in list(self._waiting):
            queue = self._waiting.pop(name)
            while queue and self._take(name):
                queue.popleft().set()
            if queue:
                self._waiting[name] = queue  # behind the others: each gets its turn to be the first
