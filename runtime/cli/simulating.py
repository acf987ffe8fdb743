"""`majlis drill sim`: search seeds for one that breaks a promise, and say how to see exactly that one again.

Exit code 0: all hold; 1: a seed breaks one; 2: the app cannot be simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import msgspec

from runtime.cli.telling import lines_of
from runtime.cli.words import load_app, plainly
from runtime.drill.drawing import Undrawable
from runtime.drill.result import DrillResult
from runtime.drill.seeds import NAME, SEEDS, SUMMARY, Searched, chronicler, search, subject_of
from runtime.serve.logs import set_up_logs

_SHOWN = 20


def sim_command(told: Callable[[DrillResult], Sequence[str]]) -> click.Command:
    """Return the command; `told` tells of a drill's result."""

    @click.command(NAME, help=f"Rehearse: {SUMMARY}.")
    @click.option(
        "--seeds", type=click.IntRange(1), default=SEEDS, show_default=True, help="How many, from 1 on."
    )
    @click.option("--seed", type=click.IntRange(0), help="This one only.")
    @click.option(
        "--app", "app_name", metavar="MODULE:ATTR", help="A bot of your own; events of its types are drawn."
    )
    @click.option(
        "--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Also into a file."
    )
    @plainly
    def run(seeds: int, seed: int | None, app_name: str | None, report: Path | None) -> int:
        set_up_logs("critical")
        numbers = range(1, seeds + 1) if seed is None else range(seed, seed + 1)
        try:
            subject = chronicler if app_name is None else subject_of(load_app(app_name))
            searched = search(subject, numbers, partial(click.echo, err=True))
        except Undrawable as error:
            raise click.UsageError(f"{error}; simulate it in a test, with `say=`") from error
        if report is not None:
            report.write_bytes(msgspec.json.format(msgspec.json.encode(searched), indent=2) + b"\n")
        for line in (*told(searched.result), *_failing(searched, app_name)):
            click.echo(line)
        return 0 if searched.failing is None else 1

    return run


def _failing(searched: Searched, app_name: str | None) -> Sequence[str]:
    """Return what to know of the seed that failed, if one did."""
    if searched.failing is None:
        return ()
    shown = [(one.kind, " ".join(one.events) or one.effect, one.what) for one in searched.violations[:_SHOWN]]
    again = f"majlis drill {NAME} --seed {searched.failing}" + (f" --app {app_name}" if app_name else "")
    return ("", f"seed {searched.failing}:", *lines_of(shown), "", f"again, exactly: {again}")
