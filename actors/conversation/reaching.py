"""At which number a person can be called: known from the channel, or asked for once, where somebody is to call them.

Who writes under a name that hides their number (a business-scoped id) is asked when a colleague needs it: a viewing, a
meeting, a request, a hand-over. The answer is read in the country of that name, then in the tenant's. Whoever is known by
their number is never asked.
"""

from __future__ import annotations

from typing import Final

from actors.brain.phones import phone
from actors.brain.questions import is_question
from actors.brain.slots import read_wish
from actors.conversation.talk import Talk
from actors.wording.values import Phone

_EXAMPLE: Final = "+971501234567"
_A_NUMBER: Final = 5
"""Digits from which on a text was meant to be a number."""
_MOST_MISSED: Final = 2


def question(talk: Talk) -> str:
    """Return the question for a number, "" where it is known or was asked before."""
    part = talk.part
    if not part.hidden or part.phone or part.phone_asked:
        return ""
    part.phone_asked = True
    return talk.text("ask-phone")


def told(talk: Talk, text: str) -> bool:
    """Keep the number that a text of somebody whose number is not known holds; False if it holds none."""
    part = talk.part
    if not part.hidden or part.phone or sum(map(str.isdigit, text)) < _A_NUMBER:
        return False
    if part.asked != "phone" and read_wish(text).amount is not None:
        return False
    number = phone(text, region=part.region, tenant_region=talk.tenant.region)
    if number is None:
        return False
    part.phone, part.phone_given, part.untold = number, True, True
    return True


def thanks(talk: Talk) -> str:
    """Return what to say once a number was told."""
    return talk.text("phone-noted", phone=Phone(talk.part.phone))


def unclear(talk: Talk, text: str) -> str:
    """Return what to say of an answer that is no number, "" if it was not meant to be one: it says something else."""
    part = talk.part
    digits, letters = sum(map(str.isdigit, text)), sum(map(str.isalpha, text))
    bare = digits > letters or read_wish(text).nothing
    meant = digits >= _A_NUMBER and bare and not is_question(text)
    part.missed += 1
    if not meant or part.missed > _MOST_MISSED:
        return ""
    return talk.text("phone-unclear", phone=Phone(_EXAMPLE))
