"""A person of the agency takes a conversation over, and gives it back: what the buyer hears, and what is kept.

From the request on the bot is paused: what the buyer writes is read into their search and not answered. The bot is back
when somebody of the agency says so, or when none of them was there for the tenant's quiet time; it goes on where it
stopped. An answer from the business phone is a hand-over too: nothing that was queued is said after it.

The tenant's contacts are called in their order, the next one when nobody took the conversation in the time that each has;
calling.py is the call itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import msgspec

from actors.agency import leads, staff
from actors.agency.staff import Operator
from actors.conversation import asking, menu, reaching, realty, resuming
from actors.conversation.calling import GivenBack, Settled, Taken, call, identity_of, language_of
from actors.conversation.hearing import Heard
from actors.conversation.office_hours import opens_at
from actors.conversation.realty import Understood
from actors.conversation.state import EstateState, Handed, Part
from actors.conversation.talk import Talk
from actors.messages import HumanAnswered
from actors.sql import statement
from actors.wording.values import Count, Moment, Name
from config import Tenant
from runtime import Event, OperatorCommand, TimerDue, Transaction, Turn

#: Timers: nobody has taken the conversation yet; nobody of the agency was there for long.
NEXT, QUIET = "handover:next", "handover:quiet"
_NOTHING: Final = "—"
_REASON_MOST: Final = 100
_TIMERS: Final = frozenset({NEXT, QUIET})


def concerns(event: Event) -> bool:
    """Return whether an event that is no message of the buyer's is about a hand-over."""
    match event:
        case TimerDue(name=name):
            return name in _TIMERS
        case OperatorCommand(name=name):
            return name == "resumed"
    return isinstance(event, HumanAnswered | Taken | GivenBack)


def whose(state: EstateState, event: Event) -> int:
    """Return the tenant whose hand-over an event is about; 0 for the one at which the conversation is."""
    if isinstance(event, Taken) or (isinstance(event, TimerDue) and event.name == NEXT):
        return state.handed.tenant if state.handed is not None else 0
    return 0


async def ask(turn: Turn[EstateState], talk: Talk) -> None:
    """Leave the conversation to a person, call one, and say what to expect. Waits for the agency's books."""
    _leave(turn.state, talk.tenant)
    turn.state.handed = Handed(tenant=talk.tenant.id)
    called = await _call(turn, talk, asked=True)
    turn.pause("asked for a person")
    turn.remind(QUIET, at=_begins(talk) + quiet_time(talk.tenant))
    told = expectation(talk) if called else talk.text("handover-nobody")
    if number := reaching.question(talk):
        talk.say(told, number, asked="phone")
    else:
        _tell(talk, told)


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
        _interject(turn, talk)
    elif what == "resume" and _waits(turn):
        await _come_back(turn, talk, "the person asked for the bot", asked=True)
    elif said is not None and what == "text" and reaching.told(talk, said.text):
        talk.part.asked = ""
        _tell(talk, reaching.thanks(talk))
        _interject(turn, talk)
        await talk.learn()
    elif said is not None and what in ("text", "choice"):
        understood = realty.pick(talk.part, said.choice) if said.choice else None
        if understood is None and said.text:
            understood = _overheard(talk.part, said.text)
        talk.part.untold |= understood is not None and not understood.nothing


def _overheard(part: Part, text: str) -> Understood:
    """Take what a text says outright: it answers a person, and not the question that the bot has open."""
    asked, part.asked = part.asked, ""
    understood = realty.read(part, text)
    part.asked = asked
    return understood


async def go_on(turn: Turn[EstateState], talk: Talk, event: Event) -> None:
    """Take an event about a hand-over: the end of a pause, a timer, what an operator does about a call."""
    match event:
        case OperatorCommand():
            await _come_back(turn, talk, "by an operator")
        case TimerDue(name="handover:quiet") if turn.paused:
            await _quiet_for_long(turn, talk)
        case TimerDue(name="handover:next") if _waits(turn):
            await _call_next(turn, talk)
        case Taken():
            _taken(turn, talk, event)
        case GivenBack():
            await _given_back(turn, talk, event)


def answered(turn: Turn[EstateState], tenant: Tenant) -> None:
    """Somebody of the agency was there: the bot is silent until they were not for the quiet time."""
    if turn.paused and not turn.held:
        turn.resume()  # and so the pause begins anew, for what was to be said while nobody was there
    turn.pause("answered by a person")
    _there(turn, tenant)


def _there(turn: Turn[EstateState], tenant: Tenant) -> None:
    _leave(turn.state, tenant)
    turn.state.handed = turn.state.handed or Handed(tenant=tenant.id)
    turn.state.handed.answered_at = turn.now
    turn.forget(NEXT)
    turn.remind(QUIET, after=quiet_time(tenant))


def _leave(state: EstateState, tenant: Tenant) -> None:
    """Keep the hand-over of another tenant, to which the person may come back."""
    if state.handed is not None and state.handed.tenant != tenant.id:
        others = tuple(one for one in state.left if one.tenant not in (tenant.id, state.handed.tenant))
        state.left, state.handed = (*others, state.handed), None


def next_contact(contacts: Sequence[Operator], called: Sequence[int], buyer: str) -> Operator | None:
    """Return who is called next: nobody twice, and not the `buyer`, by their address, about themselves."""
    return next((one for one in contacts if one.id not in called and identity_of(one) != buyer), None)


