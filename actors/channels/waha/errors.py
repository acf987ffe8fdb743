"""What an answer of WAHA means for a send: it has no codes of its own, so HTTP's statuses decide.

Whatever goes wrong in its browser or its socket is a 500, also after the message has left: nobody can tell, and so the
outcome is unknown. A session that is not at work says so (422) with what it is at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from actors.channels.errors import STATUSES, Action, answer_of, by_class, outcome_of
from actors.channels.waha.addresses import parted
from actors.channels.wire import members, name, text
from runtime import Accepted, Broken, Outcome, Refused, TryAgain, Uncertain

#: This file, any file, or neither.
Blame = Literal["", "file", "files"]
#: What a session may be at, besides WORKING; of these only STARTING ends by itself.
SESSION: Mapping[str, str] = {
    "STARTING": "the session starts",
    "SCAN_QR_CODE": "the session is not linked to a phone: scan its QR code in WAHA's dashboard",
    "STOPPED": "the session is stopped: start it in WAHA's dashboard",
    "FAILED": "the session has failed: restart it in WAHA's dashboard, and link the phone again if that does not help",
}


def judge(status: int, body: bytes, attempt: int = 1, told_to_wait: int = 0) -> Outcome:
    """Return what the answer to a send means; `attempt` and `told_to_wait` as in a delivery."""
    word = f"http_{status}"
    answer = answer_of(body)
    if 200 <= status < 300:
        sent = key_of(answer)
        return Accepted(sent) if sent else Uncertain(word, "the answer names no message")
    match status:
        case 403:
            return outcome_of(Action.CREDENTIALS, word, attempt, told_to_wait)
        case 404:
            return Broken(word, "WAHA has no such session, or api_url is not WAHA's")
        case 501:  # the engine cannot do that: the one 5xx that tells
            return outcome_of(Action.NEVER, word, attempt, told_to_wait)
        case 422:
            return _unable(text(answer.get("status")))
    return outcome_of(STATUSES.get(status) or by_class(status), word, attempt, told_to_wait)


def blamed(status: int, body: bytes) -> Blame:
    """Return whether a send may have been refused for its file, or for having one: then nothing was sent.

    Not every version of WAHA takes files, and not with every engine: a 422 that names no session's status says so.
    """
    match status:
        case 400 | 413 | 415:
            return "file"
        case 404 | 501:
            return "files"
        case 422:
            return "" if text(answer_of(body).get("status")) in SESSION else "files"
    return ""


def judge_aside(status: int) -> Outcome:
    """Return what the answer to a read mark or a typing sign means: it is done, or not worth another try."""
    return Accepted() if 200 <= status < 300 else Refused(f"http_{status}", "the sign was not taken")


def key_of(answer: Mapping[str, object]) -> str:
    """Return the key of the message that was sent; each engine words it in its own way. "" if it is not said."""
    given = answer.get("id")
    if isinstance(given, dict):
        given = given.get("_serialized") or given.get("id")
    given = given or members(answer.get("key")).get("id")
    return name(parted(text(given))[1]) if given else ""


def _unable(session: str) -> Outcome:
    if session == "STARTING":
        return TryAgain("session_starting", SESSION[session])
    known = session in SESSION
    return Broken(
        f"session_{session.lower()}" if known else "http_422",
        SESSION.get(session, "the session cannot do that: see WAHA's log"),
    )
