"""Whether people were served as quickly during a fault as before it: two windows of one run, compared. Pure.

Absolute times say more of the machine than of the server; so the limits are ratios, and the time before is taken as no
shorter than `FLOOR`, below which a ratio says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.simulate.people import Message
from actors.simulate.views import Posted
from runtime.testing import Invariant, at_most

FLOOR = 0.1


class Window(msgspec.Struct, frozen=True):
    """A part of a run, on Trio's clock."""

    begun: float
    ended: float


class Pace(msgspec.Struct, frozen=True):
    """How long what was written in a window took, in seconds: until acknowledged, and until answered."""

    acknowledged: Sequence[float]
    answered: Sequence[float]


def pace(
    window: Window,
    messages: Sequence[Message],
    posts: Sequence[Posted],
    replied: Mapping[str, float],
    among: Callable[[Message], bool],
) -> Pace:
    """Return the pace at which those messages `among` all were served whose POST began in a window.

    `replied`: by message, when a reply that quotes it was accepted. What is not answered at all is another's to judge.
    """
    ours = {message.id for message in messages if among(message)}
    begun = {
        one: (post.begun, post.acknowledged)
        for post in posts
        if window.begun <= post.begun < window.ended
        for one in post.messages
        if one in ours
    }
    return Pace(
        sorted(end - begin for begin, end in begun.values() if end is not None),
        sorted(replied[one] - begin for one, (begin, _) in begun.items() if one in replied),
    )


def kept(before: Pace, during: Pace, *, times: float, whose: str = "others") -> list[Invariant]:
    """Return whether 99 of 100 were served within `times` the time that it took before."""
    return [
        _kept(f"{whose}' acknowledgements (p99)", before.acknowledged, during.acknowledged, times),
        _kept(f"{whose}' replies (p99)", before.answered, during.answered, times),
    ]


def _kept(what: str, before: Sequence[float], during: Sequence[float], times: float) -> Invariant:
    if not before or not during:
        return Invariant(what, "violated", note="nobody was served")
    then, now = _p99(before), _p99(during)
    note = f"{then * 1000:.0f} ms before, {now * 1000:.0f} ms during it"
    return at_most(what, round(now / max(then, FLOOR), 1), times, "times", note)


def _p99(ordered: Sequence[float]) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
