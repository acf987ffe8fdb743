"""The provider's view of a run: what its stand-in got since the run began, in this process or at its control API.

Hosts one for the length of the run where none is listening. Never talks to anything but loopback; knows no provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
import msgspec
import trio

from actors.channels.loopback import Introduced, NoStandIn
from actors.simulate.door import Log, SimulationError, Watch
from actors.simulate.views import Reply
from actors.stage import StandIn
from config import Settings

#: Sends that are asked for at a time.
PAGE = 1000
_T = TypeVar("_T")
_F = TypeVar("_F", bound=StandIn)


@asynccontextmanager
async def watching(
    settings: Settings,
    place: Callable[[], tuple[str, int]],
    listens: Callable[[str, int], Awaitable[Introduced | None]],
    here: Callable[[_F], Log],
    there: Callable[[Control], Log],
    make: Callable[[Settings], _F],
    fake: _F | None = None,
) -> AsyncIterator[Watch]:
    """Watch `fake`, or what `listens` at the `place`, else what is made; `here` and `there` tell how to read its log."""
    if fake is not None:
        yield await _begun(here(fake))
        return
    try:
        host, port = place()
        found = await listens(host, port)
    except NoStandIn as fault:
        raise SimulationError(str(fault)) from fault
    if found is not None:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False, timeout=10) as client:
            yield await _begun(there(Control(client)))
            return
    hosted = make(settings)
    async with trio.open_nursery() as nursery:
        await nursery.start(hosted.serve, host, port)
        yield await _begun(here(hosted))
        nursery.cancel_scope.cancel()


class Control:
    """The control API of a stand-in in another process."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def run(self) -> str:
        """Return the name of its life."""
        return (await self.get("health", Introduced)).run

    async def get(self, what: str, kind: type[_T]) -> _T:
        """Return an answer. Raises SimulationError."""
        try:
            answer = await self._client.get(f"/_fake/{what}")
            return msgspec.json.decode(answer.content, type=kind)
        except (httpx.HTTPError, msgspec.MsgspecError) as fault:
            raise SimulationError(
                f"{self._client.base_url}/_fake/{what}: no answer of a stand-in ({type(fault).__name__})"
            ) from fault


class _Watch:
    """A log from where it is now."""

    def __init__(self, log: Log, run: str, last: int, before: Mapping[str, int]) -> None:
        self._log = log
        self._run = run
        self._last = last
        self._before = before
        self._read: list[Reply] = []

    async def more(self) -> Sequence[Reply]:
        while True:
            page = await self._log.page(self._last)
            if page.newest < self._last:
                raise SimulationError(_RESTARTED)
            if not page.last:
                found, self._read = self._read, []
                return found
            if page.first != self._last + 1:
                raise SimulationError("the stand-in has forgotten a part of its log (reset?): run again")
            self._last = page.last
            self._read += page.replies

    async def violations(self) -> Mapping[str, int]:
        if await self._log.run() != self._run:
            raise SimulationError(_RESTARTED)
        now = await self._log.violations()
        return {name: count - self._before.get(name, 0) for name, count in now.items()}


_RESTARTED = "the stand-in was restarted in the middle; its log is lost: run again"


async def _begun(log: Log) -> _Watch:
    """Remember what came before."""
    return _Watch(log, await log.run(), (await log.page(-1)).newest, await log.violations())
