"""`majlis drill run`: rehearse failures of whole servers, and say invariant by invariant whether the promises were kept.

Exit code 0: all passed or were skipped with a reason; 1: one did not; 2: wrong words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
import trio

from actors.drills.drill import Order, ServeDrill
from actors.drills.every import DRILLS, Listed, listed
from actors.drills.guard import guarded
from runtime.cli import lines_of, load_named, plainly, set_up_logs, told_drill
from runtime.testing import DrillResult, drill_page, drill_picture, drill_rows, drill_summary

_FILE = click.Path(dir_okay=False, path_type=Path)


def run_command(default_app: str) -> click.Command:
    """Return the command; `default_app` is what is rehearsed, and the only one known to answer each text."""

    @click.command("run")
    @click.argument("names", nargs=-1, metavar="[NAME]...")
    @click.option("--all", "everything", is_flag=True, help="All of them, instead of names.")
    @click.option("--quick", is_flag=True, help="Seconds instead of minutes.")
    @click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of what is drawn.")
    @click.option("--json", "json_file", type=_FILE, help="The results, whole, into a file.")
    @click.option("--html", "html_file", type=_FILE, help="A page with timelines into a file.")
    @click.option("--svg", "svg_file", type=_FILE, help="A picture of the scorecard into a file.")
    @click.option(
        "--app",
        "app_name",
        default=default_app,
        show_default=True,
        metavar="MODULE:ATTR",
        help="A bot of your own; its turns may stay silent.",
    )
    @click.option(
        "--more",
        "modules",
        multiple=True,
        metavar="MODULE:ATTR",
        help="A drill of your own beside ours; repeatable.",
    )
    @click.option(
        "--against",
        nargs=2,
        metavar="POSTGRES REDIS",
        help="Databases to use instead of own ones: their names must end in _drill, for they are emptied.",
    )
    @plainly
    def run(
        *,
        names: Sequence[str],
        everything: bool,
        quick: bool,
        seed: int,
        json_file: Path | None,
        html_file: Path | None,
        svg_file: Path | None,
        app_name: str,
        modules: Sequence[str],
        against: tuple[str, str] | None,
    ) -> int:
        """Rehearse failures by name, or --all of them."""
        own = [listed(load_named(one, ServeDrill, "--more")) for one in modules]
        known = (*DRILLS, *own)
        drills = _chosen(known, names, everything=everything)
        set_up_logs("critical")
        order = Order(
            app=app_name,
            replies=app_name == default_app,
            quick=quick,
            seed=seed,
            tell=lambda line: click.echo(f"  {line}", err=True),
            against=guarded(against) if against else None,
        )
        results = trio.run(_perform, drills, order)
        if json_file is not None:
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
        if html_file is not None:
            html_file.write_text(drill_page(results), "utf-8")
        if svg_file is not None:
            svg_file.write_text(drill_picture(results), "utf-8")
        for line in lines_of(drill_rows(results)):
            click.echo(line)
        click.echo(f"\n{drill_summary(results)}")
        return 1 if any(one.verdict == "FAILED" for one in results) else 0

    return run


async def _perform(drills: Sequence[Listed], order: Order) -> Sequence[DrillResult]:
    results = []
    for place, drill in enumerate(drills, 1):
        click.echo(f"[{place}/{len(drills)}] {drill.name}: {drill.summary}", err=True)
        result = await drill.perform(order)
        click.echo(f"  {result.verdict} after {result.seconds:.1f} s {result.skipped}".rstrip(), err=True)
        if result.verdict == "FAILED":
            for line in told_drill(result):
                click.echo(f"    {line}", err=True)
        results.append(result)
    return results


def _chosen(known: Sequence[Listed], names: Sequence[str], *, everything: bool) -> Sequence[Listed]:
    by_name = {drill.name: drill for drill in known}
    if unknown := [name for name in names if name not in by_name]:
        raise click.UsageError(f"no such drill: {', '.join(unknown)}; there are: {', '.join(by_name)}")
    if everything == bool(names):
        raise click.UsageError("name the drills to run, or say --all")
    return known if everything else [by_name[name] for name in names]
