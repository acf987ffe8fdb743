"""The smallest bot: one actor, one provider."""

import msgspec

from actors.channels.meta import MetaProvider
from actors.messages import INCOMING, MessageReceived, Text
from runtime import Actor, App, Event, Turn


class EchoState(msgspec.Struct):
    """What the bot remembers of one conversation."""

    seen: int = 0


class Echo(Actor[EchoState]):
    """Answers each text with itself."""

    async def receive(self, turn: Turn[EchoState], event: Event) -> None:  # noqa: D102
        match event:
            case MessageReceived(id=message, text=text):
                turn.state.seen += 1
                turn.reply(Text(text, quote=message))


app = App(name="echo", actor=Echo(), providers=(MetaProvider(),), events=INCOMING)
