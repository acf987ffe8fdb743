"""The provider's documented samples of everything that arrives: the value of a change, and the event that it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actors.messages import (
    Card,
    CardPhone,
    ChannelFault,
    ChoicePicked,
    ConsentChanged,
    ContactsShared,
    FormFilled,
    HumanAnswered,
    IdentityChanged,
    LocationShared,
    MediaReceived,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    NumberChanged,
    OrderItem,
    OrderPlaced,
    Reacted,
    Referral,
    Unsupported,
)
from runtime import EffectFailed, Event, Failure
from tests.unit.webhooks import ACCOUNT, CHANNEL, message, status, value

Sample = tuple[dict[str, Any], Event]

STAMP = 1767225600
#: What every sample's event has from its envelope, and what it has without `contacts`.
NOBODY: dict[str, Any] = {"id": "wamid.HBgM0", "stamped": STAMP}
SARA: dict[str, Any] = {**NOBODY, "name": "Sara"}
LOOKASIDE = (
    "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=9001&source=webhook&ext=..&hash=.."
)
IMAGE = {"mime_type": "image/jpeg", "sha256": "4654+8g=", "id": "9001"}
ANSWERS = {"comment_text": "Comment Text", "flow_token": "AQAA.."}
UNKNOWN = {"code": 131051, "title": "Message type unknown", "message": "Message type unknown"}
BROKEN = {"code": 131000, "title": "Something went wrong"}
POLL = {"type": "unsupported", "errors": [UNKNOWN], "unsupported": {"type": "poll_creation"}}
PRESSED = {"context": {"from": "100200300400500", "id": "wamid.OUT"}}
ECHO = {
    "from": "97145556677",
    "to": "971501112233",
    "to_user_id": "US.1001",
    "id": "wamid.HBgM0",
    "timestamp": "1767225600",
    "type": "text",
    "text": {"body": "I take over"},
}
CHOICE = {"wa_id": "971501112233", "detail": "..", "category": "marketing_messages", "timestamp": STAMP}
FAILED = {
    "code": 130472,
    "title": "User's number is part of an experiment",
    "message": "..",
    "error_data": {"details": ".."},
    "href": "..",
}


def said(event: Event, /, **part: object) -> Sample:
    """Return a sample that is one element of `messages`."""
    return value(message(**part)), event


def pressed(kind: str, reply: object) -> dict[str, Any]:
    return {"type": "interactive", **PRESSED, "interactive": {"type": kind, kind: reply}}


def whole(element: Mapping[str, object]) -> str:
    return json.dumps(element, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


SAMPLES: dict[str, Sample] = {
    "text": said(MessageReceived(text="Body Text", **SARA), type="text", text={"body": "Body Text"}),
    "text, reply": said(
        MessageReceived(text="replied text", quoted="wamid.HBgM1==", **SARA),
        type="text",
        context={"from": "97145556677", "id": "wamid.HBgM1=="},
        text={"body": "replied text"},
    ),
    "text, forwarded": said(
        MessageReceived(text="a", forwarded="once", **SARA),
        type="text",
        context={"forwarded": True},
        text={"body": "a"},
    ),
    "text, forwarded often": said(
        MessageReceived(text="a", forwarded="often", **SARA),
        type="text",
        context={"frequently_forwarded": True},
        text={"body": "a"},
    ),
    "image": said(
        MediaReceived(kind="image", media="9001", mime="image/jpeg", sha256="4654+8g=", caption="c", **SARA),
        type="image",
        image={**IMAGE, "caption": "c"},
    ),
    "image with url": said(
        MediaReceived(
            kind="image", media="9001", url=LOOKASIDE, mime="image/jpeg", sha256="4654+8g=", **SARA
        ),
        type="image",
        image={**IMAGE, "url": LOOKASIDE},
    ),
    "audio": said(
        MediaReceived(kind="audio", media="200300400500600", mime="audio/mpeg", sha256="m04p..", **SARA),
        type="audio",
        audio={"mime_type": "audio/mpeg", "sha256": "m04p..", "id": "200300400500600", "voice": False},
    ),
    "voice": said(
        MediaReceived(
            kind="voice", media="200300400500600", mime="audio/ogg; codecs=opus", sha256="m04p..", **SARA
        ),
        type="audio",
        audio={
            "mime_type": "audio/ogg; codecs=opus",
            "sha256": "m04p..",
            "id": "200300400500600",
            "voice": True,
        },
    ),
    "video": said(
        MediaReceived(
            kind="video", media="9002", mime="video/mp4", sha256="Jh+2..", caption="caption", **SARA
        ),
        type="video",
        video={"caption": "caption", "mime_type": "video/mp4", "sha256": "Jh+2..", "id": "9002"},
    ),
    "document": said(
        MediaReceived(
            kind="document",
            media="1234",
            mime="application/pdf",
            sha256="grwf..",
            caption="caption",
            filename="filename.pdf",
            **SARA,
        ),
        type="document",
        document={
            "caption": "caption",
            "filename": "filename.pdf",
            "mime_type": "application/pdf",
            "sha256": "grwf..",
            "id": "1234",
        },
    ),
    "sticker": said(
        MediaReceived(kind="sticker", media="1234", mime="image/webp", sha256="OmT4..", **SARA),
        type="sticker",
        sticker={"mime_type": "image/webp", "sha256": "OmT4..", "id": "1234", "animated": False},
    ),
    "sticker that moves": said(
        MediaReceived(kind="sticker", media="1234", mime="image/webp", animated=True, **SARA),
        type="sticker",
        sticker={"mime_type": "image/webp", "id": 1234, "animated": True},
    ),
    "location": said(
        LocationShared(latitude=12.25089, longitude=43.90539, **SARA),
        type="location",
        location={"latitude": 12.25089, "longitude": 43.90539},
    ),
    "location, place": said(
        LocationShared(
            latitude=12.0,
            longitude=43.9,
            label="Marina Walk",
            address="1 Marina Walk, ..",
            url="https://maps.google.com/?cid=..",
            **SARA,
        ),
        type="location",
        location={
            "latitude": 12,
            "longitude": 43.9,
            "name": "Marina Walk",
            "address": "1 Marina Walk, ..",
            "url": "https://maps.google.com/?cid=..",
        },
    ),
    "contacts": said(
        ContactsShared(
            cards=(
                Card(
                    name="Sara Karimi",
                    first_name="Sara",
                    last_name="Karimi",
                    phones=(CardPhone(written="+1 555-555-5555", phone="971501112233", kind="CELL"),),
                ),
            ),
            **SARA,
        ),
        type="contacts",
        contacts=[
            {
                "name": {"first_name": "Sara", "last_name": "Karimi", "formatted_name": "Sara Karimi"},
                "phones": [{"phone": "+1 555-555-5555", "wa_id": "971501112233", "type": "CELL"}],
            }
        ],
    ),
    "button reply": said(
        ChoicePicked(choice="callback_data", title="title", quoted="wamid.OUT", **SARA),
        **pressed("button_reply", {"id": "callback_data", "title": "title"}),
    ),
    "list reply": said(
        ChoicePicked(
            choice="callback_data", title="title", description="description", quoted="wamid.OUT", **SARA
        ),
        **pressed("list_reply", {"id": "callback_data", "title": "title", "description": "description"}),
    ),
    "flow reply": said(
        FormFilled(
            form="flow",
            response='{"comment_text":"Comment Text","flow_token":"AQAA.."}',
            body="Sent",
            quoted="wamid.OUT",
            **SARA,
        ),
        **pressed("nfm_reply", {"response_json": json.dumps(ANSWERS), "body": "Sent", "name": "flow"}),
    ),
    "template button": said(
        ChoicePicked(choice="callback_data", title="title", quoted="wamid.OUT", **SARA),
        type="button",
        **PRESSED,
        button={"payload": "callback_data", "text": "title"},
    ),
    "template button without context": said(
        ChoicePicked(choice="callback_data", title="title", **SARA),
        type="button",
        from_user_id="US.1001",
        button={"payload": "callback_data", "text": "title"},
    ),
    "reaction": said(
        Reacted(target="wamid.yzxyzx=", emoji="😮", **SARA),
        type="reaction",
        reaction={"message_id": "wamid.yzxyzx=", "emoji": "😮"},
    ),
    "reaction removed": said(
        Reacted(target="wamid.yzxyzx=", **SARA),
        type="reaction",
        reaction={"message_id": "wamid.yzxyzx=", "emoji": ""},
    ),
    "reaction removed, no key": said(
        Reacted(target="wamid.yzxyzx=", **SARA), type="reaction", reaction={"message_id": "wamid.yzxyzx="}
    ),
    "order": said(
        OrderPlaced(
            catalog="354160437058781",
            items=(OrderItem(product="SKU-1", quantity=3, price=30, currency="AED"),),
            **SARA,
        ),
        type="order",
        order={
            "catalog_id": "354160437058781",
            "text": "",
            "product_items": [
                {"product_retailer_id": "SKU-1", "quantity": 3, "item_price": 30, "currency": "AED"}
            ],
        },
    ),
    "ad referral": said(
        MessageReceived(
            text="BODY",
            referral=Referral(
                source="ad",
                source_id="ADID",
                url="https://fb.me/1",
                headline="Villas",
                body="By the sea",
                media="image",
                media_url="https://fb.me/i",
                thumbnail_url="https://fb.me/t",
                click="ARAk",
            ),
            **SARA,
        ),
        type="text",
        referral={
            "source_url": "https://fb.me/1",
            "source_id": "ADID",
            "source_type": "ad",
            "headline": "Villas",
            "body": "By the sea",
            "media_type": "image",
            "image_url": "https://fb.me/i",
            "thumbnail_url": "https://fb.me/t",
            "ctwa_clid": "ARAk",
        },
        text={"body": "BODY"},
    ),
    "number change": (
        value(
            messages=[
                message(
                    type="system",
                    system={
                        "body": "User A changed from .. to ..",
                        "wa_id": "971504445566",
                        "type": "user_changed_number",
                    },
                )
            ]
        ),
        NumberChanged(old="971501112233", new="971504445566", **NOBODY),
    ),
    "identity change": said(
        IdentityChanged(hash="xyzxyz", changed=1697044706, acknowledged=True, **SARA),
        type="system",
        identity={"acknowledged": True, "created_timestamp": "1697044706", "hash": "xyzxyz"},
        system={"body": "User identity changed", "type": "customer_identity_changed"},
    ),
    "unsupported": said(
        Unsupported(
            kind="unsupported", code="131051", what="poll_creation", raw=whole(message(**POLL)), **SARA
        ),
        **POLL,
    ),
    "broken interactive": (
        value(message(type="interactive", **PRESSED), errors=[BROKEN]),
        Unsupported(
            kind="interactive",
            code="131000",
            quoted="wamid.OUT",
            raw=whole(message(type="interactive", **PRESSED, errors=[BROKEN])),
            **SARA,
        ),
    ),
    "edit": said(
        MessageEdited(
            original="wamid.FIRST",
            message=MediaReceived(
                kind="image",
                media="9001",
                mime="image/jpeg",
                sha256="4654+8g=",
                quoted="M0",
                **{**SARA, "id": "wamid.FIRST"},
            ),
            **SARA,
        ),
        type="edit",
        edit={
            "original_message_id": "wamid.FIRST",
            "message": {"context": {"id": "M0"}, "type": "image", "image": IMAGE},
        },
    ),
    "revoke": said(
        MessageRevoked(original="wamid.FIRST", **SARA),
        type="revoke",
        revoke={"original_message_id": "wamid.FIRST"},
    ),
    "app echo": (
        value(message_echoes=[ECHO]),
        HumanAnswered(message=MessageReceived(text="I take over", **NOBODY), **NOBODY),
    ),
    "marketing choice": (
        value(user_preferences=[{**CHOICE, "value": "resume"}]),
        ConsentChanged(category="marketing_messages", allowed=True, stamped=STAMP, detail=".."),
    ),
    "marketing choice, stop": (
        value(user_preferences=[{**CHOICE, "value": "stop"}]),
        ConsentChanged(category="marketing_messages", allowed=False, stamped=STAMP, detail=".."),
    ),
    "status failed": (
        value(statuses=[status("failed", errors=[FAILED])]),
        EffectFailed(
            effect="0b9c-uuid",
            code="130472",
            reason="User's number is part of an experiment",
            kind=Failure.UNDELIVERED,
        ),
    ),
    "value errors": (
        value(errors=[BROKEN]),
        ChannelFault(
            account=ACCOUNT,
            channel=CHANNEL,
            code="131000",
            title="Something went wrong",
            raw=whole({"errors": [BROKEN], "metadata": value()["metadata"]}),
        ),
    ),
}
