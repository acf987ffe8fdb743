"""The storm holds, as the command that a person runs; and it finds a leak and a wrong answer where there is one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest
import trio

from runtime.drill.result import DrillResult, Orders
from runtime.drill.storm import operations
from runtime.drill.storm.drill import storm
from runtime.drill.storm.operations import Handles
from runtime.resources.postgres import PostgresConnection

ROOT = Path(__file__).parents[2]


def violated(result: DrillResult) -> set[str]:
    return {one.name for one in result.invariants if one.status == "violated"}


def test_ten_thousand_operations_leave_nothing_and_the_command_says_so(tmp_path: Path) -> None:
    report = tmp_path / "storm.json"
    command = [sys.executable, str(ROOT / "actors" / "cli.py"), "drill", "storm"]
    run = subprocess.run(  # noqa: S603 - our own command
        [*command, "--operations", "10000", "--seed", "3", "--json", str(report)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    result = msgspec.json.decode(report.read_bytes(), type=DrillResult)
    assert violated(result) == set()
    assert run.returncode == 0, run.stderr
    assert "all hold" in run.stdout.splitlines()[-1]
    assert "of 5000 operations" in run.stderr, "it says how far it is"
    assert result.figures["direct: operations"] == result.figures["proxied: operations"] == 5000
    assert len(result.invariants) > 60


async def test_a_leak_and_a_wrong_answer_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[AbstractAsyncContextManager[PostgresConnection]] = []

    async def leaks(handles: Handles, number: int) -> None:
        if not kept:
            kept.append(handles.postgres.connection())
            with trio.CancelScope(shield=True):
                held = await kept[0].__aenter__()
                await held.execute("begin")

    async def mixes_up(handles: Handles, number: int) -> None:
        await operations.query(handles, number)
        raise operations.ForeignAnswer

    monkeypatch.setitem(operations.KINDS, "acquire", leaks)
    monkeypatch.setitem(operations.KINDS, "query", mixes_up)
    with trio.fail_after(90):
        result = await storm(Orders(200, 1, lambda _: None))
    assert {
        "direct: foreign answers",
        "direct: slots not given back",
        "direct: open transactions",
        "direct: connections of postgres: those that the pool keeps",
        "direct: slots of postgres that were usable at once",
        "direct: errors logged",
        "proxied: foreign answers",
    } <= violated(result)
    assert "proxied: slots not given back" not in violated(result), "a half begins anew"
