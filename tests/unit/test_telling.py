"""What an operator is told of stopped conversations and dead letters, and which words the commands refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from click.testing import CliRunner

from actors.commands import majlis
from runtime.cli.telling import content_of, lines_of, readable, tag_of, text_of, told_replayed, told_skipped
from runtime.journal.standing import Replayed, Skipped, Standing, judge_skip


@pytest.mark.parametrize(
    ("payload", "tag"),
    [
        (b'{"type":"MessageReceived","text":"hi"}', "MessageReceived"),
        (b'{"text":"hi"}', "?"),
        (b'{"type":"\\u001b[31m red"}', "?"),
        (b'{"type":"' + b"x" * 65 + b'"}', "?"),
        (b'{"type":7}', "?"),
        (b"[" * 5000, "?"),
        (b"\xff", "?"),
        (b"", "?"),
    ],
)
def test_the_type_of_an_event_is_a_name_or_nothing(payload: bytes, tag: str) -> None:
    assert tag_of(payload) == tag


def test_what_a_person_wrote_cannot_move_the_terminal() -> None:
    shown = readable('{"text":"سلام \x1b[2J\x9b \u202e 🏠"}'.encode())
    assert shown == '{"text":"سلام \\u001b[2J\\u009b \\u202e 🏠"}'


def test_contents_that_are_no_json_are_shown_as_text() -> None:
    assert content_of(b'{"a":[1]}') == {"a": [1]}
    assert content_of(b"\xffa\x00") == "\ufffda\\u0000"
    assert content_of(b"[" * 100_000) == "[" * 100_000


def test_times_are_told_in_utc_and_columns_are_aligned() -> None:
    there = datetime(2026, 1, 1, 4, 30, 5, 999, tzinfo=timezone(timedelta(hours=4)))
    assert text_of(there) == "2026-01-01T00:30:05Z"
    assert lines_of([("a", "b", "c"), ("long", "", "z")]) == ["a     b  c", "long     z"]


AT_FIVE = Standing(parked=True, done_seq=4, seq=5, timer=None)
AT_TIMER = Standing(parked=True, done_seq=4, seq=None, timer="nudge")
FREE = Standing(parked=False, done_seq=4, seq=None, timer=None)


@pytest.mark.parametrize(
    ("seen", "now", "outcome"),
    [
        (AT_FIVE, AT_FIVE, None),
        (AT_TIMER, AT_TIMER, None),
        (AT_FIVE, FREE, "not parked"),
        (FREE, AT_FIVE, "not parked"),
        (AT_FIVE, AT_TIMER, "elsewhere"),
        (AT_FIVE, Standing(parked=True, done_seq=5, seq=6, timer=None), "elsewhere"),
        (AT_FIVE, Standing(parked=True, done_seq=5, seq=5, timer=None), "handled"),
        (FREE, Standing(parked=True, done_seq=4, seq=None, timer=None), "not parked"),
        (None, AT_FIVE, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_only_what_was_seen_and_still_stands_is_skipped(
    seen: Standing | None, now: Standing | None, outcome: str | None
) -> None:
    refusal = judge_skip("c1", seen, now)
    assert (refusal and refusal.outcome) == outcome


def test_an_operator_is_told_how_things_stand() -> None:
    assert told_skipped(Skipped("c1", "skipped", 3, seq=5, waiting=1)) == (
        "event 5 is skipped and kept as dead letter 3; 1 event waits behind it"
    )
    assert "it is parked at timer nudge now" in told_skipped(Skipped("c1", "elsewhere", timer="nudge"))
    before = Replayed(1, "replayed before", "c1", replayed_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert told_replayed(before) == "it was replayed at 2026-01-01T00:00:00Z; --again does it once more"
    parked = Replayed(1, "replayed", "c1", seq=9, waiting=3, parked=True)
    assert (
        told_replayed(parked) == "comes again as event 9 of c1, behind 3 others; the conversation is parked"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["parked", "replay"], "name some, or give --all"),
        (["parked", "replay", "c1", "--all"], "name some, or give --all"),
        (["parked", "skip"], "Missing argument"),
        (["parked", "skip", "c1", "--seq", "0"], "not in the range"),
        (["parked", "show", "سلام"], "is not the id of a conversation"),
        (["parked", "show", ""], "is not the id of a conversation"),
        (["parked", "list", "--limit", "0"], "not in the range"),
        (["dead-letters", "replay"], "name some, or give --all"),
        (["dead-letters", "replay", "1", "--fate", "dead"], "--fate goes with --all"),
        (["dead-letters", "replay", "--all", "--again"], "--again is for"),
        (["dead-letters", "show", "x"], "not a valid integer"),
        (["dead-letters", "show", "9223372036854775808"], "not in the range"),
        (["dead-letters", "list", "--fate", "lost"], "not one of"),
        (["parked", "list", "--config", "/nowhere/majlis.toml"], "cannot be read"),
    ],
    ids=" ".join,
)
def test_words_that_a_command_cannot_take_end_it_with_two(words: list[str], told: str) -> None:
    shown = CliRunner().invoke(majlis, words)
    assert shown.exit_code == 2, shown.output
    assert told in shown.stderr
