"""Webhooks of WAHA: who signed them, whose they are, what they say, and whose words the number's own messages are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.waha.addresses import address_of, beside, chat_of, parted
from actors.channels.waha.media import path_of
from actors.channels.waha.own import OwnSends
from actors.channels.waha.signature import LONGEST
from actors.messages import (
    INCOMING,
    AccountNotice,
    ChannelFault,
    ChoicePicked,
    ContactsShared,
    HumanAnswered,
    MediaReceived,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    Reacted,
    Referral,
    Unsupported,
)
from runtime import Arrival, Event, Receipt, Response, Verified
from runtime.actor.event import EventCodec
from tests.unit.waha_webhooks import (
    CHAT,
    HMAC,
    KEY,
    MINE,
    NOW,
    PATH,
    WHO,
    ack,
    channel,
    configured,
    envelope,
    message,
    own,
    request,
    sign,
)

CODEC = EventCodec(INCOMING)
AD = {"sourceId": "77", "sourceUrl": "https://fb.me/x", "title": "Homes", "ctwaClid": "c"}
PROVIDER = configured()


def taken(event: str, payload: object, **more: Any) -> Verified:
    answer = PROVIDER.receive(request(envelope(event, payload, **more)))
    assert isinstance(answer, Verified), answer
    return answer


def arrival(event: str, payload: object, **more: Any) -> Arrival:
    [one] = taken(event, payload, **more).arrivals
    return one


def said(event: str, payload: object, **more: Any) -> Event:
    return CODEC.decode(arrival(event, payload, **more).payload)


# ── verify ────────────────────────────────────────────────────────────


def test_a_webhook_is_taken_at_its_own_path_by_post_and_signed_by_a_key_of_its_channel() -> None:
    provider = configured(channel(), channel("wa2", id="second", hmac_key=channel().hmac_key))
    right = request(envelope("message", message()))
    wrongs: Mapping[int, list[Any]] = {
        404: [msgspec.structs.replace(right, path="/webhooks/waha/wa3")],
        405: [msgspec.structs.replace(right, method="GET")],
        401: [
            msgspec.structs.replace(right, headers={}),
            request(envelope("message", message()), key="another"),
            msgspec.structs.replace(right, headers={**right.headers, "x-webhook-hmac-algorithm": "sha256"}),
            msgspec.structs.replace(
                right, headers={**right.headers, "x-webhook-hmac": sign(right.body).upper()}
            ),
        ],
        400: [request([1]), request("text")],
    }
    for status, requests in wrongs.items():
        for one in requests:
            answer = provider.receive(one)
            assert isinstance(answer, Response)
            assert answer.status == status
    assert isinstance(provider.receive(right), Verified)
    # The path of another channel with the same key: the session in the signed body is not that channel's.
    other = provider.receive(msgspec.structs.replace(right, path="/webhooks/waha/wa2"))
    assert isinstance(other, Verified)
    assert (other.arrivals, dict(other.dropped)) == ((), {"foreign_session": 1})


def test_while_a_key_is_rotated_both_sign() -> None:
    keys = tuple(type(channel().hmac_key[0])(one) for one in ("new", HMAC))
    provider = configured(channel(hmac_key=keys))
    for key in ("new", HMAC):
        assert isinstance(provider.receive(request(envelope("message", message()), key=key)), Verified)


def test_what_was_captured_long_ago_is_not_new_again() -> None:
    old = taken("message", message(), timestamp=(NOW - LONGEST - 1) * 1000)
    assert (old.arrivals, dict(old.dropped)) == ((), {"outdated": 1})
    assert taken("message", message(), timestamp=(NOW - LONGEST + 60) * 1000).arrivals


@pytest.mark.parametrize(
    ("timestamp", "is_old"),
    [
        (NOW, False),
        (NOW - LONGEST - 1, True),
        (float(NOW), False),
        (str(NOW * 1000), False),
        (str((NOW - LONGEST - 1) * 1000), True),
        ("9" * 5000, False),
        (0, False),
        (None, True),
    ],
)
def test_the_time_of_an_event_may_be_told_in_seconds_in_words_or_by_its_message_alone(
    timestamp: object, is_old: bool
) -> None:
    told = taken("message", message(timestamp=NOW - LONGEST - 1), timestamp=timestamp)
    assert dict(told.dropped) == ({"outdated": 1} if is_old else {})
    assert len(told.arrivals) == (not is_old)


@pytest.mark.parametrize(
    ("timestamp", "stamped"), [(NOW, NOW), (NOW + 0.5, NOW), (str(NOW), NOW), (-1.5, 0), (NOW * 1000.0, 0)]
)
def test_a_message_is_stamped_by_a_number_of_any_kind(timestamp: object, stamped: int) -> None:
    assert arrival("message", message(timestamp=timestamp)).stamped == stamped


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from(
        ["id", "timestamp", "from", "to", "body", "media", "location", "vCards", "replyTo", "_data", "ack"]
    ),
    st.sampled_from(
        ["message", "message.any", "message.ack", "message.edited", "message.revoked", "message.reaction"]
    ),
)
def test_no_odd_field_raises(odd: object, field: str, event: str) -> None:
    payload = {**message(reaction={"text": "x", "messageId": "y"}, editedMessageId="z"), field: odd}
    for told in (payload, {"before": payload, "after": odd}, odd):
        answer = PROVIDER.receive(request(envelope(event, told)))
        assert isinstance(answer, Verified) or answer.status == 400
        if isinstance(answer, Verified):
            assert all(CODEC.decode(one.payload) for one in answer.arrivals)


# ── whose it is ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "kind", "identity"),
    [
        ("971500000001@c.us", "person", "wa_id:971500000001"),
        ("971500000001@s.whatsapp.net", "person", "wa_id:971500000001"),
        ("971500000001:3@s.whatsapp.net", "person", "wa_id:971500000001"),
        ("123456789012345@lid", "person", "lid:123456789012345"),
        ("120363000000000000@g.us", "group", ""),
        ("120363000000000000@newsletter", "newsletter", ""),
        ("status@broadcast", "broadcast", ""),
        ("0@c.us", "system", ""),
        ("", "system", ""),
        ("٩٧١٥٠٠٠٠٠٠٠١@c.us", "system", ""),
        ("971500000001@elsewhere", "system", ""),
    ],
)
def test_people_are_told_from_groups_newsletters_and_statuses(address: str, kind: str, identity: str) -> None:
    assert chat_of(address) == (kind, identity)
    verified = taken("message", message(**{"from": address}))
    assert len(verified.arrivals) == (kind == "person")
    assert dict(verified.dropped) == ({} if kind == "person" else {kind: 1})


def test_a_hidden_number_and_its_phone_are_one_person_where_the_engine_knows_both() -> None:
    hidden = "123456789012345@lid"
    both = ("wa_id:971500000001", "lid:123456789012345")
    phone = f"{WHO}:3@s.whatsapp.net"
    for data in (
        {"key": {"remoteJidAlt": phone}},
        {"key": {"senderPn": phone}},
        {"Info": {"SenderAlt": phone}},
    ):
        assert arrival("message", message(**{"from": hidden}, _data=data)).identities == both
    assert arrival("message", message(_data={"key": {"remoteJidAlt": hidden}})).identities == both
    assert arrival("message", message(**{"from": hidden})).identities == ("lid:123456789012345",)
    # A second phone is no other name of the first one.
    other = message(_data={"key": {"senderPn": "971509999999@s.whatsapp.net"}})
    assert arrival("message", other).identities == (f"wa_id:{WHO}",)


def test_addresses_and_ids_are_taken_apart_and_put_together() -> None:
    assert address_of("wa_id:971500000001") == CHAT
    assert address_of("lid:123456789012345") == "123456789012345@lid"
    for nobody in ("bsuid:US.1", "wa_id:#ab", "wa_id:971500000001:3", "lid:", "account:wa1"):
        assert address_of(nobody) is None
    assert parted(f"true_{CHAT}_3EB0") == (CHAT, "3EB0")
    assert parted("false_120363@g.us_3EB0_971500000001@c.us") == ("120363@g.us", "3EB0")
    assert parted("3EB0") == ("", "3EB0")
    assert beside(f"false_{CHAT}_NEW", "OLD") == f"false_{CHAT}_OLD"
    assert beside(f"false_{CHAT}_NEW", f"false_{CHAT}_OLD") == f"false_{CHAT}_OLD"
    assert beside("NEW", "OLD") == "OLD"


# ── what people say ───────────────────────────────────────────────────


def test_a_message_that_comes_as_message_and_as_any_is_one() -> None:
    assert arrival("message", message()) == arrival("message.any", message(), id="evt_2")


@pytest.mark.parametrize(
    ("mime", "data", "kind"),
    [
        ("audio/ogg; codecs=opus", {"type": "ptt"}, "voice"),
        ("audio/ogg; codecs=opus", {"message": {"audioMessage": {"ptt": True}}}, "voice"),
        ("audio/ogg; codecs=opus", {}, "voice"),
        ("audio/mpeg", {"Message": {"audioMessage": {}}}, "audio"),
        ("image/jpeg", {"message": {"messageContextInfo": {}, "imageMessage": {}}}, "image"),
        ("image/webp", {"type": "sticker"}, "sticker"),
        ("video/mp4", {}, "video"),
        ("image/jpeg", {"type": "document"}, "document"),
        ("application/pdf", {}, "document"),
    ],
)
def test_a_medium_is_of_the_kind_that_the_engine_says_else_of_its_type(
    mime: str, data: Mapping[str, object], kind: str
) -> None:
    media = {"url": "http://localhost:3000/api/files/default/a.bin", "mimetype": mime, "filename": "a.bin"}
    event = said("message", message(hasMedia=True, media=media, body="a.bin", _data=data))
    assert isinstance(event, MediaReceived)
    assert (event.kind, event.mime, event.filename, event.caption) == (kind, mime, "a.bin", "")


@pytest.mark.parametrize(
    "media", [None, {"url": None, "error": "x"}, {"url": "https://s3.example.com/a.jpg"}]
)
def test_a_medium_that_waha_did_not_fetch_or_keeps_elsewhere_is_not_understood(media: object) -> None:
    event = said("message", message(hasMedia=True, media=media, body="kitchen", _data={"type": "image"}))
    assert isinstance(event, Unsupported)
    assert (event.kind, event.code) == ("image", "media_not_fetched")


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("http://localhost:3000/api/files/true_1@c.us_A.oga", "/api/files/true_1@c.us_A.oga"),
        ("http://evil.example.com/api/files/default/a.jpg", "/api/files/default/a.jpg"),
        ("/api/files/a.jpg", "/api/files/a.jpg"),
        ("http://localhost:3000/api/sessions", ""),
        ("http://localhost:3000/api/files/../sessions", ""),
        ("http://localhost:3000/api/files/%2e%2e/sessions", ""),
        ("http://localhost:3000/api/files/", ""),
        ("http://[::1", ""),
    ],
)
def test_only_the_store_of_files_is_asked_and_only_at_our_own_server(link: str, path: str) -> None:
    assert path_of(link) == path


@pytest.mark.parametrize(
    "kind", ["location", "locationMessage", "liveLocationMessage", "multi_vcard", "contactMessage"]
)
def test_what_an_engine_writes_in_place_of_words_is_not_what_a_person_said(kind: str) -> None:
    engine = {"notifyName": "Sara", "type": kind}
    event = said("message", message(body="/9j/4AAQSkZJRg", location={"latitude": None}, _data=engine))
    assert isinstance(event, Unsupported)
    assert event.kind == kind


def test_a_card_that_is_in_the_body_alone_is_read() -> None:
    card = "BEGIN:VCARD\nFN:Ali\nTEL;waid=971501112233:+971 50 111 2233\nEND:VCARD"
    event = said("message", message(body=card, _data={"notifyName": "Sara", "type": "vcard"}))
    assert isinstance(event, ContactsShared)
    assert [(one.name, one.phones[0].phone) for one in event.cards] == [("Ali", "971501112233")]


def test_cards_are_read_with_their_numbers() -> None:
    vcard = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Karimi;Sara;;;\r\nFN:Sara\r\n  Karimi\r\n"
        "item1.TEL;type=CELL;waid=971501112233:+971 50 111 2233\r\nTEL:+1 555\r\nEND:VCARD"
    )
    event = said("message", message(vCards=[vcard], body=vcard, _data={"type": "vcard"}))
    assert isinstance(event, ContactsShared)
    [card] = event.cards
    assert (card.name, card.first_name, card.last_name) == ("Sara Karimi", "Sara", "Karimi")
    known, other = card.phones
    assert (known.phone, known.written, known.kind) == ("971501112233", "+971 50 111 2233", "CELL")
    assert (other.phone, other.written) == ("", "+1 555")


@pytest.mark.parametrize(
    "data",
    [
        {
            "message": {
                "listResponseMessage": {"title": "2 beds", "singleSelectReply": {"selectedRowId": "b:2"}}
            }
        },
        {"type": "list_response", "listResponse": {"singleSelectReply": {"selectedRowId": "b:2"}}},
        {"message": {"templateButtonReplyMessage": {"selectedId": "b:2", "selectedDisplayText": "2 beds"}}},
    ],
)
def test_a_row_or_a_button_that_was_picked_has_its_id(data: Mapping[str, object]) -> None:
    event = said("message", message(body="2 beds", _data=data))
    assert isinstance(event, ChoicePicked)
    assert (event.choice, event.title) == ("b:2", "2 beds")


@pytest.mark.parametrize(
    "data", [{"type": "e2e_notification"}, {"type": "ciphertext"}, {"message": {"reactionMessage": {}}}]
)
def test_a_notice_and_what_cannot_be_read_yet_are_no_messages(data: Mapping[str, object]) -> None:
    verified = taken("message.any", message(body=None, _data=data))
    assert (verified.arrivals, dict(verified.dropped)) == ((), {"notice": 1})


def test_a_text_of_ours_that_a_person_copies_is_read_without_our_mark() -> None:
    event = said("message", message(body="Marina\u2060\u200b\u2060"))
    assert isinstance(event, MessageReceived)
    assert event.text == "Marina"


def test_what_is_quoted_and_forwarded_is_told() -> None:
    data = {"isForwarded": True, "forwardingScore": 7}
    event = said("message", message(replyTo={"id": "3EB0", "body": "old"}, _data=data))
    assert isinstance(event, MessageReceived)
    assert (event.quoted, event.forwarded, event.stamped) == ("3EB0", "often", NOW)


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (
            {
                "message": {
                    "extendedTextMessage": {"contextInfo": {"externalAdReply": {"sourceType": "ad", **AD}}}
                }
            },
            "ad",
        ),
        ({"type": "chat", "ctwaContext": AD}, ""),
    ],
)
def test_who_comes_from_an_advertisement_says_from_which(data: Mapping[str, object], source: str) -> None:
    event = said("message", message(_data=data))
    assert isinstance(event, MessageReceived)
    assert event.referral == Referral(
        source=source, source_id="77", url="https://fb.me/x", headline="Homes", click="c"
    )
    preview = {"message": {"extendedTextMessage": {"contextInfo": {"externalAdReply": {"title": "A page"}}}}}
    event = said("message", message(_data=preview))
    assert isinstance(event, MessageReceived)
    assert event.referral is None


def test_reactions_edits_and_revokes_name_their_message_and_repeat_under_one_key() -> None:
    target = f"true_{CHAT}_3EB0"
    reaction = message(reaction={"text": "👍", "messageId": target}, body=None)
    event = said("message.reaction", reaction)
    assert isinstance(event, Reacted)
    assert (event.target, event.emoji) == (target, "👍")
    assert arrival("message.reaction", reaction, id="evt_2") == arrival("message.reaction", reaction)
    removed = message(reaction={"text": "", "messageId": target})
    assert arrival("message.reaction", removed).dedup != arrival("message.reaction", reaction).dedup

    edit = message(id=f"false_{CHAT}_NEW", body="3 beds", editedMessageId="OLD")
    event = said("message.edited", edit)
    assert isinstance(event, MessageEdited)
    assert isinstance(event.message, MessageReceived)
    assert event.original == event.message.id == f"false_{CHAT}_OLD"
    assert event.message.text == "3 beds"
    unnamed = said("message.edited", message(id=f"false_{CHAT}_OLD", body="3 beds"))
    assert isinstance(unnamed, MessageEdited)
    assert unnamed.original == f"false_{CHAT}_OLD"
    again = {**edit, "body": "4 beds"}
    assert arrival("message.edited", again).dedup != arrival("message.edited", edit).dedup

    for told in (
        {"before": message(id=f"false_{CHAT}_OLD"), "after": message(id=f"false_{CHAT}_NEW", body="")},
        {"before": None, "after": message(id=f"false_{CHAT}_NEW"), "revokedMessageId": "OLD"},
    ):
        stored = arrival("message.revoked", told)
        event = CODEC.decode(stored.payload)
        assert isinstance(event, MessageRevoked)
        assert (event.original, stored.perishable) == (f"false_{CHAT}_OLD", False)
        assert stored.identities == (f"wa_id:{WHO}",)


@pytest.mark.parametrize("event", ["message.reaction", "message.edited"])
def test_what_we_change_of_our_own_is_no_news(event: str) -> None:
    assert dict(taken(event, own(reaction={"text": "x", "messageId": "y"})).dropped) == {"own_change": 1}


@pytest.mark.parametrize(
    "event", ["presence.update", "engine.event", "message.ack.group", "call.received", 7]
)
def test_events_that_nobody_reads_are_counted_under_one_name(event: object) -> None:
    assert dict(taken(event, message()).dropped) == {"other_event": 1}  # type: ignore[arg-type]


# ── whose words the number's own messages are ─────────────────────────


def test_what_a_person_wrote_at_the_phone_is_an_answer_of_theirs() -> None:
    stored = arrival("message.any", own())
    event = CODEC.decode(stored.payload)
    assert isinstance(event, HumanAnswered)
    assert isinstance(event.message, MessageReceived)
    assert (event.message.text, event.message.name) == ("Hello from the office", "")
    assert stored.identities == (f"wa_id:{WHO}",)
    # Engines differ in what they write into from and to; the id tells the chat.
    assert arrival("message.any", own(**{"from": CHAT, "to": MINE})).identities == (f"wa_id:{WHO}",)


def test_what_an_api_sent_is_no_persons_answer_but_a_receipt() -> None:
    verified = taken("message.any", own(source="api"))
    assert verified == Verified(receipts=(Receipt(KEY, "", "3EB0BBBB", "sent"),))


def test_our_own_text_is_known_before_its_key_is_and_by_its_key_afterwards() -> None:
    sends, sara, other = OwnSends(), ("wa_id:1", "lid:2"), ("wa_id:3",)
    sends.begin(KEY, "lid:2", "Hello ", "effect-1")
    assert sends.echoed("waha:wa2", sara, "K1", "Hello") is None
    assert sends.echoed(KEY, sara, "K1", "Hello") == "effect-1"
    assert len(sends) == 0
    assert sends.echoed(KEY, sara, "K1", "") == sends.effect_of(KEY, "K1") == "effect-1"
    assert sends.echoed(KEY, sara, "K2", "Hello") is None  # the same words again, by somebody else
    sends.end(KEY, "lid:2", "Hello ", "K1")  # and now the answer to our request
    assert sends.effect_of(KEY, "K1") == "effect-1"

    sends.begin(KEY, "wa_id:1", "Refused", "effect-2")
    sends.end(KEY, "wa_id:1", "Refused")
    assert sends.echoed(KEY, sara, "K3", "Refused") is None
    sends.begin(KEY, "wa_id:1", "Taken", "effect-3")
    sends.end(KEY, "wa_id:1", "Taken", "K4")
    assert sends.echoed(KEY, other, "K4", "whatever") == "effect-3"


def test_the_same_words_to_several_people_are_each_ones_own() -> None:
    sends = OwnSends()
    sends.begin(KEY, "wa_id:1", "Welcome", "effect-1")
    sends.begin(KEY, "wa_id:2", "Welcome", "effect-2")
    assert (
        sends.echoed(KEY, ("lid:77",), "K7", "Welcome") == ""
    )  # one of the two, under a name that we do not know
    assert sends.echoed(KEY, ("wa_id:2",), "K2", "Welcome") == "effect-2"
    assert sends.echoed(KEY, ("wa_id:1",), "K1", "Welcome") == "effect-1"
    assert sends.echoed(KEY, ("wa_id:1",), "K9", "Welcome") is None


def test_the_memory_of_sends_is_bounded() -> None:
    sends = OwnSends()
    for number in range(10_050):
        sends.begin(KEY, "wa_id:1", f"text {number}", "")
    assert len(sends) == 10_000
    assert sends.echoed(KEY, ("wa_id:1",), "K", "text 0") is None
    assert sends.echoed(KEY, ("wa_id:1",), "K", "text 10049") == ""


# ── receipts and sessions ─────────────────────────────────────────────


@pytest.mark.parametrize(("number", "status"), [(1, "sent"), (2, "delivered"), (3, "read"), (4, "played")])
def test_an_ack_is_a_receipt(number: int, status: str) -> None:
    assert taken("message.ack", ack(number)) == Verified(receipts=(Receipt(KEY, "", "3EB0BBBB", status),))


@pytest.mark.parametrize(
    "told", [{"ack": 3.0}, {"ack": "3"}, {"ack": None, "ackName": "READ"}, {"ack": 3, "ackName": "NEW"}]
)
def test_an_ack_may_be_a_number_of_any_kind_or_a_word(told: dict[str, Any]) -> None:
    assert taken("message.ack", ack(0, **told)).receipts == (Receipt(KEY, "", "3EB0BBBB", "read"),)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (ack(0), "under_way"),
        (ack(0, ack=2.5), "unknown_status"),
        (ack(0, ack=None, ackName="NEW"), "unknown_status"),
        (ack(9), "unknown_status"),
        (ack(True), "unknown_status"),
        (ack(2, fromMe=False), "not_ours"),
        (ack(2, id="true_120363@g.us_3EB0"), "group"),
        (ack(2, id=""), "malformed"),
        ("text", "malformed"),
    ],
)
def test_an_ack_that_says_nothing_of_a_send_is_counted(payload: object, reason: str) -> None:
    verified = taken("message.ack", payload)
    assert (verified.arrivals, verified.receipts, dict(verified.dropped)) == ((), (), {reason: 1})


def test_a_session_that_stops_is_a_fault_of_its_channel_and_one_that_works_is_news() -> None:
    provider = configured()

    def told(status: str, at: int) -> Verified:
        payload = {"name": "default", "status": status, "statuses": [{"status": status, "timestamp": at}]}
        answer = provider.receive(request(envelope("session.status", payload)))
        assert isinstance(answer, Verified)
        return answer

    [one] = told("SCAN_QR_CODE", 1).arrivals
    fault = CODEC.decode(one.payload)
    assert isinstance(fault, ChannelFault)
    assert (fault.channel, fault.code, one.channel) == (KEY, "scan_qr_code", "waha:account:wa1")
    assert "QR code" in fault.title
    assert provider.statistics().sessions == {"SCAN_QR_CODE": 1}
    assert told("SCAN_QR_CODE", 1).arrivals == (one,)
    assert told("SCAN_QR_CODE", 2).arrivals[0].dedup != one.dedup
    assert dict(told("STARTING", 3).dropped) == {"session_starting": 1}
    [news] = told("WORKING", 4).arrivals
    assert isinstance(CODEC.decode(news.payload), AccountNotice)
    assert provider.statistics().sessions == {"WORKING": 1}


def test_a_message_that_is_too_large_is_kept_cut() -> None:
    event = said("message", message(body="x" * 300_000))
    assert isinstance(event, MessageReceived)
    assert len(event.text) == 262_144
    event = said("message", message(body="👍" * 300_000))
    assert isinstance(event, Unsupported)
    assert event.kind == "too_large"
    assert len(json.loads(event.raw)["head"]) > 1000


def test_a_body_that_is_nested_too_deeply_is_refused() -> None:
    body = b'{"session":"default","event":"message","payload":' + b'{"a":' * 9000 + b"1" + b"}" * 9001
    right = request({})
    deep = msgspec.structs.replace(
        right, body=body, headers={**right.headers, "x-webhook-hmac": sign(body)}, path=PATH
    )
    answer = PROVIDER.receive(deep)
    assert isinstance(answer, Response)
    assert answer.status == 400
