"""What retention decides, and how it speaks of its troubles."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from config import SettingsError, load
from runtime.journal.retention import (
    BATCH,
    DAY,
    Ages,
    Hindered,
    Period,
    TableSizes,
    advice,
    span_of,
    to_drop,
    to_open,
)
from runtime.node.metrics import metrics_page
from runtime.resources.errors import ResourceUnavailable
from runtime.serve.metric_table import METRICS
from runtime.serve.retention import Retainer, ages_of

moments = st.floats(0, 1e6)


@st.composite
def some_periods(draw: st.DrawFn) -> list[Period]:
    """Periods that do not overlap, with gaps between them."""
    edges = sorted(draw(st.sets(st.integers(0, 1_000_000), max_size=12)))
    whole = [Period(number, *bounds) for number, bounds in enumerate(pairwise(edges))]
    return [period for period in whole if draw(st.booleans())]


@given(some_periods(), moments, st.floats(3600, 300_000))
def test_what_is_opened_covers_a_whole_span_ahead_and_overlaps_nothing(
    periods: list[Period], now: float, span: float
) -> None:
    new = [Period(100 + number, *bounds) for number, bounds in enumerate(to_open(periods, now, span, 5))]
    everything = sorted([*periods, *new], key=lambda period: period.starts)
    for one, next_one in pairwise(everything):
        assert one.ends <= next_one.starts
    reach: float = math.floor(now + 5)
    for period in everything:
        assert period.starts < period.ends
        if period.starts <= reach < period.ends:
            reach = period.ends
    assert reach >= now + span
    assert to_open(everything, now, span, 5) == []


def test_periods_follow_one_another_and_a_gap_behind_stays() -> None:
    first = Period(1, -math.inf, 100_000)
    assert to_open([first], 50_000, 20_000, 0) == []
    assert to_open([first], 99_999.5, 20_000, 0) == [(100_000, 120_000)]
    assert to_open([first], 200_000.5, 20_000, 10) == [(200_010, 220_010)]
    far = Period(2, 205_000, 300_000)
    assert to_open([first, far], 200_000, 20_000, 0) == [(200_000, 205_000)]


def test_the_oldest_period_goes_when_its_last_row_is_past_its_age() -> None:
    periods = [Period(2, 100, 200), Period(1, -math.inf, 100), Period(3, 200, 300)]
    assert to_drop(periods, 1099.9, 1000) is None
    assert to_drop(periods, 1100, 1000) == periods[1]
    assert to_drop(periods, 9999, 1000) == periods[1]
    assert to_drop([], 9999, 1000) is None


@pytest.mark.parametrize("days", [1, 30, 365])
def test_there_are_few_periods_whatever_the_age(days: int) -> None:
    age, now, periods = days * DAY, 0.0, [Period(1, -math.inf, 3600)]
    most = 0
    while now < 3 * age:
        periods += [Period(0, *bounds) for bounds in to_open(periods, now, span_of(age))]
        if old := to_drop(periods, now, age):
            periods.remove(old)
        most = max(most, len(periods))
        now += span_of(age) / 7
    assert most <= 9


def test_settings_become_ages() -> None:
    settings = load(environ={"MAJLIS_DATA_DIR": "/d", "MAJLIS_RETENTION_SEEN_DAYS": "8"}).retention
    assert ages_of(settings) == Ages(events=30 * DAY, seen=8 * DAY, settled=30 * DAY, letters=90 * DAY)
    assert ages_of(load(environ={"MAJLIS_DATA_DIR": "/d"}).retention) == Ages()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("seen_days = 7", "retention.seen_days: expected int >= 8"),  # providers repeat for 7
        ("settled_days = 7", "retention.settled_days: expected int >= 8"),
        ("events_days = 0", "retention.events_days: expected int >= 1"),
        ("letters_days = 0", "retention.letters_days: expected int >= 1"),
    ],
)
def test_an_age_that_would_forget_too_early_is_refused(tmp_path: Path, given: str, fault: str) -> None:
    file = tmp_path / "majlis.toml"
    file.write_text(f"[retention]\n{given}\n")
    with pytest.raises(SettingsError) as caught:
        load(config=file, environ={"MAJLIS_DATA_DIR": str(tmp_path)})
    assert str(caught.value) == fault


class Steps:
    """Retention's steps, told what to do."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.rows = {"seen": 2 * BATCH + 5}
        self.asked: list[str] = []

    def _step(self, name: str) -> None:
        self.asked.append(name)
        if self.error is not None and name == "drop":
            raise self.error

    async def open_periods(self) -> int:
        self._step("open")
        return 1

    async def gather(self, table: str) -> int:
        self._step(f"gather {table}")
        return 2

    async def drop_period(self) -> tuple[int, int]:
        self._step("drop")
        return 1, 3

    async def delete_old(self, table: str) -> int:
        self._step(f"delete {table}")
        gone = min(self.rows.get(table, 0), BATCH)
        self.rows[table] = self.rows.get(table, 0) - gone
        return gone

    async def sizes(self) -> TableSizes:
        self._step("sizes")
        return TableSizes({"inbox": 8192}, {"inbox": 5}, {"inbox": 1})


