"""In which form something may be said: the table, at the edges of the window, for everything that people may want."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actors.conversation.state import EstateState
from actors.conversation.windows import Kind, Outlet, Standing, Wants, hear, outlet, standing, written_by
from actors.messages import ChoicePicked, HumanAnswered, MessageReceived, Reacted, Referral
from config import TemplateKey, Tenant
from runtime import Event

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(hours=24)
TENANT = Tenant(id=1, slug="palm", name="Palm")
ALL: frozenset[TemplateKey] = frozenset({"template-continue", "template-viewing", "template-answer"})
FROM_AD = Referral(source="ad")


def text(stamped: int = 0, referral: Referral | None = None) -> MessageReceived:
    return MessageReceived(id="m", text="hi", stamped=stamped, referral=referral)


def heard(*events: tuple[Event, datetime]) -> EstateState:
    state = EstateState()
    for event, at in events:
        hear(state, event, at)
    return state


@pytest.mark.parametrize(
    "referral", [None, FROM_AD, Referral(source="ad", click="c"), Referral(source="post")]
)
@pytest.mark.parametrize(("late", "way"), [(-SECOND, "free"), (SECOND * 0, "template"), (SECOND, "template")])
def test_the_window_is_a_day_or_three_after_an_advertisement_and_closed_at_its_end(
    referral: Referral | None, late: timedelta, way: Outlet
) -> None:
    state = heard((text(referral=referral), NOW))
    ends = NOW + (3 * DAY if referral and referral.source == "ad" else DAY)
    how = Standing(standing(state, TENANT).open_until, "all", ALL)
    assert outlet(ends + late, how, "nudge") == way
    assert outlet(ends + late, how, "viewing") == way
    assert outlet(ends + late, how, "answer") == "free"
    assert outlet(ends + late, how, "apology") == ("free" if way == "free" else "nothing")


@pytest.mark.parametrize(
    ("kind", "wants", "within", "after", "without_template"),
    [
        ("answer", "all", "free", "free", "free"),
        ("answer", "no-marketing", "free", "free", "free"),
        ("answer", "answers", "free", "free", "free"),
        ("nudge", "all", "free", "template", "nothing"),
        ("nudge", "no-marketing", "nothing", "nothing", "nothing"),
        ("nudge", "answers", "nothing", "nothing", "nothing"),
        ("viewing", "all", "free", "template", "nothing"),
        ("viewing", "no-marketing", "free", "template", "nothing"),
        ("viewing", "answers", "nothing", "nothing", "nothing"),
        ("apology", "all", "free", "nothing", "nothing"),
        ("apology", "no-marketing", "nothing", "nothing", "nothing"),
        ("apology", "answers", "nothing", "nothing", "nothing"),
    ],
)
def test_the_table(kind: Kind, wants: Wants, within: Outlet, after: Outlet, without_template: Outlet) -> None:
    open_, closed = NOW + SECOND, NOW - SECOND
    assert outlet(NOW, Standing(open_, wants, ALL), kind) == within
    assert outlet(NOW, Standing(open_, wants, frozenset()), kind) == within
    assert outlet(NOW, Standing(closed, wants, ALL), kind) == after
    assert outlet(NOW, Standing(None, wants, ALL), kind) == after
    assert outlet(NOW, Standing(closed, wants, frozenset({"template-answer"})), kind) == without_template


def test_whatever_a_person_does_opens_the_window_and_what_others_do_does_not() -> None:
    picked, reacted = ChoicePicked(id="m", choice="c"), Reacted(id="m", target="t")
    assert heard((picked, NOW)).heard_at == heard((reacted, NOW)).heard_at == NOW
    assert heard((HumanAnswered(id="m", message=text()), NOW)).heard_at is None


def test_the_window_is_counted_from_when_the_provider_saw_the_message_if_that_can_be_believed() -> None:
    late = text(stamped=int((NOW - timedelta(hours=3)).timestamp()))
    assert heard((late, NOW)).heard_at == NOW - timedelta(hours=3)
    assert heard((text(stamped=1), NOW)).heard_at == NOW
    assert heard((text(stamped=int(NOW.timestamp()) + 600), NOW)).heard_at == NOW
    assert heard((text(), NOW), (late, NOW)).heard_at == NOW


def test_an_advertisement_opens_three_days_that_later_messages_do_not_shorten() -> None:
    state = heard((text(referral=FROM_AD), NOW), (text(), NOW + timedelta(hours=1)))
    assert standing(state, TENANT).open_until == NOW + 3 * DAY
    hear(state, text(), NOW + timedelta(hours=60))
    assert standing(state, TENANT).open_until == NOW + timedelta(hours=84)


def test_what_went_stale_before_it_had_waited_was_old_when_it_came() -> None:
    hours = [timedelta(hours=number) for number in range(30)]
    assert written_by(NOW - hours[25], NOW, hours[24]) == NOW - hours[25]
    assert written_by(NOW - hours[1], NOW, hours[24]) == NOW - hours[25]


@pytest.mark.parametrize("wants", ["all", "no-marketing", "answers"])
def test_behind_a_phone_there_is_no_window_and_what_a_person_does_not_want_is_not_sent_all_the_same(
    wants: Wants,
) -> None:
    state = heard((text(), NOW - timedelta(days=30)))
    ends = {
        channel: standing(state, TENANT, channel).open_until for channel in ("waha:wa1", "meta:1", "twilio:w")
    }
    how = Standing(ends["waha:wa1"], wants)
    assert outlet(NOW, how, "answer") == "free"
    assert outlet(NOW, how, "nudge") == ("free" if wants == "all" else "nothing")
    assert outlet(NOW, how, "viewing") == ("nothing" if wants == "answers" else "free")
    for channel in ("meta:1", "twilio:w"):
        assert outlet(NOW, Standing(ends[channel], wants), "nudge") == "nothing"
