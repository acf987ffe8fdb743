"""Where people see numbered lines instead of buttons, the number of a line is a press of its button.

That is so on channels without buttons, and everywhere in a list that is longer than its rows.

The lines of the latest message are part of the conversation's state, so a number means what the person reads, also after
a restart, and also where "2" would have been an answer of its own: the person sees "2. 1 bedroom" and types 2. A title is
read here only where nothing else would understand it. What a message without choices asks is answered in words, and a
number that no line has is a text like any other.
"""

from __future__ import annotations

import msgspec

from actors.channels.numbered import read, typed_of
from actors.conversation.state import EstateState
from actors.messages import MessageReceived, Outgoing
from runtime import Event, Lane, Turn

_SENT: msgspec.json.Decoder[Outgoing] = msgspec.json.Decoder(Outgoing)


def heard(turn: Turn[EstateState], event: Event) -> Event:
    """Return an event as it is meant; while people of the agency speak, nothing is read by the bot's lines."""
    if turn.paused or not isinstance(event, MessageReceived) or not turn.state.lines:
        return event
    known = {title for part in turn.state.parts.values() for _, title in part.offered}
    return read(event, turn.state.lines, known)


def note(turn: Turn[EstateState]) -> None:
    """Keep what the person is shown last by this turn, if it shows anything."""
    said = [effect for effect in turn.effects if effect.lane is Lane.SEND]
    if said and (not turn.paused or turn.interjecting or turn.pausing is not None):
        turn.state.lines = typed_of(_SENT.decode(said[-1].payload), turn.channel)
