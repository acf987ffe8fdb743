"""What carries no words: how it is acknowledged where it is a message, and how it is noted where it is none. Pure.

Knows nothing of media, which are fetched first, nor of what an event sets going: that is the bot's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from actors.conversation.hearing import Heard, heard, picked
from actors.conversation.state import EstateState
from actors.conversation.talk import Talk
from actors.messages import (
    AccountNotice,
    ChannelFault,
    ChoicePicked,
    ConsentChanged,
    ContactsShared,
    FormFilled,
    LocationShared,
    Message,
    MessageReceived,
    OrderPlaced,
    Unsupported,
)
from actors.wording.values import Count
from runtime import EffectFailed, Event, Failure, UnreadableEvent

NO_MESSAGE: Final = frozenset(
    {"reaction", "system", "echo", "message_echoes", "revoke", "edit", "user_preferences"}
)
"""Kinds of `Unsupported` that are no message to us, in whatever odd shape: they are counted and not answered."""


def said_by(talk: Talk, message: Message) -> Heard | None:
    """Return what a message says; None for one that is only acknowledged."""
    match message:
        case MessageReceived(text=text):
            return heard(talk.part, text)
        case ChoicePicked(choice=choice):
            return picked(choice)
        case ContactsShared(cards=cards) if talk.part.asked == "phone":
            numbers = [number.phone or number.written for card in cards for number in card.phones]
            return Heard("text", f"+{numbers[0].lstrip('+')}") if numbers else None
    return None


def acknowledge(talk: Talk, message: Message) -> None:
    """Answer what carries no words."""
    match message:
        case ContactsShared(cards=cards):
            talk.remark(talk.text("media-contacts", count=Count(len(cards))))
        case LocationShared():
            talk.remark(talk.text("media-location"))
        case OrderPlaced():
            talk.remark(talk.text("media-order"))
        case FormFilled():
            talk.remark(talk.text("media-form"))
        case _:
            talk.remark(talk.text("unsupported"))


def noted(state: EstateState, event: Event, now: datetime) -> None:
    """Keep what is no message, and what somebody allows to be sent to them."""
    match event:
        case EffectFailed(code=code, kind=kind):
            state.note(f"failed:{code}", now)
            if kind is Failure.OPTED_OUT:
                state.consent(allowed=False, stamped=0, now=now)
            elif kind is Failure.TEMPLATE:  # the provider knows better when the window closed
                state.heard_at = state.ad_at = None
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
