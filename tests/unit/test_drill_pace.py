"""The pace of people before and during a fault: the right ones are counted, and who waits longer is found."""

from __future__ import annotations

import pytest

from actors.drills.pace import FLOOR, Pace, Window, kept, pace
from actors.drills.strangers import Strangers
from actors.simulate.people import Number
from actors.simulate.views import Posted

NUMBERS = [Number("100200300400502", 0, "2003"), Number("100200300400503", 1, "2003")]


def test_a_window_holds_what_was_written_in_it_by_those_who_are_meant() -> None:
    strangers = Strangers("000001", NUMBERS)
    people = [strangers.person() for _ in range(2)]
    messages = [
        message for person in people for parcel in strangers.texts(person, 3) for message in parcel.messages
    ]
    first, second, third, other, *_ = [message.id for message in messages]
    posts = [
        Posted((first,), 0.9, 1.0),
        Posted((second,), 1.0, 1.25),
        Posted((third,), 1.5, None),
        Posted((other,), 1.5, 9.0),
    ]
    replied = {first: 1.1, second: 1.5, third: 2.5, other: 9.5}
    found = pace(Window(1.0, 2.0), messages, posts, replied, lambda one: one.person == people[0])
    assert found.acknowledged == [0.25]
    assert found.answered == [0.5, 1.0], "who was never acknowledged was answered all the same"


@pytest.mark.parametrize(("during", "status"), [(0.79, "ok"), (0.81, "violated")])
def test_who_waits_longer_than_so_many_times_is_found(during: float, status: str) -> None:
    before, after = Pace([0.1] * 200, [0.1] * 200), Pace([0.1] * 190 + [during] * 10, [0.1] * 200)
    assert [one.status for one in kept(before, after, times=8.0)] == [status, "ok"]


def test_a_time_before_that_is_too_short_to_compare_counts_as_the_floor() -> None:
    before, after = Pace([0.001], [0.001]), Pace([FLOOR * 2], [FLOOR * 2])
    assert [one.seen for one in kept(before, after, times=3.0)] == [2.0, 2.0]


def test_nobody_served_at_all_is_no_good_pace() -> None:
    served = Pace([0.1], [0.1])
    assert [one.status for one in kept(served, Pace([], []), times=8.0)] == ["violated", "violated"]
    assert [one.status for one in kept(Pace([], []), served, times=8.0)] == ["violated", "violated"]


def test_strangers_are_new_people_whose_texts_follow_each_other() -> None:
    strangers = Strangers("000001", NUMBERS)
    one, other = strangers.person(), strangers.person()
    assert one.wa_id != other.wa_id
    assert [one.number, other.number] == NUMBERS
    parcels = [*strangers.texts(one, 3, together=2), *strangers.texts(one, 1)]
    assert [len(parcel.messages) for parcel in parcels] == [2, 1, 1]
    said = [message for parcel in parcels for message in parcel.messages]
    assert [message.place for message in said] == [0, 1, 2, 3]
    assert len({message.id for message in said}) == 4
    assert strangers.texts(other, 1)[0].group == NUMBERS[1].group
    assert strangers.statistics() == {"people": 2, "texts": 5}
