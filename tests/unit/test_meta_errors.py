"""Every answer of the provider is one outcome, and none is taken for "not sent" that may have been sent."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.errors import MEDIA_TRIES, judge_fault
from actors.channels.meta.errors import failure_of, judge, judge_mark
from runtime import Accepted, Broken, Failure, Outcome, Refused, TryAgain, Uncertain


def error(code: object) -> bytes:
    details = {"messaging_product": "whatsapp", "details": "to +971501112233: Hello Sara"}
    body = {"message": f"(#{code}) Hello Sara", "type": "OAuthException", "code": code, "error_data": details}
    return json.dumps({"error": body}).encode()


def taken(**more: object) -> bytes:
    return json.dumps(
        {"messaging_product": "whatsapp", "contacts": [{"input": "1", "wa_id": "1"}], **more}
    ).encode()


RETRY = [1, 2, 4, 80007, 130429, 131016, 131057, 133004]
MEDIA = [131052, 131053]
UNCERTAIN = [131000]
LONG_PAUSE = [131048, 131049, 131064]
TEMPLATE = [131047]
NEVER = [100, 131008, 131009, 131021, 131026, 131030, 131051, 131062, 131063, 132000, 132001, 132999]
HALTED = [368, 131031, 130497, 131042, 131045, 132015, 132016]
OPTED_OUT = [131050]
CREDENTIALS = [0, 3, 10, 190, 200, 250, 299]


@pytest.mark.parametrize("code", RETRY)
def test_rates_and_busy_servers_are_tried_again(code: int) -> None:
    outcome = judge(400, error(code))
    assert isinstance(outcome, TryAgain)
    assert (outcome.code, outcome.after, outcome.unreachable) == (str(code), None, False)


@pytest.mark.parametrize(("told", "after"), [(0, 1.0), (1, 4.0), (2, 16.0), (5, 1024.0), (60, 4096.0)])
def test_the_pair_limit_waits_on_its_own_clock(told: int, after: float) -> None:
    outcome = judge(400, error(131056), attempt=70, told_to_wait=told)
    assert isinstance(outcome, TryAgain)
    assert (outcome.code, outcome.after) == ("131056", after)


@pytest.mark.parametrize("code", UNCERTAIN)
@pytest.mark.parametrize("status", [400, 500])
def test_what_may_have_been_sent_is_uncertain(code: int, status: int) -> None:
    assert isinstance(judge(status, error(code)), Uncertain)


KINDS = {
    Failure.LONG: LONG_PAUSE,
    Failure.TEMPLATE: TEMPLATE,
    Failure.NEVER: NEVER,
    Failure.OPTED_OUT: OPTED_OUT,
    Failure.HALTED: HALTED,
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in KINDS.items() for code in codes])
@pytest.mark.parametrize("status", [400, 403, 500])
def test_what_will_never_be_sent_is_refused_and_says_what_may_help(
    kind: Failure, code: int, status: int
) -> None:
    outcome = judge(status, error(code))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.kind) == (str(code), kind)


def test_each_halt_says_what_a_human_is_to_do() -> None:
    told = [judge(400, error(code)) for code in HALTED]
    assert len({outcome.reason for outcome in told if isinstance(outcome, Refused)}) == len(HALTED)


@pytest.mark.parametrize("code", CREDENTIALS)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_broken_credentials_break_the_channel(code: int, status: int) -> None:
    outcome = judge(status, error(code))
    assert isinstance(outcome, Broken)
    assert outcome.code == str(code)


@pytest.mark.parametrize("code", MEDIA)
def test_a_medium_that_cannot_be_had_is_tried_again_but_not_for_ever(code: int) -> None:
    for attempt in range(1, MEDIA_TRIES):
        outcome = judge(400, error(code), attempt)
        assert isinstance(outcome, TryAgain)
        assert "medium" in outcome.reason
    last = judge(400, error(code), MEDIA_TRIES)
    assert isinstance(last, Refused)
    assert (last.code, last.kind) == (str(code), Failure.NEVER)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("131049", Failure.LONG),
        ("131047", Failure.TEMPLATE),
        ("131050", Failure.OPTED_OUT),
        ("131042", Failure.HALTED),
        ("131026", Failure.UNDELIVERED),
        ("130472", Failure.UNDELIVERED),
        ("131053", Failure.UNDELIVERED),
        ("190", Failure.UNDELIVERED),
        ("", Failure.UNDELIVERED),
        ("failed", Failure.UNDELIVERED),
        ("9" * 5000, Failure.UNDELIVERED),
    ],
)
def test_a_failed_status_says_what_may_help(code: str, kind: Failure) -> None:
    assert failure_of(code) is kind


@pytest.mark.parametrize("code", [130429, "130429"])
def test_a_known_code_counts_more_than_the_status(code: object) -> None:
    for status in (200, 400, 429, 500, 503):
        assert isinstance(judge(status, error(code)), TryAgain)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, b"", TryAgain),
        (503, error(999999), TryAgain),
        (429, b"slow down", TryAgain),
        (408, b"", TryAgain),
        (401, b"", Broken),
        (401, error(999999), Broken),
        (302, b"", TryAgain),
        (500, b"", Uncertain),
        (500, error(999999), Uncertain),
        (500, error(1), Uncertain),
        (502, b"<html>", Uncertain),
        (504, b"", Uncertain),
        (501, b"", Uncertain),
        (400, error(999999), Refused),
        (400, error(None), Refused),
        (404, b"<html>", Refused),
        (413, b"", Refused),
        (200, b"", Uncertain),
        (200, b"[" * 20_000, Uncertain),
        (200, b"[]", Uncertain),
        (200, taken(), Uncertain),
        (200, taken(messages=[]), Uncertain),
        (200, taken(messages=[{"id": ""}]), Uncertain),
        (200, taken(messages=[{"id": 5}]), Uncertain),
    ],
)
def test_without_a_known_code_the_status_counts(status: int, body: bytes, kind: type[Outcome]) -> None:
    assert isinstance(judge(status, body), kind)


def test_an_accepted_send_has_the_providers_id() -> None:
    body = taken(messages=[{"id": "wamid.OUT", "message_status": "accepted"}])
    assert judge(200, body) == Accepted("wamid.OUT")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectError, TryAgain),
        (httpx.ConnectTimeout, TryAgain),
        (httpx.PoolTimeout, TryAgain),
        (httpx.ReadError, Uncertain),
        (httpx.ReadTimeout, Uncertain),
        (httpx.WriteError, Uncertain),
        (httpx.WriteTimeout, Uncertain),
        (httpx.CloseError, Uncertain),
        (httpx.RemoteProtocolError, Uncertain),
        (httpx.DecodingError, Uncertain),
    ],
)
def test_only_a_missing_connection_proves_that_nothing_was_sent(
    fault: type[httpx.RequestError], kind: type[Outcome]
) -> None:
    outcome = judge_fault(fault("to 971501112233"))
    assert isinstance(outcome, kind)
    assert "971501112233" not in repr(outcome)
    assert not isinstance(outcome, TryAgain) or outcome.unreachable


def test_a_read_mark_is_done_or_let_go() -> None:
    assert judge_mark(200) == Accepted()
    assert isinstance(judge_mark(503), Refused)


@given(st.integers(100, 599), st.binary(max_size=60) | st.integers().map(error), st.integers(1, 1000))
def test_any_answer_has_an_outcome_that_quotes_nothing(status: int, body: bytes, attempt: int) -> None:
    outcome = judge(status, body, attempt)
    assert isinstance(outcome, Accepted | TryAgain | Uncertain | Refused | Broken)
    assert "Sara" not in repr(outcome)
    assert "971501112233" not in repr(outcome)
