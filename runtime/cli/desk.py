"""The commands about conversations that stopped and events that were not handled: `majlis parked`, `majlis dead-letters`.

They work on the database of the settings, beside a running `serve` or, with `postgres.url`, without one. What a person
wrote is printed only where it is asked for with --payload.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import trio
from typing_extensions import override

from config import Settings
from runtime.cli.telling import (
    content_of,
    lines_of,
    place_of,
    readable,
    tag_of,
    text_of,
    told_freed,
    told_replayed,
    told_skipped,
)
from runtime.cli.words import (
    CommandFailed,
    json_option,
    plainly,
    print_facts,
    read_settings,
    settings_options,
)
from runtime.journal.desk import Desk, open_desk
from runtime.journal.standing import DeadLetter, Fate, Parked

R = TypeVar("R")


class _ConversationId(click.ParamType[str]):
    name = "conversation"

    @override
    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not (0 < len(value) <= 100 and value.isascii() and value.isprintable()):
            self.fail(f"{value!r} is not the id of a conversation", param, ctx)
        return value


#: An argument that is the id of a conversation.
CONVERSATION = _ConversationId()
_NUMBER = click.IntRange(1, 2**63 - 1)
limit_option = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Print so many at most."
)
_payload = click.option(
    "--payload", is_flag=True, help="Print the event, too: it holds what a person wrote, and who it was."
)


@click.group("parked")
def parked() -> None:
    """Look at conversations that stopped because their actor always failed, and let them go on."""


@parked.command("list")
@settings_options
@limit_option
@json_option
@plainly
def _list(config: Path | None, demo: bool, data_dir: Path | None, limit: int, as_json: bool) -> None:
    """List conversations that are parked, the longest first."""
    found = _at_desk(read_settings(config, demo, data_dir), lambda desk: desk.parked(limit + 1))
    rows = [
        (p.conversation, p.channel, p.since, p.attempts, p.waiting, place_of(p), p.fault, p.origin)
        for p in found
    ]
    header = ("conversation", "channel", "since", "attempts", "waiting", "stopped at", "fault", "origin")
    print_list("parked", found, header, rows, limit, as_json)


@parked.command("show")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@_payload
@json_option
@plainly
def _show(
    config: Path | None, demo: bool, data_dir: Path | None, conversation: str, payload: bool, as_json: bool
) -> None:
    """Say why a conversation is parked, and at what."""

    async def look(desk: Desk) -> tuple[Parked, Mapping[str, object], bytes]:
        stopped = await desk.parked_at(conversation)
        if stopped is None:
            raise CommandFailed(f"{conversation} is not parked")
        if stopped.seq is None:
            return stopped, {"type": "TimerDue"}, b""
        event = await desk.event(conversation, stopped.seq)
        if event is None:
            return stopped, {}, b""
        return stopped, {"type": tag_of(event.payload), "received_at": event.received_at}, event.payload

    stopped, event, content = _at_desk(read_settings(config, demo, data_dir), look)
    _print_one({**msgspec.structs.asdict(stopped), **event}, content if payload else b"", as_json)


@parked.command("replay")
@settings_options
@click.argument("conversations", type=CONVERSATION, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are parked.")
@json_option
@plainly
def _replay(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    conversations: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> int:
    """Let conversations try again what they stopped at; the next fault is counted as the first."""
    _one_of(conversations, everything)
    settings = read_settings(config, demo, data_dir)
    if everything:
        counts = _at_desk(settings, lambda desk: desk.replay_all())
        told = f"{counts['replayed']} replayed; {counts['waiting']} events wait behind what they stopped at"
        click.echo(json.dumps(counts) if as_json else told)
        return 0
    freed = _at_desk(settings, lambda desk: desk.replay(conversations))
    _print_each("conversations", freed, [f"{one.conversation}: {told_freed(one)}" for one in freed], as_json)
    return int(any(one.outcome != "replayed" for one in freed))


@parked.command("skip")
@settings_options
@click.argument("conversation", type=CONVERSATION)
@click.option("--seq", type=_NUMBER, help="Only if it stopped at this event.")
@json_option
@plainly
def _skip(
    config: Path | None, demo: bool, data_dir: Path | None, conversation: str, seq: int | None, as_json: bool
) -> int:
    """Give up what a conversation stopped at, keep it as a dead letter, and let the conversation go on behind it."""
    skipped = _at_desk(read_settings(config, demo, data_dir), lambda desk: desk.skip(conversation, seq))
    told = f"{conversation}: {told_skipped(skipped)}"
    click.echo(_json(skipped) if as_json else told)
    return int(skipped.outcome != "skipped")


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at events that were skipped (dead) or too old to be answered (stale), and let them come again."""


