"""The one way out for what nobody has just asked for: freely, by a template, or counted and not sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.conversation.state import EstateState
from actors.conversation.talk import Talk
from actors.conversation.windows import RULES, Kind, Outlet, Reason, outlet, standing, withheld
from actors.messages import Outgoing, Template
from actors.wording.values import Value

#: For how long an apology is not repeated, however often something goes stale.
AN_APOLOGY_EACH: Final = timedelta(days=7)


def tell(talk: Talk, state: EstateState, kind: Kind, message: Outgoing, *values: Value) -> Outlet:
    """Say a message, or have its template say these values in their order; return which of it became of it."""
    stands = standing(state, talk.tenant, talk.channel)
    way = outlet(talk.now, stands, kind)
    match way:
        case "free":
            talk.answer = message
        case "template" if (key := RULES[kind].by) is not None:
            told = tuple(talk.wording.value(talk.language, value) for value in values)
            talk.answer = Template(talk.tenant.templates[key], talk.language, told)
        case _:
            state.note(f"unsent:{kind}", talk.now)
            hold(talk, kind, withheld(talk.now, stands, kind))
    talk.unasked += (f"{kind}:{way}",)
    return way


def hold(talk: Talk, kind: Kind, why: Reason | None) -> None:
    """Count something that is not sent now, and why."""
    if why is not None:
        talk.unsent += ((kind, why),)


def may_apologize(talk: Talk, state: EstateState) -> bool:
    """Tell whether an apology may be said now, and keep that it was; one that is not sent is counted."""
    if state.apologized_at is not None and talk.now - state.apologized_at < AN_APOLOGY_EACH:
        hold(talk, "apology", "too_soon")
        return False
    stands = standing(state, talk.tenant, talk.channel)
    way = outlet(talk.now, stands, "apology")
    talk.unasked += (f"apology:{way}",)
    if way != "free":
        state.note("unsent:apology", talk.now)
        hold(talk, "apology", withheld(talk.now, stands, "apology"))
        return False
    state.apologized_at = talk.now
    return True
