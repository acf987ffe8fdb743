"""`majlis bench`: run the benchmarks of a checkout, each in a process of its own, and print what they found.

Knows their form only: a script that prints one JSON line a result. What they measure, and against what, they say.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from config import child_environment
from runtime.cli.words import CommandFailed, json_option, plainly

SCRIPTS = Path(__file__).parents[2] / "tests" / "benchmarks"
#: In the order in which they run.
NAMES = ("ack", "turns", "actor", "memory", "known", "sends")
_ROW = "{:<8}{:<47}{:>18}{:>12}{:>8}  {}"


class Result(msgspec.Struct, frozen=True):
    """One line of a benchmark; more fields than these tell of its circumstances."""

    benchmark: str
    measure: str
    value: float
    unit: str
    comparator: str | None
    against: float | None
    ratio: float | None
    target: str | None
    met: bool | None


@click.command("bench")
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar=f"[{'|'.join(NAMES)}]...")
@click.option(
    "--quick", is_flag=True, help="A tenth of the work: shows that they run. Missed targets are forgiven."
)
@json_option
@plainly
def bench(names: Sequence[str], quick: bool, as_json: bool) -> int:
    """Measure this machine: all benchmarks, or those named; a few minutes. Exit code 1: a target was missed."""
    if not SCRIPTS.is_dir():
        raise CommandFailed("bench runs scripts of a checkout, and this is an installation without them")
    if not as_json:
        click.echo(_ROW.format("", "", "measured", "against", "ratio", "target"))
    missed = False
    for name in names or NAMES:
        for line in _lines(name, quick):
            result = msgspec.json.decode(line, type=Result)
            missed |= result.met is False
            click.echo(line.decode() if as_json else _row(result))
    return 1 if missed and not quick else 0


def _lines(name: str, quick: bool) -> Iterator[bytes]:
    """Yield a benchmark's results as they come. Raises CommandFailed when it ends with a fault."""
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *(["--quick"] if quick else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=child_environment()) as script:  # noqa: S603 - ours
        yield from (line.rstrip() for line in script.stdout or ())
    if script.returncode:
        raise CommandFailed(
            f"the benchmark {name} ended with code {script.returncode}; what it said is above"
        )


def _row(result: Result) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[result.met]
    target = f"{result.target}: {verdict}" if result.target else ""
    against = "" if result.against is None else f"{result.against:g}"
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    value = f"{result.value:g} {result.unit}"
    return _ROW.format(result.benchmark, result.measure, value, against, ratio, target).rstrip()
