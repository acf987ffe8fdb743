"""The commands over any app: serve it, look at it, check its settings. An app's own commands are added by its package.

Exit codes: 0 done; 1 a fault, or what was asked about is not well; 2 wrong words or settings; 3 stopped with work left
durable; 130 and 143 stopped by force.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from pathlib import Path

import click
import msgspec
import trio

from config import Settings, render_toml, take_supervision
from config import show as settings_shown
from runtime.cli.backup import backup, psql, restore_command
from runtime.cli.benchmarks import bench
from runtime.cli.desk import dead_letters, parked
from runtime.cli.doctor import doctor_command
from runtime.cli.drills import drill_group
from runtime.cli.drills import told as told_drill
from runtime.cli.ending import reported
from runtime.cli.group import CommandGroup
from runtime.cli.handoff import handoff_command
from runtime.cli.looking import ps, show
from runtime.cli.tables import open_tables
from runtime.cli.telling import lines_of
from runtime.cli.tokens import token
from runtime.cli.versions import version_command
from runtime.cli.words import (
    PLAIN_FAULTS,
    CommandFailed,
    app_option,
    fail,
    json_option,
    load_app,
    load_named,
    plainly,
    print_facts,
    read_settings,
    settings_options,
)
from runtime.ingress.operator import call_operator
from runtime.serve.logs import set_up_logs
from runtime.serve.place import operator_socket
from runtime.serve.run import serve

__all__ = [
    "PLAIN_FAULTS",
    "CommandFailed",
    "app_option",
    "commands",
    "drill_group",
    "fail",
    "handoff_command",
    "json_option",
    "lines_of",
    "load_app",
    "load_named",
    "open_tables",
    "plainly",
    "print_facts",
    "read_settings",
    "set_up_logs",
    "settings_options",
    "told_drill",
]

Companion = Callable[[Settings], AbstractAsyncContextManager[object]]


def ask(
    settings: Settings, command: str, arguments: Mapping[str, str] | None = None, within: float = 5.0
) -> object:
    """Give a command to the running `serve` of these settings. Raises OperatorError."""
    socket = operator_socket(settings.data_dir)
    return trio.run(partial(call_operator, socket, command, arguments or {}, within))


def commands(
    default_app: str,
    companion: Companion = lambda _settings: nullcontext(),
) -> CommandGroup:
    """Return the group of commands. `companion` is opened around a demo server: a provider to talk to, say.

    An app adds its own, and its own `drill_group` in place of the one that knows no other drills.
    """
    majlis = CommandGroup("majlis", "Run durable actors for messaging bots: one conversation, one actor.")
    for command in (
        _serve_command(default_app, companion),
        doctor_command(default_app),
        _status,
        _reload,
        _tasks,
        ps,
        show,
        parked,
        dead_letters,
        token,
        psql,
        backup,
        restore_command,
        bench,
        drill_group(),
        _config,
        version_command,
    ):
        majlis.add_command(command)
    return majlis


def _serve_command(default_app: str, companion: Companion) -> click.Command:
    @click.command("serve")
    @settings_options
    @app_option(default_app)
    @click.option("--port", type=click.IntRange(0, 65535), help="Public port; 0: any free one.")
    @click.option("--admin-port", type=click.IntRange(0, 65535), help="Admin port; 0: any free one.")
    @click.option(
        "--report", type=click.Path(dir_okay=False, path_type=Path), help="Keep a report of this life."
    )
    @plainly
    def serve_command(
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        app_name: str,
        port: int | None,
        admin_port: int | None,
        report: Path | None,
    ) -> int:
        """Run the server in the foreground until SIGTERM or SIGINT; SIGHUP reads tenants and channels again."""
        with reported(report) as life:
            supervision = take_supervision()
            ports = {"server.port": port, "server.admin_port": admin_port}
            read = partial(read_settings, config, demo, data_dir, ports)
            settings = read()
            repeats = set_up_logs(settings.log_level)
            app = load_app(app_name)

            async def run() -> int:
                around = companion(settings) if demo else nullcontext()
                async with around:
                    return await serve(app, read, supervision=supervision, repeats=repeats, life=life)

            code = trio.run(run)
            life.ended(code)
        return code

    return serve_command


@click.command("status")
@settings_options
@json_option
@plainly
def _status(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Say what the running server does."""
    print_facts(ask(read_settings(config, demo, data_dir), "status"), as_json)


@click.command("reload")
@settings_options
@json_option
@plainly
def _reload(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Let the running server read its tenants and channels again, and say what is wrong with them."""
    print_facts(ask(read_settings(config, demo, data_dir), "reload"), as_json)


class _Dump(msgspec.Struct, frozen=True):
    tasks: int
    seconds: float
    longest_pause: float
    lines: list[str]


@click.command("tasks")
@settings_options
@json_option
@plainly
def _tasks(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Print the tree of the running server's tasks, and where each of them waits."""
    dump = msgspec.convert(ask(read_settings(config, demo, data_dir), "tasks", within=30.0), _Dump)
    told = [
        *dump.lines,
        "",
        f"{dump.tasks} tasks in {dump.seconds:g} s, at most {dump.longest_pause:g} s at once",
    ]
    click.echo(json.dumps(msgspec.to_builtins(dump)) if as_json else "\n".join(told))


@click.group("config")
def _config() -> None:
    """Look at settings."""


@_config.command("show")
@settings_options
@json_option
@plainly
def _show(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Print the effective settings, secrets masked."""
    facts = settings_shown(read_settings(config, demo, data_dir))
    click.echo(json.dumps(facts) if as_json else render_toml(facts))


@_config.command("check")
@settings_options
@json_option
@plainly
def _check(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Say whether the settings are valid."""
    settings = read_settings(config, demo, data_dir)
    counts = {"tenants": len(settings.tenants), "channels": len(settings.channels)}
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    click.echo(json.dumps({"ok": True, **counts}) if as_json else f"ok: {listed}")
