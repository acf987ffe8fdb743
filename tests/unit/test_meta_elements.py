"""Everything that arrives has its typed event: each documented sample, and what becomes of its odd relatives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from actors.messages import (
    INCOMING,
    AccountNotice,
    ChoicePicked,
    ConsentChanged,
    Content,
    FormFilled,
    HumanAnswered,
    MediaReceived,
    MessageEdited,
    MessageReceived,
    NumberChanged,
    Reacted,
    Referral,
    Unsupported,
)
from runtime import Arrival, EffectFailed, Event, Failure, encode_event
from runtime.journal.identity import resolve
from tests.unit.meta_samples import BROKEN, CHOICE, ECHO, IMAGE, NOBODY, SAMPLES, SARA, STAMP, pressed
from tests.unit.webhooks import (
    ACCOUNT,
    CHANNEL,
    CODEC,
    change,
    events,
    message,
    only,
    status,
    value,
    verified,
)

PHONE, SCOPED = "wa_id:971501112233", "bsuid:US.1001"


def becomes(name: str) -> None:
    """Check that a sample becomes its event, and that it says when it was stamped."""
    content, expected = SAMPLES[name]
    arrival, event = only(verified(change(content)))
    assert event == expected
    if name not in {"status failed", "value errors"}:
        assert arrival.channel == CHANNEL
        assert arrival.identities[0] == PHONE
        assert arrival.stamped == STAMP


def heard(contacts: object = None, /, **part: object) -> Event:
    """Return the event of one message."""
    return only(verified(change(value(message(**part)))))[1]


def test_every_type_of_event_has_a_sample_and_survives_being_stored() -> None:
    samples = [expected for _, expected in SAMPLES.values()]
    assert {type(event) for event in samples} == {*INCOMING, EffectFailed} - {AccountNotice}
    assert set(get_args(Content)) <= set(INCOMING)
    for event in samples:
        assert CODEC.decode(encode_event(event)) == event


# ── messages ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["text", "text, reply", "text, forwarded", "text, forwarded often"])
def test_a_text_says_what_it_answers_and_whether_it_was_forwarded(name: str) -> None:
    becomes(name)


@pytest.mark.parametrize(
    "name", ["image", "image with url", "video", "document", "sticker", "sticker that moves"]
)
def test_a_medium_says_how_to_fetch_it(name: str) -> None:
    becomes(name)


@pytest.mark.parametrize("name", ["audio", "voice"])
def test_a_voice_is_told_from_other_sounds(name: str) -> None:
    becomes(name)


@pytest.mark.parametrize("name", ["location", "location, place"])
def test_a_location_may_be_a_place(name: str) -> None:
    becomes(name)


def test_contacts_are_cards() -> None:
    becomes("contacts")


@pytest.mark.parametrize("name", ["button reply", "list reply"])
def test_a_reply_to_buttons_or_a_list_is_a_choice(name: str) -> None:
    becomes(name)


@pytest.mark.parametrize("name", ["template button", "template button without context"])
def test_a_button_of_a_template_is_a_choice(name: str) -> None:
    becomes(name)


def test_a_flow_reply_is_a_form_with_answers() -> None:
    becomes("flow reply")
    event = heard(**pressed("nfm_reply", {"response_json": '{"budget": 5, "of": ["a"]}'}))
    assert isinstance(event, FormFilled)
    assert event.answers == {"budget": 5, "of": ["a"]}


@pytest.mark.parametrize(
    "odd", ["", "not JSON", "[1]", '{"a":', "[" * 5000, '{"a":' + "[" * 1500, "1" * 5000]
)
def test_a_flow_reply_of_broken_json_is_still_usable(odd: str) -> None:
    event = heard(**pressed("nfm_reply", {"response_json": odd, "name": "flow"}))
    assert isinstance(event, FormFilled)
    assert (event.form, dict(event.answers)) == ("flow", {})
    assert event.response[:500] == odd[:500]


def test_an_escape_in_a_flow_reply_hides_no_character_that_a_database_refuses() -> None:
    event = heard(**pressed("nfm_reply", {"response_json": '{"a":"\\u0000\\ud800"}'}))
    assert isinstance(event, FormFilled)
    assert event.answers == {"a": "\ufffd\ufffd"}


def test_an_order_has_its_items() -> None:
    becomes("order")


def test_an_advertisement_is_named_with_the_message_that_it_brought() -> None:
    becomes("ad referral")
    referral = {"source_type": "post", "ctwa_clid": "X", "video_url": "v", "image_url": 5}
    expected = Referral(source="post", click="X", media_url="v")
    for part in (
        {"type": "image", "image": IMAGE},
        pressed("button_reply", {"id": "a"}),
        {"type": "tomorrow"},
    ):
        event = heard(**part, referral=referral)
        assert isinstance(event, MediaReceived | ChoicePicked | Unsupported)
        assert event.referral == expected
    for odd in (None, {}, [], "ad"):
        plain = heard(type="text", text={"body": "a"}, referral=odd)
        assert plain == MessageReceived(text="a", **SARA)


def test_what_the_provider_cannot_pass_on_says_what_it_was() -> None:
    becomes("unsupported")


def test_a_broken_interactive_keeps_the_errors_beside_it() -> None:
    becomes("broken interactive")
    answer = verified(
        change(value(message(type="interactive"), message(type="interactive"), errors=[BROKEN]))
    )
    assert [event.code for event in events(answer) if isinstance(event, Unsupported)] == ["131000"] * 2


def test_errors_beside_messages_that_are_understood_are_news_of_the_channel() -> None:
    answer = verified(change(value(message(type="text", text={"body": "a"}), errors=[BROKEN])))
    assert events(answer) == [MessageReceived(text="a", **SARA), SAMPLES["value errors"][1]]


# ── deeds ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["reaction", "reaction removed", "reaction removed, no key"])
def test_a_reaction_comes_and_goes(name: str) -> None:
    becomes(name)


def test_a_reaction_of_null_is_removed() -> None:
    event = heard(type="reaction", reaction={"message_id": "wamid.X", "emoji": None})
    assert event == Reacted(target="wamid.X", **SARA)


def test_an_edit_carries_the_new_message() -> None:
    becomes("edit")


@pytest.mark.parametrize(
    "inner", [{"type": "tomorrow"}, {}, {"type": "edit", "edit": {"original_message_id": "w", "message": {}}}]
)
def test_an_edit_into_what_is_not_understood_carries_it_whole(inner: dict[str, Any]) -> None:
    event = heard(type="edit", edit={"original_message_id": "wamid.X", "message": inner})
    assert isinstance(event, MessageEdited)
    assert isinstance(event.message, Unsupported)
    assert (event.message.kind, event.message.id) == (inner.get("type", "unknown"), "wamid.X")
    assert json.loads(event.message.raw) == inner


def test_a_revoke_names_what_is_to_be_forgotten() -> None:
    becomes("revoke")


def test_each_deed_has_a_key_of_its_own() -> None:
    deeds = [
        SAMPLES[name][0]["messages"][0] | {"id": f"wamid.{name}"} for name in ("reaction", "edit", "revoke")
    ]
    answer = verified(change(value(*deeds)))
    assert [arrival.dedup for arrival in answer.arrivals] == [
        f"m|{CHANNEL}|wamid.{name}" for name in ("reaction", "edit", "revoke")
    ]


# ── who people are, and what they want ────────────────────────────────


def test_a_changed_number_leads_to_the_same_conversation_and_replies_go_to_the_new_one() -> None:
    becomes("number change")
    arrival, _ = only(verified(change(SAMPLES["number change"][0])))
    assert arrival.identities == (PHONE, "wa_id:971504445566")
    assert arrival.address == "wa_id:971504445566"


def test_a_conversation_goes_on_under_a_new_number_and_a_new_scoped_id() -> None:
    system = {"wa_id": "97150", "user_id": "US.2", "previous_user_id": "US.1", "type": "user_changed_number"}
    here, renamed, there, hidden = (
        {"wa_id": "971501112233", "user_id": "US.1"},
        message(id="w2", type="system", system=system),
        {"wa_id": "97150", "user_id": "US.2"},
        {"user_id": "US.2"},
    )
    arrivals: list[Arrival] = []
    for who in (here, renamed, there, hidden):
        if who is renamed:
            content = value(messages=[renamed])
        else:
            greeting = message(type="text", text={"body": "hi"}, **{"from": who.get("wa_id")})
            content = value(messages=[greeting], contacts=[who])
        arrivals += verified(change(content)).arrivals
    assert len(arrivals) == 4
    found = resolve(arrivals, {}, b"salt")
    assert (len(set(found.conversations)), found.conflicts) == (1, [])


MOVES: Mapping[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "number and scoped id": (
        {"wa_id": "97150", "user_id": "US.2", "previous_user_id": "US.1", "type": "user_changed_number"},
        (PHONE, "bsuid:US.1", "wa_id:97150", "bsuid:US.2"),
        "wa_id:97150",
    ),
    "scoped id alone": (
        {"user_id": "US.2", "previous_user_id": "US.1", "type": "user_changed_user_id"},
        (PHONE, "bsuid:US.1", "bsuid:US.2"),
        "bsuid:US.2",
    ),
    "the same number": (
        {"wa_id": "+971501112233", "type": "user_changed_number"},
        (PHONE,),
        PHONE,
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_change_names_all_that_somebody_had_before_all_that_they_have(name: str) -> None:
    system, identities, address = MOVES[name]
    arrival, event = only(verified(change(value(messages=[message(type="system", system=system)]))))
    assert isinstance(event, NumberChanged)
    assert (arrival.identities, arrival.address) == (identities, address)


def test_a_changed_scoped_id_without_any_phone_is_the_one_before() -> None:
    system = {"user_id": "US.2", "previous_user_id": "US.1", "type": "user_changed_user_id"}
    arrival, event = only(
        verified(change(value(messages=[message(**{"from": None}, type="system", system=system)])))
    )
    assert (arrival.identities, arrival.address) == (("bsuid:US.1", "bsuid:US.2"), "bsuid:US.2")
    assert event == NumberChanged(scoped="US.2", **NOBODY)


def test_a_changed_identity_is_known_by_its_hash() -> None:
    becomes("identity change")


def test_an_answer_from_the_phone_belongs_to_the_person_it_went_to() -> None:
    becomes("app echo")
    arrival, _ = only(verified(change(SAMPLES["app echo"][0], field="smb_message_echoes")))
    assert arrival.identities == (PHONE, SCOPED)
    assert arrival.dedup.startswith("x|")


def test_an_answer_from_the_phone_of_any_type_is_one() -> None:
    for kind in ("revoke", "tomorrow"):
        echo = {**ECHO, "type": kind}
        _, event = only(verified(change(value(message_echoes=[echo]))))
        assert isinstance(event, HumanAnswered)
        assert isinstance(event.message, Unsupported)
        assert json.loads(event.message.raw) == echo


@pytest.mark.parametrize("name", ["marketing choice", "marketing choice, stop"])
def test_a_marketing_choice_belongs_to_its_person(name: str) -> None:
    becomes(name)


def test_a_choice_that_is_made_again_later_is_another() -> None:
    words = ("stop", "resume", "stop")
    choices = [{**CHOICE, "value": word, "timestamp": STAMP + n} for n, word in enumerate(words)]
    answer = verified(change(value(user_preferences=[*choices, choices[0]])))
    assert len({arrival.dedup for arrival in answer.arrivals}) == 3
    assert [event.allowed for event in events(answer) if isinstance(event, ConsentChanged)][:3] == [
        False,
        True,
        False,
    ]


# ── what is not about a person's words ────────────────────────────────


FAILURES = {
    131026: Failure.UNDELIVERED,
    130472: Failure.UNDELIVERED,
    131047: Failure.TEMPLATE,
    131049: Failure.LONG,
    131050: Failure.OPTED_OUT,
    131031: Failure.HALTED,
    "strange": Failure.UNDELIVERED,
}


def test_a_failed_status_says_what_may_help() -> None:
    becomes("status failed")
    for code, kind in FAILURES.items():
        _, event = only(verified(change(value(statuses=[status("failed", errors=[{"code": code}])]))))
        assert event == EffectFailed(effect="0b9c-uuid", code=str(code), kind=kind)


def test_errors_without_messages_are_a_fault_of_the_channel() -> None:
    becomes("value errors")
    arrival, _ = only(verified(change(SAMPLES["value errors"][0])))
    assert arrival.channel == f"meta:account:{ACCOUNT}"
    assert arrival.identities == (f"account:{ACCOUNT}",)


def test_what_is_true_however_old_it_is_does_not_perish() -> None:
    lasting = {
        name for name, (content, _) in SAMPLES.items() if not only(verified(change(content)))[0].perishable
    }
    assert lasting == {
        "revoke",
        "number change",
        "identity change",
        "marketing choice",
        "marketing choice, stop",
        "status failed",
        "value errors",
    }
    notice, _ = only(verified(change({"event": "APPROVED"}, field="message_template_status_update")))
    assert not notice.perishable


# ── odd relatives ─────────────────────────────────────────────────────

KEPT_WHOLE: Mapping[str, dict[str, Any]] = {
    "a type of tomorrow": {"type": "hologram", "hologram": {"id": 1}},
    "text without a body": {"type": "text"},
    "text whose body is a number": {"type": "text", "text": {"body": 5}},
    "text whose text is a list": {"type": "text", "text": ["body"]},
    "image without id and url": {"type": "image", "image": {"caption": "c"}},
    "audio that is a text": {"type": "audio", "audio": "la la"},
    "no contacts": {"type": "contacts", "contacts": []},
    "contacts of which one is odd": {"type": "contacts", "contacts": [{}, 5]},
    "button reply without id": {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {}},
    },
    "flow reply of an object": {
        "type": "interactive",
        "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": {"a": 1}}},
    },
    "template button without payload": {"type": "button", "button": {"text": "title"}},
    "location in words": {"type": "location", "location": {"latitude": "north", "longitude": 1}},
    "location of a boolean": {"type": "location", "location": {"latitude": True, "longitude": 1}},
    "location of 400 digits": {"type": "location", "location": {"latitude": 10**399, "longitude": 1}},
    "order without items": {"type": "order", "order": {"catalog_id": "354", "product_items": []}},
    "order of which one item is odd": {
        "type": "order",
        "order": {"product_items": [{"product_retailer_id": "a", "quantity": 1}, {"quantity": 3}]},
    },
    "reaction to nothing": {"type": "reaction", "reaction": {"emoji": "😮"}},
    "reaction of a number": {"type": "reaction", "reaction": {"message_id": "w", "emoji": 5}},
    "edit without message": {"type": "edit", "edit": {"original_message_id": "w"}},
    "revoke of nothing": {"type": "revoke", "revoke": {}},
    "number change to nothing": {"type": "system", "system": {"type": "user_changed_number"}},
    "number change to words": {"type": "system", "system": {"type": "user_changed_number", "wa_id": "home"}},
    "system of tomorrow": {"type": "system", "system": {"type": "user_changed_planet"}},
}


@pytest.mark.parametrize("name", KEPT_WHOLE)
def test_what_is_not_understood_is_kept_whole(name: str) -> None:
    element = message(**KEPT_WHOLE[name])
    arrival, event = only(verified(change(value(element))))
    assert isinstance(event, Unsupported)
    assert (event.kind, event.id, event.stamped, event.name) == (
        element["type"],
        "wamid.HBgM0",
        STAMP,
        "Sara",
    )
    assert json.loads(event.raw) == element
    assert arrival.identities == (PHONE, SCOPED)
    assert arrival.dedup == f"m|{CHANNEL}|wamid.HBgM0"


def test_an_infinite_place_is_none() -> None:
    body = json.dumps(change(value(message(type="location", location={"latitude": "HERE", "longitude": 1}))))
    assert isinstance(only(verified(body.replace('"HERE"', "1e999").encode()))[1], Unsupported)


def test_an_odd_choice_is_kept_whole_with_its_person() -> None:
    arrival, event = only(verified(change(value(user_preferences=[{**CHOICE, "value": "perhaps"}]))))
    assert isinstance(event, Unsupported)
    assert (event.kind, event.stamped, arrival.identities) == ("user_preferences", STAMP, (PHONE,))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "ü"}}] * 50_000},
        {"type": "image", "image": {"id": "1", "caption": "ü" * 600_000}},
        {"type": "edit", "edit": {"original_message_id": "w", "message": {"type": "x", "y": '"' * 600_000}}},
        {"type": "text", "text": {"body": "ü"}, "referral": {"body": "ü" * 600_000}},
        {"type": "hologram", "id": "ü" * 600_000, "context": {"id": "ü" * 600_000}},
        {"type": "ü" * 600_000, "errors": [{"code": "ü" * 600_000}], "unsupported": {"type": "ü" * 600_000}},
    ],
)
def test_an_event_has_a_bound(part: dict[str, Any]) -> None:
    arrival, event = only(verified(change(value(message(**part)))))
    assert isinstance(event, Unsupported | MessageReceived)
    assert len(arrival.payload) < 800_000


def test_an_answer_from_the_phone_that_is_too_large_is_still_none_of_the_person() -> None:
    echo = {**ECHO, "text": {"body": "ü" * 600_000}}
    _, event = only(verified(change(value(message_echoes=[echo]))))
    assert isinstance(event, Unsupported)
    assert event.kind == "message_echoes"
