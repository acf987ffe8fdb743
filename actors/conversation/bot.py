"""The estate bot's actor: the thin shell around the decisions of greeting.py."""

from __future__ import annotations

from datetime import datetime

import msgspec

from actors.conversation.directory import Directory
from actors.conversation.greeting import Greeter
from actors.conversation.state import EstateState
from actors.media.task import Download, MediaFetched
from actors.messages import AccountNotice, ChannelFault, ConsentChanged, Message, Unsupported
from actors.sql import statement
from actors.wording.catalogue import Catalogue
from config import Settings
from runtime import Actor, EffectFailed, Event, Failure, Turn, UnreadableEvent

#: Kinds of `Unsupported` that are no message to us, in whatever odd shape: they are counted and not answered.
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
        """Answer a message, note anything else. The only wait is for the row that records a routing decision."""
        if tenant := self._greeter.tenant_of(turn.state, turn.channel):
            turn.label(tenant=tenant.slug)
        match event:
            case MediaFetched():
                turn.reply(self._greeter.fetched(turn.state, event))
                return
            case EffectFailed(task=task) if (lost := _download_of(task)) is not None:
                turn.reply(self._greeter.unfetched(turn.state, lost))
        if not isinstance(event, Message) or (isinstance(event, Unsupported) and event.kind in NO_MESSAGE):
            _note(turn.state, event, turn.now)
            return
        answer = self._greeter.answer(turn.state, turn.channel, event, turn.now)
        if entered := answer.entered:
            turn.label(tenant=entered.tenant.slug)
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
        if answer.fetch is not None:
            turn.work(answer.fetch)


def _download_of(task: str) -> Download | None:
    """Return the download that failed as an effect; None if it was none."""
    try:
        return msgspec.json.decode(task, type=Download)
    except msgspec.DecodeError:
        return None


def _note(state: EstateState, event: Event, now: datetime) -> None:
    """Keep what is no message, and what somebody allows to be sent to them."""
    match event:
        case EffectFailed(code=code, kind=kind):
            state.note(f"failed:{code}", now)
            if kind is Failure.OPTED_OUT:
                state.consent(allowed=False, stamped=0, now=now)
        case ConsentChanged(allowed=allowed, stamped=stamped):
            state.note("allowed" if allowed else "opted_out", now)
            state.consent(allowed=allowed, stamped=stamped, now=now)
        case UnreadableEvent():
            state.note("unreadable", now)
        case AccountNotice(field=field):
            state.note(f"notice:{field}", now)
        case ChannelFault(code=code):
            state.note(f"fault:{code}", now)
        case Unsupported(kind=what):
            state.note(f"silent:{what}", now)
        case _:
            state.note(f"silent:{type(event).__name__}", now)
