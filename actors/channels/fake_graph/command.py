"""The command `majlis fake-graph`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import trio

from actors.channels.fake_graph.server import run_fake_graph
from actors.channels.stand_in import run_stand_in
from runtime.cli import json_option, plainly, read_settings, settings_options
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
    serve = partial(run_fake_graph, settings, host=host, port=port, webhook_url=webhook_url)
    run_stand_in(serve, f"{host}:{port}", "fake Graph", as_json=as_json, end=end)


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
