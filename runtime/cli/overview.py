"""Conversations in one table, the most telling first: what the journal and the process know of each, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Literal

import msgspec

from runtime.journal.inspection import Situation

State = Literal["parked", "paused", "busy", "waiting", "idle", "passivated", "at rest"]
HEADER = (
    "conversation",
    "channel",
    "state",
    "waiting",
    "oldest",
    "last turn",
    "attempts",
    "sends",
    "next timer",
    "in memory",
    "why",
)


class InMemory(msgspec.Struct, frozen=True):
    """A cell as its process tells of it; see `runtime.node.cells.CellView`."""

    conversation: str
    busy: bool
    phase: str
    mailbox: int
    behind: bool
    seconds: float


class Replica(msgspec.Struct, frozen=True):
    """What one running `serve` tells: its shards, and what it has in memory of what was asked for."""

    replica: str
    shards: Sequence[int]
    named: Sequence[InMemory]
    busiest: Sequence[InMemory]


class Line(msgspec.Struct, frozen=True):
    """One conversation: how it stands, and in memory; `here` is None where nobody could say."""

    situation: Situation
    cell: InMemory | None
    here: bool | None
    state: State


def lines(
    situations: Sequence[Situation], cells: Mapping[str, InMemory], shards: Sequence[int] | None
) -> Sequence[Line]:
    """Join what both know; `shards` are those of the process that was asked, None where none answers."""
    found = []
    for one in situations:
        cell = cells.get(one.conversation)
        here = None if shards is None else cell is not None or one.shard in shards
        found.append(Line(one, cell, here, _state(one, cell, here)))
    return sorted(found, key=_rank)


def _state(one: Situation, cell: InMemory | None, here: bool | None) -> State:
    if one.parked:
        return "parked"
    if one.paused_since is not None:
        return "paused"
    if cell is not None and cell.busy:
        return "busy"
    if one.waiting:
        return "waiting"
    if cell is not None:
        return "idle"
    return "passivated" if here else "at rest"


def _rank(line: Line) -> tuple[float, float, float, str]:
    """Sort: stopped, failing, paused, waiting, each the longest first, busy, in doubt, with something to leave; by id."""
    one = line.situation
    kinds = (
        one.parked,
        one.attempts,
        one.paused_since,
        one.waiting,
        line.state == "busy",
        one.doubtful,
        one.queued,
        True,
    )
    first = next(place for place, holds in enumerate(kinds) if holds)
    since = one.parked_since if one.parked else one.paused_since or one.oldest
    busy = line.cell.seconds if line.cell and line.cell.busy else 0.0
    return first, since.timestamp() if since else inf, -busy, one.conversation


def row(line: Line, now: datetime) -> Sequence[str]:
    """Return the cells of one line, under `HEADER`."""
    one = line.situation
    return (
        one.conversation,
        one.channel,
        line.state,
        str(one.waiting),
        _ago(one.oldest, now) if one.oldest else "",
        _turn(one, now),
        str(one.attempts or ""),
        ", ".join(f"{n} {what}" for n, what in ((one.queued, "wait"), (one.doubtful, "in doubt")) if n),
        _due(one.next_timer, now) if one.next_timer else "",
        _memory(line),
        _why(one),
    )


def facts(line: Line) -> dict[str, object]:
    """Return one line as facts for a program."""
    known: dict[str, object] = msgspec.structs.asdict(line.situation)
    return {
        **known,
        "state": line.state,
        "outcome": _outcome(line.situation),
        "here": line.here,
        "cell": line.cell,
    }


def _outcome(one: Situation) -> str:
    """Say how the last turn went: the last that committed, unless one has failed since."""
    if one.attempts:
        return "failed"
    return "committed" if one.turn is not None else "none kept"


def _turn(one: Situation, now: datetime) -> str:
    if one.attempts and one.attempts_since is not None:
        return f"v{one.version} failed since {_ago(one.attempts_since, now)}"
    if one.turn is None or one.turn_at is None:
        return "none kept"
    what = f"timer {one.timer}" if one.timer else f"event {one.last_seq}"
    return f"v{one.turn} committed {what}, {_ago(one.turn_at, now)}"


def _memory(line: Line) -> str:
    if line.here is None:
        return "no serve"
    if not line.here:
        return "another replica"
    if line.cell is None:
        return "no"
    cell = line.cell
    waiting = f", mailbox {cell.mailbox}{'+' if cell.behind else ''}" if cell.mailbox or cell.behind else ""
    return f"{cell.phase if cell.busy else 'idle'} {_span(cell.seconds)}{waiting}"


def _why(one: Situation) -> str:
    if not one.parked:
        return _pause(one)
    place = f"timer {one.parked_timer}" if one.parked_timer is not None else f"event {one.parked_seq}"
    return f"{one.fault} at {place} ({one.origin})"


def _pause(one: Situation) -> str:
    """Say whose pause it is, in operators' own words; "" while the bot answers."""
    if one.paused_since is None:
        return ""
    taken = f", taken by {one.paused_to}" if one.paused_to else ""
    return f"by {one.paused_by}: {one.paused_why or 'no reason'}{taken}"


def _ago(then: datetime, now: datetime) -> str:
    return f"{_span((now - then).total_seconds())} ago"


def _due(due: datetime, now: datetime) -> str:
    away = due - now
    return f"in {_span(away.total_seconds())}" if away > timedelta(0) else f"due {_ago(due, now)}"


def _span(seconds: float) -> str:
    """Return a length of time in one unit, as a person would say it."""
    seconds = max(seconds, 0.0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
