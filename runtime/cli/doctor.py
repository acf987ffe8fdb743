"""`majlis doctor`: look at all that Majlis needs, before the first start or at night, and say what to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import msgspec
import trio

from runtime.channel import Finding
from runtime.cli.telling import told_finding
from runtime.cli.words import app_option, json_option, load_app, plainly, read_settings, settings_options
from runtime.doctor.round import PATIENCE, make_round
from runtime.serve.logs import set_up_logs

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "cyan"}


def doctor_command(default_app: str) -> click.Command:
    """Return the command, with the app whose migrations and channels it looks at if none is named."""

    @click.command("doctor")
    @settings_options
    @app_option(default_app)
    @click.option("--online", is_flag=True, help="Ask the providers, too: tokens, numbers, webhooks.")
    @click.option(
        "--within",
        type=click.FloatRange(0.1, 600),
        default=PATIENCE,
        show_default=True,
        metavar="SECONDS",
        help="For each check.",
    )
    @json_option
    @plainly
    def doctor(
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        app_name: str,
        online: bool,
        within: float,
        as_json: bool,
    ) -> int:
        """Look at all that Majlis needs and change nothing. Exit code 1: something fails; 2: wrong words or settings."""
        settings = read_settings(config, demo, data_dir, keep=False)
        set_up_logs("error")
        app = load_app(app_name)
        findings = trio.run(partial(make_round, settings, app, online=online, patience=within))
        failed = any(finding.status == "fail" for finding in findings)
        if as_json:
            click.echo(json.dumps({"ok": not failed, "findings": msgspec.to_builtins(findings)}))
        else:
            _print(findings)
        return int(failed)

    return doctor


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = click.style(f"{finding.status:<7}", fg=_COLOURS[finding.status])
        seen, advice = told_finding(finding)
        click.echo(f"{mark}  {finding.name:<{width}}  {seen}")
        if advice:
            click.echo(f"{'':<7}  {'':<{width}}  -> {advice}")
    counts: Counter[str] = Counter(finding.status for finding in findings)
    click.echo(", ".join(f"{counts[status]} {status}" for status in _COLOURS if counts[status]))
