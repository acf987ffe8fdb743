"""All that happened in one conversation as one line of time, newest last, without a word or a name of a person. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from runtime.actor.event import OperatorCommand
from runtime.channel import RECEIPTS
from runtime.cli.telling import content_of, place_of, readable, tag_of, text_of
from runtime.journal.inspection import PastEffect, PastEvent, Row, Story

_RECEIPTS = {rank: status for status, rank in RECEIPTS.items()}
_SHOWN = 3  # characters of a name, at each end
_TAIL = 8  # characters of an id at the provider: it may hold a number


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened, or is to happen, and its facts; `payload` only where that was asked for."""

    at: datetime
    kind: str
    what: Mapping[str, object]
    payload: bytes = b""


class _Command(msgspec.Struct):
    """What of an operator's command is shown."""

    name: str = ""
    data: dict[str, str] = {}


def masked(name: str) -> str:
    """Return a name at the provider with its kind, its beginning and its end: wa_id:971*****233."""
    kind, colon, rest = name.rpartition(":")
    shown = _SHOWN if len(rest) > 2 * _SHOWN + 2 else 0
    hidden = "*" * (len(rest) - 2 * shown)
    return f"{kind}{colon}{rest[:shown]}{hidden}{rest[len(rest) - shown :]}"


def shortened(provider_id: str) -> str:
    """Return an id at the provider by its end: its middle may be a phone number in other letters."""
    kind, dot, rest = provider_id.rpartition(".")
    return f"{kind}{dot}*{rest[-_TAIL:]}" if len(rest) > _TAIL else provider_id


def timeline(story: Story, last: int, *, whole: bool = False) -> tuple[Sequence[Entry], bool]:
    """Return the newest `last` entries, and whether there are more; with `whole`, payloads and ids as they are."""
    entries = sorted(_entries(story, whole), key=lambda entry: (entry.at, _ORDER.index(entry.kind)))
    full = any(len(part) >= last for part in (story.events, story.turns, story.effects, story.letters))
    return entries[-last:], len(entries) > last or full


_ORDER = ("event", "turn", "effect", "failed", "dead letter", "parked", "paused", "timer")


def _entries(story: Story, whole: bool) -> Iterator[Entry]:
    row = story.row
    fates = {letter.seq: letter.fate for letter in story.letters if letter.seq is not None}
    for event in reversed(story.events):
        fate = fates.get(event.seq) or ("done" if event.seq <= row.done_seq else _waits(event, story))
        what = {"seq": event.seq, "type": tag_of(event.payload), **_commanded(event), "fate": fate}
        yield Entry(event.received_at, "event", what, event.payload if whole else b"")
    for turn in reversed(story.turns):
        handled = turn.timer or (
            f"{turn.first_seq}..{turn.last_seq}" if turn.last_seq > turn.first_seq else turn.first_seq
        )
        yield Entry(
            turn.at,
            "turn",
            {
                "version": turn.version,
                "timer" if turn.timer else "events": handled,
                "replica": turn.replica,
                "epoch": turn.epoch,
                "paused": turn.paused or None,
            },
        )
    for effect in reversed(story.effects):
        yield Entry(effect.created_at, "effect", _effect(effect, whole), effect.payload if whole else b"")
    for timer in story.timers:
        yield Entry(timer.due_at, "timer", {"name": timer.name, "generation": timer.generation})
    for letter in reversed(story.letters):
        yield Entry(
            letter.at,
            "dead letter",
            {
                "id": letter.id,
                "fate": letter.fate,
                "of": place_of(letter),
                "reason": letter.reason,
                "replayed": letter.replayed_at,
            },
        )
    if row.attempts and row.attempts_since is not None and story.park is None:
        yield Entry(row.attempts_since, "failed", {"attempts": row.attempts, "seq": row.done_seq + 1})
    if row.paused_since is not None:
        labels = {"by": row.paused_by, "why": row.paused_why, "taken by": row.paused_to}
        yield Entry(row.paused_since, "paused", labels)
    if story.park is not None:
        park = story.park
        yield Entry(
            park.since,
            "parked",
            {"at": place_of(park), "attempts": park.attempts, "fault": park.fault, "origin": park.origin},
        )


def _commanded(event: PastEvent) -> Mapping[str, object]:
    """Return what an operator told the bot, such as that it may answer again, and who did; never more of the data."""
    if tag_of(event.payload) != OperatorCommand.__name__:
        return {}
    try:
        command = msgspec.json.decode(event.payload, type=_Command)
    except msgspec.DecodeError:
        return {}
    return {"name": command.name, "by": command.data.get("by") if command.name == "resumed" else None}


def _waits(event: PastEvent, story: Story) -> str:
    return "stopped here" if story.park is not None and story.park.seq == event.seq else "waiting"


def _effect(effect: PastEffect, whole: bool) -> Mapping[str, object]:
    provider_id = effect.provider_id
    return {
        "id": f"{effect.version}.{effect.ordinal}",
        "lane": effect.lane,
        "type": tag_of(effect.payload),
        "by": effect.operator,
        "status": effect.status,
        "attempts": effect.attempts,
        "maybe_duplicate": effect.maybe_duplicate or None,
        "receipt": _RECEIPTS.get(effect.receipt),
        "code": effect.code or None,
        "provider_id": provider_id if whole or not provider_id else shortened(provider_id),
        "expires_at": effect.expires_at if effect.status == "queued" else None,
    }


def head(row: Row, names: Sequence[str], *, whole: bool = False) -> Mapping[str, object]:
    """Return the facts of a conversation's row and of its names."""
    known = msgspec.structs.asdict(row)
    state = known.pop("state")
    name: Callable[[str], str] = str if whole else masked
    shown = {**known, "address": name(row.address), "names": [name(one) for one in names]}
    return {**shown, "state": content_of(state)} if whole else shown


def told(entry: Entry) -> str:
    """Return an entry as one line."""
    facts = "  ".join(
        f"{key} {text_of(value)}" for key, value in entry.what.items() if value is not None and value != ""
    )
    content = f"  {readable(entry.payload)}" if entry.payload else ""
    return f"{text_of(entry.at)}  {entry.kind:<11}  {facts}{content}"


def as_facts(entry: Entry) -> dict[str, object]:
    """Return an entry as facts for a program."""
    known = {"at": entry.at, "kind": entry.kind, **entry.what}
    return {**known, "payload": content_of(entry.payload)} if entry.payload else known
