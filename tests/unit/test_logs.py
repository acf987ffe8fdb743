"""Log lines: one form for all, repeated ones counted, and what looks like a secret or a number masked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from runtime.actor.concern import concern
from runtime.serve.logs import set_up_logs
from runtime.serve.redaction import mask, mask_line
from runtime.serve.repeats import MOST, Repeats


class About:
    def told(self) -> dict[str, object]:
        return {"conversation": "c1", "_event": 7, "turn": 8, "tenant": "palm"}


Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was written to stderr, which is no terminal, since the last look. What is set up is undone."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_a_line_is_json_with_its_words_and_the_fields_of_its_turn_whoever_writes_it(
    lines: Lines,
) -> None:
    set_up_logs("info")
    token = concern.set(About())
    structlog.get_logger("x").info("medium not stored", kind="image")
    logging.getLogger("asyncpg").warning("lost %s", "connection")
    concern.reset(token)
    structlog.get_logger("x").info("ready")
    ours, theirs, ready = lines()
    fields = {"conversation": "c1", "event": 7, "turn": 8, "tenant": "palm"}
    assert fields.items() <= ours.items()
    assert (ours["msg"], ours["kind"], ours["level"]) == ("medium not stored", "image", "info")
    assert fields.items() <= theirs.items()
    assert (theirs["msg"], theirs["level"]) == ("lost connection", "warning")
    assert "event" not in ready


def test_of_thousands_of_like_lines_a_few_are_written_and_one_counts_the_others(lines: Lines) -> None:
    repeats = set_up_logs("info")
    log, library = structlog.get_logger("x"), logging.getLogger("asyncpg")
    for number in range(MOST + 30):
        log.warning("webhook not stored", number=number)
        library.warning("lost %s", number)
    log.error("another")
    concern.set(About())
    repeats.flush(last=True)
    concern.set(None)
    written = lines()
    told = [str(line["msg"]) for line in written]
    # a second may have ended between them, which only writes more
    assert MOST <= told.count("webhook not stored") <= 2 * MOST
    assert "another" in told
    counted = [line for line in written if "more like this" in str(line["msg"])]
    assert {line["like"] for line in counted} == {"webhook not stored", "asyncpg: lost %s"}
    assert all(line["level"] == "warning" and "conversation" not in line for line in counted)
    held = sum(int(str(line["msg"]).split()[0]) for line in counted)
    assert held == repeats.held_back
    assert len(told) - len(counted) + held == 2 * (MOST + 30) + 1


def test_each_second_counts_anew_and_tells_of_the_one_before() -> None:
    now = [0.5]
    told: list[tuple[str, str, int]] = []
    repeats = Repeats(lambda *line: told.append(line), clock=lambda: now[0])
    assert sum(repeats.admit("error", "x") for _ in range(MOST + 5)) == MOST
    assert repeats.admit("info", "x")
    assert told == []
    now[0] = 1.1
    repeats.flush()
    assert told == [("error", "x", 5)]
    assert repeats.admit("error", "x")
    now[0] = 2.0
    repeats.flush(last=True)
    assert told == [("error", "x", 5)]
    assert repeats.held_back == 5


def test_words_without_end_take_no_memory_without_end() -> None:
    repeats = Repeats(lambda *_line: None, clock=lambda: 0.0)
    assert all(repeats.admit("info", str(number)) for number in range(5000))
    assert len(repeats._counts) <= 1000


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("sent to 971501234567", "sent to ***"),
        ("+971501234567 said", "*** said"),
        ("wa_id:971501234567", "wa_id:***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("access_token=abc&x=1", "access_token=***&x=1"),
        ('{"app_secret": "abc"}', '{"app_secret": "***"}'),
        ("postgresql://majlis:hunter2@db/majlis", "postgresql://majlis:***@db/majlis"),
        ("token EAA" + "b" * 40, "token ***"),
    ],
)
def test_what_looks_like_a_secret_or_a_number_is_masked(text: str, seen: str) -> None:
    assert mask(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "meta:100200300400500",
        "c5e3b0c5e6f0a5d3c9a536d616a6c6973",
        "5e3b0c5e-6f0a-5d3c-9a53-123456789012",
        "http://127.0.0.1:8080/webhooks/meta",
        "unix:/var/lib/majlis/1234567890123/operator.sock",
        "2026-01-02T03:04:05.123456Z",
        "no answer in 1500000 us",
        "channels[0].app_secret: is too short",
        "the token of a channel is refused",
    ],
)
def test_ids_times_and_plain_words_stay(text: str) -> None:
    assert mask(text) == text


def test_values_are_masked_wherever_they_stand_and_by_the_name_that_they_have() -> None:
    line = {
        "event": "failed for 971501234567",
        "conversation": "c1",
        "channel": "meta:100200300400500",
        "access_token": "short",
        "faults": ["ValueError", "971501234567"],
        "more": {"who": "971501234567"},
        "seconds": 971501234567,
    }
    assert mask_line(None, "info", dict(line)) == line | {
        "event": "failed for ***",
        "access_token": "***",
        "faults": ["ValueError", "***"],
        "more": {"who": "***"},
    }
