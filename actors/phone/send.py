"""The command `majlis send`: one message with a fresh id to the running server, and the reply."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
import trio

from actors.channels.fake_graph import Sent
from actors.phone.envelope import Person, fresh_id, person_named, text
from actors.phone.line import Line, open_line
from actors.phone.numbers import choose
from actors.phone.screen import show
from actors.stage import settings_beside
from config import Channel, Settings
from runtime.cli import CommandFailed, json_option, plainly, read_settings, settings_options
from runtime.testing import server_status


class Reply(msgspec.Struct, frozen=True):
    """What `send --json` prints: the id of the message, the seconds until the reply, and the reply as it was sent."""

    message: str
    seconds: float
    reply: Sent


@click.command("send")
@click.argument("words", metavar="TEXT")
@click.option("--as", "name", default="me", show_default=True, help="Who writes.")
@click.option(
    "--channel", default="", metavar="KEY", help="To which number: its id, own, shared, or a tenant."
)
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(min=0), help="In seconds.")
@settings_options
@json_option
@plainly
def send_command(
    words: str,
    name: str,
    channel: str,
    timeout: float,
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Send one message to the running server and print the reply; exits 1 when none comes."""
    settings = read_settings(config, demo, data_dir)
    reply = trio.run(_send, settings, words, person_named(name), channel, timeout)
    click.echo(msgspec.json.encode(reply) if as_json else show(reply.reply.content()).text())


async def _send(settings: Settings, words: str, person: Person, wanted: str, timeout: float) -> Reply:
    status = await server_status(settings.data_dir)
    if status is None:
        raise CommandFailed(
            f"no server runs on {settings.data_dir}: start `majlis serve` first, or give --data-dir"
        )
    settings = settings_beside(settings, status)
    channel = choose(settings, wanted)
    async with open_line(settings, status.url) as line:
        return await _exchange(line, words, person, channel, timeout)


async def _exchange(line: Line, words: str, person: Person, channel: Channel, timeout: float) -> Reply:
    """Post, and wait for the reply: what quotes the message, or what quotes nothing and comes after it."""
    began = trio.current_time()
    message = fresh_id()
    after = await line.last()
    await line.post(person, channel, text(words), message=message, within=timeout)
    while (left := began + timeout - trio.current_time()) > 0:
        page = await line.heard(after, to=person.number, channel=channel.id, wait=min(left, 20.0))
        for sent in page.sends:
            if sent.quoted in (message, ""):
                return Reply(message, round(trio.current_time() - began, 3), sent)
            after = sent.index
    raise CommandFailed(f"stored, but no reply within {timeout:g} s")
