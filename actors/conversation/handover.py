"""A person of the agency takes a conversation over, and gives it back: what the buyer hears, and what is kept.

From the request on the bot is paused: what the buyer writes is read into their search and not answered. The bot is back
when somebody of the agency says so, or when none of them was there for the tenant's quiet time; it goes on where it
stopped. An answer from the business phone is a hand-over too: nothing that was on its way is said after it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from actors.agency import leads
from actors.conversation import menu, realty
from actors.conversation.hearing import Heard
from actors.conversation.state import EstateState, Handed
from actors.conversation.talk import Talk
from actors.messages import HumanAnswered
from actors.wording.values import Count, Moment
from config import Tenant
from runtime import Event, OperatorCommand, TimerDue, Turn

#: Timers: nobody has taken the conversation yet; nobody of the agency was there for long.
NEXT, QUIET = "handover:next", "handover:quiet"
_TIMERS: Final = frozenset({NEXT, QUIET})


def concerns(event: Event) -> bool:
    """Return whether an event that is no message of the buyer's is about a hand-over."""
    match event:
        case TimerDue(name=name):
            return name in _TIMERS
        case OperatorCommand(name=name):
            return name == "resumed"
    return isinstance(event, HumanAnswered)


async def ask(turn: Turn[EstateState], talk: Talk) -> None:
    """Leave the conversation to a person, and say what to expect. Waits for the agency's books."""
    async with talk.books() as books:
        await leads.note(books, talk.part.lead, ["person_asked"], talk.message, talk.now)
    turn.state.handed = Handed(tenant=talk.tenant.id)
    turn.pause("asked for a person")
    turn.remind(QUIET, after=_quiet(talk))
    _tell(talk, expectation(talk))


async def listen(turn: Turn[EstateState], talk: Talk, said: Heard | None) -> None:
    """Take what the buyer says while a person answers them: it is kept, and is met with silence.

    But who asks for a person again hears that one was told; who wants the bot back before anybody came has it; and an
    opt-out is obeyed at once.
    """
    what = said.what if said else ""
    if what in ("opt_out", "opt_in"):
        await _consent(turn, talk, allowed=what == "opt_in")
    elif what == "person" and _waits(turn):
        _tell(talk, talk.text("handover-already"))
        if talk.answer is not None:
            turn.interject(talk.answer)
    elif what == "resume" and _waits(turn):
        await _come_back(turn, talk, asked=True)
    elif said is not None and what in ("text", "choice"):
        understood = realty.pick(talk.part, said.choice) if said.choice else None
        if understood is None and said.text:
            understood = realty.read(talk.part, said.text)
        talk.part.untold |= understood is not None and not understood.nothing


async def go_on(turn: Turn[EstateState], talk: Talk, event: Event) -> None:
    """Take an event about a hand-over: an answer from the phone, the end of a pause, a timer."""
    match event:
        case HumanAnswered():
            _answered(turn, talk)
        case OperatorCommand():
            await _come_back(turn, talk, asked=False)
        case TimerDue(name="handover:quiet") if turn.paused:
            await _come_back(turn, talk, asked=False)


def expectation(talk: Talk) -> str:
    """Return what to expect: within how many minutes, or when the office opens, if its hours are known."""
    opens = opens_at(talk.tenant, talk.now)
    if opens is not None:
        return talk.text("handover-later", when=Moment(opens, talk.tenant.timezone))
    return talk.text("handover-expect", count=Count(max(1, ceil(talk.tenant.handoff_minutes))))


def opens_at(tenant: Tenant, now: datetime) -> datetime | None:
    """Return when the tenant's office opens next; None while it is open, and where nobody told its hours."""
    if not tenant.office_hours:
        return None
    opens, closes = map(time.fromisoformat, tenant.office_hours.split("-"))
    here = now.astimezone(ZoneInfo(tenant.timezone))
    clock = here.time()
    is_open = opens <= clock < closes if opens < closes else not closes <= clock < opens
    if is_open:
        return None
    day = here.date() + timedelta(days=clock >= opens)
    return datetime.combine(day, opens, here.tzinfo)


def _answered(turn: Turn[EstateState], talk: Talk) -> None:
    """Somebody of the agency was there: the bot is silent until they were not for the quiet time."""
    turn.pause("answered by a person")
    handed = turn.state.handed or Handed(tenant=talk.tenant.id)
    handed.answered_at = turn.now
    turn.state.handed = handed
    turn.forget(NEXT)
    turn.remind(QUIET, after=_quiet(talk))


async def _come_back(turn: Turn[EstateState], talk: Talk, *, asked: bool) -> None:
    """Let the bot answer again: where it stopped. Who opted out hears of it only if they have `asked`."""
    turn.resume()
    turn.state.handed = None
    turn.forget(NEXT)
    turn.forget(QUIET)
    if turn.state.opted_out and not asked:
        return
    talk.head = talk.text("handover-resumed")
    if talk.part.vertical == "realty":
        await menu.go_on(talk)
    else:
        await menu.enter(talk, talk.part.vertical)
    if talk.answer is not None:
        turn.reply(talk.answer)


async def _consent(turn: Turn[EstateState], talk: Talk, *, allowed: bool) -> None:
    turn.state.consent(allowed=allowed, stamped=0, now=talk.now)
    if not allowed and talk.part.lead:
        async with talk.books() as books:
            await leads.note(books, talk.part.lead, ["opted_out"], talk.message, talk.now)


def _waits(turn: Turn[EstateState]) -> bool:
    """Return whether nobody of the agency has come yet."""
    handed = turn.state.handed
    return not turn.held and handed is not None and handed.answered_at is None


def _tell(talk: Talk, text: str) -> None:
    """Say something that leaves the open question as it is."""
    asked, offered = talk.part.asked, talk.part.offered
    talk.say(text, asked=asked)
    talk.part.offered = offered


def _quiet(talk: Talk) -> timedelta:
    return timedelta(minutes=talk.tenant.handoff_quiet_minutes)
