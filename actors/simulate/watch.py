"""The provider's view of a run: the log and the counters of a fake Graph, in this process or at its control API.

Hosts one for the length of the run where none is listening. Never talks to anything but loopback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import httpx
import msgspec
import trio

from actors.channels.fake_graph import FakeGraph, FakeStatistics, Health, Sent, SentPage
from actors.channels.fake_graph.place import NoFakeGraph, fake_graph_at, place_of
from config import Channel, Settings

_PAGE = 1000
_T = TypeVar("_T")


class SimulationError(Exception):
    """The simulation cannot be run or judged as asked; the message says why and what to do."""


class Watch(Protocol):
    """What the provider got since the watch began."""

    async def more(self) -> Sequence[Sent]:
        """Return the sends accepted since the last call. Raises SimulationError when the log is not whole.

        What a cancelled call has read is returned by the next one.
        """

    async def violations(self) -> Mapping[str, int]:
        """Return how often a limit or the format was broken since the watch began, by name."""


@asynccontextmanager
async def watching(
    settings: Settings, channels: Sequence[Channel], fake: FakeGraph | None = None
) -> AsyncIterator[Watch]:
    """Watch `fake`, or the fake Graph to which these channels send, hosting it for as long where none listens."""
    if fake is not None:
        yield _Here(fake)
        return
    try:
        host, port = place_of(channels)
        listens = await fake_graph_at(host, port)
    except NoFakeGraph as fault:
        raise SimulationError(str(fault)) from fault
    if listens:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False, timeout=10) as client:
            watch = _There(client)
            await watch.begin()
            yield watch
            return
    hosted = FakeGraph.of(settings)
    async with trio.open_nursery() as nursery:
        await nursery.start(hosted.serve, host, port)
        yield _Here(hosted)
        nursery.cancel_scope.cancel()


class _Here:
    """A fake Graph in this process."""

    def __init__(self, fake: FakeGraph) -> None:
        self._fake = fake
        self._read: list[Sent] = []
        self._last = fake.last_index
        self._before = _violations(fake.statistics())

    async def more(self) -> Sequence[Sent]:
        while page := self._fake.sent(self._last):
            _check_gap(self._last, page)
            self._last = page[-1].index
            self._read += page
            await trio.lowlevel.checkpoint()
        found, self._read = self._read, []
        return found

    async def violations(self) -> Mapping[str, int]:
        return _since(self._before, _violations(self._fake.statistics()))


class _There:
    """A fake Graph in another process."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._read: list[Sent] = []
        self._last = 0
        self._run = ""
        self._before: Mapping[str, int] = {}

    async def begin(self) -> None:
        """Remember what came before."""
        self._run = (await self._get("health", Health)).run
        self._last = (await self._get("sent?limit=1", SentPage)).last
        self._before = _violations(await self._get("statistics", FakeStatistics))

    async def more(self) -> Sequence[Sent]:
        while True:
            page = await self._get(f"sent?after={self._last}&limit={_PAGE}", SentPage)
            if page.last < self._last:
                raise SimulationError(
                    "the fake Graph was restarted in the middle; its log is lost: run again"
                )
            if not page.sends:
                found, self._read = self._read, []
                return found
            _check_gap(self._last, page.sends)
            self._last = page.sends[-1].index
            self._read += page.sends

    async def violations(self) -> Mapping[str, int]:
        if (await self._get("health", Health)).run != self._run:
            raise SimulationError("the fake Graph was restarted in the middle; its log is lost: run again")
        return _since(self._before, _violations(await self._get("statistics", FakeStatistics)))

    async def _get(self, what: str, kind: type[_T]) -> _T:
        try:
            answer = await self._client.get(f"/_fake/{what}")
            return msgspec.json.decode(answer.content, type=kind)
        except (httpx.HTTPError, msgspec.MsgspecError) as fault:
            raise SimulationError(
                f"{self._client.base_url}/_fake/{what}: no answer of a fake Graph ({type(fault).__name__})"
            ) from fault


def _check_gap(last: int, page: Sequence[Sent]) -> None:
    if page[0].index != last + 1:
        raise SimulationError("the fake Graph has forgotten a part of its log (reset?): run again")


def _violations(statistics: FakeStatistics) -> Mapping[str, int]:
    provider = statistics.provider
    return {
        "throughput": provider.throughput_violations,
        "pair limit": provider.pair_violations,
        "invalid bodies": provider.invalid,
    }


def _since(before: Mapping[str, int], now: Mapping[str, int]) -> Mapping[str, int]:
    return {name: count - before.get(name, 0) for name, count in now.items()}
