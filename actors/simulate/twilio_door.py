"""Twilio's door: one message per webhook, a signature over the public URL and the fields, and the fake Twilio."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import cycle, islice
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import msgspec
import trio

from actors.channels.fake_twilio import FakeTwilio, FakeTwilioStatistics, Sent
from actors.channels.fake_twilio.place import fake_twilio_at, place_of
from actors.channels.fake_twilio.server import SentPage, front_of, signed
from actors.simulate.door import Page, Post, SimulationError, Watch
from actors.simulate.people import Number, Parcel
from actors.simulate.views import Reply
from actors.simulate.watch import PAGE, Control, watching
from actors.stage import StandIn
from config import Channel, Secret, Settings
from runtime.cli import CommandFailed

_PUBLIC = "https://bot.example.com"  # of a stage whose settings have none: it is signed, and never asked
_API = "http://127.0.0.1:8083"


class TwilioDoor:
    """WhatsApp through Twilio. Its sends quote nothing.

    Twilio itself posts a webhook once: what is posted again in a run stands for its fallback URL.
    """

    provider: ClassVar[str] = "twilio"
    batches: ClassVar[bool] = False
    quotes: ClassVar[bool] = False

    def numbers(self, channels: Sequence[Channel]) -> Sequence[Number]:
        """Return the channels, each a group of its own."""
        return [
            Number(channel.id, index, channel.account_sid, channel.key, "SMSIM")
            for index, channel in enumerate(channels)
        ]

    def poster(
        self, settings: Settings, channels: Sequence[Channel], url: str
    ) -> Callable[[Parcel, int], Post]:
        """Return what makes a parcel of one message a webhook; `url` is the address alone, without a path."""
        front, public = url or front_of(settings), settings.server.public_url.rstrip("/")

        def post(parcel: Parcel, _stamp: int) -> Post:
            channel, [message] = channels[parcel.group], parcel.messages
            person, path = message.person, f"/webhooks/twilio/{channel.name}"
            fields = {
                "MessageSid": message.id,
                "SmsStatus": "received",
                "AccountSid": channel.account_sid,
                "From": f"whatsapp:+{person.wa_id}",
                "To": channel.id,
                "WaId": person.wa_id,
                "ProfileName": person.name,
                "MessageType": "text",
                "NumMedia": "0",
                "Body": message.text,
                "ApiVersion": "2010-04-01",
            }
            body, headers = signed(channel.auth_token[0].reveal(), public + path, fields)
            return Post(front + path, headers, body)

        return post

    def stand_in(self, settings: Settings) -> FakeTwilio:
        """Return a fake Twilio."""
        return FakeTwilio.of(settings)

    def place(self, channels: Sequence[Channel]) -> tuple[str, int]:
        """Return where the channels send to."""
        return place_of(channels)

    def watching(
        self, settings: Settings, channels: Sequence[Channel], fake: StandIn | None
    ) -> AbstractAsyncContextManager[Watch]:
        """Watch a fake Twilio."""
        if not isinstance(fake, FakeTwilio | None):
            raise SimulationError("that is no fake Twilio")
        return watching(
            settings, lambda: place_of(channels), fake_twilio_at, _Here, _There, FakeTwilio.of, fake
        )

    def staffed(self, settings: Settings, wanted: int, *, shared: bool, mps: int) -> Settings:
        """Return settings with Twilio's channels alone: their own, and others that are made up.

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
        account, token = "AC" + secrets.token_hex(16), Secret(secrets.token_hex(16))
        tenants = islice(cycle([None] if shared else active), max(0, wanted - len(own)))
        more = [
            Channel(
                provider="twilio",
                name=f"simulated-{place}",
                id=f"whatsapp:+1415550{place:05}",
                account_sid=account,
                auth_token=(token,),
                tenant=tenant,
                api_url=own[0].api_url if own else _API,
            )
            for place, tenant in enumerate(tenants)
        ]
        channels = tuple(msgspec.structs.replace(channel, max_mps=mps) for channel in (*own, *more))
        public = settings.server.public_url or _PUBLIC
        server = msgspec.structs.replace(settings.server, public_url=public)
        return msgspec.structs.replace(settings, channels=channels, server=server)


class _Here:
    """The log of a fake Twilio in this process."""

    def __init__(self, fake: FakeTwilio) -> None:
        self._fake = fake

    async def run(self) -> str:
        await trio.lowlevel.checkpoint()
        return self._fake.run_id

    async def page(self, after: int) -> Page:
        page = [] if after < 0 else self._fake.sent(after=after)[:PAGE]
        newest = self._fake.last_index
        await trio.lowlevel.checkpoint()
        return _page(newest, page)

    async def violations(self) -> Mapping[str, int]:
        await trio.lowlevel.checkpoint()
        return _violations(self._fake.statistics())


class _There:
    """The log of a fake Twilio in another process."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.run = control.run

    async def page(self, after: int) -> Page:
        query = "limit=1" if after < 0 else f"after={after}&limit={PAGE}"
        found = await self._control.get(f"sent?{query}", SentPage)
        return _page(found.last, [] if after < 0 else found.sends)

    async def violations(self) -> Mapping[str, int]:
        return _violations(await self._control.get("statistics", FakeTwilioStatistics))


def _page(newest: int, sends: Sequence[Sent]) -> Page:
    if not sends:
        return Page(newest)
    replies = [reply for sent in sends if (reply := _reply(sent)) is not None]
    return Page(newest, sends[0].index, sends[-1].index, tuple(replies))


def _reply(sent: Sent) -> Reply | None:
    """Return a send as a reply; None for a part of a message that goes on."""
    told = parse_qs(urlsplit(sent.callback).query)
    if "part" in told:
        return None
    to = sent.to.removeprefix("whatsapp:+")
    return Reply(sent.index, sent.sid, sent.number, to, told.get("effect", [""])[-1], "")


def _violations(statistics: FakeTwilioStatistics) -> Mapping[str, int]:
    return {f"refused with {code}": count for code, count in statistics.refused.items()}
