"""The command of a provider's stand-in: serve on loopback until interrupted. Knows no provider."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import click
import trio

from config import Settings
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options


class Serve(Protocol):
    """Serves until cancelled, and starts with its address; raises ValueError or OSError for a place that is none."""

    async def __call__(self, *, task_status: trio.TaskStatus[str]) -> None:
        """Serve."""


def stand_in_command(
    name: str,
    summary: str,
    *,
    called: str,
    port: int,
    make: Callable[[Settings, str | None, str, int], Serve],
) -> click.Command:
    """Return the command `name`; `make` takes the settings, where webhooks go (None: to their server), host and port."""

    @click.command(name, help=summary)
    @settings_options
    @click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
    @click.option(
        "--port", default=port, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
    )
    @click.option(
        "--front",
        metavar="URL",
        help="Where webhooks go, http://HOST:PORT.  [default: this machine's server.port]",
    )
    @json_option
    @plainly
    def command(
        *,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        host: str,
        port: int,
        front: str | None,
        as_json: bool,
    ) -> None:
        serve = make(read_settings(config, demo, data_dir), front, host, port)
        run_stand_in(serve, f"{host}:{port}", called, as_json=as_json)

    return command


def run_stand_in(
    serve: Serve,
    place: str,
    called: str,
    *,
    as_json: bool,
    end: Callable[[], Awaitable[None]] = trio.sleep_forever,
) -> None:
    """Serve until SIGINT, SIGTERM, or `end` returns, and say where. Raises CommandFailed where that cannot be."""
    try:
        trio.run(partial(_serve, serve, called, as_json, end))
    except ExceptionGroup as faults:
        expected, others = faults.split((OSError, ValueError))
        if expected is None or others is not None:
            raise
        reason = expected.exceptions[0]
        while isinstance(reason, ExceptionGroup):
            reason = reason.exceptions[0]
        raise CommandFailed(f"cannot serve on {place}: {reason}") from faults


async def _serve(serve: Serve, called: str, as_json: bool, end: Callable[[], Awaitable[None]]) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve)
            click.echo(f'{{"address": "{address}"}}' if as_json else f"{called} on http://{address}")

            async def signalled() -> None:
                await anext(aiter(signals))
                nursery.cancel_scope.cancel()

            nursery.start_soon(signalled)
            await end()
            nursery.cancel_scope.cancel()
