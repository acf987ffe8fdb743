"""When a model is asked in a conversation, and about what. Pure, but for the rows that a question needs.

The rules come first, and where they understand anything nothing is asked. A question is an effect: it leaves with the
turn that reserved what it may take, and whatever comes of it is an event. A text waits for nobody: the person's next
message has the rules answer it at once, so that answers keep their order. A medium is answered when it is known what is
in it, as when it was fetched. If nothing comes, the rules answer at `until`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Final

import msgspec

from actors.agency import knowledge, spending
from actors.agency.spending import Limits, Question
from actors.agency.support import parse_name
from actors.agency.tenancy import tenant_transaction
from actors.brain.questions import question
from actors.conversation import asking, latest, menu, realty
from actors.conversation.answers import knows
from actors.conversation.hearing import Heard
from actors.conversation.state import EstateState, Pondering
from actors.conversation.talk import Talk
from actors.conversation.transaction import Begin
from actors.media.task import MediaFetched
from actors.models.brain import Brain
from actors.models.task import Article, Ask, AskKind
from config import Brain as BrainSettings
from config import Settings
from runtime import Turn

TIMER: Final = "ponder"
MOST: Final = 8
"""Of one conversation, at the same time."""
_GRACE: Final = 10.0  # seconds beyond the deadline of the question itself, for the way there and back
_SHORTEST: Final = 3  # letters of a text that may say something
_LONGEST: Final = 2000  # characters of a text that are shown to a model


class Terms(msgspec.Struct, frozen=True):
    """What the settings say: a tenant's limits, how long questions are waited for (seconds) and kept (days)."""

    limits: Limits = Limits()
    patience: float = BrainSettings().timeout + _GRACE
    keep_days: int = 90

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Return those of some settings."""
        brain = settings.brain
        cost = round(brain.daily_budget * 1_000_000)
        return cls(Limits(brain.daily_tokens, cost), brain.timeout + _GRACE, settings.media.keep_days)


def beyond_rules(talk: Talk, said: Heard) -> bool:
    """Tell whether the rules understand nothing of what was said, so that a model may be asked."""
    return sum(map(str.isalpha, said.text)) >= _SHORTEST and not within_rules(talk, said)


def within_rules(talk: Talk, said: Heard) -> bool:
    """Tell whether the rules understand anything of what was said."""
    part, text = talk.part, said.text
    if said.what != "text" or part.asked in menu.WAIT_FOR_WORDS:
        return True
    if menu.written(talk, said) is not said or parse_name(text) is not None:
        return True
    asks = question(text)
    return (asks is not None and knows(talk, asks)) or not realty.read(copy(part), text).nothing


def caption_within_rules(talk: Talk, said: Heard) -> bool:
    """Tell the same of what stands below a medium, which is nobody's name, whatever was asked."""
    part = talk.part
    asked, part.asked = part.asked, "" if part.asked == "name" else part.asked
    try:
        return within_rules(talk, said)
    finally:
        part.asked = asked


async def ask(
    turn: Turn[EstateState],
    talk: Talk,
    brain: Brain,
    terms: Terms,
    begin: Begin,
    *,
    words: str,
    medium: MediaFetched | None = None,
    spoken: bool = False,
    number: int = 0,
) -> bool:
    """Ask a model about words or a stored medium; False, with nothing done, where a budget, or `MOST`, is used up.

    `number` is the place of the words among the person's, 0 for those of now.
    """
    state, kind = turn.state, _kind(medium)
    if len(state.pondering) - bool(number) >= MOST:  # what is answered by asking on makes room
        return False
    task = Ask(
        id=f"{turn.random.getrandbits(96):024x}",
        tenant=talk.tenant.id,
        kind=kind,
        message=talk.message,
        language=talk.language,
        words=words[:_LONGEST],
        asked=talk.part.asked,
        known=asking.summary(talk, "en"),
        agency=talk.tenant.name,
    )
    if medium is not None:
        task = msgspec.structs.replace(
            task, path=medium.path, mime=medium.mime, size=medium.size, sha256=medium.sha256
        )
    async with begin() as transaction, tenant_transaction(transaction, talk.tenant.id) as books:
        days = talk.tenant.media_keep_days
        await spending.forget(books, terms.keep_days if days is None else days, talk.now)
        if kind == "text":
            known = knowledge.fitting(await knowledge.articles(books), words, talk.language)
            articles = tuple(Article(one.title, one.body) for one in known)
            task = msgspec.structs.replace(task, knowledge=articles)
        most = brain.price(task)
        asked = Question(
            id=task.id,
            conversation=turn.conversation,
            message=task.message,
            kind=kind,
            model=brain.model(kind),
            request=msgspec.json.encode(task).decode(),
            tokens=most.tokens,
            cost=most.cost,
        )
        if not await spending.reserve(books, asked, terms.limits, talk.now):
            return False
    turn.work(task)
    waits = Pondering(
        ask=task.id,
        tenant=talk.tenant.id,
        kind=kind,
        message=talk.message,
        until=talk.now + timedelta(seconds=terms.patience),
        words=words,
        medium=medium.kind if medium else "",
        spoken=spoken,
        number=number or latest.await_word(talk.part),
    )
    state.pondering = (*state.pondering, waits)
    arm(turn)
    return True


def take(turn: Turn[EstateState], waits: Sequence[Pondering]) -> None:
    """Wait for these no more."""
    gone = {one.ask for one in waits}
    turn.state.pondering = tuple(one for one in turn.state.pondering if one.ask not in gone)
    for tenant in {one.tenant for one in waits} - {one.tenant for one in turn.state.pondering}:
        latest.rest(turn.state.part(tenant))
    arm(turn)


def arm(turn: Turn[EstateState]) -> None:
    """Set the timer for what is waited for, or take it back."""
    if turn.state.pondering:
        turn.remind(TIMER, at=min(one.until for one in turn.state.pondering))
    else:
        turn.forget(TIMER)


def overdue(state: EstateState, now: datetime) -> Sequence[Pondering]:
    """Return what was waited for long enough."""
    return [one for one in state.pondering if one.until <= now]


def ask_of(task: str) -> Ask | None:
    """Return the question that failed as an effect; None if it was none."""
    try:
        return msgspec.json.decode(task, type=Ask)
    except msgspec.DecodeError:
        return None


def _kind(medium: MediaFetched | None) -> AskKind:
    if medium is None:
        return "text"
    return "voice" if medium.group == "voice" else "image"
