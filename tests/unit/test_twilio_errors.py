"""Every answer of Twilio's API is one outcome, by its code; and every order of its callbacks leads to one state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.errors import MEDIA_TRIES
from actors.channels.twilio.errors import CODES, failure_of, judge
from actors.messages import INCOMING
from runtime import (
    Accepted,
    Broken,
    EffectFailed,
    Failure,
    Outcome,
    Receipt,
    Refused,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.actor.event import EventCodec
from runtime.channel import RECEIPTS
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.protocol import ResultRecord
from tests.integration.test_journal_conformance import CHANNEL, arrival, request, turn
from tests.unit import twilio_webhooks as twilio


def answer(code: object) -> bytes:
    return json.dumps({"code": code, "message": "to +971501112233: Hello Sara", "status": 400}).encode()


BY_CODE: dict[type[Outcome], dict[Failure | None, list[int]]] = {
    TryAgain: {None: [20429, 30001, 63018, 63019]},
    Uncertain: {None: [20500, 63010, 63012]},
    Broken: {None: [20003, 20403, 20404, 21212, 21603, 21606, 63001, 63002, 63007]},
    Refused: {
        Failure.TEMPLATE: [63016],
        Failure.LONG: [63049],
        Failure.OPTED_OUT: [21610, 63014],
        Failure.HALTED: [20005, 30002, 63013, 63020, 63040, 63041, 63042],
        Failure.NEVER: [21211, 21408, 21602, 21614, 21617, 21655, 21656, 63003, 63005, 63024, 63027, 63032],
    },
}
ROWS = [
    (code, kind, failure)
    for kind, failures in BY_CODE.items()
    for failure, codes in failures.items()
    for code in codes
]


@pytest.mark.parametrize(("code", "kind", "failure"), ROWS)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_code_means_one_thing_whatever_the_status_beside_it(
    code: int, kind: type[Outcome], failure: Failure | None, status: int
) -> None:
    for spelt in (code, str(code)):
        outcome = judge(status, answer(spelt))
        assert isinstance(outcome, kind)
        assert getattr(outcome, "code", "") == str(code)
        assert getattr(outcome, "kind", None) == failure
        assert "Sara" not in getattr(outcome, "reason", "")


def test_every_code_of_the_table_is_judged_here_or_never_sent() -> None:
    named = {code for code, *_ in ROWS}
    assert all(
        judge(400, answer(code)) == Refused(str(code), CODES[code].value) for code in CODES.keys() - named
    )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (201, b'{"sid":"SM1"}', Accepted),
        (201, b'{"sid":""}', Uncertain),
        (200, b"<html>", Uncertain),
        (401, b"", Broken),
        (429, b"{}", TryAgain),
        (503, b"{}", TryAgain),
        (404, b"{}", Refused),
        (400, b'{"code":99999}', Refused),
        (400, b'{"code":true}', Refused),
        (500, b'{"code":99999}', Uncertain),
        (502, b"<html>", Uncertain),
        (302, b"", TryAgain),
    ],
)
def test_without_a_known_code_the_status_counts(status: int, body: bytes, kind: type[Outcome]) -> None:
    assert isinstance(judge(status, body), kind)


def test_a_medium_that_cannot_be_had_is_not_tried_for_ever() -> None:
    assert isinstance(judge(400, answer(63019), attempt=MEDIA_TRIES - 1), TryAgain)
    assert isinstance(judge(400, answer(63019), attempt=MEDIA_TRIES), Refused)


def test_each_halt_says_what_a_human_is_to_do() -> None:
    halts = [code for code, _, failure in ROWS if failure is Failure.HALTED]
    told = {getattr(judge(400, answer(code)), "reason", "") for code in halts}
    assert len(told) == len(halts)
    assert all(":" in one for one in told)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("63016", Failure.TEMPLATE),
        ("63024", Failure.UNDELIVERED),
        ("21610", Failure.OPTED_OUT),
        ("63041", Failure.HALTED),
        ("63018", Failure.UNDELIVERED),
        ("", Failure.UNDELIVERED),
        ("9" * 40, Failure.UNDELIVERED),
        ("۶۳۰۱۶", Failure.UNDELIVERED),
    ],
)
def test_a_callback_of_a_failure_says_what_may_help(code: str, kind: Failure) -> None:
    assert failure_of(code) == kind


# ── callbacks ─────────────────────────────────────────────────────────

TOLD = ("queued", "sent", "delivered", "read", "failed", "undelivered", "sending", "canceled", "accepted")


async def state_after(told: Sequence[str], answered: int) -> tuple[str, int, str]:
    """Play a send whose callbacks come in this order, its answer before the one at `answered`; return what is known."""
    store = MemoryStore(lambda: 0.0)
    journal, provider = MemoryJournal(store), twilio.configured()
    (event,) = (await journal.ingest([arrival("r", "id:r")])).events
    record = turn(event, 1, effects=1)
    await journal.commit([record])
    (effect,) = record.effects
    await journal.claim([request(effect)], 20.0)
    for place, status in enumerate([*told, ""]):
        if place == answered:
            await journal.record([ResultRecord(str(effect.id), 1, "done", twilio.SID)])
        if status:
            verified = provider.receive(twilio.request(twilio.status(status), query=f"effect={effect.id}"))
            assert isinstance(verified, Verified)
            receipts = [
                Receipt(CHANNEL, one.effect, one.provider_id, one.status) for one in verified.receipts
            ]
            await journal.ingest([], receipts)
    kept = store.outbox[str(effect.id)]
    return kept.status, kept.receipt, kept.provider_id


@pytest.mark.parametrize("last", ["delivered", "read", "failed", "undelivered"])
async def test_every_order_of_callbacks_around_the_answer_leads_to_one_state(last: str) -> None:
    told = ["queued", "sent", "sent", last]
    final = max(RECEIPTS["sent"], RECEIPTS["failed" if last == "undelivered" else last])
    for order in set(permutations(told)):
        for answered in range(len(told) + 1):
            assert await state_after(order, answered) == ("done", final, twilio.SID)


@given(st.permutations(TOLD), st.integers(0, 9))
async def test_whatever_is_called_back_the_furthest_word_counts(told: list[str], answered: int) -> None:
    assert await state_after(told, answered) == ("done", RECEIPTS["failed"], twilio.SID)


@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_a_failure_that_is_called_back_twice_is_one_event(status: str) -> None:
    codec = EventCodec(INCOMING)
    keys = set()
    for _ in range(2):
        verified = twilio.configured().receive(
            twilio.request(twilio.status(status, ErrorCode="63024"), query="effect=e")
        )
        assert isinstance(verified, Verified)
        [one] = verified.arrivals
        failed = codec.decode(one.payload)
        assert isinstance(failed, EffectFailed)
        assert (failed.code, failed.kind) == ("63024", Failure.UNDELIVERED)
        keys.add(one.dedup)
    assert len(keys) == 1
