"""The app of the drill about poison: an echo whose first version fails at one text, and the version that mends it."""

from __future__ import annotations

from typing_extensions import override

from actors.channels.meta import MetaProvider
from actors.echo import Echo, EchoState
from actors.messages import INCOMING, MessageReceived
from runtime import App, Event, Turn

POISON = "Is there a view of the sea from bathroom number zero?"
"""Nobody else says this."""


class Fragile(Echo):
    """Echoes, but always fails at one text, and would tell it to the log."""

    @override
    async def receive(self, turn: Turn[EchoState], event: Event) -> None:
        if isinstance(event, MessageReceived) and event.text == POISON:
            raise ValueError(event.text)
        await super().receive(turn, event)


app = App(name="fragile", actor=Fragile(), providers=(MetaProvider(),), events=INCOMING)
mended = App(name="fragile", actor=Echo(), providers=(MetaProvider(),), events=INCOMING)