_fate = click.option("--fate", type=click.Choice(["dead", "stale"]), help="Only those.")


@dead_letters.command("list")
@settings_options
@_fate
@click.option("--conversation", type=CONVERSATION, help="Only those of this one.")
@limit_option
@json_option
@plainly
def _list_letters(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    fate: Fate | None,
    conversation: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List dead letters, the newest first."""
    settings = read_settings(config, demo, data_dir)
    found = _at_desk(settings, lambda desk: desk.letters(limit + 1, fate=fate, conversation=conversation))
    rows = [
        (
            one.id,
            one.fate,
            one.conversation,
            one.channel,
            one.at,
            one.replayed_at or "",
            place_of(one),
            one.reason,
        )
        for one in found
    ]
    header = ("id", "fate", "conversation", "channel", "since", "replayed", "event", "reason")
    print_list("dead_letters", found, header, rows, limit, as_json)


@dead_letters.command("show")
@settings_options
@click.argument("number", metavar="ID", type=_NUMBER)
@_payload
@json_option
@plainly
def _show_letter(
    config: Path | None, demo: bool, data_dir: Path | None, number: int, payload: bool, as_json: bool
) -> None:
    """Say what a dead letter is and what became of it."""

    async def look(desk: Desk) -> tuple[DeadLetter, bytes]:
        letter = await desk.letter(number)
        if letter is None:
            raise CommandFailed(f"there is no dead letter {number}")
        return letter, await desk.letter_payload(number)

    letter, content = _at_desk(read_settings(config, demo, data_dir), look)
    kind = tag_of(content) if letter.timer is None else "TimerDue"
    _print_one({**msgspec.structs.asdict(letter), "type": kind}, content if payload else b"", as_json)


@dead_letters.command("replay")
@settings_options
@click.argument("numbers", metavar="[ID]...", type=_NUMBER, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that were not replayed yet.")
@_fate
@click.option("--again", is_flag=True, help="Also those that were replayed before; not with --all.")
@json_option
@plainly
def _replay_letters(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    numbers: tuple[int, ...],
    everything: bool,
    fate: Fate | None,
    again: bool,
    as_json: bool,
) -> int:
    """Let events come again, once each, as new ones at the end of their conversations; let timers be due now."""
    _one_of(numbers, everything)
    if again and everything:
        raise click.UsageError("--again is for dead letters that are named")
    if fate and not everything:
        raise click.UsageError("--fate goes with --all")
    settings = read_settings(config, demo, data_dir)
    if everything:
        counts = _at_desk(settings, lambda desk: desk.replay_all_letters(fate))
        click.echo(json.dumps(counts) if as_json else ", ".join(f"{n} {kind}" for kind, n in counts.items()))
        return 0
    replayed = _at_desk(settings, lambda desk: desk.replay_letters(numbers, again=again))
    _print_each("dead_letters", replayed, [f"{one.id}: {told_replayed(one)}" for one in replayed], as_json)
    return int(any(one.outcome not in {"replayed", "due"} for one in replayed))


def _at_desk(settings: Settings, work: Callable[[Desk], Awaitable[R]]) -> R:
    async def run() -> R:
        async with open_desk(settings) as desk:
            return await work(desk)

    return trio.run(run)


def _one_of(named: Sequence[object], everything: bool) -> None:
    if bool(named) == everything:
        raise click.UsageError("name some, or give --all")


def print_list(
    name: str,
    found: Sequence[msgspec.Struct],
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    limit: int,
    as_json: bool,
) -> None:
    """Print what was found, of which one more than `limit` was asked for; `header` and `rows` are for people."""
    more = len(found) > limit
    if as_json:
        click.echo(_json({name: found[:limit], "more": more}))
    elif not found:
        click.echo("there are none")
    else:
        table = [header, *([text_of(cell) for cell in row] for row in rows[:limit])]
        click.echo("\n".join(lines_of(table)))
        if more:
            click.echo(f"there are more than {limit}: see --limit")


def _print_one(facts: Mapping[str, object], content: bytes, as_json: bool) -> None:
    if as_json:
        click.echo(_json({**facts, "payload": content_of(content)} if content else facts))
        return
    print_facts({name: text_of(value) for name, value in facts.items() if value is not None}, as_json=False)
    if content:
        click.echo(f"payload = {readable(content)}")


def _print_each(name: str, each: Sequence[msgspec.Struct], lines: Sequence[str], as_json: bool) -> None:
    click.echo(_json({name: each}) if as_json else "\n".join(lines))


def _json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value))
