"""What a life tells of itself: its phases in order, its last moment, and a report that is whole and holds no secret."""

from __future__ import annotations

import signal
from math import inf
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node.shutdown import PhaseReport
from runtime.resources.servers import LAST_WORD, Ladder, shortened
from runtime.serve.life import Life, Report, outcome_of
from runtime.serve.phases import POOLS_CLOSED, SERVERS_STOPPED, START, STOP


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def told(phases: list[PhaseReport]) -> list[tuple[str, float, bool]]:
    return [(phase.name, phase.seconds, phase.finished) for phase in phases]


def test_the_shares_of_a_stop_are_one_budget() -> None:
    assert sum(STOP.values()) == pytest.approx(1.0)


async def test_what_was_opened_closes_as_a_phase_of_the_stop_in_the_reverse_order(clock: Clock) -> None:
    life = Life(clock=clock)
    life.begin(START[0])
    clock.now += 1
    life.begin(START[1])
    async with life.closing(SERVERS_STOPPED, lambda: {"servers_left": 0}) as servers:
        servers.callback(setattr, clock, "now", 1010.0)
        async with life.closing(POOLS_CLOSED) as pools:
            pools.callback(setattr, clock, "now", 1007.0)
            clock.now += 2
            life.ready()
            clock.now = 1005.0
    assert told(life.report.start) == [(START[0], 1, True), (START[1], 2, True)]
    assert told(life.report.stop) == [(POOLS_CLOSED, 2, True), (SERVERS_STOPPED, 3, True)]
    assert life.report.stop[1].left == {"servers_left": 0}
    assert life.report.ready_after == 3


async def test_a_start_that_fails_says_in_which_phase_and_closes_what_it_had_opened(clock: Clock) -> None:
    life = Life(clock=clock)
    life.begin(START[0])
    life.begin(START[1])
    with pytest.raises(OSError, match="no"):
        async with life.closing(SERVERS_STOPPED):
            raise OSError("no")
    assert told(life.report.start) == [(START[0], 0, True), (START[1], 0, False)]
    assert told(life.report.stop) == [(SERVERS_STOPPED, 0, True)]


def test_the_last_moment_may_come_nearer_and_never_goes_away(clock: Clock) -> None:
    life = Life(clock=clock)
    assert life.left() == inf
    assert not life.stopping.is_set()
    life.stop_within(20)
    clock.now += 3
    life.stop_within(5)
    life.stop_within(60)
    assert life.left() == 5
    assert life.stopping.is_set()
    life.ended(143)
    assert (life.report.stop_budget, life.report.stop_seconds) == (20, 3)


def test_the_report_is_there_from_the_start_and_replaced_as_a_whole(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "report.json"
    life = Life(path, clock)
    life.write()

    def read() -> Report:
        assert list(tmp_path.iterdir()) == [path]
        return msgspec.json.decode(path.read_bytes(), type=Report)

    assert read().outcome == "starting"
    life.begin(START[0])
    life.ready()
    assert (read().outcome, read().start) == ("running", life.report.start)
    life.begin(POOLS_CLOSED)
    life.ended(1, "postgresql://majlis:hunter2@host/db does not answer 971501112233")
    assert read() == life.report
    assert (read().outcome, read().exit_code) == ("failed", 1)
    assert told(read().stop) == [(POOLS_CLOSED, 0, False)]
    assert "hunter2" not in read().reason
    assert "971501112233" not in read().reason


def test_a_report_that_cannot_be_written_ends_a_start_and_nothing_later(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with pytest.raises(FileNotFoundError):
        Life(place / "report.json").write()
    place.mkdir()
    life = Life(place / "report.json")
    life.write()
    (place / "report.json").unlink()
    place.rmdir()
    life.ready()
    life.ended(0)


@pytest.mark.parametrize(
    ("code", "was_ready", "outcome"),
    [
        (0, True, "drained"),
        (0, False, "stopped while starting"),
        (1, True, "failed"),
        (1, False, "not started"),
        (2, False, "not started"),
        (3, True, "work left"),
        (130, True, "forced"),
        (143, False, "forced"),
    ],
)
def test_an_exit_code_has_one_name(code: int, was_ready: bool, outcome: str) -> None:
    assert outcome_of(code, was_ready=was_ready) == outcome


@given(seconds=st.floats(-10, 100) | st.just(inf))
def test_a_ladder_that_is_in_a_hurry_keeps_its_rungs_and_leaves_time_to_kill(seconds: float) -> None:
    ladder: Ladder = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
    short = shortened(ladder, seconds)
    assert [number for number, _ in short] == [signal.SIGINT, signal.SIGQUIT]
    patience = [each for _, each in short]
    assert patience[0] == pytest.approx(2 * patience[1])
    assert sum(patience) <= max(0.0, min(15.0, seconds - LAST_WORD)) + 1e-9
    if seconds >= 15 + LAST_WORD:
        assert short == ladder
