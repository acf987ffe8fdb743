"""Somebody of an agency is called to a conversation on their own phone, and takes it by answering there.

Theory of operation: the buyer's conversation and the operator's are two actors of one channel that tell each other
things. `Called` asks the operator, whatever they write next (or the button) is `Taken` at the buyer's, and `Settled`
tells the operator whether it is theirs: two who answer at once are told apart in the buyer's conversation alone. `/bot`
of whoever has it is `GivenBack`. Knows nothing of what the buyer hears: that is handover.py's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.agency.staff import Operator
from actors.brain.commands import command
from actors.brain.language import LANGUAGES, Language
from actors.brain.phrases import phrase
from actors.conversation.state import Call, EstateState
from actors.messages import Buttons, Choice, ChoicePicked, Message, MessageReceived, Outgoing, Template, Text
from actors.wording.keys import Key
from actors.wording.texts import Wording
from actors.wording.values import Code, Label, Link, Name, Prose
from config import Tenant
from runtime import Event, Turn

ACCEPT: Final = "handover:accept"
_MOST_CALLS: Final = 20


class Called(Event, frozen=True, kw_only=True):
    """A person waits for `operator`, who is to take the `conversation`; `name`, `summary` and `link` say of whom."""

    tenant: int
    operator: int
    by: str
    language: Language
    conversation: str
    name: str
    summary: str
    link: str
    template: str = ""


class Taken(Event, frozen=True, kw_only=True):
    """An operator answered the call, in the conversation `at`."""

    tenant: int
    operator: int
    by: str
    at: str


class Settled(Event, frozen=True, kw_only=True):
    """What came of taking a conversation, or of giving it back: "yours", "gone" or "back"."""

    conversation: str
    outcome: str


class GivenBack(Event, frozen=True, kw_only=True):
    """The operator who has the conversation lets the bot go on."""

    tenant: int
    operator: int
    at: str


EVENTS: Final[tuple[type[Event], ...]] = (Called, Taken, Settled, GivenBack)
_SETTLED: Final[dict[str, Key]] = {
    "yours": "handover-yours",
    "gone": "handover-gone",
    "back": "handover-given-back",
}


def identity_of(operator: Operator) -> str:
    """Return the name by which a channel knows an operator with a phone."""
    return f"wa_id:{(operator.phone or '').lstrip('+')}"


def language_of(operator: Operator) -> Language:
    """Return the language in which an operator is written to: English, where theirs is none of ours."""
    return next((language for language in LANGUAGES if language == operator.language), "en")


def call(
    turn: Turn[EstateState], operator: Operator, tenant: Tenant, name: str, summary: str, link: str
) -> None:
    """Ask an operator to take this turn's conversation."""
    called = Called(
        tenant=tenant.id,
        operator=operator.id,
        by=operator.name,
        language=language_of(operator),
        conversation=turn.conversation,
        name=name,
        summary=summary,
        link=link,
        template=tenant.templates.get("template-handover", ""),
    )
    turn.tell(called, identities=[identity_of(operator)])


def at_operator(turn: Turn[EstateState], wording: Wording, event: Event) -> bool:
    """Take an event in the conversation of an operator; False if it is not about a call."""
    state = turn.state
    match event:
        case Called():
            kept = [one for one in state.calls if one.conversation != event.conversation]
            new = Call(
                conversation=event.conversation,
                tenant=event.tenant,
                operator=event.operator,
                by=event.by,
                language=event.language,
                name=event.name,
                link=event.link,
            )
            state.calls = (*kept, new)[-_MOST_CALLS:]
            turn.interject(_asked(wording, event))
        case Settled():
            _settled(turn, wording, event)
        case Message() if state.calls:
            return _answered(turn, event)
        case _:
            return False
    return True


def _asked(wording: Wording, called: Called) -> Outgoing:
    """Return the call: by its template, or where there is none as a text, which arrives if they wrote within a day."""
    language = called.language
    if called.template:
        values = (wording.value(language, Name(called.name)), called.summary, called.link)
        return Template(called.template, language, values)
    link = Link(called.link) if called.link.startswith("https:") else Code(called.link)
    body = wording.text(
        language, "handover-call", name=Name(called.name), text=Prose(called.summary), link=link
    )
    return Buttons(body, (Choice(ACCEPT, wording.title(language, Label("handover-accept"))),))


def _answered(turn: Turn[EstateState], message: Message) -> bool:
    """Take what an operator says: anything but an opt-out takes an open call, /bot gives one that they have back."""
    text = message.text if isinstance(message, MessageReceived) else ""
    order = command(text)
    taken = [one for one in turn.state.calls if one.taken]
    if order == "resume" and taken:
        last = taken[-1]
        back = GivenBack(tenant=last.tenant, operator=last.operator, at=turn.conversation)
        turn.tell(back, conversation=last.conversation)
        return True
    picked = isinstance(message, ChoicePicked) and message.choice == ACCEPT
    waiting = [one for one in turn.state.calls if not one.taken and not one.answered]
    if not waiting or order == "stop" or phrase(text) == "opt_out":
        return picked
    one = waiting[-1]
    answer = Taken(tenant=one.tenant, operator=one.operator, by=one.by, at=turn.conversation)
    turn.tell(answer, conversation=one.conversation)
    _replace(turn.state, one, answered=True)
    return True


def _settled(turn: Turn[EstateState], wording: Wording, event: Settled) -> None:
    found = next((one for one in turn.state.calls if one.conversation == event.conversation), None)
    if found is None:
        return
    if event.outcome == "yours":
        _replace(turn.state, found, taken=True)
    else:
        turn.state.calls = tuple(one for one in turn.state.calls if one is not found)
    name, link = Name(found.name), found.link
    values = (
        {"link": Link(link) if link.startswith("https:") else Code(link)} if event.outcome == "yours" else {}
    )
    turn.interject(Text(wording.text(found.language, _SETTLED[event.outcome], name=name, **values)))


def _replace(state: EstateState, call: Call, **changed: bool) -> None:
    new = msgspec.structs.replace(call, **changed)
    state.calls = tuple(new if one is call else one for one in state.calls)
