"""What an answer of the Graph API means for a send: a table over its error codes, then over HTTP statuses.

Theory of operation: Meta says to branch on the code, so the code decides where it is known. It is the
server's word that the message was not sent; a 5xx without such a word may have been sent. Reasons are our
own sentences: those of the provider may quote the request.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.channels.errors import KINDS, STATUSES, Action, answer_of, by_class, outcome_of, table
from actors.channels.wire import name, token
from runtime import Accepted, Failure, Outcome, Refused, Uncertain

CODES: Mapping[int, Action] = table(
    {
        Action.RETRY: (1, 2, 4, 80007, 130429, 131016, 131057, 133004),
        Action.PAIR: (131056,),
        Action.UNCERTAIN: (131000,),
        Action.MEDIA: (131052, 131053),
        Action.LONG_PAUSE: (131048, 131049, 131064),
        Action.TEMPLATE: (131047,),
        Action.NEVER: (
            *(100, 131008, 131009, 131021, 131026, 131030, 131051, 131062, 131063),
            *(code for code in range(132000, 133000) if code not in {132015, 132016}),
        ),
        Action.OPTED_OUT: (131050,),
        Action.CREDENTIALS: (0, 3, 10, 190, *range(200, 300)),
        Action.HALTED: (368, 131031, 130497, 131042, 131045, 132015, 132016),
    }
)

#: What a human is to do about a halt.
_ADVICE: Mapping[int, str] = {
    368: "the account is blocked for violations of the policies: see its quality page and appeal",
    131031: "the account is locked or restricted: see its quality page and appeal",
    130497: "the account may not write to people of this country: see the provider's list of countries",
    131042: "the account cannot pay: mend its payment method",
    131045: "the number is not registered, or its certificate is wrong: register it anew",
    132015: "the template is paused for low quality: change it or use another",
    132016: "the template is disabled for good: use another",
}


def judge(status: int, body: bytes, attempt: int = 1, told_to_wait: int = 0) -> Outcome:
    """Return what the answer to a send means.

    `attempt` counts from 1, for the tries with a medium; `told_to_wait` is X of the pair clock: how often it has run.
    """
    answer = answer_of(body)
    code = code_of(answer)
    if code is None and 200 <= status < 300:
        return _accepted(status, answer)
    action = CODES.get(code) if code is not None else None
    if code == 1 and status >= 500 and status != 503:
        action = Action.UNCERTAIN  # "unknown error" beside a crash says nothing about the message
    if action is None:
        action = STATUSES.get(status) or by_class(status)
    word = str(code) if code is not None else f"http_{status}"
    return outcome_of(action, word, attempt, told_to_wait, _ADVICE.get(code or 0))


def failure_of(code: str) -> Failure:
    """Return why a send failed that was accepted at first, by the code in its failed status."""
    action = CODES.get(int(code)) if code.isascii() and code.isdigit() and len(code) < 10 else None
    kind = KINDS.get(action, Failure.NEVER) if action else Failure.NEVER
    return Failure.UNDELIVERED if kind is Failure.NEVER else kind


def error_code(body: bytes) -> int | None:
    """Return the Graph code of an answer, None where it holds none."""
    return code_of(answer_of(body))


def judge_mark(status: int) -> Outcome:
    """Return what the answer to a read mark means: it is done, or not worth another try."""
    return Accepted() if 200 <= status < 300 else Refused(f"http_{status}", "the read mark was not taken")


def _accepted(status: int, answer: Mapping[str, object]) -> Outcome:
    match answer:
        case {"messages": [{"id": str(sent)}, *_]} if sent:
            return Accepted(name(sent))
        case _:
            return Uncertain(f"http_{status}", "the answer names no message")


def code_of(answer: Mapping[str, object]) -> int | None:
    """Return the code of the error in an answer; None if it has none."""
    match answer:
        case {"error": {"code": code}}:
            digits = token(code)
            return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
        case _:
            return None
