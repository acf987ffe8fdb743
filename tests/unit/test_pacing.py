"""The pace of a channel: never more in a second than its limit, wherever the second is laid and whatever is delayed."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.node.pacing import ChannelPace


def most_in_a_second(times: list[float]) -> int:
    times = sorted(times)
    return max((bisect_left(times, start + 1.0) - index for index, start in enumerate(times)), default=0)


@settings(max_examples=200, deadline=None)
@given(
    delays=st.lists(
        st.tuples(st.floats(0, 1.5), st.floats(0, 2.0), st.floats(0, 1.0)), min_size=1, max_size=400
    ),
    limit=st.sampled_from([5, 20, 80]),
)
def test_no_second_sees_more_than_the_limit_however_sends_are_delayed(
    delays: list[tuple[float, float, float]], limit: int
) -> None:
    """Each send is late by its own delays: to ask for its place, to be answered, and to arrive in between."""
    pace = ChannelPace(limit, 0.0)
    arrivals: list[float] = []
    ends: list[float] = []
    clock = 0.0
    for late, answer, part in delays:
        clock += late / limit
        at = clock + pace.until(pace.reserve(clock), clock)
        clock = at
        while True:
            for end in sorted(end for end in ends if end <= clock):
                pace.leave(end)
            ends = [end for end in ends if end > clock]
            wait = pace.enter(clock)
            if not wait:
                break
            clock += wait
        arrivals.append(clock + answer * part)
        ends.append(clock + answer)
    assert most_in_a_second(arrivals) <= limit


def test_the_mean_is_below_the_limit_and_the_first_second_brings_no_burst() -> None:
    pace = ChannelPace(80, 0.0)
    times = [pace.until(pace.reserve(0.0), 0.0) for _ in range(680)]
    assert 9.5 < times[-1] < 10.5
    assert most_in_a_second(times) <= 80
    assert most_in_a_second([time for time in times if time < 1]) <= 69


def test_a_share_of_the_shards_is_a_share_of_the_pace() -> None:
    half = ChannelPace(80, 0.0, 0.5)
    times = [half.until(half.reserve(0.0), 0.0) for _ in range(340)]
    assert 9.5 < times[-1] < 10.5


def test_a_send_that_never_left_takes_no_place_in_the_window() -> None:
    pace = ChannelPace(2, 0.0)
    for _ in range(10):
        assert pace.enter(0.0) == 0
        pace.leave(0.0, sent=False)
    assert pace.statistics(0.0).in_flight == 0


def test_whoever_waits_looks_again_soon_however_small_the_share_was_meanwhile() -> None:
    pace = ChannelPace(80, 0.0)
    assert pace.enter(0.0) == 0
    pace.adjust(80, 0.0001, 0.0)
    assert 0 < pace.enter(5.0) <= 0.1
    pace.adjust(80, 1.0, 5.0)
    assert pace.enter(5.0) == 0


def test_a_larger_share_speeds_up_those_who_wait_already() -> None:
    pace = ChannelPace(80, 0.0, 0.1)
    places = [pace.reserve(0.0) for _ in range(340)]
    assert 45 < pace.until(places[-1], 0.0) < 55
    pace.adjust(80, 1.0, 10.0)  # the others are gone, and 68 have left
    waits = [pace.until(place, 10.0) for place in places]
    assert waits[50] == 0
    assert 3.5 < waits[-1] < 4.5
    assert most_in_a_second([wait for wait in waits if wait > 0]) <= 80


def test_a_smaller_share_slows_them_down() -> None:
    pace = ChannelPace(80, 0.0)
    places = [pace.reserve(0.0) for _ in range(340)]
    pace.adjust(80, 0.5, 1.0)
    assert 7.5 < pace.until(places[-1], 1.0) < 8.5


def test_a_send_that_never_left_gives_its_place_to_the_next() -> None:
    pace = ChannelPace(80, 0.0)
    before = pace.until(pace.reserve(0.0), 0.0)
    assert pace.enter(0.0) == 0
    pace.leave(0.0, sent=False)
    assert pace.until(pace.reserve(0.0), 0.0) == before
