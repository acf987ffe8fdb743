"""What follows from a fault: another try after a pause, or a park. And where the fault came from. Pure.

Theory of operation, after OTP's supervisors: a conversation may fail `most` times within `window` seconds at the same
event; the next fault parks it. Faults that lie further back than the window are forgotten. Only faults of the actor come
here; a resource that is away is nobody's fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

#: Exponents past this give the cap anyway and would overflow.
_LARGEST_EXPONENT = 30
#: Tries a second of all conversations together that wait for a resource.
_TRIES_AT_MOST = 500.0
#: Frames of a fault that are named: its first ones hold the line of the app, its last ones the cause.
_LONGEST_WAY = 8


@dataclass(frozen=True)
class RestartWindow:
    """How many attempts an event has within how many seconds."""

    most: int
    window: float


@dataclass(frozen=True)
class Verdict:
    """What follows from a fault: it is attempt number `attempts` since `since`; `parked` was the last one."""

    attempts: int
    since: datetime
    parked: bool


def judge(attempts: int, since: datetime | None, now: datetime, limits: RestartWindow) -> Verdict:
    """Return what follows from one more fault after `attempts` that were counted since `since`."""
    if since is None or now - since > timedelta(seconds=limits.window):
        attempts, since = 0, now
    return Verdict(attempts + 1, since, attempts + 1 >= limits.most)


def backoff(attempt: int, dice: Random, *, first: float = 0.1, cap: float = 30.0) -> float:
    """Return seconds before try `attempt` + 1: doubling from `first` up to `cap`, the upper half of it random."""
    span = min(cap, first * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    return span / 2 + dice.random() * span / 2


def patience(pause: float, waiting: int, dice: Random) -> float:
    """Return the pause of one of `waiting` conversations that wait for a resource: a second at most, longer if many do.

    Thousands that try each second would leave no time for the ones that succeed.
    """
    return max(min(pause, 1.0), (0.5 + dice.random()) * waiting / _TRIES_AT_MOST)


def origin(fault: BaseException, *, below: str = "") -> str:
    """Return the way to where a fault began, "bot.py:33 > json.py:7", so that the line of one's own is in it.

    Frames of the file `below`, which only called, are left out. Never its message, which may quote what a person wrote.
    """
    trace = fault.__traceback__
    places: list[str] = []
    while trace is not None:
        if (file := trace.tb_frame.f_code.co_filename) != below:
            places.append(f"{file.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    if len(places) > _LONGEST_WAY:
        places[_LONGEST_WAY // 2 : -_LONGEST_WAY // 2] = ["..."]
    return " > ".join(places) or "?"


def first_of(group: BaseException) -> BaseException:
    """Return the first plain exception of a group, or the exception itself: enough to decide and to say what happened."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def behind(fault: BaseException) -> Iterator[BaseException]:
    """Yield every plain exception of a group, and what each was raised from or while handling.

    An actor that meets an outage in one of its tasks, or puts it in words of its own, is not to be blamed for it.
    """
    todo, met = [fault], {id(fault)}
    while todo:
        error = todo.pop()
        parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        if not parts:
            yield error
        for each in (*parts, error.__cause__, error.__context__):
            if each is not None and id(each) not in met:
                met.add(id(each))
                todo.append(each)
