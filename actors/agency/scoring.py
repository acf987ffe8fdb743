"""What a lead is worth: its score, 0 to 100, and its stage, as a fold over its events. Pure, and the only scorer.

| kind | points | counted | |
|---|---|---|---|
| `named`, `goal_told`, `deal_told`, `kind_told`, `place_told`, `bedrooms_told` | 4 each | once | slots that were filled |
| `budget_told` | 10 | once | |
| `urgent_now`, `urgent_quarter`, `urgent_half_year`, `urgent_later` | 15, 10, 5, 0 | the latest of them | |
| `reachable` | 8 | once | a phone or an address was given |
| `shown` | 1 | 5 times | listings were shown |
| `liked` | 4 | twice | a listing was asked about |
| `person_asked` | 6 | once | wanted to talk to a person |
| `viewing_booked` | 20 | twice | |
| `viewing_cancelled` | -10 | twice | |
| `viewing_missed` | -20 | once | |
| `viewing_done` | 10 | once | |
| `meeting_asked` | 10 | once | at an exhibition |
| `returned` | 5 | twice | wrote again after a day or more |
| `opted_out` | -40 | once | |

A kind that is not in the table counts for nothing. The stage goes by what happened last of `won`, `lost`; else a viewing
that is booked and not cancelled, then what is known: `qualified` with deal, budget and place, `engaged` with anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from actors.agency.terms import Urgency, Wish

Stage = Literal["new", "engaged", "qualified", "viewing", "won", "lost"]
Kind = Literal[
    "named",
    "goal_told",
    "deal_told",
    "kind_told",
    "place_told",
    "bedrooms_told",
    "budget_told",
    "urgent_now",
    "urgent_quarter",
    "urgent_half_year",
    "urgent_later",
    "reachable",
    "shown",
    "liked",
    "person_asked",
    "meeting_asked",
    "returned",
    "opted_out",
    "viewing_booked",
    "viewing_cancelled",
    "viewing_missed",
    "viewing_done",
    "won",
    "lost",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


class Weight(msgspec.Struct, frozen=True):
    """Points, and how often they count at most."""

    points: int
    times: int = 1


WEIGHTS: dict[str, Weight] = {
    **dict.fromkeys(
        ("named", "goal_told", "deal_told", "kind_told", "place_told", "bedrooms_told"), Weight(4)
    ),
    "budget_told": Weight(10),
    "reachable": Weight(8),
    "shown": Weight(1, 5),
    "liked": Weight(4, 2),
    "person_asked": Weight(6),
    "viewing_booked": Weight(20, 2),
    "viewing_cancelled": Weight(-10, 2),
    "viewing_missed": Weight(-20),
    "viewing_done": Weight(10),
    "meeting_asked": Weight(10),
    "returned": Weight(5, 2),
    "opted_out": Weight(-40),
}
URGENCY = {"urgent_now": 15, "urgent_quarter": 10, "urgent_half_year": 5, "urgent_later": 0}
_URGENT: dict[Urgency, Kind] = {
    "now": "urgent_now",
    "quarter": "urgent_quarter",
    "half_year": "urgent_half_year",
    "later": "urgent_later",
}


class Standing(msgspec.Struct, frozen=True):
    """What the fold comes to."""

    score: int
    stage: Stage


def standing(kinds: Iterable[str]) -> Standing:
    """Fold the kinds of a lead's events, the oldest first."""
    counted: Counter[str] = Counter()
    urgency, ending = 0, ""
    for kind in kinds:
        counted[kind] += 1
        if kind in URGENCY:
            urgency = URGENCY[kind]
        if kind in {"won", "lost"}:
            ending = kind
    points = urgency + sum(
        weight.points * min(weight.times, counted[kind]) for kind, weight in WEIGHTS.items()
    )
    return Standing(max(0, min(100, points)), _stage(counted, ending))


def told(wish: Wish) -> list[Kind]:
    """Return the kinds that say which parts of a wish are known."""
    known: list[tuple[object, Kind]] = [
        (wish.goal, "goal_told"),
        (wish.deal, "deal_told"),
        (wish.kind or wish.category, "kind_told"),
        (wish.places, "place_told"),
        (wish.bedrooms, "bedrooms_told"),
        (wish.budget, "budget_told"),
    ]
    kinds = [kind for part, kind in known if part]
    return [*kinds, _URGENT[wish.urgency]] if wish.urgency else kinds


def _stage(counted: Counter[str], ending: str) -> Stage:
    if ending in {"won", "lost"}:
        return "won" if ending == "won" else "lost"
    over = counted["viewing_cancelled"] + counted["viewing_missed"]
    if counted["viewing_booked"] > over:
        return "viewing"
    if counted["deal_told"] and counted["budget_told"] and counted["place_told"]:
        return "qualified"
    return "engaged" if counted else "new"
