"""`majlis drill`: rehearse a failure on servers of its own, and say invariant by invariant whether it held.

Knows the form of a drill only: DRILLS lists them. Exit code 0: all held, or were skipped with a reason; 1: one did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import msgspec
import trio

from runtime.cli.simulating import sim_command
from runtime.cli.telling import lines_of
from runtime.cli.words import plainly
from runtime.drill.result import Drill, DrillResult, Invariant, Orders
from runtime.drill.seeds import NAME, SUMMARY
from runtime.drill.storm.drill import STORM
from runtime.serve.logs import set_up_logs

DRILLS = (STORM,)


def drill_group(summaries: Sequence[tuple[str, str]] = (), more: Sequence[click.Command] = ()) -> click.Group:
    """Return `majlis drill`. `more` commands of an app's package; `summaries` of the drills that they run, by name."""

    @click.group("drill")
    def drill() -> None:
        """Rehearse failures, with invariants that must hold."""

    @drill.command("list")
    @plainly
    def _list() -> None:
        """List the drills."""
        known = {one.name: one.summary for one in DRILLS} | {NAME: SUMMARY} | dict(summaries)
        for line in lines_of(list(known.items())):
            click.echo(line)

    for command in (*map(_command, DRILLS), sim_command(told), *more):
        drill.add_command(command)
    return drill


def _command(one: Drill) -> click.Command:
    @click.command(one.name, help=f"Rehearse: {one.summary}.")
    @click.option(
        "--operations", type=click.IntRange(100), default=one.operations, show_default=True, help="How many."
    )
    @click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of what is drawn.")
    @click.option(
        "--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Also into a file."
    )
    @plainly
    def run(operations: int, seed: int, report: Path | None) -> int:
        set_up_logs("warning")
        orders = Orders(operations, seed, partial(click.echo, err=True))
        result = trio.run(one.run, orders)
        if report is not None:
            report.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
        for line in told(result):
            click.echo(line)
        return 0 if result.holds else 1

    return run


def told(result: DrillResult) -> list[str]:
    """Return a result as lines: figures, then a table of invariants, then the verdict."""
    figures = lines_of([(name, f"{value:,.6g}") for name, value in result.figures.items()])
    rows = [("invariant", "seen", "limit", "", ""), *map(_row, result.invariants)]
    violated = sum(one.status == "violated" for one in result.invariants)
    verdict = f"{violated} violated" if violated else "all hold"
    last = f"{result.drill}, seed {result.seed}, {result.seconds:.1f} s: {verdict}"
    return [*figures, "", *lines_of(rows), "", last]


def _row(one: Invariant) -> tuple[str, str, str, str, str]:
    note = " ".join(one.note.split())
    if one.seen is None or one.limit is None:
        return (one.name, "", "", one.status, note)
    return (
        one.name,
        f"{one.seen:.4g} {one.unit}".rstrip(),
        f"{one.rule} {one.limit:.4g} {one.unit}".rstrip(),
        one.status if one.status != "violated" else "VIOLATED",
        note if one.status != "ok" else "",
    )
