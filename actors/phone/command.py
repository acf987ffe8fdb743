"""The command `majlis chat`: a Majlis of its own, or the one that runs, and a phone."""

from __future__ import annotations

import signal
from pathlib import Path

import click
import msgspec
import trio
from click.core import ParameterSource

from actors.channels.fake_graph import webhook_of
from actors.office.seeding import ESTATE, seed_demo
from actors.phone.chat import Chat, Server
from actors.phone.line import open_line
from actors.phone.numbers import called, choose
from actors.phone.terminal import Terminal
from actors.stage import open_stage, settings_beside
from config import Node, Settings
from runtime.cli import CommandFailed, app_option, load_app, plainly, read_settings, settings_options
from runtime.testing import ServerStatus, server_status

#: Beside a stand-in provider that answers in milliseconds, nobody wants to wait as long as beside a real one.
_SEND_TIMEOUT, _UNCERTAIN_WAIT = 3.0, 6.0  # seconds


def chat_command(default_app: str) -> click.Command:
    """Return the command; `default_app` is served where it starts a server."""

    @click.command("chat")
    @settings_options
    @app_option(default_app)
    @click.option(
        "--timeout",
        default=10.0,
        show_default=True,
        type=click.FloatRange(min=0.1),
        help="Seconds to wait for a reply before the next line of a script.",
    )
    @plainly
    def command(config: Path | None, demo: bool, data_dir: Path | None, app_name: str, timeout: float) -> int:
        """Open a phone in this terminal, with a server behind it; attaches to one that runs on the data directory."""
        source = click.get_current_context().get_parameter_source("app_name")
        asked = None if source is ParameterSource.DEFAULT else load_app(app_name).name
        settings = read_settings(config, demo, data_dir)
        return trio.run(_heeding_signals, settings, app_name, asked, timeout)

    return command


async def _heeding_signals(settings: Settings, app: str, asked: str | None, timeout: float) -> int:
    """Chat until it ends or a signal ends it; return the exit code."""
    code = 0
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:

            async def heed() -> None:
                nonlocal code
                code = 128 + await anext(aiter(signals))
                nursery.cancel_scope.cancel()

            nursery.start_soon(heed)
            await _chat(settings, app, asked, Terminal(), timeout)
            nursery.cancel_scope.cancel()
    if code:
        click.echo()  # the shell's prompt begins a line of its own
    return code


async def _chat(settings: Settings, app: str, asked: str | None, terminal: Terminal, timeout: float) -> None:
    """Talk to the server that runs, if it serves the app that was `asked` for by name, or start one with `app`."""
    choose(settings)  # settings without a number are refused before anything starts
    status = await server_status(settings.data_dir)
    if status is not None:
        if asked not in (None, status.app):
            raise CommandFailed(
                f"the server on {settings.data_dir} serves the app {status.app}, not {asked}: "
                "stop it, or give --data-dir"
            )
        await _attach(settings, status, terminal, timeout)
        return
    terminal.say(f"starting Majlis in {settings.data_dir} ...")
    async with open_stage(_hastily(settings) if settings.demo else settings, app) as stage:
        terminal.say(
            f"Majlis (pid {stage.server.pid}) takes webhooks on port {stage.settings.server.port}, "
            f"the fake Graph is http://{stage.fake.address}; log: {stage.log}"
        )
        if settings.demo and app == ESTATE:
            await seed_demo(stage.settings, app)  # a stage's server does not know that it is the demo's
        await _talk(stage.settings, _url(stage.settings), terminal, stage.server, timeout)


async def _attach(settings: Settings, status: ServerStatus, terminal: Terminal, timeout: float) -> None:
    if status.phase != "serving":
        raise CommandFailed(f"the server on {settings.data_dir} is {status.phase}: try again when it serves")
    terminal.say(f"attached to the server that runs (pid {status.pid}, {status.url}, app {status.app})")
    await _talk(settings_beside(settings, status), status.url, terminal, None, timeout)


async def _talk(
    settings: Settings, server: str, terminal: Terminal, own: Server | None, timeout: float
) -> None:
    number = choose(settings)
    terminal.say(
        f"You write to {number.id} ({called(settings, number)}). /help lists what else there is; /quit ends."
    )
    async with open_line(settings, server) as line:
        await Chat(settings, line, terminal, own, timeout=timeout).run()


def _url(settings: Settings) -> str:
    return webhook_of(settings).removesuffix("/webhooks/meta")


def _hastily(settings: Settings) -> Settings:
    """Return settings with shorter waits for sends in doubt, where they were left at their defaults."""
    usual, node = Node(), settings.node
    if (node.send_timeout, node.uncertain_wait) != (usual.send_timeout, usual.uncertain_wait):
        return settings
    hasty = msgspec.structs.replace(node, send_timeout=_SEND_TIMEOUT, uncertain_wait=_UNCERTAIN_WAIT)
    return msgspec.structs.replace(settings, node=hasty)
