"""The command `majlis fake-graph`."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import click
import trio

from actors.channels.fake_graph.server import run_fake_graph
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options
from runtime.testing import holder_of

_LOOK = 0.2  # seconds between two looks at who is alive


@click.command("fake-graph")
@settings_options
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", default=8082, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@click.option("--webhook-url", help="Where statuses go.  [default: this machine's server.port]")
@click.option(
    "--linger",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="End when no serve has lived on the data directory for so long, or the file of --config is gone.",
)
@json_option
@plainly
def fake_graph_command(
    *,
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    host: str,
    port: int,
    webhook_url: str | None,
    linger: float | None,
    as_json: bool,
) -> None:
    """Stand in for Meta's Graph API on loopback, until interrupted."""
    settings = read_settings(config, demo, data_dir)
    end = partial(_deserted, settings.data_dir, config, linger) if linger else trio.sleep_forever
    stand_in = partial(run_fake_graph, settings, host=host, port=port, webhook_url=webhook_url)
    stand(stand_in, f"{host}:{port}", "fake Graph", as_json=as_json, end=end)


def stand(
    serve: Callable[..., Awaitable[None]],
    place: str,
    called: str,
    *,
    as_json: bool,
    end: Callable[[], Awaitable[None]] = trio.sleep_forever,
) -> None:
    """Serve a stand-in, which starts with its address, until SIGINT, SIGTERM, or `end` returns.

    Raises CommandFailed where it cannot be at its `place`.
    """
    try:
        trio.run(_stand, serve, called, as_json, end)
    except ExceptionGroup as faults:
        expected, others = faults.split((OSError, ValueError))
        if expected is None or others is not None:
            raise
        reason = expected.exceptions[0]
        while isinstance(reason, ExceptionGroup):
            reason = reason.exceptions[0]
        raise CommandFailed(f"cannot serve on {place}: {reason}") from faults


async def _stand(
    serve: Callable[..., Awaitable[None]], called: str, as_json: bool, end: Callable[[], Awaitable[None]]
) -> None:
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


async def _deserted(data_dir: Path, config: Path | None, linger: float) -> None:
    """Return when nobody needs a provider beside the servers of this data directory any more."""
    alive = trio.current_time()
    while trio.current_time() - alive < linger and _wanted(config):
        await trio.sleep(_LOOK)
        if holder_of(data_dir) is not None:
            alive = trio.current_time()


def _wanted(config: Path | None) -> bool:
    """Whether the settings that it was started with are still there."""
    return config is None or config.exists()
