"""What follows from what was heard, by the rules: an opt-out, a person who is wanted, else the menu and its parts."""

from __future__ import annotations

from actors.agency import leads
from actors.conversation import handover, menu, pondering
from actors.conversation.hearing import Heard
from actors.conversation.state import EstateState
from actors.conversation.talk import Talk
from runtime import Turn


async def respond(turn: Turn[EstateState], talk: Talk, said: Heard) -> None:
    """Answer what was said."""
    if said.what in ("opt_out", "opt_in"):
        await _consent(turn, talk, allowed=said.what == "opt_in")
    elif said.what == "person":
        await handover.ask(turn, talk)
    else:
        await menu.respond(talk, said)


async def _consent(turn: Turn[EstateState], talk: Talk, *, allowed: bool) -> None:
    """Take an opt-out, or its end. What a model still has to say when somebody opts out is said no more."""
    state = turn.state
    before = state.silenced
    state.consent(allowed=allowed, stamped=0, now=talk.now, told_us=True)
    if allowed:
        talk.remark(talk.text("opted-in"))
        return
    pondering.take(turn, state.pondering)
    if talk.part.lead:
        async with talk.books() as books:
            await leads.note(books, talk.part.lead, ["opted_out"], talk.message, talk.now)
    talk.remark(talk.text("opted-out-already" if before else "opted-out"))
