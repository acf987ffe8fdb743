"""What is reported to a supervisor, and when: the machine alone, on a clock of the test's."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.ingress.admin import Check, Readiness
from runtime.serve.reports import CLOSING, EXTENSION, Reports, status_of

OK = Readiness("serving", True, checks={"postgres": Check("ok")})
AWAY = Readiness("serving", True, checks={"postgres": Check("fail", "no answer")})
CHECKING = Readiness("checking states", True, checks={"states": Check("fail", "1000 checked")})


def test_the_life_of_a_process_in_reports():
    reports = Reports(watchdog=20.0)
    assert list(reports.beat(0.0, None, True)) == [
        "STATUS=starting",
        "EXTEND_TIMEOUT_USEC=15000000",
        "WATCHDOG=1",
    ]
    assert list(reports.beat(1.0, CHECKING, True)) == [
        "STATUS=checking states (states: 1000 checked)",
        "EXTEND_TIMEOUT_USEC=15000000",
    ]
    assert list(reports.beat(2.0, OK, True)) == ["STATUS=serving", "READY=1\nSTATUS=serving"]
    assert list(reports.beat(9.9, OK, True)) == []
    assert list(reports.beat(10.0, AWAY, True)) == [
        "STATUS=serving, not ready (postgres: no answer)",
        "WATCHDOG=1",
    ]
    assert list(reports.reloading(12.5)) == ["RELOADING=1\nMONOTONIC_USEC=12500000"]
    assert list(reports.reloaded(fault=False)) == ["READY=1\nSTATUS=serving"]
    assert list(reports.stopping(13.0, 25.0)) == ["STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=15000000"]
    assert list(reports.reloading(14.0)) == []


def test_it_is_not_ready_before_it_is():
    reports = Reports()
    for readiness in (None, CHECKING, AWAY, Readiness("draining", False)):
        assert not [report for report in reports.beat(0.0, readiness, True) if "READY" in report]
    assert list(reports.reloading(1.0)) == list(reports.reloaded(fault=False)) == []


def test_a_loop_that_does_not_beat_asks_for_nothing():
    reports = Reports(watchdog=2.0)
    assert list(reports.beat(0.0, None, False)) == ["STATUS=starting"]
    assert "WATCHDOG=1" in list(reports.beat(1.0, None, True))


@given(budget=st.floats(0, 100), times=st.lists(st.floats(0, 200), max_size=30))
def test_a_stop_asks_for_more_time_up_to_its_budget_and_not_beyond(budget: float, times: list[float]):
    reports = Reports()
    end = 0.0
    for report in reports.stopping(0.0, budget):
        end = _asked(report)
    for now in sorted(times):
        for report in reports.beat(now, Readiness("draining", False), True):
            if "EXTEND" in report:
                assert 0 < _asked(report) <= EXTENSION
                end = max(end, now + _asked(report))
    assert end <= budget + CLOSING + 1e-5


def _asked(report: str) -> float:
    return int(report.partition("EXTEND_TIMEOUT_USEC=")[2]) / 1e6


@given(watchdog=st.floats(0.01, 600))
def test_signs_of_life_come_in_time(watchdog: float):
    reports = Reports(watchdog)
    signs, now = [], 0.0
    while now < 3 * watchdog:
        if "WATCHDOG=1" in list(reports.beat(now, OK, True)):
            signs.append(now)
        now += reports.every
    assert all(later - sooner < 0.8 * watchdog for sooner, later in pairwise(signs))
    assert len(signs) >= 3


def test_without_a_watchdog_there_are_no_signs_of_life():
    reports = Reports()
    assert not [r for now in (0.0, 1.0, 1000.0) for r in reports.beat(now, OK, True) if "WATCHDOG" in r]


def test_a_status_is_one_line():
    odd = Readiness("serving", True, checks={"states": Check("fail", "a\nREADY=1" + "x" * 500)})
    assert "\n" not in status_of(odd)
    assert len(status_of(odd)) <= 200
