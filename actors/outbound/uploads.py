"""A file's id at a provider: the one that is kept, or that of an upload made now. Knows no provider's wire.

Of sends that want the same file at once one uploads and the others wait for it; on two replicas both may, which costs an
upload and harms nothing. What a provider refused, or was too slow to take, is not offered to it again for a while: it
holds up no other send. So many uploads run at once as memory may hold (a picture has at most 5 MB), and of a channel,
which may hang, only some of them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import structlog
import trio

from actors.outbound.shelf import File, Shelf
from runtime import ResourceUnavailable

_log = structlog.get_logger(__name__)

AT_ONCE, CHANNEL_AT_ONCE = 6, 2
"""Uploads that run at once, of all channels and of each."""
_FORGETTING = 1.0  # seconds
_SPARED, _PAUSED = (
    600.0,
    30.0,
)  # seconds for which what was refused, or not taken in time, is not offered again
_REMEMBERED = 1000  # of these


class Placed(msgspec.Struct, frozen=True):
    """A file that the provider has: `fresh` if it was uploaded only now."""

    id: str
    digest: str
    filename: str
    fresh: bool


class Taken(msgspec.Struct, frozen=True):
    """The provider took an upload, under this id."""

    id: str


class Declined(msgspec.Struct, frozen=True):
    """The provider did not take an upload; `lasting` if it never will, `code` is its word for it."""

    code: str
    lasting: bool


class Missing(msgspec.Struct, frozen=True):
    """There is no id to be had; `again` if there may be one soon."""

    reason: Literal["gone", "refused", "busy", "slow", "unavailable"]
    again: bool = False


@dataclass(frozen=True)
class UploadStatistics:
    """Files of sends by what became of them since the start: "uploaded", "reused", "forgotten", and why one was missing.

    `running`: uploads that run now; `bytes`: those of all that were taken.
    """

    results: Mapping[str, int]
    running: int
    bytes: int


def together(*each: UploadStatistics) -> UploadStatistics:
    """Return what several providers did, as if one had."""
    results: Counter[str] = Counter()
    for one in each:
        results.update(one.results)
    return UploadStatistics(dict(results), sum(one.running for one in each), sum(one.bytes for one in each))


class Uploads:
    """The uploads of one provider."""

    def __init__(self, life: timedelta) -> None:
        """Let an id be used for `life` after the upload; it has no shelf, and no files, until it is given one."""
        self.shelf: Shelf | None = None
        self._life = life
        self._places = trio.CapacityLimiter(AT_ONCE)
        self._channels: dict[str, trio.CapacityLimiter] = {}
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._spared: OrderedDict[tuple[str, str], tuple[float, Missing]] = OrderedDict()
        self._results: Counter[str] = Counter(
            uploaded=0, reused=0, forgotten=0, gone=0, refused=0, busy=0, slow=0, unavailable=0
        )
        self._bytes = 0

    def statistics(self) -> UploadStatistics:
        """Return what was done and what runs."""
        return UploadStatistics(dict(self._results), self._places.borrowed_tokens, self._bytes)

    async def place(
        self, channel: str, name: str, upload: Callable[[File], Awaitable[Taken | Declined]], within: float
    ) -> Placed | Missing:
        """Return the provider's id of a file, `within` so many seconds; `upload` is called where there is none.

        Cancelled, an upload may have been made that nobody remembers.
        """
        found: Placed | Missing = Missing("slow", again=True)
        try:
            with trio.move_on_after(within):
                found = await self._place(channel, name, upload)
        except ResourceUnavailable:
            found = Missing("unavailable", again=True)
        if isinstance(found, Missing):
            self._results[found.reason] += 1
            _log.warning("a file was not sent", channel=channel, file=name, reason=found.reason)
        else:
            self._results["uploaded" if found.fresh else "reused"] += 1
        return found

    async def forget(self, channel: str, placed: Placed) -> None:
        """Forget an id that the provider does not know (any more), so that the next send uploads anew."""
        self._results["forgotten"] += 1
        if self.shelf is None:
            return
        try:
            with trio.move_on_after(_FORGETTING):
                await self.shelf.forget(channel, placed.digest, placed.id)
        except ResourceUnavailable:
            _log.warning("a dead upload could not be forgotten", channel=channel)

    async def _place(
        self, channel: str, name: str, upload: Callable[[File], Awaitable[Taken | Declined]]
    ) -> Placed | Missing:
        if self.shelf is None:
            return Missing("unavailable", again=True)
        shelf = self.shelf
        if (known := await self._known(shelf, channel, name)) is not None:
            return known
        async with self._turn(channel, name):  # while this one waits another may upload it
            if (known := await self._known(shelf, channel, name)) is not None:
                return known
            own = self._channels.setdefault(channel, trio.CapacityLimiter(CHANNEL_AT_ONCE))
            async with own, self._places:
                return await self._upload(shelf, channel, name, upload)

    async def _known(self, shelf: Shelf, channel: str, name: str) -> Placed | Missing | None:
        """Return what is known without an upload; None where one is to be made."""
        standing = await shelf.find(name, channel)
        if standing is None:
            return Missing("gone")
        if standing.upload:
            return Placed(standing.upload, standing.digest, standing.filename, fresh=False)
        until, why = self._spared.get((channel, standing.digest), (0.0, None))
        return why if until > trio.current_time() else None

    async def _upload(
        self, shelf: Shelf, channel: str, name: str, upload: Callable[[File], Awaitable[Taken | Declined]]
    ) -> Placed | Missing:
        file = await shelf.take(name)
        if file is None:
            return Missing("gone")
        self._spare(channel, file.digest, _PAUSED, Missing("slow", again=True))  # should this be cut off
        answer = await upload(file)
        self._spared.pop((channel, file.digest), None)
        match answer:
            case Taken(id):
                self._bytes += len(file.content)
                await shelf.keep(channel, file.digest, id, datetime.now(UTC) + self._life)
                return Placed(id, file.digest, file.filename, fresh=True)
            case Declined(code, lasting):
                _log.warning("an upload was not taken", channel=channel, file=name, code=code)
                if not lasting:
                    return Missing("busy", again=True)
                self._spare(channel, file.digest, _SPARED, Missing("refused"))
                return Missing("refused")

    @asynccontextmanager
    async def _turn(self, channel: str, name: str) -> AsyncIterator[None]:
        """Hold the only upload of a file at a channel for the length of the block."""
        turn = self._turns.setdefault((channel, name), _Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[channel, name]

    def _spare(self, channel: str, digest: str, seconds: float, why: Missing) -> None:
        self._spared[channel, digest] = (trio.current_time() + seconds, why)
        if len(self._spared) > _REMEMBERED:
            self._spared.popitem(last=False)


class _Turn:
    """Who wants a file at a channel now."""

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.wanted = 0
