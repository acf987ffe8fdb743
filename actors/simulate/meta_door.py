"""Meta's door: batches under a signature over the body, and the fake Graph."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

import trio

from actors.channels.fake_graph import FakeGraph, FakeStatistics, Sent, SentPage, webhook_of
from actors.channels.fake_graph.place import fake_graph_at, place_of
from actors.simulate.door import Page, Post, SimulationError, Watch
from actors.simulate.people import Number, Parcel, encode_parcel
from actors.simulate.views import Reply
from actors.simulate.watch import PAGE, Control, watching
from actors.stage import StandIn, with_channels
from config import Channel, Settings


class MetaDoor:
    """WhatsApp's Cloud API."""

    provider: ClassVar[str] = "meta"
    batches: ClassVar[bool] = True
    quotes: ClassVar[bool] = True

    def numbers(self, channels: Sequence[Channel]) -> Sequence[Number]:
        """Return the channels; those of one app secret are a group."""
        groups = [channel.app_secret[0] for channel in _group_heads(channels)]
        return [
            Number(channel.id, groups.index(channel.app_secret[0]), channel.account or "200300400500600")
            for channel in channels
        ]

    def poster(
        self, settings: Settings, channels: Sequence[Channel], url: str
    ) -> Callable[[Parcel, int], Post]:
        """Return what makes a parcel a webhook."""
        secrets = [channel.app_secret[0].reveal().encode() for channel in _group_heads(channels)]
        url = url or webhook_of(settings)

        def post(parcel: Parcel, stamp: int) -> Post:
            body = encode_parcel(parcel, stamp)
            digest = hmac.new(secrets[parcel.group], body, hashlib.sha256).hexdigest()
            headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
            return Post(url, headers, body)

        return post

    def stand_in(self, settings: Settings) -> FakeGraph:
        """Return a fake Graph."""
        return FakeGraph.of(settings)

    def place(self, channels: Sequence[Channel]) -> tuple[str, int]:
        """Return where the channels send to."""
        return place_of(channels)

    def watching(
        self, settings: Settings, channels: Sequence[Channel], fake: StandIn | None
    ) -> AbstractAsyncContextManager[Watch]:
        """Watch a fake Graph."""
        if not isinstance(fake, FakeGraph | None):
            raise SimulationError("that is no fake Graph")
        return watching(
            settings, lambda: place_of(channels), fake_graph_at, _Here, _There, FakeGraph.of, fake
        )

    def staffed(self, settings: Settings, wanted: int, *, shared: bool, mps: int) -> Settings:
        """Return settings with copies of their own channels."""
        return with_channels(settings, wanted, shared, mps)


class _Here:
    """The log of a fake Graph in this process."""

    def __init__(self, fake: FakeGraph) -> None:
        self._fake = fake

    async def run(self) -> str:
        await trio.lowlevel.checkpoint()
        return self._fake.run_id

    async def page(self, after: int) -> Page:
        page = [] if after < 0 else self._fake.sent(after)
        newest = self._fake.last_index
        await trio.lowlevel.checkpoint()
        return _page(newest, page)

    async def violations(self) -> Mapping[str, int]:
        await trio.lowlevel.checkpoint()
        return _violations(self._fake.statistics())


class _There:
    """The log of a fake Graph in another process."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.run = control.run

    async def page(self, after: int) -> Page:
        query = "limit=1" if after < 0 else f"after={after}&limit={PAGE}"
        found = await self._control.get(f"sent?{query}", SentPage)
        return _page(found.last, [] if after < 0 else found.sends)

    async def violations(self) -> Mapping[str, int]:
        return _violations(await self._control.get("statistics", FakeStatistics))


def _page(newest: int, sends: Sequence[Sent]) -> Page:
    if not sends:
        return Page(newest)
    replies = [
        Reply(sent.index, sent.wamid, sent.channel, sent.to, sent.effect, sent.quoted) for sent in sends
    ]
    return Page(newest, sends[0].index, sends[-1].index, tuple(replies))


def _violations(statistics: FakeStatistics) -> Mapping[str, int]:
    provider = statistics.provider
    return {
        "throughput": provider.throughput_violations,
        "pair limit": provider.pair_violations,
        "invalid bodies": provider.invalid,
    }


def _group_heads(channels: Sequence[Channel]) -> Sequence[Channel]:
    """Return one channel for each app secret, in the order of the groups."""
    heads: dict[str, Channel] = {}
    for channel in channels:
        heads.setdefault(channel.app_secret[0].reveal(), channel)
    return list(heads.values())
