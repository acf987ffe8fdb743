"""The estate bot's actor: the thin shell around the decisions of greeting.py."""

from __future__ import annotations

from actors.conversation.catalogue import Catalogue
from actors.conversation.directory import Directory
from actors.conversation.greeting import Greeter
from actors.conversation.state import EstateState
from actors.messages import AccountNotice, Incoming, Unsupported
from actors.sql import statement
from config import Settings
from runtime import Actor, EffectFailed, Event, Turn, UnreadableEvent

#: Kinds of `Unsupported` that are no message to us: they are counted and not answered.
NO_MESSAGE = frozenset({"reaction", "system", "echo", "message_echoes", "revoke", "edit", "user_preferences"})


class EstateBot(Actor[EstateState]):
    """Welcomes people on behalf of the tenant they reached, and acknowledges what they write."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        """Load the texts; raises CatalogueError when they cannot be used. Knows nobody before `configure`."""
        self._catalogue = catalogue or Catalogue.load()
        self._greeter = Greeter(self._catalogue, Directory())

    def configure(self, settings: Settings) -> None:
        """Take the tenants and channels of these settings; turns that began before keep the old ones."""
        self._greeter = Greeter(self._catalogue, Directory(settings))

    async def receive(self, turn: Turn[EstateState], event: Event) -> None:
        """Answer one event. The only wait is for the row that records a routing decision."""
        match event:
            case EffectFailed(code=code):
                turn.state.note(f"failed:{code}", turn.now)
            case UnreadableEvent():
                turn.state.note("unreadable", turn.now)
            case AccountNotice(field=field):
                turn.state.note(f"notice:{field}", turn.now)
            case Unsupported(kind=kind) if kind in NO_MESSAGE:
                turn.state.note(f"silent:{kind}", turn.now)
            case Incoming():
                answer = self._greeter.answer(turn.state, turn.channel, event, turn.now)
                if entered := answer.entered:
                    async with turn.postgres() as transaction:
                        await transaction.execute(
                            statement("record_routing_decision"),
                            turn.conversation,
                            event.id,
                            entered.tenant.id,
                            entered.reason,
                            turn.now,
                        )
                if answer.say is not None:
                    turn.reply(answer.say)
