"""What every channel must do alike, whoever the provider is: verify, understand, render within limits, judge errors.

A provider joins by one more `Subject`: how it words each thing, and how its sends are read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote_plus, urlencode
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels import numbered
from actors.channels.limits import units
from actors.channels.meta import errors as meta_errors
from actors.channels.meta import rendering as meta_rendering
from actors.channels.meta.long_texts import pieces
from actors.channels.twilio import errors as twilio_errors
from actors.channels.twilio import rendering as twilio_rendering
from actors.channels.waha import errors as waha_errors
from actors.channels.waha import rendering as waha_rendering
from actors.messages import (
    INCOMING,
    Buttons,
    Choice,
    ChoicePicked,
    Choices,
    Document,
    LocationShared,
    MediaReceived,
    MessageReceived,
    Picture,
    Text,
    Unsupported,
)
from runtime import (
    Accepted,
    Broken,
    Delivery,
    EffectFailed,
    Event,
    Failure,
    Outcome,
    PerChannel,
    Provider,
    Receipt,
    Refused,
    Request,
    Response,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.actor.effect import Lane
from runtime.actor.event import EventCodec
from tests.unit import twilio_webhooks as twilio
from tests.unit import waha_webhooks as waha
from tests.unit import webhooks as meta

CODEC = EventCodec(INCOMING)
ID, EFFECT = "SM" + "1b" * 16, "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
WHO = "971500000001"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
Told = Literal["sent", "delivered", "read", "failed"]
Kind = Literal["text", "picture", "place", "picked", "odd", "foreign"] | Told
TOLD: Sequence[Told] = ("sent", "delivered", "read", "failed")
Fault = Literal["rate", "window", "opted_out", "bad_recipient", "credentials", "crash", "no_id"]


@dataclass(frozen=True)
class Subject:
    """One provider: its webhooks, its errors, and the texts that a person reads of a send.

    `signed` is a webhook with any body; `taken` is the answer to a send that was taken under ID. One whose receipts name
    no effect `echoes` nothing; and one without a service window has no such error.
    """

    provider: Provider
    channel: str
    webhook: Callable[[Kind, bool], Request]
    signed: Callable[[bytes], Request]
    taken: tuple[int, bytes]
    judge: Callable[[int, bytes], Outcome]
    errors: Mapping[Fault, tuple[int, bytes]]
    read: Callable[[Text | Buttons | Choices], Sequence[str]]
    limit: int
    echoes: bool = True
    failure: Failure = Failure.TEMPLATE


# ── how each of them words it ─────────────────────────────────────────

_META: Mapping[Kind, Mapping[str, Any]] = {
    "text": {"type": "text", "text": {"body": "سلام، ۲ خوابه؟"}},
    "picture": {"type": "image", "image": {"id": "9001", "mime_type": "image/jpeg", "caption": "kitchen"}},
    "place": {"type": "location", "location": {"latitude": 25.5, "longitude": 55.25, "name": "Marina"}},
    "picked": {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "ok_1", "title": "Confirm"}},
    },
    "odd": {"type": "hologram", "hologram": {"id": "1"}},
}


def _meta(kind: Kind, novel: bool) -> Request:
    number = meta.STRANGE if kind == "foreign" else meta.NUMBER
    value: dict[str, Any] = {"metadata": {"phone_number_id": number}, "messaging_product": "whatsapp"}
    if kind in TOLD:
        one = {"id": ID, "status": kind, "timestamp": "1767225600", "recipient_id": WHO}
        value["statuses"] = [{**one, "biz_opaque_callback_data": EFFECT, "errors": [{"code": 131047}]}]
    else:
        content = _META["text" if kind == "foreign" else kind]
        value["contacts"] = [{"profile": {"name": "Sara"}, "wa_id": WHO}]
        value["messages"] = [{"from": WHO, "id": ID, "timestamp": "1767225600", **content}]
        if novel:
            value["messages"][0]["brand_new"] = {"سلام": 1}
    change = {"field": "messages", "value": value}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    return _signed_by_meta(body.encode())


def _signed_by_meta(body: bytes) -> Request:
    digest = hmac.new(b"mine", body, hashlib.sha256).hexdigest()
    return Request("POST", "/webhooks/meta", {}, {"x-hub-signature-256": f"sha256={digest}"}, body)


_TWILIO: Mapping[Kind, Mapping[str, str]] = {
    "text": {},
    "picture": {
        "MessageType": "image",
        "NumMedia": "1",
        "MediaUrl0": "https://m/1",
        "MediaContentType0": "image/jpeg",
        "Body": "kitchen",
    },
    "place": {
        "MessageType": "location",
        "Latitude": "25.5",
        "Longitude": "55.25",
        "Label": "Marina",
        "Body": "",
    },
    "picked": {
        "MessageType": "button",
        "ButtonPayload": "ok_1",
        "ButtonText": "Confirm",
        "Body": "Confirm",
    },
    "odd": {"MessageType": "hologram", "Body": ""},
    "foreign": {"To": "whatsapp:+15550000000"},
}


def _twilio(kind: Kind, novel: bool) -> Request:
    if kind in TOLD:
        return twilio.request(twilio.status(kind, ErrorCode="63016"), query=f"effect={EFFECT}")
    return twilio.request(twilio.inbound(**_TWILIO[kind], **({"BrandNew": "سلام"} if novel else {})))


def _signed_by_twilio(body: bytes) -> Request:
    request = twilio.request({}, query=f"bodySHA256={hashlib.sha256(body).hexdigest()}")
    return msgspec.structs.replace(request, body=body)


_WAHA: Mapping[Kind, Mapping[str, Any]] = {
    "text": {},
    "picture": {
        "hasMedia": True,
        "media": {"url": "http://localhost:3000/api/files/default/a.jpg", "mimetype": "image/jpeg"},
        "body": "kitchen",
    },
    "place": {"location": {"latitude": "25.5", "longitude": 55.25, "name": "Marina"}, "body": "/9j/4AAQ"},
    "picked": {
        "body": "Confirm",
        "_data": {"notifyName": "Sara", "type": "buttons_response", "selectedButtonId": "ok_1"},
    },
    "odd": {"body": "", "_data": {"notifyName": "Sara", "type": "hologram"}},
    "foreign": {},
}


def _waha(kind: Kind, novel: bool) -> Request:
    if kind in TOLD:
        number = {"sent": 1, "delivered": 2, "read": 3, "failed": -1}[kind]
        told = waha.ack(number, id=f"true_{waha.CHAT}_{ID}")
        return waha.request(waha.envelope("message.ack", told))
    payload = waha.message(id=ID, **_WAHA[kind], **({"brandNew": {"سلام": 1}} if novel else {}))
    session = "another" if kind == "foreign" else "default"
    return waha.request(waha.envelope("message", payload, session=session))


def _signed_by_waha(body: bytes) -> Request:
    request = waha.request({})
    headers = {**request.headers, "x-webhook-hmac": waha.sign(body)}
    return msgspec.structs.replace(request, headers=headers, body=body)


def _read_meta(message: Text | Buttons | Choices) -> Sequence[str]:
    if isinstance(message, Text):
        return [text for one in pieces(message) for text in _read_one(one)]
    return _read_one(message)


def _read_one(message: Text | Buttons | Choices) -> Sequence[str]:
    sent = json.loads(meta_rendering.render(message, {"to": WHO}, EFFECT))
    if sent["type"] == "text":
        return [sent["text"]["body"]]
    action = sent["interactive"]["action"]
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    titles = [*(one["reply"]["title"] for one in action.get("buttons", ())), *(row["title"] for row in rows)]
    return [sent["interactive"]["body"]["text"], *titles]


def _graph(code: int) -> bytes:
    return json.dumps({"error": {"code": code, "message": "no"}}).encode()


def _api(code: int) -> bytes:
    return json.dumps({"code": code, "message": "no"}).encode()


SUBJECTS: Mapping[str, Subject] = {
    "meta": Subject(
        meta.PROVIDER,
        meta.CHANNEL,
        _meta,
        _signed_by_meta,
        (200, json.dumps({"messages": [{"id": ID}]}).encode()),
        meta_errors.judge,
        {
            "rate": (429, _graph(130429)),
            "window": (400, _graph(131047)),
            "opted_out": (400, _graph(131050)),
            "bad_recipient": (400, _graph(131026)),
            "credentials": (401, _graph(190)),
            "crash": (502, b"<html>"),
            "no_id": (200, b"{}"),
        },
        _read_meta,
        meta_rendering.TEXT_BODY,
    ),
    "twilio": Subject(
        twilio.configured(),
        twilio.KEY,
        _twilio,
        _signed_by_twilio,
        (201, json.dumps({"sid": ID}).encode()),
        twilio_errors.judge,
        {
            "rate": (429, _api(20429)),
            "window": (400, _api(63016)),
            "opted_out": (400, _api(21610)),
            "bad_recipient": (400, _api(21211)),
            "credentials": (401, _api(20003)),
            "crash": (502, b"<html>"),
            "no_id": (201, b"{}"),
        },
        twilio_rendering.render,
        twilio_rendering.BODY,
    ),
    "waha": Subject(
        waha.configured(),
        waha.KEY,
        _waha,
        _signed_by_waha,
        (201, json.dumps({"id": f"true_{waha.CHAT}_{ID}"}).encode()),
        waha_errors.judge,
        {
            "rate": (429, b""),
            "bad_recipient": (400, b'{"statusCode":400}'),
            "credentials": (401, b'{"statusCode":401}'),
            "crash": (500, b'{"statusCode":500,"exception":{"message":"detached Frame"}}'),
            "no_id": (201, b""),
        },
        waha_rendering.render,
        waha_rendering.BODY,
        echoes=False,
        failure=Failure.UNDELIVERED,
    ),
}
each = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def taken(subject: Subject, kind: Kind, *, novel: bool = False) -> Verified:
    answer = subject.provider.receive(subject.webhook(kind, novel))
    assert isinstance(answer, Verified), answer
    return answer


def event(subject: Subject, kind: Kind, *, novel: bool = False) -> Event:
    [arrival] = taken(subject, kind, novel=novel).arrivals
    return CODEC.decode(arrival.payload)


# ── verify ────────────────────────────────────────────────────────────


@each
@given(st.data())
def test_a_webhook_with_one_byte_or_one_header_changed_is_refused(
    subject: Subject, data: st.DataObject
) -> None:
    right = subject.webhook("text", False)
    place = data.draw(st.integers(0, len(right.body) - 1))
    byte = data.draw(st.integers(1, 255)) ^ right.body[place]
    changed = right.body[:place] + bytes([byte]) + right.body[place + 1 :]
    name = data.draw(st.sampled_from([one for one in right.headers if "signature" in one or "hmac" in one]))
    header = right.headers[name]
    spot = data.draw(st.integers(0, len(header) - 1))
    forged = header[:spot] + ("A" if header[spot] != "A" else "B") + header[spot + 1 :]
    spelt_alike = changed.lower() == right.body.lower() and b"%" in right.body[max(place - 2, 0) : place + 1]
    bodies = () if spelt_alike else (msgspec.structs.replace(right, body=changed),)
    headers = {**right.headers, name: forged}
    for wrong in (*bodies, msgspec.structs.replace(right, headers=headers)):
        answer = subject.provider.receive(wrong)
        assert isinstance(answer, Response)
        assert answer.status == 401


def _bent(body: bytes, data: st.DataObject) -> bytes:
    """Return a body in which one parameter, at any depth, is changed, left out or added."""
    form = not body.startswith(b"{")
    tree: Any = dict(parse_qsl(body.decode(), keep_blank_values=True)) if form else json.loads(body)
    at = tree
    while True:
        name = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[name], dict | list) and at[name]) or data.draw(st.booleans(), label="here"):
            break
        at = at[name]
    match data.draw(st.sampled_from(("changed", "left out", "added"))):
        case "changed":
            at[name] = f"{at[name]}0" if isinstance(at[name], str) else "0"
        case "left out":
            del at[name]
        case "added" if isinstance(at, dict):
            at[f"{name}X"] = "1"
        case _:
            at.append("1")
    return urlencode(tree).encode() if form else json.dumps(tree).encode()


@each
@given(st.data())
def test_a_webhook_with_one_parameter_changed_left_out_or_added_is_refused(
    subject: Subject, data: st.DataObject
) -> None:
    kinds: Sequence[Kind] = ("text", "picture", "place", "picked", "odd", "foreign", "delivered", "failed")
    right = subject.webhook(data.draw(st.sampled_from(kinds)), data.draw(st.booleans()))
    assert isinstance(subject.provider.receive(right), Verified)
    answer = subject.provider.receive(msgspec.structs.replace(right, body=_bent(right.body, data)))
    assert isinstance(answer, Response)
    assert answer.status == 401


@each
def test_a_field_that_nobody_knows_is_accepted_and_signed(subject: Subject) -> None:
    assert event(subject, "text", novel=True) == event(subject, "text")
    right, plain = subject.webhook("text", True), subject.webhook("text", False)
    answer = subject.provider.receive(msgspec.structs.replace(right, headers=plain.headers))
    assert isinstance(answer, Response)
    assert answer.status == 401


@each
def test_another_method_another_path_and_no_signature_are_refused(subject: Subject) -> None:
    right = subject.webhook("text", False)
    elsewhere = msgspec.structs.replace(right, path=f"{right.path}/other")
    for wrong in (
        *(
            (elsewhere,) if isinstance(subject.provider, PerChannel) else ()
        ),  # others have one webhook for all
        msgspec.structs.replace(right, method="PUT"),
        msgspec.structs.replace(right, headers={}),
        msgspec.structs.replace(right, headers=dict.fromkeys(right.headers, "")),
        msgspec.structs.replace(right, headers=dict.fromkeys(right.headers, "\ud800é")),
    ):
        answer = subject.provider.receive(wrong)
        assert isinstance(answer, Response)
        assert 400 <= answer.status < 500


@each
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"7", b"{", b"\xff", b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud800"}'),
        *(b"\xef\xbb\xbf{}", b"[" * 200_000, b'{"a":' * 200_000, b"9" * 5000),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_signed_body_that_is_odd_never_raises_and_is_nobodys_message(subject: Subject, body: bytes) -> None:
    answer = subject.provider.receive(subject.signed(body))
    if isinstance(answer, Verified):
        assert not any("wa_id:" in name for one in answer.arrivals for name in one.identities)
    else:
        assert answer.status == 400


# ── parse ─────────────────────────────────────────────────────────────


@each
def test_a_text_comes_under_the_channel_its_person_and_its_id(subject: Subject) -> None:
    [arrival] = taken(subject, "text").arrivals
    assert arrival.channel == subject.channel
    assert arrival.channel in subject.provider.channels()
    assert (arrival.identities[0], arrival.dedup) == (f"wa_id:{WHO}", f"m|{subject.channel}|{ID}")
    said = CODEC.decode(arrival.payload)
    assert isinstance(said, MessageReceived)
    assert (said.id, said.text, said.name) == (ID, "سلام، ۲ خوابه؟", "Sara")
    assert taken(subject, "text") == taken(subject, "text")


@each
def test_a_picture_a_place_a_pick_and_what_is_unknown_are_the_same_events(subject: Subject) -> None:
    picture, place, picked = (event(subject, kind) for kind in ("picture", "place", "picked"))
    assert isinstance(picture, MediaReceived)
    assert (picture.kind, picture.mime, picture.caption) == ("image", "image/jpeg", "kitchen")
    assert picture.media
    assert isinstance(place, LocationShared)
    assert (place.latitude, place.longitude, place.label) == (25.5, 55.25, "Marina")
    assert isinstance(picked, ChoicePicked)
    assert (picked.choice, picked.title) == ("ok_1", "Confirm")
    odd = event(subject, "odd")
    assert isinstance(odd, Unsupported)
    assert odd.kind == "hologram"
    assert "hologram" in odd.raw


@each
def test_what_is_for_another_number_is_counted_and_not_stored(subject: Subject) -> None:
    verified = taken(subject, "foreign")
    assert verified.arrivals == ()
    assert sum(verified.dropped.values()) == 1


@each
def test_receipts_name_their_effect_and_a_failure_says_what_may_help(subject: Subject) -> None:
    verified = taken(subject, "delivered")
    effect = EFFECT if subject.echoes else ""
    assert verified == Verified(receipts=(Receipt(subject.channel, effect, ID, "delivered"),))
    failed = event(subject, "failed")
    assert isinstance(failed, EffectFailed)
    assert (failed.effect, failed.kind) == (effect, subject.failure)
    assert taken(subject, "failed") == taken(subject, "failed")


@each
@pytest.mark.parametrize("told", TOLD)
def test_a_receipt_says_how_far_its_message_came_and_is_no_message(subject: Subject, told: Told) -> None:
    verified = taken(subject, told)
    effect = EFFECT if subject.echoes else ""
    assert verified.receipts == (Receipt(subject.channel, effect, ID, told),)
    assert len(verified.arrivals) == (told == "failed")
    assert all(one.dedup.startswith("s|") and not one.perishable for one in verified.arrivals)


# ── errors ────────────────────────────────────────────────────────────

OUTCOMES: Mapping[Fault, tuple[type[Outcome], Failure | None]] = {
    "rate": (TryAgain, None),
    "window": (Refused, Failure.TEMPLATE),
    "opted_out": (Refused, Failure.OPTED_OUT),
    "bad_recipient": (Refused, Failure.NEVER),
    "credentials": (Broken, None),
    "crash": (Uncertain, None),
    "no_id": (Uncertain, None),
}


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        pytest.param(subject, fault, id=f"{named}-{fault}")
        for named, subject in SUBJECTS.items()
        for fault in subject.errors
    ],
)
def test_the_same_fault_has_the_same_outcome(subject: Subject, fault: Fault) -> None:
    outcome = subject.judge(*subject.errors[fault])
    kind, failure = OUTCOMES[fault]
    assert isinstance(outcome, kind)
    assert getattr(outcome, "kind", None) == failure


@each
@given(st.integers(100, 599), st.binary(max_size=60))
def test_no_answer_raises_and_only_a_named_message_is_accepted(
    subject: Subject, status: int, body: bytes
) -> None:
    assert not isinstance(subject.judge(status, body), Accepted)


class Api:
    """Gives the same answer to whatever is asked, or breaks; keeps the URLs."""

    def __init__(self, answer: tuple[int, bytes] | httpx.HTTPError) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def request(self, _method: str, url: str, **_more: object) -> httpx.Response:
        self.asked.append(url)
        if isinstance(self.answer, httpx.HTTPError):
            raise self.answer
        return httpx.Response(self.answer[0], content=self.answer[1])


async def sent(
    subject: Subject,
    answer: tuple[int, bytes] | httpx.HTTPError,
    payload: bytes = msgspec.json.encode(Text("a")),
    address: str = f"wa_id:{WHO}",
) -> tuple[Outcome, int]:
    """Send, and return the outcome and how often the provider was asked."""
    api, delivery = Api(answer), Delivery(EFFECT, subject.channel, address, Lane.SEND, payload)
    return await subject.provider.perform(delivery, api), len(api.asked)  # type: ignore[arg-type]


@each
async def test_a_send_that_is_taken_is_accepted_under_the_id_that_its_receipts_have(subject: Subject) -> None:
    [receipt] = taken(subject, "read").receipts
    assert await sent(subject, subject.taken) == (Accepted(receipt.provider_id), 1)


@each
async def test_a_send_comes_to_what_its_answer_means(subject: Subject) -> None:
    for fault, answer in subject.errors.items():
        outcome, asked = await sent(subject, answer)
        assert (outcome, asked) == (subject.judge(*answer), 1), fault


@each
async def test_without_a_connection_nothing_was_sent_and_without_an_answer_it_may_have_been(
    subject: Subject,
) -> None:
    for fault in (httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")):
        outcome, _ = await sent(subject, fault)
        assert isinstance(outcome, TryAgain)
        assert outcome.unreachable
    for fault in (httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), httpx.WriteError("x")):
        outcome, _ = await sent(subject, fault)
        assert isinstance(outcome, Uncertain)


@each
async def test_a_long_text_goes_on_after_what_was_taken_and_its_last_part_alone_speaks_for_it(
    subject: Subject,
) -> None:
    text = Text("The flat has two beds. Is that enough? هر دو را ببینید؟ " * 400)
    count = len(subject.read(text))
    assert count > 3
    asked: list[str] = []
    delivery = Delivery(
        f"{EFFECT[:-1]}d", subject.channel, f"wa_id:{WHO}", Lane.SEND, msgspec.json.encode(text)
    )

    class Api:
        async def request(self, _method: str, _url: str, **told: Any) -> httpx.Response:
            asked.append(f"{unquote_plus(told['content'].decode())}{told['headers']}")
            answer = subject.errors["rate"] if len(asked) == 3 else subject.taken
            return httpx.Response(answer[0], content=answer[1])

    assert isinstance(await subject.provider.perform(delivery, Api()), TryAgain)  # type: ignore[arg-type]
    assert isinstance(await subject.provider.perform(delivery, Api()), Accepted)  # type: ignore[arg-type]
    assert len(asked) == count + 1
    speaks = re.compile(f"{delivery.id}(?!/|&part)")  # for the effect, and not for a part of it
    assert [bool(speaks.search(one)) for one in asked] == [False] * count + [True]


@each
async def test_what_cannot_be_read_or_addressed_is_refused_and_asks_nobody(subject: Subject) -> None:
    for payload in (b"", b"{", b"[]", b"\xff", b'{"type":"Hologram"}', b"[" * 200_000):
        outcome, asked = await sent(subject, subject.taken, payload=payload)
        assert isinstance(outcome, Refused)
        assert not asked
    for address in ("", "wa_id:", "fax:1", "wa_id:۹۷۱", "wa_id:1|2"):
        outcome, asked = await sent(subject, subject.taken, address=address)
        assert isinstance(outcome, Refused)
        assert not asked


class Nobody:
    """An HTTP client at which nothing may be asked."""

    async def request(self, *_asked: object, **_more: object) -> httpx.Response:
        raise AssertionError("a request for a channel that is not there")


@each
async def test_a_channel_that_is_not_configured_is_broken_and_asks_nobody(subject: Subject) -> None:
    delivery = Delivery(
        EFFECT, f"{subject.provider.name}:gone", f"wa_id:{WHO}", Lane.SEND, msgspec.json.encode(Text("a"))
    )
    assert isinstance(await subject.provider.perform(delivery, Nobody()), Broken)  # type: ignore[arg-type]


@each
def test_sends_have_a_pace_also_where_no_channel_is_configured(subject: Subject) -> None:
    for channel in (subject.channel, f"{subject.provider.name}:gone"):
        pace = subject.provider.pace(channel)
        assert pace.per_second > 0
        assert pace.pair_interval > 0
        assert pace.pair_burst >= 1


class Taker:
    """An HTTP client through which everything is taken, in the words of all of them at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def request(self, *_asked: object, content: bytes, **_more: object) -> httpx.Response:
        self.asked.append(unquote_plus(content.decode()))
        return httpx.Response(200, json={"messages": [{"id": "A"}], "sid": "SM" + "0" * 32, "id": "3EB0"})


