"""What is said of a conversation by what the journal and the process know of it, and which comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from runtime.cli.overview import HEADER, InMemory, lines, row
from runtime.journal.inspection import Situation

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def situation(conversation: str = "c", **known: object) -> Situation:
    plain: dict[str, object] = dict.fromkeys(Situation.__struct_fields__)
    counts = {"shard": 5, "version": 1, "attempts": 0, "waiting": 0, "queued": 0, "doubtful": 0}
    facts = {**plain, **counts, "parked": False, "channel": "meta:1", "conversation": conversation, **known}
    return Situation(**facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "cell", "shards", "state", "memory"),
    [
        ({}, None, None, "at rest", "no serve"),
        ({}, None, [7], "at rest", "another replica"),
        ({}, None, [5], "passivated", "no"),
        ({}, InMemory("c", False, "idle", 0, False, 150.0), [5], "idle", "idle 2 min"),
        ({"waiting": 3}, None, None, "waiting", "no serve"),
        (
            {"waiting": 3},
            InMemory("c", True, "turning", 2, True, 4.5),
            [5],
            "busy",
            "turning 4.5 s, mailbox 2+",
        ),
        (
            {"parked": True, "waiting": 3},
            InMemory("c", False, "parked", 0, False, 1.0),
            [5],
            "parked",
            "idle 1.0 s",
        ),
        ({"paused_since": NOW, "waiting": 3}, None, None, "paused", "no serve"),
        ({"paused_since": NOW, "parked": True}, None, None, "parked", "no serve"),
    ],
)
def test_the_state_is_told_as_far_as_it_is_known(
    known: dict[str, object], cell: InMemory | None, shards: Sequence[int] | None, state: str, memory: str
) -> None:
    (line,) = lines([situation(**known)], {"c": cell} if cell else {}, shards)
    cells = dict(zip(HEADER, row(line, NOW), strict=True))
    assert (cells["state"], cells["in memory"]) == (state, memory)


def test_what_stopped_comes_first_then_what_fails_waits_works_and_doubts() -> None:
    hours = [NOW - timedelta(hours=n) for n in range(5)]
    busy = InMemory("busy", True, "turning", 0, False, 9.0)
    given = [
        situation("quiet"),
        situation("queued", queued=1),
        situation("doubtful", doubtful=1),
        situation("busy"),
        situation("waits", waiting=1, oldest=hours[1]),
        situation("waits long", waiting=1, oldest=hours[3]),
        situation("fails", waiting=1, attempts=2, oldest=hours[0], attempts_since=hours[0]),
        situation("parked", parked=True, parked_since=hours[1]),
        situation("parked long", parked=True, parked_since=hours[4]),
    ]
    assert [line.situation.conversation for line in lines(given, {"busy": busy}, [5])] == [
        "parked long",
        "parked",
        "fails",
        "waits long",
        "waits",
        "busy",
        "doubtful",
        "queued",
        "quiet",
    ]
