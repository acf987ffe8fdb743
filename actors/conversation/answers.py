"""What is answered to a question in between: what holds for everybody, or that a person will answer. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.brain.questions import Question
from actors.conversation.talk import Talk
from actors.wording.keys import Key
from actors.wording.offers import answer
from actors.wording.values import Money, Percent, Value

_FIGURES: Final[dict[Key, dict[str, Value]]] = {
    "answer-residency": {"amount": Money(2_000_000)},
    "answer-commission": {"percent": Percent(Decimal(4))},
}
"""Figures of the market: from which price a property may lead to the long visa, and the fee of a transfer."""

_OF_BUYING: Final = ("commission", "residency")
"""Topics whose answers hold for buyers alone."""


def knows(talk: Talk, asked: Question) -> bool:
    """Tell whether a topic has an answer of its own, or is the person's own business with us."""
    rents = talk.part.wish.deal == "rent"
    topics = [topic for topic in asked.topics if not (rents and topic in _OF_BUYING)]
    return any(topic == "viewing" or answer(topic) != "answer-unknown" for topic in topics)


def answer_to(talk: Talk, asked: Question) -> str:
    """Return the answer to the first topic that has one of its own, or that a person will answer."""
    rents = talk.part.wish.deal == "rent"
    keys = [answer(topic) for topic in asked.topics if not (rents and topic in _OF_BUYING)]
    known = [key for key in keys if key != "answer-unknown"]
    return talk.text(known[0], **_FIGURES.get(known[0], {})) if known else talk.text("answer-unknown")
