"""The commands over any app: serve it, look at it, check its settings. An app's own commands are added by its package.

Exit codes: 0 done; 1 a fault, or what was asked about is not well; 2 wrong words or settings; 3 stopped with work left
durable; 130 and 143 stopped by force.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
import trio

from config import Settings, render_toml, show
from runtime.cli.benchmarks import bench
from runtime.cli.desk import dead_letters, parked
from runtime.cli.doctor import doctor_command
from runtime.cli.drills import drill
from runtime.cli.words import (
    PLAIN_FAULTS,
    CommandFailed,
    app_option,
    fail,
    json_option,
    load_app,
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
    "fail",
    "json_option",
    "load_app",
    "plainly",
    "read_settings",
    "settings_options",
]

Companion = Callable[[Settings], AbstractAsyncContextManager[object]]


def ask(settings: Settings, command: str, arguments: Mapping[str, str] | None = None) -> object:
    """Give a command to the running `serve` of these settings. Raises OperatorError."""
    socket = operator_socket(settings.data_dir)
    return trio.run(partial(call_operator, socket, command, arguments or {}, 5.0))


def commands(default_app: str, companion: Companion = lambda _settings: nullcontext()) -> click.Group:
    """Return the group of commands. `companion` is opened around a demo server: a provider to talk to, say."""
    majlis = click.Group("majlis", help="Run durable actors for messaging bots: one conversation, one actor.")
    for command in (
        _serve_command(default_app, companion),
        doctor_command(default_app),
        _status,
        _reload,
        parked,
        dead_letters,
        bench,
        drill,
        _config,
        _version,
    ):
        majlis.add_command(command)
    return majlis


def _serve_command(default_app: str, companion: Companion) -> click.Command:
    @click.command("serve")
    @settings_options
    @app_option(default_app)
    @click.option("--port", type=click.IntRange(0, 65535), help="Public port; 0: any free one.")
    @click.option("--admin-port", type=click.IntRange(0, 65535), help="Admin port; 0: any free one.")
    @plainly
    def serve_command(
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        app_name: str,
        port: int | None,
        admin_port: int | None,
    ) -> int:
        """Run the server in the foreground until SIGTERM or SIGINT; SIGHUP reads tenants and channels again."""
        ports = {"server.port": port, "server.admin_port": admin_port}
        read = partial(read_settings, config, demo, data_dir, ports)
        settings = read()
        repeats = set_up_logs(settings.log_level)
        app = load_app(app_name)

        async def run() -> int:
            if not demo:
                return await serve(app, read, repeats=repeats)
            async with companion(settings):
                return await serve(app, read, repeats=repeats)

        return trio.run(run)

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


@click.group("config")
def _config() -> None:
    """Look at settings."""


@_config.command("show")
@settings_options
@json_option
@plainly
def _show(config: Path | None, demo: bool, data_dir: Path | None, as_json: bool) -> None:
    """Print the effective settings, secrets masked."""
    facts = show(read_settings(config, demo, data_dir))
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


@click.command("version")
@json_option
@click.option(
    "--config", type=click.Path(path_type=Path), expose_value=False, help="Taken, as by every command."
)
def _version(as_json: bool) -> None:
    """Print the version."""
    number = version("majlis")
    click.echo(json.dumps({"version": number}) if as_json else f"majlis {number}")
