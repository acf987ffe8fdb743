"""The drills about the databases hold, and the verdict over them finds what is broken where something is.

Here run the quick forms of three that say much: a database that hangs, a full disk, a clock that jumps.
The others, and all whole forms, are for the command, which needs minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
import trio

from actors.drills.databases import DATABASES
from actors.drills.drill import CannotRun, Order, ServeDrill, perform
from actors.drills.judging import of_promptness
from actors.drills.load import Answered
from actors.drills.rehearsal import Rehearsal
from runtime.drill.result import DrillResult
from runtime.testing import NotPython, jumping_command

ROOT = Path(__file__).parents[2]
DRILLS = {drill.name: drill for drill in DATABASES}


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Order:
    monkeypatch.setattr(sys, "argv", [str(ROOT / "actors" / "cli.py")])
    return Order(app="actors.estate:app", quick=True, seed=7, tell=lambda _: None)


def violated(result: DrillResult) -> dict[str, str]:
    return {one.name: f"{one.seen}: {one.note}" for one in result.invariants if one.status == "violated"}


@pytest.mark.parametrize("name", ["pg-pause", "disk-full", "clock-jump"])
async def test_every_promise_holds(name: str, order: Order) -> None:
    with trio.fail_after(120):
        result = await perform(DRILLS[name], order)
    if result.skipped:
        pytest.skip(result.skipped)
    assert violated(result) == {}
    assert result.verdict == "passed"
    assert result.figures["messages"] > 100


async def test_a_webhook_taken_twice_and_a_wrong_end_are_found(order: Order) -> None:
    async def breaks(rehearsal: Rehearsal) -> None:
        first = rehearsal.load._parcels[0]
        await rehearsal.databases.execute(
            "delete from seen"
        )  # so that the same webhook once more is a new one
        await rehearsal.load.say(first)
        await rehearsal.server.stop(expected=3)
        await rehearsal.server.start()

    with trio.fail_after(120):
        result = await perform(ServeDrill(name="broken", summary="", body=breaks, recovery=1.0), order)
    assert result.verdict == "FAILED"
    assert set(violated(result)) == {
        "handled or answered twice",
        "answers other than 200, 503",
        "wrong exit codes",
    }


@pytest.mark.parametrize(
    ("name", "protection", "found"),
    [
        ("net-stall", "bounded intake", {"answered 503 meanwhile"}),
    ],
)
async def test_a_protection_that_is_switched_off_is_found(
    name: str, protection: str, found: set[str], order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = (sys.executable, "-m", "tests.drills.unprotected", protection)
    with trio.fail_after(120):
        result = await perform(DRILLS[name], msgspec.structs.replace(order, majlis=program))
    assert found <= set(violated(result))


async def test_a_body_that_cannot_run_here_is_skipped_with_its_reason(order: Order) -> None:
    async def cannot(_rehearsal: Rehearsal) -> None:
        raise CannotRun("there is no such thing here")

    result = await perform(ServeDrill(name="elsewhere", summary="", body=cannot, recovery=1.0), order)
    assert (result.verdict, result.skipped) == ("skipped", "there is no such thing here")


def test_a_clock_is_set_only_under_a_python_program(tmp_path: Path) -> None:
    binary = tmp_path / "majlis"
    binary.write_bytes(b"\x7fELF")
    with pytest.raises(NotPython, match="majlis is no Python script"):
        jumping_command(tmp_path / "clock", [str(binary)])
    binary.write_bytes(b"#!/usr/bin/env python3\n")
    words = jumping_command(tmp_path / "clock", [str(binary), "serve"])
    assert words[-3:] == (str(tmp_path / "clock"), str(binary), "serve")


async def test_a_drill_that_ends_databases_is_skipped_where_they_are_not_its_own(order: Order) -> None:
    shared = Order(app=order.app, tell=order.tell, against=("postgresql://nowhere/", "redis://nowhere/"))
    for drill in DATABASES:
        if drill.owned:
            assert (await perform(drill, shared)).verdict == "skipped"


@pytest.mark.parametrize(
    ("slowest", "starved", "status"), [(1.9, 0.0, "ok"), (2.1, 0.0, "violated"), (2.1, 0.9, "skipped")]
)
def test_a_slow_answer_is_not_judged_where_there_was_no_core(
    slowest: float, starved: float, status: str
) -> None:
    answers = [Answered(1.0, 1.0 + slowest, "503"), Answered(2.0, 2.1, "200")]
    assert of_promptness(answers, starved).status == status
