"""Every benchmark runs, small, and tells its results in the form that `majlis bench` reads."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from runtime.cli.benchmarks import NAMES, SCRIPTS, Result
from runtime.resources.embedded import EmbeddedServer

SMALL = {
    "ack": "--milliseconds 100 --connections 4 --rounds 1",
    "turns": "--messages 50 --conversations 5 --rounds 1",
    "actor": "--bursts 2 --burst 10 --asks 20 --askers 4 --spawns 10 --rounds 1",
    "memory": "--people 50",
    "known": "--most 1000 --people 5 --messages 20 --rounds 1",
    "sends": "--sends 20 --at_once 2 --rounds 1",
}
#: What the design promises a figure for.
TARGETS = {"ack": 1, "turns": 2, "actor": 2, "memory": 2, "known": 1, "sends": 0}


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_tells_its_results_and_judges_those_that_have_a_target(
    name: str, servers: tuple[EmbeddedServer, EmbeddedServer]
) -> None:
    command = [
        sys.executable,
        str(SCRIPTS / f"{name}.py"),
        *SMALL[name].split(),
        "--postgres",
        servers[0].dsn,
    ]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60)  # noqa: S603 - our script
    results = [msgspec.json.decode(line, type=Result) for line in run.stdout.splitlines()]
    assert all(result.benchmark == name and result.value > 0 for result in results)
    assert sum(result.met is not None for result in results) == TARGETS[name]
    assert all((result.met is None) == (result.target is None) for result in results)
