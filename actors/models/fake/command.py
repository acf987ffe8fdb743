"""The command `majlis fake-models`."""

from __future__ import annotations

import signal

import click
import trio

from actors.models.fake.server import FakeModels
from runtime.cli import CommandFailed, json_option, plainly


@click.command("fake-models")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", default=8083, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@json_option
@plainly
def fake_models_command(*, host: str, port: int, as_json: bool) -> None:
    """Stand in for a service of models on loopback, until interrupted."""
    try:
        trio.run(_serve, host, port, as_json)
    except* (OSError, ValueError) as faults:
        raise CommandFailed(f"cannot serve on {host}:{port}: {faults.exceptions[0]}") from None


async def _serve(host: str, port: int, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(FakeModels().serve, host, port)
            base = f"http://{address}/v1"
            click.echo(
                f'{{"address": "{address}", "base_url": "{base}"}}' if as_json else f"fake models: {base}"
            )
            await anext(aiter(signals))
            nursery.cancel_scope.cancel()