def expectation(talk: Talk) -> str:
    """Return what to expect: within how many minutes, or when the office opens, if its hours are known."""
    opens = opens_at(talk.tenant, talk.now)
    if opens is not None:
        return talk.text("handover-later", when=Moment(opens, talk.tenant.timezone))
    return talk.text("handover-expect", count=Count(max(1, ceil(talk.tenant.handoff_minutes))))


async def _call(turn: Turn[EstateState], talk: Talk, *, asked: bool) -> bool:
    """Call the next contact; False if nobody is left. `asked`: the buyer has just asked, and the lead learns it."""
    handed = turn.state.handed = turn.state.handed or Handed(tenant=talk.tenant.id)
    buyer = ""

    async def look(transaction: Transaction) -> None:
        nonlocal buyer
        for row in await transaction.fetch(statement("conversation_address"), turn.conversation):
            buyer = str(row["address"])

    async with talk.books(before=look) as books:
        if asked:
            await leads.note(books, talk.part.lead, ["person_asked"], talk.message, talk.now)
        contacts = await staff.handoff_contacts(books)
    contact = next_contact(contacts, handed.called, buyer)
    if contact is None:
        return False
    phone = talk.part.phone.lstrip("+")
    link = f"https://wa.me/{phone}" if phone else f"majlis show {turn.conversation}"
    summary = asking.summary(talk, language_of(contact)) or _NOTHING
    name = talk.part.name or (f"+{phone}" if phone else turn.conversation)
    call(turn, contact, talk.tenant, name, summary, link)
    handed.called += (contact.id,)
    turn.remind(NEXT, at=_begins(talk) + timedelta(minutes=talk.tenant.handoff_minutes))
    return True


async def _call_next(turn: Turn[EstateState], talk: Talk) -> None:
    """Nobody has taken the conversation in time: call the next one, and tell the buyer so, once."""
    handed = turn.state.handed
    called = await _call(turn, talk, asked=False)
    if handed is not None and not (called and handed.told):
        handed.told = True
        _tell(talk, talk.text("handover-waiting" if called else "handover-nobody"))
        _interject(turn, talk)


def _taken(turn: Turn[EstateState], talk: Talk, taken: Taken) -> None:
    """Give the conversation to the first of those who were called that answers."""
    handed = turn.state.handed
    if not _waits(turn) or handed is None or taken.operator not in handed.called:
        ours = turn.paused and handed is not None and handed.taken_by == taken.operator
        outcome = "yours" if ours else "gone"
        turn.tell(Settled(conversation=turn.conversation, outcome=outcome), conversation=taken.at)
        return
    handed.taken_by = taken.operator
    _tell(talk, talk.text("handover-joined", name=Name(taken.by)))
    if turn.paused:
        turn.resume()
        turn.pause(_taken_by(taken.by))  # it begins anew, for operators to see who has it
    if talk.answer is not None:
        turn.reply(talk.answer)
    _there(turn, talk.tenant)
    turn.tell(Settled(conversation=turn.conversation, outcome="yours"), conversation=taken.at)


def _taken_by(name: str) -> str:
    """Return the reason of a pause while somebody has the conversation, fit for a list of operators."""
    plain = "".join(char for char in name if char.isprintable())
    return f"taken by {plain}"[:_REASON_MOST]


async def _given_back(turn: Turn[EstateState], talk: Talk, back: GivenBack) -> None:
    """Let the bot go on because who had the conversation says so."""
    handed = turn.state.handed
    ours = turn.paused and handed is not None and handed.taken_by == back.operator
    turn.tell(
        Settled(conversation=turn.conversation, outcome="back" if ours else "gone"), conversation=back.at
    )
    if ours:
        await _come_back(turn, talk, "given back on the phone")


async def _quiet_for_long(turn: Turn[EstateState], talk: Talk) -> None:
    """Come back, unless an operator has written within the quiet time."""
    if turn.held or (turn.state.handed is not None and turn.state.handed.held):
        async with turn.postgres() as transaction:
            rows = await transaction.fetch(statement("operator_wrote_at"), turn.conversation)
        wrote = msgspec.convert(rows[0]["at"], datetime | None) if rows else None
        if wrote is not None and wrote + quiet_time(talk.tenant) > turn.now:
            turn.remind(QUIET, at=wrote + quiet_time(talk.tenant))
            return
    await _come_back(turn, talk, "nobody was there for the quiet time")


async def _come_back(turn: Turn[EstateState], talk: Talk, why: str, *, asked: bool = False) -> None:
    """Let the bot answer again: where it stopped. Who opted out hears of it only if they have `asked`."""
    turn.resume(why)
    turn.state.handed = None
    turn.forget(NEXT)
    turn.forget(QUIET)
    if turn.state.opted_out and not asked:
        return
    talk.head = talk.text("handover-resumed")
    if turn.held:  # the books may have been opened in this turn
        resuming.put(talk)
    elif talk.part.vertical == "realty":
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


def _interject(turn: Turn[EstateState], talk: Talk) -> None:
    if talk.answer is not None:
        turn.interject(talk.answer)


def _begins(talk: Talk) -> datetime:
    """Return from when on somebody can be expected."""
    return opens_at(talk.tenant, talk.now) or talk.now


def quiet_time(tenant: Tenant) -> timedelta:
    """Return for how long nobody of a tenant may be there before the bot is back."""
    return timedelta(minutes=tenant.handoff_quiet_minutes)
