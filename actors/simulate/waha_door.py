"""WAHA's door: one event per webhook, a signature over the body, and the fake WAHA."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import cycle, islice
from typing import ClassVar

import msgspec
import trio

from actors.channels.fake_waha import FakeWaha, FakeWahaStatistics, Sent
from actors.channels.fake_waha.place import fake_waha_at, place_of
from actors.channels.fake_waha.server import SentPage, front_of
from actors.channels.fake_waha.webhooks import signed, text_of
from actors.simulate.door import Page, Post, SimulationError, Watch
from actors.simulate.people import Number, Parcel
from actors.simulate.views import Reply
from actors.simulate.watch import PAGE, Control, watching
from actors.stage import StandIn
from config import Channel, Secret, Settings
from runtime.cli import CommandFailed

_API = "http://127.0.0.1:8084"


class WahaDoor:
    """WhatsApp through WAHA. Which effect a send is of, its X-Request-Id says."""

    provider: ClassVar[str] = "waha"
    batches: ClassVar[bool] = False
    quotes: ClassVar[bool] = True

    def numbers(self, channels: Sequence[Channel]) -> Sequence[Number]:
        """Return the channels, each a group of its own."""
        return [
            Number(channel.id, index, channel.id, channel.key, "3EB0SIM")
            for index, channel in enumerate(channels)
        ]

    def poster(
        self, settings: Settings, channels: Sequence[Channel], url: str
    ) -> Callable[[Parcel, int], Post]:
        """Return what makes a parcel of one message a webhook; `url` is the address alone, without a path."""
        front = url or front_of(settings)

        def post(parcel: Parcel, stamp: int) -> Post:
            channel, [message] = channels[parcel.group], parcel.messages
            chat, key = f"{message.person.wa_id}@c.us", channel.hmac_key[0].reveal()
            told = text_of(chat, "", message.text, stamp, message.person.name, id=message.id)
            body, headers = signed(key, channel.id, "message", told, stamp)
            return Post(f"{front}/webhooks/waha/{channel.name}", headers, body)

        return post

    def stand_in(self, settings: Settings) -> FakeWaha:
        """Return a fake WAHA."""
        return FakeWaha.of(settings)

    def place(self, channels: Sequence[Channel]) -> tuple[str, int]:
        """Return where the channels send to."""
        return place_of(channels)

    def watching(
        self, settings: Settings, channels: Sequence[Channel], fake: StandIn | None
    ) -> AbstractAsyncContextManager[Watch]:
        """Watch a fake WAHA."""
        if not isinstance(fake, FakeWaha | None):
            raise SimulationError("that is no fake WAHA")
        return watching(settings, lambda: place_of(channels), fake_waha_at, _Here, _There, FakeWaha.of, fake)

    def staffed(self, settings: Settings, wanted: int, *, shared: bool, mps: int) -> Settings:
        """Return settings with WAHA's channels alone: their own, and others that are made up.

        Those of tenants are the active tenants' by turns. Raises CommandFailed where there is none.
        """
        own = [
            channel
            for channel in settings.channels
            if channel.provider == self.provider and (channel.tenant is None) == shared
        ]
        active = [tenant.slug for tenant in settings.tenants if tenant.status == "active"]
        if not (shared or active):
            raise CommandFailed("the settings have no active tenant to own a channel (try --demo)")
        tenants = islice(cycle([None] if shared else active), max(0, wanted - len(own)))
        made_up = Channel(
            provider="waha",
            name="simulated",
            id="simulated",
            hmac_key=(Secret(secrets.token_hex(16)),),
            api_key=own[0].api_key if own else Secret(secrets.token_hex(16)),
            api_url=own[0].api_url if own else _API,
        )
        more = [
            msgspec.structs.replace(
                made_up, name=f"simulated-{place}", id=f"simulated-{place}", tenant=tenant
            )
            for place, tenant in enumerate(tenants)
        ]
        channels = tuple(msgspec.structs.replace(channel, max_mps=mps) for channel in (*own, *more))
        return msgspec.structs.replace(settings, channels=channels)


class _Here:
    """The log of a fake WAHA in this process."""

    def __init__(self, fake: FakeWaha) -> None:
        self._fake = fake

    async def run(self) -> str:
        await trio.lowlevel.checkpoint()
        return self._fake.run_id

    async def page(self, after: int) -> Page:
        page = [] if after < 0 else self._fake.sent(after=after)[:PAGE]
        newest = self._fake.last_index
        await trio.lowlevel.checkpoint()
        return page_of(newest, page)

    async def violations(self) -> Mapping[str, int]:
        await trio.lowlevel.checkpoint()
        return _violations(self._fake.statistics())


class _There:
    """The log of a fake WAHA in another process."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.run = control.run

    async def page(self, after: int) -> Page:
        query = "limit=1" if after < 0 else f"after={after}&limit={PAGE}"
        found = await self._control.get(f"sent?{query}", SentPage)
        return page_of(found.last, [] if after < 0 else found.sends)

    async def violations(self) -> Mapping[str, int]:
        return _violations(await self._control.get("statistics", FakeWahaStatistics))


def page_of(newest: int, sends: Sequence[Sent]) -> Page:
    """Return sends as a page of the log; a part of a message that goes on is no reply."""
    if not sends:
        return Page(newest)
    replies = [
        Reply(
            sent.index,
            sent.id.rpartition("_")[2],
            sent.session,
            sent.chat.partition("@")[0],
            sent.request,
            sent.quote,
        )
        for sent in sends
        if "/" not in sent.request
    ]
    return Page(newest, sends[0].index, sends[-1].index, tuple(replies))


def _violations(statistics: FakeWahaStatistics) -> Mapping[str, int]:
    return {f"refused with {status}": count for status, count in statistics.refused.items()}