@each
async def test_what_has_no_file_to_show_leaves_as_its_text_with_its_choices(subject: Subject) -> None:
    choices = (Choice("book", "Book it"),)
    told = {
        "A villa": Picture("picture:1:7:1", "A villa", choices),
        "Ask us": Document("sheet:1:7:en", "Here it is", "Ask us", choices),
    }
    for said, message in told.items():
        taker, effect = Taker(), str(UUID(int=len(said)))
        delivery = Delivery(
            effect, subject.channel, f"wa_id:{WHO}", Lane.SEND, msgspec.json.encode(message), attempt=3
        )
        assert isinstance(await subject.provider.perform(delivery, taker), Accepted)  # type: ignore[arg-type]
        [asked] = taker.asked
        assert said in asked
        assert "Book it" in asked
        assert "Here it is" not in asked


# ── render ────────────────────────────────────────────────────────────


@each
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=6000))
def test_any_text_is_sent_within_the_limit(subject: Subject, body: str) -> None:
    texts = subject.read(Text(body))
    assert texts
    assert all(0 < units(text) <= subject.limit for text in texts)


@each
@pytest.mark.parametrize("count", [1, 3, 4, 10, 11, 25])
def test_every_choice_can_be_read_however_many_there_are(subject: Subject, count: int) -> None:
    choices = tuple(Choice(f"c:{place}", f"Tower {place:02}") for place in range(count))
    for message in (Choices("Which one?", "Towers", choices), Buttons("Which one?", choices)):
        read = "\n".join(subject.read(message))
        assert "Which one?" in read
        assert [choice.title for choice in choices if choice.title not in read] == []


