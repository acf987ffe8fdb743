"""Every webhook has a place: typed, kept whole, or counted; one odd element never costs the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import AccountNotice, MessageReceived, Unsupported
from runtime import EffectFailed, Failure, Receipt, Response, UnreadableEvent, Verified
from tests.unit.webhooks import (
    ACCOUNT,
    CHANNEL,
    DECLARED,
    NUMBER,
    OTHER,
    SARA,
    SECRETS,
    STRANGE,
    change,
    events,
    message,
    only,
    post,
    status,
    text,
    value,
    verified,
)

# ── who it is ─────────────────────────────────────────────────────────

BSUID = {"profile": {"name": "Sara"}, "user_id": "US.1001"}
NOUR = {"profile": {"name": "Nour"}, "wa_id": "971502220000", "user_id": "US.2002"}

SENDERS: Mapping[str, tuple[dict[str, Any], object, tuple[str, ...], str]] = {
    "no contacts": (text(), None, ("wa_id:971501112233",), ""),
    "contacts are not a list": (text(), {"0": SARA}, ("wa_id:971501112233",), ""),
    "contacts hold oddities": (text(), [None, 5, SARA], ("wa_id:971501112233", "bsuid:US.1001"), "Sara"),
    "one of two by phone": (text(), [NOUR, SARA], ("wa_id:971501112233", "bsuid:US.1001"), "Sara"),
    "one of two by scoped id": (
        text(**{"from": None, "from_user_id": "US.2002"}),
        [SARA, NOUR],
        ("wa_id:971502220000", "bsuid:US.2002"),
        "Nour",
    ),
    "scoped id alone": (
        text(**{"from": None, "from_user_id": "US.1001"}),
        [BSUID],
        ("bsuid:US.1001",),
        "Sara",
    ),
    "no sender, one contact": (
        text(**{"from": None}),
        [SARA],
        ("wa_id:971501112233", "bsuid:US.1001"),
        "Sara",
    ),
    "another person's contact": (text(), [NOUR], ("wa_id:971501112233",), ""),
    "phone in the message, scoped id beside it": (
        text(),
        [BSUID],
        ("wa_id:971501112233", "bsuid:US.1001"),
        "Sara",
    ),
    "a plus before the phone": (
        text(**{"from": "+971501112233"}),
        [SARA],
        ("wa_id:971501112233", "bsuid:US.1001"),
        "Sara",
    ),
    "a phone as a number": (text(**{"from": 971501112233}), None, ("wa_id:971501112233",), ""),
}


@pytest.mark.parametrize("name", SENDERS)
def test_a_sender_is_named_by_message_and_contacts_together(name: str) -> None:
    element, contacts, identities, called = SENDERS[name]
    arrival, event = only(verified(change(value(messages=[element], contacts=contacts))))
    assert arrival.identities == identities
    assert event == MessageReceived(text="Body Text", id="wamid.HBgM0", stamped=1767225600, name=called)


def test_a_message_of_nobody_is_kept_under_its_own_id_and_never_answered() -> None:
    arrival, event = only(verified(change(value(messages=[text(**{"from": None})]))))
    assert arrival.identities == ("unknown:wamid.HBgM0",)
    assert isinstance(event, Unsupported)
    assert event.kind == "text"


def test_a_message_without_an_id_is_kept_under_a_hash() -> None:
    first, second, other = (
        only(verified(change(value(text(body, id=None))))) for body in ("hello", "hello", "bye")
    )
    assert isinstance(first[1], Unsupported)
    assert first[0].dedup.startswith("x|")
    assert first[0] == second[0]
    assert first[0].dedup != other[0].dedup


def test_what_has_neither_sender_nor_id_is_counted() -> None:
    answer = verified(change(value(messages=[text(**{"from": None, "id": None}), text()])))
    assert len(answer.arrivals) == 1
    assert answer.dropped == {"nobody": 1}


# ── receipts ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "played"])
def test_a_status_is_a_receipt_and_no_event(word: str) -> None:
    pricing = {
        "billable": False,
        "pricing_model": "PMP",
        "category": "utility",
        "type": "free_customer_service",
    }
    answer = verified(change(value(statuses=[status(word, pricing=pricing)])))
    assert answer == Verified((), (Receipt(CHANNEL, "0b9c-uuid", "wamid.OUT", word),), {})


def test_failures_that_name_no_message_are_told_apart_by_their_effects() -> None:
    failed = [status("failed", id=None, biz_opaque_callback_data=effect) for effect in ("one", "two", "two")]
    first, second, again = verified(change(value(statuses=failed))).arrivals
    assert first.dedup != second.dedup == again.dedup


def test_a_failed_status_is_a_receipt_and_an_event() -> None:
    error: dict[str, Any] = {
        "code": 130472,
        "title": "User's number is part of an experiment",
        "message": "..",
        "href": "..",
    }
    answer = verified(change(value(statuses=[status("failed", errors=[error], recipient_user_id="US.1001")])))
    assert answer.receipts == (Receipt(CHANNEL, "0b9c-uuid", "wamid.OUT", "failed"),)
    arrival, event = only(answer)
    assert event == EffectFailed(
        effect="0b9c-uuid", code="130472", reason=error["title"], kind=Failure.UNDELIVERED
    )
    assert (arrival.stamped, arrival.perishable) == (1698266945, False)
    assert arrival.identities == ("wa_id:971501112233", "bsuid:US.1001")
    assert arrival.dedup == f"s|{CHANNEL}|wamid.OUT|failed|971501112233|1698266945"


ODD_FAILURES: Mapping[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "no errors": (status("failed"), ("wa_id:971501112233",), "failed"),
    "errors are odd": (status("failed", errors=[7]), ("wa_id:971501112233",), "failed"),
    "code in words": (status("failed", errors=[{"code": "131026"}]), ("wa_id:971501112233",), "131026"),
    "scoped id alone": (
        status("failed", recipient_id=None, recipient_user_id="US.1001"),
        ("bsuid:US.1001",),
        "failed",
    ),
}


@pytest.mark.parametrize("name", ODD_FAILURES)
def test_an_odd_failure_is_a_failure(name: str) -> None:
    element, identities, code = ODD_FAILURES[name]
    arrival, event = only(verified(change(value(statuses=[element]))))
    assert arrival.identities == identities
    assert event == EffectFailed(effect="0b9c-uuid", code=code, kind=Failure.UNDELIVERED)


@pytest.mark.parametrize(
    ("element", "receipts", "reason"),
    [
        (status("deleted"), 0, "unknown_status"),
        (status(["sent"]), 0, "malformed"),
        ({"status": "sent"}, 0, "malformed"),
        ("sent", 0, "malformed"),
        (status("failed", recipient_id=None), 1, "nobody"),
    ],
)
def test_a_status_without_a_place_is_counted(element: object, receipts: int, reason: str) -> None:
    answer = verified(change(value(statuses=[element, status("read")])))
    assert answer.dropped == {reason: 1}
    assert len(answer.receipts) == receipts + 1
    assert answer.arrivals == ()


def test_a_status_sent_by_another_tool_has_no_effect() -> None:
    answer = verified(change(value(statuses=[status("sent", biz_opaque_callback_data=None)])))
    assert answer.receipts == (Receipt(CHANNEL, "", "wamid.OUT", "sent"),)


# ── accounts ──────────────────────────────────────────────────────────

TEMPLATE = {"event": "APPROVED", "message_template_id": 5, "message_template_name": "follow_up_1"}


def test_news_of_an_account_go_to_its_own_conversation() -> None:
    arrival, event = only(verified(change(TEMPLATE, field="message_template_status_update")))
    assert arrival.channel == f"meta:account:{ACCOUNT}"
    assert arrival.identities == (f"account:{ACCOUNT}",)
    assert arrival.dedup.startswith("x|")
    assert isinstance(event, AccountNotice)
    assert (event.account, event.field) == (ACCOUNT, "message_template_status_update")
    assert json.loads(event.raw) == TEMPLATE


def test_the_same_news_again_is_the_same_and_later_news_are_not() -> None:
    first, again, later = (change(TEMPLATE, field="message_template_status_update") for _ in range(3))
    first["entry"][0]["time"] = again["entry"][0]["time"] = 1767225600
    later["entry"][0]["time"] = 1767225601
    keys = [only(verified(body))[0].dedup for body in (first, again, later)]
    assert keys[0] == keys[1] != keys[2]


def test_order_and_escapes_do_not_change_what_is_the_same() -> None:
    plain = change({"a": "ü", "b": 1}, field="account_update")
    turned = json.dumps(change({"b": 1, "a": "ü"}, field="account_update"), ensure_ascii=False).encode()
    assert only(verified(plain))[0] == only(verified(turned))[0]


def test_a_declared_account_is_spoken_for_by_its_own_secrets() -> None:
    body = change(TEMPLATE, field="account_update", account=DECLARED)
    assert verified(body, "mine") == Verified((), (), {"foreign_account": 1})
    assert only(verified(body, "theirs"))[0].channel == f"meta:account:{DECLARED}"


@pytest.mark.parametrize("field", ["calls_of_tomorrow", "messages"])
def test_what_is_unknown_is_kept_with_its_account(field: str) -> None:
    for body in (value(calls=[{"id": "c"}]), {"anything": 1}):
        _, event = only(verified(change(body, field=field)))
        assert isinstance(event, AccountNotice)
        assert (event.field, json.loads(event.raw)) == (field, body)


# ── whose it is ───────────────────────────────────────────────────────


def test_a_secret_speaks_only_for_its_own_channels() -> None:
    body = change(value(text(), text(id="wamid.2"), number=OTHER, statuses=[status("sent")]))
    assert verified(body, "mine") == Verified((), (), {"foreign_channel": 3})
    assert only_channel(verified(body, "theirs")) == {f"meta:{OTHER}"}


def only_channel(answer: Verified) -> set[str]:
    return {arrival.channel for arrival in answer.arrivals}


def test_both_secrets_of_a_rotation_speak_for_the_channel() -> None:
    for secret in SECRETS[NUMBER]:
        assert only_channel(verified(change(value(text())), secret)) == {CHANNEL}


def test_an_unknown_number_is_counted_and_the_rest_is_stored() -> None:
    body = change(value(text(), number=STRANGE))
    body["entry"] += change(value(text()))["entry"]
    answer = verified(body)
    assert only_channel(answer) == {CHANNEL}
    assert answer.dropped == {"unknown_channel": 1}


def test_messages_without_a_number_are_counted() -> None:
    assert verified(change({"messages": [text()]})) == Verified((), (), {"unknown_channel": 1})


def test_another_product_of_the_provider_is_counted() -> None:
    assert verified(change(value(text())) | {"object": "page"}) == Verified((), (), {"other_object": 1})


# ── batches ───────────────────────────────────────────────────────────


def test_a_batch_of_a_thousand_keeps_all_and_their_order() -> None:
    entries = []
    for start in range(0, 1000, 10):
        people = [{"wa_id": f"9715{n:08}", "profile": {"name": f"N{n}"}} for n in range(start, start + 10)]
        mixed: list[dict[str, Any]] = [
            text(f"t{n}", **{"id": f"wamid.{n}", "from": f"9715{n:08}"}) for n in range(start, start + 10)
        ]
        changes = [
            {"field": "messages", "value": value(messages=mixed[:5], contacts=people)},
            {"field": "messages", "value": value(statuses=[status("sent"), status("failed")])},
            {"field": "messages", "value": value(messages=mixed[5:], contacts=people)},
        ]
        entries.append({"id": ACCOUNT, "changes": changes})
    answer = verified({"object": "whatsapp_business_account", "entry": entries})
    received = [event for event in events(answer) if isinstance(event, MessageReceived)]
    assert [event.text for event in received] == [f"t{n}" for n in range(1000)]
    assert [event.name for event in received] == [f"N{n}" for n in range(1000)]
    assert len(answer.receipts) == 200
    assert len(answer.arrivals) == 1100
    assert answer.dropped == {}


@pytest.mark.parametrize("shape", ["messages", "entries", "changes"])
def test_many_more_updates_than_the_provider_ever_sends_are_refused_unread(shape: str) -> None:
    entries: dict[str, list[object]] = {
        "messages": [{"changes": [{"field": "messages", "value": value(*[{}] * 5000)}]}],
        "entries": [{}] * 5001,
        "changes": [{"changes": [{}] * 5001}],
    }
    answer = post({"object": "whatsapp_business_account", "entry": entries[shape]})
    assert isinstance(answer, Response)
    assert (answer.status, b"5,000" in answer.body) == (400, True)


def test_a_message_twice_in_one_batch_has_one_key() -> None:
    answer = verified(change(value(text(), text())))
    assert [arrival.dedup for arrival in answer.arrivals] == [f"m|{CHANNEL}|wamid.HBgM0"] * 2


def test_one_odd_element_costs_no_other() -> None:
    odd: list[object] = [None, 5, "x", [], text(body=None), {"id": 7}]
    answer = verified(change(value(*odd, text(id="wamid.good"))))
    assert [type(event) for event in events(answer)] == [Unsupported, Unsupported, MessageReceived]
    assert answer.dropped == {"malformed": 4}


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        ({}, {"malformed": 1}),
        ({"entry": 5}, {"malformed": 1}),
        ({"entry": []}, {}),
        ({"entry": [None]}, {"malformed": 1}),
        ({"entry": [{"id": ACCOUNT}]}, {"malformed": 1}),
        ({"entry": [{"id": ACCOUNT, "changes": [None, {}, {"field": "messages"}]}]}, {"malformed": 3}),
        (change(5), {"malformed": 1}),
        (change({}, field="account_update", account=""), {"malformed": 1}),
        (change(value(messages=[])), {"empty": 1}),
        (change(value(messages={"0": text()})), {"empty": 1}),
    ],
)
def test_an_odd_envelope_is_counted(body: object, dropped: dict[str, int]) -> None:
    assert verified(body) == Verified((), (), dropped)


# ── hostile bytes ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"NaN",
        b'{"entry":NaN}',
        b'{"entry":-Infinity}',
        b'{"entry":[]} trailing',
        b'{"entry":[],}',
        b'{"entry":"\xff"}',
        b'{"entry":"\xed\xa0\x80"}',
        b'{"entry":"\x00"}',
        b"\xef\xbb\xbf{}",
        '{"entry":[]}'.encode("utf-16"),
        b"[" * 20_000 + b"]" * 20_000,
        b'{"entry":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
)
def test_what_is_not_a_json_object_is_400(body: bytes) -> None:
    answer = post(body)
    assert isinstance(answer, Response)
    assert answer.status == 400
    assert answer.body


@pytest.mark.parametrize("core", ["", r'"\ud800"'])
def test_any_depth_is_either_read_or_400(core: str) -> None:
    answers = set()
    for depth in range(200, 1000, 3):
        deep = "[" * depth + core + "]" * depth
        body = json.dumps(change(value(message(type="hologram", hologram="DEEP")))).replace('"DEEP"', deep)
        answers.add(type(post(body.encode())))
    assert answers == {Verified, Response}


def test_lone_surrogates_and_nul_become_visible_in_texts() -> None:
    raw = json.dumps(change(value(text("HERE")))).replace("HERE", r"a\ud800b\u0000c\ud83d\ude00")
    _, event = only(verified(raw.encode()))
    assert isinstance(event, MessageReceived)
    assert event.text == "a\ufffdb\ufffdc😀"


@pytest.mark.parametrize("odd", [r"\udfff\ud800", r"\u0000\u0000", r"\u0000\udfff"])
def test_lone_surrogates_and_nul_become_visible_in_what_is_kept_whole(odd: str) -> None:
    raw = json.dumps(change(value(message(type="hologram", x="HERE")))).replace("HERE", odd)
    _, event = only(verified(raw.encode()))
    assert isinstance(event, Unsupported)
    assert json.loads(event.raw)["x"] == "\ufffd\ufffd"
    assert "u0000" not in event.raw


@pytest.mark.parametrize("odd", [r"\u0000", r"\ud800", "x" * 600, "a|b", r"\n", r"\u202e"])
def test_odd_ids_become_hashes_each_its_own(odd: str) -> None:
    raw = json.dumps(
        change(value(text(id="ID1", **{"from": "ID1", "from_user_id": "ID1"}), statuses=[status("failed")]))
    ).replace("971501112233", "ID1")
    first, second = (verified(raw.replace("ID1", f"{odd}{n}").encode()) for n in (1, 2))
    assert len(first.arrivals) == len(second.arrivals) == 2
    for mine, other in zip(first.arrivals, second.arrivals, strict=True):
        assert mine.dedup != other.dedup
        assert not set(mine.identities) & set(other.identities)
    assert first == verified(raw.replace("ID1", f"{odd}1").encode())


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1767225600", 1767225600),
        (1767225600, 1767225600),
        ("", 0),
        (None, 0),
        (-5, 0),
        (1767225600.9, 1767225600),
        (-1.5, 0),
        (True, 0),
        ("١٢", 0),
        ("1767225600000", 0),
        (10**30, 0),
        ([], 0),
    ],
)
def test_stamps_come_as_text_or_number(stamp: object, expected: int) -> None:
    _, event = only(verified(change(value(text(timestamp=stamp)))))
    assert isinstance(event, MessageReceived)
    assert event.stamped == expected


def test_a_number_of_five_thousand_digits_is_kept_out() -> None:
    raw = json.dumps(change(value(text(timestamp="HERE")))).replace('"HERE"', "1" * 5000)
    _, event = only(verified(raw.encode()))
    assert isinstance(event, MessageReceived)
    assert event.stamped == 0


def test_what_is_kept_whole_has_a_bound() -> None:
    _, event = only(verified(change(value(message(type="hologram", x="ü" * 3_000_000)))))
    assert isinstance(event, Unsupported)
    assert len(event.raw.encode()) < 300_000
    assert json.loads(event.raw)["cut_from_bytes"] > 6_000_000


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
NAMES = st.sampled_from(
    ["object", "entry", "id", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "wa_id",
     "messages", "statuses", "errors", "message_echoes", "user_preferences", "from", "from_user_id", "type",
     "text", "body", "interactive", "button_reply", "location", "latitude", "longitude", "status", "code",
     "timestamp", "context", "profile", "name", "recipient_id"]
)  # fmt: skip
WORDS = st.sampled_from(
    [NUMBER, OTHER, ACCOUNT, "text", "interactive", "location", "failed", "sent", "messages"]
)
TREES = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)
ELEMENTS = st.dictionaries(NAMES, TREES, max_size=6)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        TREES,
        st.builds(change, TREES, st.sampled_from(["messages", "account_update"])),
        st.builds(
            lambda lists, contacts: change(value(contacts=contacts, **lists)),
            st.dictionaries(
                st.sampled_from(["messages", "statuses", "message_echoes", "user_preferences", "errors"]),
                st.lists(ELEMENTS | SCALARS, max_size=4),
            ),
            TREES,
        ),
    )
)
def test_no_json_under_a_right_signature_raises(tree: object) -> None:
    raw = json.dumps(tree).encode()
    answer = post(raw)
    if isinstance(answer, Verified):
        verified(raw)
        assert not [event for event in events(answer) if isinstance(event, UnreadableEvent)]
        assert msgspec.json.decode(msgspec.json.encode(answer.dropped), type=dict[str, int]) == answer.dropped
    else:
        assert answer.status == 400
        assert not isinstance(tree, dict)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_under_a_right_signature_raise(raw: bytes) -> None:
    answer = post(raw)
    assert isinstance(answer, Verified) or answer.status == 400
