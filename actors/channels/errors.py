"""What may be done about an error of any provider, and what that comes to for a send.

Each provider has a table of its own from its codes to these actions; whoever asks need not know which provider it is.
Knows no code; HTTP statuses are read here, for they mean the same everywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import httpx

from actors.channels.wire import MalformedError, decode
from runtime import Broken, Failure, Outcome, Refused, TryAgain, Uncertain

#: The pair clock is 4^X seconds, X from 0; it stops growing here.
PAIR_WAIT_LIMIT = 4.0**6
#: Tries of a message whose medium the provider cannot fetch or store, with the usual backoff: about a minute in all.
MEDIA_TRIES = 8


class Action(enum.Enum):
    """What to do about an error; the value says why, for the log."""

    RETRY = "the provider is busy or limits the rate"
    PAIR = "too many messages to this person in a short time"
    UNCERTAIN = "the provider failed and may have sent it"
    MEDIA = "the provider could not fetch or store the medium"
    LONG_PAUSE = "the provider stops messages to this person or of this kind for long"
    TEMPLATE = "the service window is closed: only a template may be sent"
    NEVER = "the provider refuses this message or this recipient for good"
    OPTED_OUT = "the person has stopped such messages"
    CREDENTIALS = "the access token or its rights do not suffice"
    HALTED = "the account or the template is halted: a human has to act"


def table(rows: Mapping[Action, tuple[int, ...]]) -> Mapping[int, Action]:
    """Return the action for each code."""
    return {code: action for action, codes in rows.items() for code in codes}


#: What a refusal is to the runtime.
KINDS: Mapping[Action, Failure] = {
    Action.MEDIA: Failure.NEVER,
    Action.LONG_PAUSE: Failure.LONG,
    Action.TEMPLATE: Failure.TEMPLATE,
    Action.NEVER: Failure.NEVER,
    Action.OPTED_OUT: Failure.OPTED_OUT,
    Action.HALTED: Failure.HALTED,
}
#: HTTP statuses that mean something without a known code; other 4xx refuse, other 5xx are uncertain.
STATUSES: Mapping[int, Action] = {
    401: Action.CREDENTIALS,
    408: Action.RETRY,
    429: Action.RETRY,
    503: Action.RETRY,
}


def judge_fault(fault: httpx.HTTPError) -> TryAgain | Uncertain:
    """Return what a broken exchange means: without a connection nothing was written, after it all may be."""
    if isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return TryAgain("connect", type(fault).__name__, unreachable=True)
    return Uncertain("no_answer", type(fault).__name__)


def outcome_of(
    action: Action, word: str, attempt: int, told_to_wait: int, advice: str | None = None
) -> Outcome:
    """Return what an action comes to for a try; `word` is the provider's own, `advice` what a human is to do."""
    match action:
        case Action.MEDIA if attempt >= MEDIA_TRIES:
            return Refused(word, action.value, KINDS[action])
        case Action.RETRY | Action.MEDIA:
            return TryAgain(word, action.value)
        case Action.PAIR:
            return TryAgain(word, action.value, after=min(4.0 ** min(told_to_wait, 6), PAIR_WAIT_LIMIT))
        case Action.CREDENTIALS:
            return Broken(word, action.value)
        case Action.UNCERTAIN:
            return Uncertain(word, action.value)
        case _:
            return Refused(word, advice or action.value, KINDS[action])


def by_class(status: int) -> Action:
    """Return what an HTTP status means that STATUSES does not name."""
    if status < 400:
        return Action.RETRY  # a redirect or a strange 1xx: nobody took it, and the address may be mended
    return Action.NEVER if status < 500 else Action.UNCERTAIN


def answer_of(body: bytes) -> Mapping[str, object]:
    """Return the JSON object of an answer; an empty one for anything else."""
    try:
        tree = decode(body)
    except MalformedError:
        return {}
    return tree if isinstance(tree, dict) else {}