@each
@pytest.mark.parametrize("count", [2, 3, 10, 12])
@pytest.mark.parametrize(
    "title", ["Marina", "مارینا", "مارينا", "Марина", "👨‍👩‍👧‍👦🇦🇪 penthouse with a sea view"]
)
def test_equal_titles_are_made_distinct(subject: Subject, title: str, count: int) -> None:
    choices = tuple(Choice(f"c:{place}", title) for place in range(count))
    for message in (Buttons("Which?", choices), Choices("Which?", "Towers", choices)):
        _, *lines = "\n".join(subject.read(message)).splitlines()
        shown = [line for line in lines if line.strip()]
        assert len(set(shown)) == len(shown) == count


@each
@pytest.mark.parametrize("count", [11, 25])
def test_a_choice_that_has_no_row_is_picked_by_the_number_that_is_read_before_it(
    subject: Subject, count: int
) -> None:
    message = Choices("Which?", "Towers", tuple(Choice(f"c:{n}", f"Tower {n:02}") for n in range(count)))
    read = "\n".join(subject.read(message)).splitlines()
    assert f"{count}. Tower {count - 1:02}" in read
    for typed in (str(count), str(count).translate(PERSIAN), f"Tower {count - 1:02}"):
        said = MessageReceived(id="m", text=typed)
        picked = numbered.read(said, numbered.typed_of(message, subject.channel))
        assert isinstance(picked, ChoicePicked)
        assert picked.choice == f"c:{count - 1}"


@each
@pytest.mark.parametrize(
    "one", ["👨‍👩‍👧‍👦", "🇦🇪", "👍🏽", "e\u0301\u0308", "م‌", "क्षि", "각", "2\ufe0f\u20e3"]
)
@pytest.mark.parametrize("before", ["", "x", "xx"])
def test_a_long_text_is_cut_between_what_a_reader_sees_as_characters(
    subject: Subject, one: str, before: str
) -> None:
    first, *rest = subject.read(Text(before + one * 4000))
    for text in (first.removeprefix(before), *rest):
        bare = text.removesuffix("…")
        assert bare
        assert bare == one * (len(bare) // len(one))


@each
def test_a_long_text_is_said_whole_in_parts_that_end_with_sentences(subject: Subject) -> None:
    said = "The flat has two beds. Is that enough? هر دو را ببینید؟ " * 120
    texts = subject.read(Text(said))
    assert len(texts) > 1
    assert all(text.endswith((".", "?", "؟")) for text in texts)
    assert " ".join(texts).split() == said.split()
