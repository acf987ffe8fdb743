"""The app that `majlis` runs unless it is told another: the estate bot on WhatsApp."""

from __future__ import annotations

from actors.channels.meta import MetaProvider
from actors.conversation.bot import EstateBot
from actors.conversation.directory import prepare
from actors.messages import INCOMING
from actors.sql import migrations
from runtime import App

_bot = EstateBot()

app = App(
    name="estate",
    actor=_bot,
    providers=(MetaProvider(),),
    events=INCOMING,
    migrations=migrations(),
    prepare=prepare,
    configure=_bot.configure,
)
