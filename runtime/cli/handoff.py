"""`majlis handoff`: take a conversation over from the bot, write in it, give it back. For apps that have texts to send.

Works on the database of the settings, beside any number of servers: what is written leaves within a second or two.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import click
import msgspec
import trio

from config import Settings
from runtime.cli.desk import CONVERSATION, limit_option, print_list
from runtime.cli.words import (
    CommandFailed,
    json_option,
    plainly,
    print_facts,
    read_settings,
    settings_options,
)
from runtime.journal.desk import open_desk_pool
from runtime.journal.handover import LABEL_MOST, REASON_MOST, Pausing, checked, settle
from runtime.journal.postgres_handover import PostgresHandover

R = TypeVar("R")
_TEXT_MOST = 4096


class _Words(click.ParamType[str]):
    """A short printable text."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self._most = name, most

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return checked(self.name, value, self._most)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_by = click.option(
    "--by",
    default="operator",
    show_default=True,
    type=_Words("label", LABEL_MOST),
    help="Who does it: a label.",
)


def handoff_command(text: Callable[[str], msgspec.Struct]) -> click.Group:
    """Return the group of commands; `text` makes what a turn would reply to say something."""

    @click.group("handoff")
    def handoff() -> None:
        """Take conversations over from the bot, write in them, and give them back."""

    @handoff.command("reply")
    @settings_options
    @click.argument("conversation", type=CONVERSATION)
    @click.argument("words", required=False)
    @_by
    @json_option
    @plainly
    def reply(
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        conversation: str,
        words: str | None,
        by: str,
        as_json: bool,
    ) -> int:
        """Write to the person: WORDS, or what comes from standard input. The bot need not be paused for it."""
        settings = read_settings(config, demo, data_dir)
        said = sys.stdin.read(_TEXT_MOST + 1).rstrip("\n") if words is None else words
        if not 0 < len(said) <= _TEXT_MOST:
            raise CommandFailed(f"a text is 1 to {_TEXT_MOST} characters")
        expires = datetime.now(UTC) + timedelta(seconds=settings.node.reply_expires)
        payload = msgspec.json.encode(text(said))
        done = _at_handover(
            settings,
            lambda desk: desk.send(conversation, payload, by=by, key=uuid4().hex, expires=expires),
        )
        print_facts(msgspec.to_builtins(done), as_json)
        return int(done.outcome != "queued")

    for command in (_list, _history, _pause, _resume, _assign):
        handoff.add_command(command)
    return handoff


@click.command("list")
@settings_options
@limit_option
@json_option
@plainly
def _list(config: Path | None, demo: bool, data_dir: Path | None, limit: int, as_json: bool) -> None:
    """List conversations whose bot is paused, the longest first."""
    found = _at_handover(read_settings(config, demo, data_dir), lambda desk: desk.paused(limit + 1))
    rows = [(p.conversation, p.channel, p.since, p.by, p.assigned, p.why, p.waiting) for p in found]
    header = ("conversation", "channel", "since", "by", "assigned", "why", "waiting")
    print_list("paused", found, header, rows, limit, as_json)


@click.command("history")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@limit_option
@json_option
@plainly
def _history(
    config: Path | None, demo: bool, data_dir: Path | None, conversation: str, limit: int, as_json: bool
) -> None:
    """List the pauses of a conversation, the newest first: when, by whom and why, and how each ended."""
    found = _at_handover(
        read_settings(config, demo, data_dir), lambda desk: desk.pauses(conversation, limit + 1)
    )
    rows = [(p.since, p.by, p.why, p.assigned, p.until or "", p.ended_by, p.ended_why) for p in found]
    header = ("since", "by", "why", "assigned", "until", "ended by", "why it ended")
    print_list("pauses", found, header, rows, limit, as_json)


@click.command("pause")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@click.option("--why", default="by command", show_default=True, type=_Words("reason", REASON_MOST))
@click.option(
    "--within",
    default=15.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="Seconds to wait for what the bot is sending.",
)
@_by
@json_option
@plainly
def _pause(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    conversation: str,
    why: str,
    within: float,
    by: str,
    as_json: bool,
) -> int:
    """Silence the bot and wait until what it was sending has ended; exit code 1 if that takes too long."""

    async def pause(desk: PostgresHandover) -> Pausing:
        return await settle(desk, await desk.pause(conversation, by=by, why=why), within)

    done = _at_handover(read_settings(config, demo, data_dir), pause)
    print_facts(msgspec.to_builtins(done), as_json)
    return int(done.outcome == "unknown" or done.in_flight > 0)


@click.command("resume")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@_by
@json_option
@plainly
def _resume(
    config: Path | None, demo: bool, data_dir: Path | None, conversation: str, by: str, as_json: bool
) -> int:
    """Let the bot answer again; it hears of it. What was cancelled stays so."""
    settings = read_settings(config, demo, data_dir)
    done = _at_handover(settings, lambda desk: desk.resume(conversation, by=by))
    facts = {"conversation": conversation, "outcome": done.outcome, "cancelled": done.cancelled}
    print_facts(facts, as_json)
    return int(done.outcome != "resumed")


@click.command("assign")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@click.argument("to", type=_Words("label", LABEL_MOST))
@json_option
@plainly
def _assign(
    config: Path | None, demo: bool, data_dir: Path | None, conversation: str, to: str, as_json: bool
) -> int:
    """Say who takes a conversation whose bot is paused."""
    done = _at_handover(read_settings(config, demo, data_dir), lambda desk: desk.assign(conversation, to=to))
    print_facts({"conversation": conversation, "outcome": "assigned" if done else "not paused"}, as_json)
    return int(not done)


def _at_handover(settings: Settings, work: Callable[[PostgresHandover], Awaitable[R]]) -> R:
    async def run() -> R:
        async with open_desk_pool(settings) as pool:
            return await work(PostgresHandover(pool))

    return trio.run(partial(run))
