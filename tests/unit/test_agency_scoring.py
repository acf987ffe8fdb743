"""The score of a lead: the table, its bounds, and that only what happened counts."""

from __future__ import annotations

import re
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from actors.agency import scoring
from actors.agency.scoring import KINDS, URGENCY, WEIGHTS, Standing, standing, told
from actors.agency.terms import Span, Wish

kinds = st.lists(st.sampled_from([*sorted(KINDS), "of a later version"]), max_size=60)


def test_a_buyer_from_hello_to_a_booked_viewing() -> None:
    events = ["named", "goal_told", "deal_told"]
    assert standing(events) == Standing(12, "engaged")
    events += ["kind_told", "place_told", "bedrooms_told", "budget_told", "urgent_now"]
    assert standing(events) == Standing(49, "qualified")
    events += ["shown"] * 9 + ["viewing_booked"]
    assert standing(events) == Standing(74, "viewing")
    assert standing([*events, "viewing_cancelled"]) == Standing(64, "qualified")
    assert standing([*events, "viewing_done", "won"]).stage == "won"


def test_of_several_urgencies_the_latest_counts() -> None:
    assert standing(["urgent_now", "urgent_later"]).score == 0
    assert standing(["urgent_later", "urgent_now"]).score == 15


def test_a_wish_tells_what_it_knows() -> None:
    assert told(Wish()) == []
    wish = Wish(deal="buy", category="residential", budget=Span(None, 3_000_000), urgency="quarter")
    assert told(wish) == ["deal_told", "kind_told", "budget_told", "urgent_quarter"]


@given(kinds)
def test_the_score_has_its_bounds_and_a_kind_unknown_changes_nothing(events: list[str]) -> None:
    found = standing(events)
    assert 0 <= found.score <= 100
    assert standing([kind for kind in events if kind in KINDS]).score == found.score


@given(kinds.filter(lambda events: not set(events) & set(URGENCY)))
def test_but_for_urgency_and_endings_the_order_does_not_matter(events: list[str]) -> None:
    assert standing(events).score == standing(sorted(events)).score


def test_the_table_in_the_docstring_is_the_table_in_force() -> None:
    written: dict[str, int] = {}
    for row in re.findall(r"^\| (`.*?) \| (.*?) \|", scoring.__doc__ or "", re.MULTILINE):
        names = re.findall(r"`(\w+)`", row[0])
        points = [int(number) for number in re.findall(r"-?\d+", row[1])]
        written |= dict(zip(names, points * len(names) if len(points) == 1 else points, strict=False))
    assert written == {kind: weight.points for kind, weight in WEIGHTS.items()} | URGENCY
    assert set(get_args(scoring.Kind)) == set(written) | {"won", "lost"}
