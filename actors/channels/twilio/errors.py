"""What an answer of Twilio's API means for a send: a table over its error codes, then over HTTP statuses.

The actions, and what they come to, are every provider's. A code is Twilio's word that the message was not taken; a 5xx
without one may have been sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.channels.errors import KINDS, STATUSES, Action, answer_of, by_class, outcome_of, table
from actors.channels.wire import name, token
from runtime import Accepted, Failure, Outcome, Uncertain

CODES: Mapping[int, Action] = table(
    {
        Action.RETRY: (20429, 30001, 63018),
        Action.UNCERTAIN: (20500, 63010, 63012),
        Action.MEDIA: (63019,),
        Action.LONG_PAUSE: (63049,),
        Action.TEMPLATE: (63016,),
        Action.NEVER: (
            *(20001, 21211, 21408, 21602, 21604, 21614, 21617, 21619, 21620, 21623, 21655, 21656),
            *(63003, 63005, 63021, 63024, 63027, 63028, 63030, 63032),
        ),
        Action.OPTED_OUT: (21610, 63014),
        Action.CREDENTIALS: (20003, 20403, 20404, 21212, 21603, 21606, 63001, 63002, 63007),
        Action.HALTED: (20005, 30002, 63013, 63020, 63040, 63041, 63042),
    }
)
#: What a human is to do about a halt.
_ADVICE: Mapping[int, str] = {
    20005: "the Twilio account is not active: see its console",
    30002: "the Twilio account is suspended: see its console",
    63013: "the message or the sender breaks WhatsApp's policies: see the sender in the Twilio console",
    63020: "the business has not accepted Twilio at Meta: accept it in Meta's business manager",
    63040: "the template is rejected: change it or use another",
    63041: "the template is paused: change it or use another",
    63042: "the template is disabled: use another",
}


def judge(status: int, body: bytes, attempt: int = 1, told_to_wait: int = 0) -> Outcome:
    """Return what the answer to a send means; `attempt` and `told_to_wait` as in a delivery."""
    answer = answer_of(body)
    if 200 <= status < 300:
        sid = answer.get("sid")
        if isinstance(sid, str) and sid:
            return Accepted(name(sid))
        return Uncertain(f"http_{status}", "the answer names no message")
    code = _number(token(answer.get("code")))
    action = CODES.get(code) if code is not None else None
    if action is None:
        action = STATUSES.get(status) or by_class(status)
    word = str(code) if code is not None else f"http_{status}"
    return outcome_of(action, word, attempt, told_to_wait, _ADVICE.get(code or 0))


def failure_of(code: str) -> Failure:
    """Return why a send failed that was accepted at first, by the code of its callback."""
    action = CODES.get(_number(code) or 0)
    kind = KINDS.get(action, Failure.NEVER) if action else Failure.NEVER
    return Failure.UNDELIVERED if kind is Failure.NEVER else kind


def _number(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
