"""The command `majlis fake-waha`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from actors.channels.fake_graph.command import stand
from actors.channels.fake_waha.server import FakeWaha, front_of
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options


@click.command("fake-waha")
@settings_options
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", default=8084, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@click.option(
    "--front", help="Where webhooks go, as http://host:port.  [default: this machine's server.port]"
)
@json_option
@plainly
def fake_waha_command(
    *,
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    host: str,
    port: int,
    front: str | None,
    as_json: bool,
) -> None:
    """Stand in for a WAHA server on loopback, until interrupted."""
    settings = read_settings(config, demo, data_dir)
    if not any(channel.provider == "waha" for channel in settings.channels):
        raise CommandFailed('the settings have no channel with provider = "waha"')
    fake = FakeWaha(settings, front.rstrip("/") if front else front_of(settings))
    stand(partial(fake.serve, host, port), f"{host}:{port}", "fake WAHA", as_json=as_json)
