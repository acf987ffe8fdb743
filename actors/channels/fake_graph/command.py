"""The command `majlis fake-graph`."""

from __future__ import annotations

import signal
from pathlib import Path

import click
import trio

from actors.channels.fake_graph.server import run_fake_graph
from config import Settings, SettingsError, load


@click.command("fake-graph")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings in TOML.")
@click.option("--demo", is_flag=True, help="With the demo's tenants and channels.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", default=8082, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@click.option("--webhook-url", help="Where statuses go.  [default: this machine's server.port]")
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
def fake_graph_command(
    *, config: Path | None, demo: bool, host: str, port: int, webhook_url: str | None, as_json: bool
) -> None:
    """Stand in for Meta's Graph API on loopback, until interrupted."""
    try:
        settings = load(config=config, demo=demo)
    except SettingsError as fault:
        raise click.ClickException(str(fault)) from fault
    try:
        trio.run(_serve, settings, host, port, webhook_url, as_json)
    except ExceptionGroup as faults:
        expected, others = faults.split((OSError, ValueError))
        if expected is None or others is not None:
            raise
        reason = expected.exceptions[0]
        while isinstance(reason, ExceptionGroup):
            reason = reason.exceptions[0]
        raise click.ClickException(f"cannot serve on {host}:{port}: {reason}") from faults


async def _serve(settings: Settings, host: str, port: int, webhook_url: str | None, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM."""

    async def serve(task_status: trio.TaskStatus[str]) -> None:
        await run_fake_graph(settings, host=host, port=port, webhook_url=webhook_url, task_status=task_status)

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(serve)
            click.echo(f'{{"address": "{address}"}}' if as_json else f"fake Graph on http://{address}")
            await anext(aiter(signals))
            nursery.cancel_scope.cancel()