@pytest.fixture
async def steps() -> Steps:
    return Steps()


async def test_a_round_deletes_batch_after_batch_and_counts(
    steps: Steps, autojump_clock: trio.testing.MockClock
) -> None:
    retainer = Retainer(steps, Ages())
    await retainer.round()
    await retainer.measure()
    assert steps.asked.count("delete seen") == 3
    rows = [row for row in METRICS if row.source.startswith(("retention.", "tables."))]
    page = metrics_page(
        rows, lambda: {"retention": retainer.statistics(), "tables": retainer.sizes}
    )().decode()
    for line in (
        f'majlis_retention_deleted_total{{table="seen"}} {float(2 * BATCH + 5)}',
        'majlis_retention_deleted_total{table="outbox"} 0.0',
        'majlis_retention_moved_total{kind="unhandled"} 3.0',
        'majlis_retention_moved_total{kind="uncovered"} 4.0',
        "majlis_retention_dropped_total 1.0",
        "majlis_retention_last_round_age_seconds 0.0",
        'majlis_tables_bytes{table="inbox"} 8192.0',
        'majlis_tables_dead_rows{table="inbox"} 1.0',
    ):
        assert line in page.splitlines()


async def test_a_trouble_is_told_once_keeps_no_other_step_back_and_its_end_is_told(
    steps: Steps, autojump_clock: trio.testing.MockClock
) -> None:
    retainer = Retainer(steps, Ages())
    steps.error = asyncpg.InsufficientPrivilegeError("must be owner of table inbox_1")
    with capture_logs() as logs:
        for _ in range(5):
            await trio.sleep(60)
            await retainer.round()
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert warning["step"] == "drop a period"
    assert "must own the journal's tables" in warning["reason"]
    assert steps.asked.count("delete receipt") == 5
    statistics = retainer.statistics()
    assert (statistics.failures, statistics.dropped, statistics.last_round_age) == (
        5,
        0,
        pytest.approx(300, abs=1),
    )
    steps.error = None
    with capture_logs() as logs:
        await retainer.round()
        await retainer.round()
    assert [entry["event"] for entry in logs].count("retention goes on") == 1
    assert retainer.statistics().last_round_age == 0


async def test_locks_of_others_are_no_trouble_until_they_last(
    steps: Steps, autojump_clock: trio.testing.MockClock
) -> None:
    retainer = Retainer(steps, Ages())
    steps.error = Hindered()
    with capture_logs() as logs:
        for _ in range(9):
            await retainer.round()
    assert logs == []
    with capture_logs() as logs:
        for _ in range(9):
            await retainer.round()
    (warning,) = logs
    assert "pg_stat_activity" in warning["reason"]
    assert retainer.statistics().hindered == 18


async def test_that_postgres_is_away_is_for_others_to_tell(
    steps: Steps, autojump_clock: trio.testing.MockClock
) -> None:
    retainer = Retainer(steps, Ages())
    steps.error = ResourceUnavailable("postgres", "cannot connect")
    with capture_logs() as logs:
        for _ in range(20):
            await retainer.round()
    assert logs == []
    assert retainer.statistics().failures == 20


async def test_rounds_come_once_a_minute_until_cancelled(
    steps: Steps, autojump_clock: trio.testing.MockClock
) -> None:
    retainer = Retainer(steps, Ages())
    with trio.move_on_after(150):
        await retainer.run()
    assert (steps.asked.count("open"), steps.asked.count("sizes")) == (3, 3)


def test_advice_holds_no_words_of_the_database() -> None:
    assert "971500000001" not in advice(asyncpg.DataError("bad value 971500000001"))
