"""The files of sends through WAHA, which go inside the request: from the shelf, a few at once, none for too long.

WAHA has no uploads to be used again, so each send takes its file anew and holds a place while it leaves: so many copies
are in memory at once, and a channel that hangs holds only some of the places. What was refused is not offered again for a
while; where nobody knows what became of a file, the channel is given none for a shorter while, for its people are to be
answered. Knows no request and no answer.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import trio

from actors.outbound.shelf import File, Shelf
from actors.outbound.uploads import Missing, UploadStatistics
from runtime import ResourceUnavailable

_log = structlog.get_logger(__name__)

MOST = 16 * 1024 * 1024
"""Bytes of a file; on its way it is there several times, and a third larger."""
AT_ONCE, CHANNEL_AT_ONCE = 4, 2
"""Files that leave at once, of all channels and of each."""
SPARED, PAUSED = 600.0, 30.0
"""Seconds for which what was refused is not offered again, and for which none is after one of unknown outcome."""
_REMEMBERED = 1000  # of these
_ALL = ""  # no file's name: all files of a channel


class Files:
    """The files of one provider's sends; there are none until it is given a `shelf`."""

    def __init__(self) -> None:
        self.shelf: Shelf | None = None
        self._places = trio.CapacityLimiter(AT_ONCE)
        self._channels: dict[str, trio.CapacityLimiter] = {}
        self._spared: OrderedDict[tuple[str, str], tuple[float, Missing]] = OrderedDict()
        self._results: Counter[str] = Counter(uploaded=0, gone=0, refused=0, busy=0, slow=0, unavailable=0)
        self._bytes = 0

    def statistics(self) -> UploadStatistics:
        """Return what was done and what leaves now."""
        return UploadStatistics(dict(self._results), self._places.borrowed_tokens, self._bytes)

    @asynccontextmanager
    async def lend(self, channel: str, name: str, within: float) -> AsyncIterator[File | Missing]:
        """Lend a file to a send for the length of the block; it is waited for `within` so many seconds."""
        async with AsyncExitStack() as places:
            found: File | Missing = Missing("slow", again=True)
            try:
                with trio.move_on_after(within):
                    found = await self._find(channel, name, places)
            except ResourceUnavailable:
                found = Missing("unavailable", again=True)
            if isinstance(found, Missing):
                await places.aclose()  # what leaves without a file holds no place
                self._results[found.reason] += 1
                _log.warning("a file was not sent", channel=channel, file=name, reason=found.reason)
            yield found

    def sent(self, file: File) -> None:
        """Note that a file was taken."""
        self._results["uploaded"] += 1
        self._bytes += len(file.content)

    def refused(self, channel: str, name: str, *, like_all: bool) -> None:
        """Note that a file was refused and its text was not; `like_all` if this channel takes no files at all."""
        self._results["refused"] += 1
        _log.warning("a file was refused", channel=channel, file=name, like_all=like_all)
        self._spare(channel, _ALL if like_all else name, SPARED, Missing("refused"))

    def doubted(self, channel: str, name: str) -> None:
        """Note that nobody knows what became of a file."""
        self._results["busy"] += 1
        _log.warning("a file may not have been sent", channel=channel, file=name)
        self._spare(channel, _ALL, PAUSED, Missing("busy", again=True))

    async def _find(self, channel: str, name: str, places: AsyncExitStack) -> File | Missing:
        if self.shelf is None:
            return Missing("unavailable")
        own = self._channels.setdefault(channel, trio.CapacityLimiter(CHANNEL_AT_ONCE))
        for limiter in (own, self._places):
            await places.enter_async_context(limiter)
        # Now, and not before: while this one waited another may have been refused.
        for spared in (_ALL, name):
            until, why = self._spared.get((channel, spared), (0.0, None))
            if why is not None and until > trio.current_time():
                return why
        file = await self.shelf.take(name)
        if file is None:
            return Missing("gone")
        return file if 0 < len(file.content) <= MOST else Missing("refused")

    def _spare(self, channel: str, name: str, seconds: float, why: Missing) -> None:
        self._spared[channel, name] = (trio.current_time() + seconds, why)
        if len(self._spared) > _REMEMBERED:
            self._spared.popitem(last=False)
