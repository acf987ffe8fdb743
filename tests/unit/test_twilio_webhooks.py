"""Nothing that Twilio did not sign is believed, and what it signed is understood or kept."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.twilio.signature import signature
from actors.messages import (
    INCOMING,
    AccountNotice,
    ChoicePicked,
    LocationShared,
    MediaReceived,
    MessageReceived,
    Unsupported,
)
from config import Secret
from runtime import EffectFailed, Event, Failure, Receipt, Request, Response, Verified
from runtime.actor.event import EventCodec
from tests.unit.twilio_webhooks import (
    ACCOUNT,
    KEY,
    NUMBER,
    PATH,
    PUBLIC,
    SID,
    TOKEN,
    channel,
    configured,
    inbound,
    request,
    sign,
    status,
)

CODEC = EventCodec(INCOMING)
PROVIDER = configured()
EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"


def refused(signed: Request) -> bool:
    answer = PROVIDER.receive(signed)
    return isinstance(answer, Response) and answer.status == 401


def taken(signed: Request) -> Verified:
    answer = PROVIDER.receive(signed)
    assert isinstance(answer, Verified), answer
    return answer


def event(**fields: str) -> Event:
    [arrival] = taken(request(inbound(**fields))).arrivals
    return CODEC.decode(arrival.payload)


# ── the signature ─────────────────────────────────────────────────────


def test_the_example_of_the_documentation_has_its_signature() -> None:
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234"}
    fields |= {"From": "+14158675309", "To": "+18005551212"}
    signed = signature(
        "12345",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        {name: [value] for name, value in fields.items()},
    )
    assert signed == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("public", "signed_as", "right"),
    [
        ("https://bot.example.com", "https://bot.example.com:443", True),
        ("https://bot.example.com:443", "https://bot.example.com", True),
        ("https://bot.example.com/", "https://bot.example.com", True),
        ("https://bot.example.com:8443/x", "https://bot.example.com:8443/x", True),
        ("https://bot.example.com:8443", "https://bot.example.com", False),
        ("HTTPS://Bot.Example.com", "https://bot.example.com:443", True),
        ("https://Bot.Example.com:8443/A", "https://bot.example.com:8443/A", True),
        ("https://bot.example.com/A", "https://bot.example.com/a", False),
        ("https://bot.example.com", "http://bot.example.com", False),
        ("https://bot.example.com", "https://bot.example.com:80", False),
        ("https://bot.example.com", "https://other.example.com", False),
    ],
)
def test_the_public_url_is_signed_with_and_without_the_default_port(
    public: str, signed_as: str, right: bool
) -> None:
    answer = configured(public=public).receive(request(inbound(), signed_as=signed_as + PATH))
    assert isinstance(answer, Verified) is right


def test_while_a_token_is_rotated_both_may_have_signed() -> None:
    rotated = configured(channel(auth_token=(Secret("the-new-one"), Secret(TOKEN))))
    assert isinstance(rotated.receive(request(inbound())), Verified)
    gone = configured(channel(auth_token=(Secret("the-new-one"),)))
    assert isinstance(gone.receive(request(inbound())), Response)


def test_every_value_of_a_repeated_field_is_signed_once_and_in_order() -> None:
    fields = {"A": ["2", "1", "2"], "B": [""]}
    assert signature("t", "https://h/", fields) == signature("t", "https://h/", {"A": ["1", "2"], "B": [""]})
    assert signature("t", "https://h/", fields) != signature("t", "https://h/", {"A": ["2"], "B": [""]})


FIELDS = st.dictionaries(
    st.text("ABCabc_0", min_size=1, max_size=8).map(lambda name: "New" + name),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    max_size=4,
)


@given(FIELDS)
def test_new_fields_are_accepted_and_signed(new: dict[str, str]) -> None:
    [arrival] = taken(request(inbound(**new))).arrivals
    assert isinstance(CODEC.decode(arrival.payload), MessageReceived)
    for name, value in new.items():
        forged = request(inbound(**new) | {name: value + "x"})
        right = request(inbound(**new)).headers
        assert refused(msgspec.structs.replace(forged, headers=right))


def meant(body: bytes) -> object:
    """Return what a body says by the standard library alone; None for no form in UTF-8."""
    if b" " in body:
        return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    return sorted(set(pairs))


@given(st.data())
def test_a_body_with_one_byte_changed_is_refused(data: st.DataObject) -> None:
    right = request(inbound(Body="Two beds, below 1.5 m & soon? ۲"))
    place = data.draw(st.integers(0, len(right.body) - 1))
    cut = data.draw(st.sampled_from((0, 1)), label="0: inserted, 1: replaced or deleted")
    put = data.draw(st.binary(min_size=1 - cut, max_size=1))
    body = right.body[:place] + put + right.body[place + cut :]
    same = meant(body) == meant(right.body)  # "%3A" and "%3a" are one text, and it is the text that is signed
    assert refused(msgspec.structs.replace(right, body=body)) is not same


@given(st.sampled_from(sorted(inbound())), st.sampled_from(("changed", "left out", "added", "doubled")))
def test_a_body_with_one_parameter_changed_is_refused(name: str, how: str) -> None:
    right, fields = request(inbound()), inbound()
    match how:
        case "changed":
            fields[name] += "0"
        case "left out":
            del fields[name]
        case "added":
            fields[name + "X"] = "1"
        case "doubled":
            body = right.body + f"&{name}=other".encode()
            assert refused(msgspec.structs.replace(right, body=body))
    forged = request(fields)
    if how != "doubled":
        assert refused(msgspec.structs.replace(right, body=forged.body))


@given(st.text(max_size=40))
def test_another_header_than_the_right_one_is_refused(header: str) -> None:
    right = request(inbound())
    assert refused(msgspec.structs.replace(right, headers={"x-twilio-signature": header}))
    assert refused(msgspec.structs.replace(right, headers={}))
    assert refused(msgspec.structs.replace(right, raw_query="effect=1"))


def test_a_border_without_its_sign_is_refused_though_the_signed_text_is_the_same() -> None:
    right = request(inbound(Body="Hello"))
    assert refused(msgspec.structs.replace(right, body=right.body.replace(b"Body=Hello", b"BodyHello")))


@pytest.mark.parametrize("added", [b"&=", b"&", b"&&", b"&=&=", b";"])
def test_what_adds_nothing_to_the_signed_text_is_refused_all_the_same(added: bytes) -> None:
    right = request(inbound())
    for body in (right.body + added, added + right.body, right.body.replace(b"&", added + b"&", 1)):
        assert refused(msgspec.structs.replace(right, body=body))


def json_request(body: bytes, *, sum_of: bytes | None = None, port: str = "") -> Request:
    """Return a signed request with a body of JSON; `sum_of` another body, if the sum is to be wrong."""
    query = "bodySHA256=" + hashlib.sha256(body if sum_of is None else sum_of).hexdigest()
    signed = sign({}, f"{PUBLIC}{port}{PATH}?{query}")
    return Request("POST", PATH, {}, {"x-twilio-signature": signed}, body, query)


JSON = json.dumps({"kind": "news", "text": "سلام"}).encode()


@pytest.mark.parametrize("port", ["", ":443"])
def test_a_body_of_json_is_signed_by_its_sum_in_the_url(port: str) -> None:
    signed = json_request(JSON, port=port)
    [arrival] = taken(signed).arrivals
    notice = CODEC.decode(arrival.payload)
    assert isinstance(notice, AccountNotice)
    assert json.loads(notice.raw) == json.loads(JSON)
    other = "bodySHA256=" + hashlib.sha256(JSON + b" ").hexdigest()
    assert refused(msgspec.structs.replace(signed, body=JSON + b" ", raw_query=other))
    assert refused(json_request(JSON, sum_of=b""))
    assert refused(json_request(JSON, port=":80"))


@given(st.data())
def test_a_body_of_json_with_one_byte_of_it_or_of_its_url_changed_is_refused(data: st.DataObject) -> None:
    right = json_request(JSON)
    place = data.draw(st.integers(0, len(JSON) - 1))
    put = data.draw(st.binary(max_size=1).filter(lambda byte: byte != JSON[place : place + 1]))
    assert refused(msgspec.structs.replace(right, body=JSON[:place] + put + JSON[place + 1 :]))
    query, at = right.raw_query, data.draw(st.integers(0, len(right.raw_query) - 1))
    digit = data.draw(st.sampled_from("0123456789abcdefX&=").filter(lambda one: one != query[at]))
    assert refused(msgspec.structs.replace(right, raw_query=query[:at] + digit + query[at + 1 :]))


def test_a_path_that_is_no_channels_and_a_get_are_refused() -> None:
    assert PROVIDER.serves("tw1")
    assert not PROVIDER.serves("tw2")
    for method, path, code in (("POST", "/webhooks/twilio/tw2", 404), ("GET", PATH, 405)):
        answer = PROVIDER.receive(msgspec.structs.replace(request(inbound()), method=method, path=path))
        assert isinstance(answer, Response)
        assert answer.status == code


# ── what it says ──────────────────────────────────────────────────────


def test_a_picture_is_fetched_from_the_account_and_keeps_its_caption() -> None:
    url = f"http://127.0.0.1:1/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
    picture = event(
        MessageType="image", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg", Body="the kitchen"
    )
    assert isinstance(picture, MediaReceived)
    assert (picture.kind, picture.media, picture.mime) == ("image", url, "image/jpeg")
    assert picture.caption == "the kitchen"


@pytest.mark.parametrize(
    ("kind", "mime", "read"),
    [
        ("audio", "audio/ogg", "voice"),
        ("audio", "audio/mpeg", "audio"),
        ("video", "video/mp4", "video"),
        ("document", "application/pdf", "document"),
        ("sticker", "image/webp", "sticker"),
    ],
)
def test_media_are_told_apart_by_what_they_are(kind: str, mime: str, read: str) -> None:
    medium = event(MessageType=kind, MediaUrl0="http://m", MediaContentType0=mime, Body="")
    assert isinstance(medium, MediaReceived)
    assert medium.kind == read


def test_several_media_of_one_message_are_an_event_each() -> None:
    two = {f"MediaUrl{n}": f"http://m/{n}" for n in (0, 1)} | {
        f"MediaContentType{n}": "image/png" for n in (0, 1)
    }
    arrivals = taken(request(inbound(MessageType="image", NumMedia="2", **two))).arrivals
    assert [one.dedup for one in arrivals] == [f"m|{KEY}|{SID}", f"m|{KEY}|{SID}|1"]


def test_a_place_a_list_row_and_what_is_unknown() -> None:
    place = event(MessageType="location", Latitude="25.08", Longitude="55.14", Label="Marina Walk", Body="")
    assert isinstance(place, LocationShared)
    assert (place.latitude, place.longitude, place.label) == (25.08, 55.14, "Marina Walk")
    row = event(MessageType="interactive", ListId="b:1", ListTitle="up to 500k", Body="up to 500k")
    assert isinstance(row, ChoicePicked)
    assert (row.choice, row.title) == ("b:1", "up to 500k")
    odd = event(MessageType="location", Latitude="nan", Longitude="1", Body="")
    assert isinstance(odd, Unsupported)
    assert odd.kind == "location"


@pytest.mark.parametrize(
    "fields",
    [
        {"MessageType": "TEXT", "Body": "Yes"},
        {"MessageType": "button", "ButtonText": "Yes", "Body": ""},
        {"MessageStatus": "received", "Body": "Yes"},
        {"MessageSid": "", "SmsMessageSid": "", "Body": "Yes"},
    ],
)
def test_a_text_is_read_where_a_field_is_worded_in_another_way(fields: dict[str, str]) -> None:
    said = event(**fields)
    assert isinstance(said, MessageReceived)
    assert (said.text, said.id) == ("Yes", SID)


def test_an_advertisement_a_reply_and_a_forward_are_told() -> None:
    more = {"ReferralSourceId": "AD1", "ReferralCtwaClid": "c1", "OriginalRepliedMessageSid": "MM9"}
    said = event(Body="Hi", FrequentlyForwarded="true", **more)
    assert isinstance(said, MessageReceived)
    assert said.referral is not None
    assert (said.referral.source_id, said.referral.click) == ("AD1", "c1")
    assert (said.quoted, said.forwarded) == ("MM9", "often")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "failed"),
        ("canceled", "failed"),
    ],
)
def test_a_callback_is_a_receipt_of_the_effect_in_its_url(told: str, kept: str) -> None:
    verified = taken(request(status(told), query=f"effect={EFFECT}"))
    assert verified.receipts == (Receipt(KEY, EFFECT, SID, kept),)


def test_a_send_that_failed_later_is_an_event_with_its_reason() -> None:
    verified = taken(request(status("failed", ErrorCode="63016"), query=f"effect={EFFECT}"))
    [arrival] = verified.arrivals
    failed = CODEC.decode(arrival.payload)
    assert isinstance(failed, EffectFailed)
    assert (failed.effect, failed.code, failed.kind) == (EFFECT, "63016", Failure.TEMPLATE)
    assert (arrival.identities, arrival.address) == (("wa_id:971500000001",), None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (inbound(AccountSid="AC" + "9" * 32), "foreign_account"),
        (inbound(To="whatsapp:+15550000000"), "foreign_channel"),
        (status("sent", From="whatsapp:+15550000000"), "foreign_channel"),
        (status("queued"), "under_way"),
        (status("dreaming"), "unknown_status"),
        (inbound(MessageSid="", SmsMessageSid="", SmsSid=""), "malformed"),
    ],
)
def test_what_is_not_ours_or_says_nothing_is_counted(fields: dict[str, str], reason: str) -> None:
    verified = taken(request(fields))
    assert (verified.arrivals, verified.receipts, dict(verified.dropped)) == ((), (), {reason: 1})


NAMES = st.sampled_from(
    (*inbound(), *status("failed"), "Latitude", "Longitude", "MediaUrl0", "ButtonPayload", "ListId")
)
ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ("nan", "\0", "9" * 400)
)


@given(st.dictionaries(NAMES, ODD), st.booleans(), st.text("abc=&%\0", max_size=6))
def test_whatever_is_signed_is_stored_or_counted_and_can_be_read_again(
    odd: dict[str, str], callback: bool, query: str
) -> None:
    fields = (status("failed") if callback else inbound()) | odd | {"AccountSid": ACCOUNT}
    verified = taken(request(fields, query=query))
    assert verified.arrivals or verified.receipts or verified.dropped
    for arrival in verified.arrivals:
        assert b"\\u0000" not in arrival.payload
        assert all(name.isprintable() and len(name) < 600 for name in (*arrival.identities, arrival.dedup))
        assert type(CODEC.decode(arrival.payload)).__name__ != "UnreadableEvent"


def test_no_number_of_a_person_is_in_the_channels_key() -> None:
    assert PROVIDER.channels() == (KEY,)
    assert NUMBER not in KEY
