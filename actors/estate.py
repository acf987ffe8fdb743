"""The app that `majlis` runs unless it is told another: the estate bot on WhatsApp."""

from __future__ import annotations

from actors.channels.meta import MetaProvider
from actors.conversation.bot import EstateBot
from actors.conversation.directory import prepare
from actors.conversation.tenancy import EstateTenancy
from actors.media.measured import METRICS
from actors.media.task import MediaFetched
from actors.messages import INCOMING
from actors.sql import migrations
from config import Settings
from runtime import App

_bot, _meta = EstateBot(), MetaProvider()


async def _begin(_settings: Settings) -> None:
    await _meta.downloads.sweep()


app = App(
    name="estate",
    actor=_bot,
    providers=(_meta,),
    events=(*INCOMING, MediaFetched),
    migrations=migrations(),
    prepare=prepare,
    configure=_bot.configure,
    begin=_begin,
    statistics=lambda: {"media": _meta.downloads.statistics()},
    metrics=METRICS,
    tenancy=EstateTenancy(),
)
