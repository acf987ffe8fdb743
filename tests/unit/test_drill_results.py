"""What a drill finds, how it is told, and what the storm draws: pure."""

from __future__ import annotations

import logging
import random
import sys
import warnings

import msgspec
import pytest
import structlog
from click.testing import CliRunner

from actors.commands import majlis
from actors.drills import every
from runtime.cli.drills import DRILLS, told
from runtime.drill.noise import listening
from runtime.drill.result import DrillResult, Invariant, at_least, at_most, exactly, percentile
from runtime.drill.storm.blow import Round
from runtime.drill.storm.calm import prompt
from runtime.drill.storm.operations import KINDS, plan


def result(*invariants: Invariant) -> DrillResult:
    return DrillResult("storm", 7, 12.34, invariants, {"operations": 12000})


def test_an_invariant_is_judged_by_its_rule() -> None:
    assert at_most("x", 5, 5).status == exactly("x", 5, 5).status == at_least("x", 5, 5).status == "ok"
    assert at_most("x", 6, 5).status == exactly("x", 4, 5).status == at_least("x", 4, 5).status == "violated"


def test_a_result_holds_unless_something_is_violated() -> None:
    skipped = Invariant("y", "skipped", note="no server")
    assert result(exactly("x", 0, 0), skipped).holds
    assert not result(exactly("x", 1, 0), skipped).holds


def test_a_result_is_told_with_what_was_seen_the_limit_and_why() -> None:
    lines = told(
        result(
            at_most("p99", 0.0123, 0.05, "s"),
            exactly("left", 2, 0, "majlis/pool, pid 7\n  idle"),
            Invariant("z", "skipped", note="no server"),
        )
    )
    table = [line.split() for line in lines]
    assert ["operations", "12,000"] in table
    assert ["p99", "0.0123", "s", "at", "most", "0.05", "s", "ok"] in table
    assert ["left", "2", "exactly", "0", "VIOLATED", "majlis/pool,", "pid", "7", "idle"] in table
    assert ["z", "skipped", "no", "server"] in table
    assert lines[-1] == "storm, seed 7, 12.3 s: 1 violated"
    assert told(result(exactly("x", 0, 0)))[-1].endswith("all hold")


def test_a_result_survives_being_written_down() -> None:
    whole = result(exactly("x", 0, 0))
    assert msgspec.json.decode(msgspec.json.encode(whole))["invariants"][0]["status"] == "ok"


def test_a_percentile_is_a_sample() -> None:
    samples = [random.Random(1).random() for _ in range(10)] + list(range(1, 91))
    assert percentile(samples, 99) == 90
    assert percentile([3.0], 99) == 3.0
    assert percentile([], 99) == 0.0


@pytest.mark.parametrize(
    ("rounds", "status"),
    [
        ([(0.2, 0.9), (0.04, 0.1), (0.3, 0.8)], "ok"),  # what else the machine does only adds to it
        ([(0.2, 0.9), (0.3, 0.5)], "skipped"),
        ([(0.2, 0.9), (0.3, 0.1)], "violated"),  # in one of them there were cores enough
    ],
)
def test_the_time_to_return_is_not_judged_where_the_machine_has_no_core_to_spare(
    rounds: list[tuple[float, float]], status: str
) -> None:
    assert prompt([Round(*one) for one in rounds], 0.05).status == status


def test_every_drill_is_listed_with_what_it_does() -> None:
    listed = CliRunner().invoke(majlis, ["drill", "list"])
    assert listed.exit_code == 0
    lines = {line.partition("  ")[0]: line for line in listed.output.splitlines()}
    for drill in (*DRILLS, *every.DRILLS):
        assert lines[drill.name].endswith(f"  {drill.summary}")


def test_the_plan_of_an_operation_follows_from_seed_and_number_alone() -> None:
    plans = [plan(1, number) for number in range(2000)]
    assert plans == [plan(1, number) for number in range(2000)]
    assert plans != [plan(2, number) for number in range(2000)]
    assert {one.kind for one in plans} == set(KINDS)
    left_alone = sum(one.patience is None for one in plans)
    assert 200 < left_alone < 400
    assert any(one.patience == 0 for one in plans), "some are cut before they begin"
    late = plan(1, 7, stretch=4).patience
    early = plan(1, 7).patience
    assert late is not None and early is not None  # noqa: PT018
    assert late == pytest.approx(4 * early)


def test_what_nobody_raises_is_heard_and_still_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless:
        def __del__(self) -> None:
            raise ValueError("to nobody")

    said: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: said.append(args.exc_type.__name__))
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: said.append(str(message)))
    with listening() as noise:
        for _ in range(2):
            warnings.warn("twice", ResourceWarning, stacklevel=1)
        structlog.get_logger().error("pool_closed_in_use", connections=1)
        structlog.get_logger().warning("no error")
        logging.getLogger("asyncio").error("task %s lost", 7)
        Careless()
    assert noise.warnings == {"ResourceWarning: twice": 2}
    assert noise.errors["pool_closed_in_use"] == 1
    assert noise.errors["asyncio: task %s lost"] == 1
    assert any(told.startswith("unraisable ValueError") for told in noise.errors)
    assert noise.errors.total() == 3
    assert said == ["twice", "twice", "ValueError"]
    assert "pool_closed_in_use" in capsys.readouterr().out
    warnings.showwarning("after", UserWarning, "x.py", 1)
    assert noise.warnings.total() == 2
