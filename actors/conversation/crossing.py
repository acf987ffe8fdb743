"""A link leads to another tenant while people of one answer: they silence their own bot alone.

On the way back to them the bot is silent again, as it was: whoever had the conversation, an operator who held it from
their desk as much as one who was called. Knows nothing of what anybody hears.
"""

from __future__ import annotations

from typing import Final

from actors.conversation.handover import QUIET, quiet_time
from actors.conversation.state import EstateState, Handed
from config import Tenant
from runtime import Turn

_ASKED: Final = "asked for a person"
_HELD: Final = "held by an operator"


def cross(turn: Turn[EstateState], left: int, tenant: Tenant) -> None:
    """Go from the tenant whose id is `left`, 0 for none, to another one, whose pause holds from now on, if it has any."""
    state = turn.state
    if left == tenant.id:
        return
    if turn.paused and left:
        handed = (
            state.handed if state.handed is not None and state.handed.tenant == left else Handed(tenant=left)
        )
        if turn.held:
            handed.held, handed.answered_at = True, handed.answered_at or turn.now
        state.handed = handed
        turn.resume("the person went to another agency")
    found = _of(state, tenant.id)
    if found is not None:
        turn.pause(_HELD if found.held else _ASKED)
        turn.remind(QUIET, after=quiet_time(tenant))


def _of(state: EstateState, tenant: int) -> Handed | None:
    """Make the hand-over of a tenant the one that counts, if there is one; the other is kept."""
    if state.handed is not None and state.handed.tenant == tenant:
        return state.handed
    found = next((one for one in state.left if one.tenant == tenant), None)
    if found is not None:
        state.left = tuple(one for one in state.left if one is not found)
        if state.handed is not None:
            state.left += (state.handed,)
        state.handed = found
    return found
