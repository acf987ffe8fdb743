"""The storm holds, as the command that a person runs; and it finds a leak and a wrong answer where there is one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import trio

from runtime.drill.result import DrillResult, Orders
from runtime.drill.storm import operations
from runtime.drill.storm.drill import storm
from runtime.drill.storm.operations import Handles

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


async def leaks(handles: Handles, number: int) -> None:
    slot = await handles.postgres.lender.acquire()
    if number % 100:
        handles.postgres.lender.release(slot)


async def swallows(handles: Handles, number: int) -> None:
    raise operations.ForeignAnswer


async def leaves_a_transaction(handles: Handles, number: int) -> None:
    async with handles.postgres.connection() as held:
        await held.execute("begin")
        held.in_transaction = False  # as a pool would that forgets to look


@pytest.mark.parametrize(
    ("faulty", "found"),
    [
        (leaks, {"direct: slots not given back", "direct: errors logged"}),
        (swallows, {"direct: foreign answers"}),
        (leaves_a_transaction, {"direct: open transactions"}),
    ],
)
async def test_a_fault_of_the_pools_would_be_found(
    faulty: Callable[[Handles, int], Awaitable[None]], found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(operations.KINDS, "acquire", faulty)
    with trio.fail_after(60):
        result = await storm(Orders(400, 1, lambda _: None))
    assert found <= violated(result)
