"""The follow-up ladder: who leaves a question open is asked again a few times, politely, and then no more. Its decisions.

A ladder begins with each message that leaves something open, and ends with the next one: the timer is the conversation's
only one of its name, and a message always comes before it. No more than one ladder is sent within a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from actors.conversation.quiet import Quiet
from actors.conversation.state import EstateState, Part
from actors.conversation.talk import Talk
from actors.conversation.unasked import hold, tell
from actors.messages import Choice, Outgoing
from actors.wording.keys import Key
from actors.wording.values import Name
from config import Tenant

TIMER: Final = "nudge"
A_LADDER_EACH: Final = timedelta(days=1)
_MOST_OFFERED: Final = 20


def waiting(part: Part) -> bool:
    """Whether the bot waits for an answer: to a question, or to what it has shown."""
    shown = any(choice.startswith(("listing:viewing:", "relax:")) for choice, _ in part.offered)
    return part.asked not in ("", "phone") or shown


def begin(state: EstateState, tenant: Tenant, now: datetime, *, paused: bool) -> datetime | None:
    """Begin again, now that somebody has written and was answered; return when the first step is due, None if never."""
    part, steps = state.part(tenant.id), tenant.follow_up_minutes
    part.wrote_at, part.nudges = now, 0
    if paused or state.opted_out or tenant.status != "active" or not steps or not waiting(part):
        return None
    first = Quiet.of(tenant).after(now + timedelta(minutes=steps[0]))
    if part.ladder_at is not None and first - part.ladder_at < A_LADDER_EACH:
        return None
    return first


def due(talk: Talk, state: EstateState) -> datetime | None:
    """Say the step that is due, if anybody still waits for an answer; return when the next one is due, None if never."""
    part, steps = talk.part, talk.tenant.follow_up_minutes
    if not waiting(part) or part.nudges >= len(steps) or part.wrote_at is None:
        return None
    if state.opted_out:
        hold(talk, "nudge", "opted_out")
        return None
    quiet = Quiet.of(talk.tenant)
    if (later := quiet.after(talk.now)) > talk.now:
        hold(talk, "nudge", "quiet_hours")
        return later
    step, offered = part.nudges, part.offered
    last = step == len(steps) - 1
    choices = talk.offer("nudge", ["nudge:continue"] if last and step else None)
    said = _beside(talk, _text(part, step, last=last), choices)
    way = tell(talk, state, "nudge", said, Name(talk.tenant.name))
    if way != "nothing" and not step:
        part.ladder_at = talk.now
    if way != "free":  # one template at most: no ladder of what each costs
        part.offered = offered
        return None
    part.nudges = step + 1
    if last:
        return None
    # A step that came late moves those after it: no two come closer to each other than they were meant to.
    on_time = part.wrote_at + timedelta(minutes=steps[step + 1])
    apart = talk.now + timedelta(minutes=steps[step + 1] - steps[step])
    return quiet.after(max(on_time, apart))


def put_away(part: Part) -> None:
    """Take the choices of a follow-up out of what is offered, once it is known whether one of them was meant."""
    part.offered = _without(part)


def later(talk: Talk) -> None:
    """Take a "not now": say that no more will come, and let none come for a day; the question stays open."""
    talk.part.ladder_at = talk.now
    talk.answer = _beside(talk, "nudge-last", ())


def _text(part: Part, step: int, *, last: bool) -> Key:
    if last and step:
        return "nudge-last"
    return "nudge-second" if step and part.vertical == "realty" else "nudge-first"


def _beside(talk: Talk, key: Key, choices: Sequence[Choice]) -> Outgoing:
    """Return a text that leaves open what is open: what was offered before can still be picked, by its number too."""
    added = tuple((one.id, one.title) for one in choices)
    talk.part.offered = (_without(talk.part) + added)[:_MOST_OFFERED]
    return talk.wording.ask(talk.language, talk.text(key), choices, quote=talk.message)


def _without(part: Part) -> tuple[tuple[str, str], ...]:
    return tuple(one for one in part.offered if not one[0].startswith("nudge:"))
