"""How an operator is told of stored things, on a terminal that must not obey what a person has sent. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from runtime.channel import Finding
from runtime.journal.standing import DeadLetter, Freed, Parked, Replayed, Skipped

_LONGEST_TAG = 64


class _Tagged(msgspec.Struct):
    type: str = ""


def tag_of(payload: bytes) -> str:
    """Return the name of a stored event's type; "?" for what is none."""
    try:
        tag = msgspec.json.decode(payload, type=_Tagged).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "?"
    return tag if tag.isidentifier() and len(tag) <= _LONGEST_TAG else "?"


def readable(payload: bytes) -> str:
    """Return a stored event as text on one line, in which everything that does not print is escaped."""
    return on_one_line(payload.decode(errors="replace"))


def on_one_line(text: str) -> str:
    """Return a text in which everything that does not print is escaped."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def told_finding(finding: Finding) -> tuple[str, str]:
    """Return what the doctor saw, and its advice, each on one line: a server may have put its words in."""
    return on_one_line(finding.seen), on_one_line(finding.advice)


def content_of(payload: bytes) -> object:
    """Return a stored event as what its JSON says; as text where it is none."""
    try:
        content: object = json.loads(payload)
    except (ValueError, RecursionError):
        return readable(payload)
    return content


def text_of(value: object) -> str:
    """Return a value as a person reads it: times in UTC, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)


def lines_of(table: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def place_of(one: Parked | DeadLetter | Skipped) -> str:
    """Return what a conversation stopped at, or what a letter was."""
    return f"event {one.seq}" if one.timer is None else f"timer {one.timer}"


def _behind(waiting: int) -> str:
    return f"{waiting} {'event waits' if waiting == 1 else 'events wait'} behind it"


def told_freed(one: Freed) -> str:
    """Say what became of a conversation that was to be replayed."""
    return {
        "replayed": f"replayed; {_behind(one.waiting)}",
        "not parked": "it is not parked",
        "unknown": "there is no such conversation",
    }[one.outcome]


def told_skipped(one: Skipped) -> str:
    """Say what became of a skip."""
    return {
        "skipped": f"{place_of(one)} is skipped and kept as dead letter {one.letter}; {_behind(one.waiting)}",
        "not parked": "it is not parked",
        "elsewhere": f"it is parked at {place_of(one)} now; look at it again: majlis parked show",
        "handled": f"{place_of(one)} has been handled meanwhile; majlis parked replay lets it go on",
        "unknown": "there is no such conversation",
    }[one.outcome]


def told_replayed(one: Replayed) -> str:
    """Say what became of a dead letter that was to be replayed."""
    told = {
        "replayed": f"comes again as event {one.seq} of {one.conversation}, behind {one.waiting} others",
        "due": f"the timer of {one.conversation} is due now",
        "timer set": "the actor has set this timer again since; it stays as it is",
        "replayed before": f"it was replayed at {text_of(one.replayed_at)}; --again does it once more",
        "unknown": "there is no such dead letter",
    }[one.outcome]
    return f"{told}; the conversation is parked" if one.parked else told
