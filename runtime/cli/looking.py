"""The commands that look at conversations: `majlis ps` over many, `majlis show` into one.

They need the database alone. What only the process knows, which is in memory, comes from the running `serve` of the data
directory, where there is one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import msgspec
import trio

from config import Settings
from runtime.cli.desk import CONVERSATION, limit_option
from runtime.cli.overview import HEADER, Line, Replica, facts, lines, row
from runtime.cli.telling import lines_of, text_of
from runtime.cli.timeline import as_facts, head, timeline, told
from runtime.cli.words import (
    CommandFailed,
    json_option,
    plainly,
    print_facts,
    read_settings,
    settings_options,
)
from runtime.ingress.operator import ServerUnreachableError, call_operator
from runtime.journal.inspection import Story, Which, open_inspection
from runtime.serve.place import operator_socket

_PATIENCE = 2.0  # seconds for the running server to answer


@click.command("ps")
@settings_options
@limit_option
@click.option("--channel", help="Only those of this channel, such as meta:1002003004.")
@click.option("--waiting", "which", flag_value="waiting", help="Only those whose events wait.")
@click.option("--parked", "which", flag_value="parked", help="Only those that are parked.")
@click.option("--paused", "which", flag_value="paused", help="Only those whose bot is paused.")
@click.option("--all", "which", flag_value="all", help="All of them, by id.")
@click.option("--after", default="", help="With --all: go on behind this id.")
@json_option
@plainly
def ps(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    limit: int,
    channel: str | None,
    which: Which | None,
    after: str,
    as_json: bool,
) -> None:
    """List conversations, the most telling first: parked, failing, paused, waiting, busy, with sends or timers."""
    if after and (which != "all" or channel is not None):
        raise click.UsageError("--after goes with --all, without --channel")
    settings = read_settings(config, demo, data_dir)
    found, replica = trio.run(partial(_look, settings, which or "telling", limit, channel, after))
    shown = found[:limit]
    if as_json:
        known = {
            "replica": replica,
            "conversations": [facts(one) for one in shown],
            "more": len(found) > limit,
        }
        click.echo(json.dumps(msgspec.to_builtins(known)))
        return
    now = datetime.now(UTC)
    click.echo(
        "\n".join(lines_of([HEADER, *(row(one, now) for one in shown)])) if shown else "there are none"
    )
    if len(found) > limit:
        click.echo(f"there are more than {limit}: see --limit" + (", --after" if which == "all" else ""))
    if replica is None:
        click.echo("no serve answers here: what is in memory is not known", err=True)


async def _look(
    settings: Settings, which: Which, limit: int, channel: str | None, after: str
) -> tuple[Sequence[Line], str | None]:
    busy = await _ask(settings, (), limit if which == "telling" else 0)
    async with open_inspection(settings) as inspection:
        ids = list(await inspection.telling(which, limit + 1, channel, after))
        if busy is not None:
            ids += [cell.conversation for cell in busy.busiest if cell.conversation not in ids]
        situations = await inspection.situations(ids)
    here = await _ask(settings, ids, 0)
    cells = {} if here is None else {cell.conversation: cell for cell in here.named}
    wanted = [one for one in situations if channel is None or one.channel == channel]
    found = lines(wanted, cells, None if here is None else here.shards)
    if which == "all":
        found = sorted(found, key=lambda line: line.situation.conversation)
    return found, None if here is None else here.replica


async def _ask(settings: Settings, conversations: Sequence[str], limit: int) -> Replica | None:
    """Ask the running server what it has in memory; None where none answers."""
    arguments = {"conversations": " ".join(conversations), "limit": str(limit)}
    try:
        answer = await call_operator(operator_socket(settings.data_dir), "cells", arguments, _PATIENCE)
    except ServerUnreachableError:
        return None
    return msgspec.convert(answer, Replica)


@click.command("show")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@click.option(
    "--last", default=50, show_default=True, type=click.IntRange(1, 1000), help="The newest so many."
)
@click.option(
    "--payload",
    is_flag=True,
    help="Print names, state, events and effects whole: who it was and what they wrote.",
)
@json_option
@plainly
def show(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    conversation: str,
    last: int,
    payload: bool,
    as_json: bool,
) -> None:
    """Tell all of one conversation: its row, then events, turns, effects, timers and faults in time, newest last."""
    settings = read_settings(config, demo, data_dir)

    async def look() -> Story | None:
        async with open_inspection(settings) as inspection:
            return await inspection.story(conversation, last)

    story = trio.run(look)
    if story is None:
        raise CommandFailed(f"there is no conversation {conversation}; majlis ps --all lists them")
    entries, more = timeline(story, last, whole=payload)
    first = head(story.row, [name.identity for name in story.names], whole=payload)
    if as_json:
        known = {"conversation": first, "timeline": [as_facts(entry) for entry in entries], "more": more}
        click.echo(json.dumps(msgspec.to_builtins(known)))
        return
    print_facts(
        {
            name: value if isinstance(value, list | dict | int) else text_of(value)
            for name, value in first.items()
            if value is not None
        },
        as_json=False,
    )
    click.echo("\n".join(told(entry) for entry in entries))
    if more:
        click.echo(f"these are the newest {len(entries)}: see --last", err=True)
