"""What one message of WAHA's says, as a typed event. Pure; knows neither channels nor keys.

Theory of operation: WAHA has a few fields of its own, the same for each engine, and hands on what the engine says as
`_data`, in words that differ and may change. What an event needs is read from the former; the latter only adds to it (a
kind of medium, a name, a button's id), and may be missing or odd. What is no message (a notice, a message that cannot be
read yet and comes again) is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Literal, TypedDict

from actors.channels.waha.cards import card_of
from actors.channels.waha.media import path_of
from actors.channels.waha.rendering import unmarked
from actors.channels.wire import RAW_LIMIT, bounded, canonical, clean, items, members, stamp, text, token
from actors.messages import (
    ChoicePicked,
    ContactsShared,
    Content,
    LocationShared,
    MediaReceived,
    MessageReceived,
    Referral,
    Unsupported,
)

Json = Mapping[str, object]
_Medium = Literal["image", "video", "document", "sticker", "audio", "voice"]

_LONGEST_ID, _LONGEST_NAME, _LONGEST_PART = 512, 200, 2048
_MOST_CARDS = 100
_OFTEN = 5  # WhatsApp calls it "forwarded many times" from here on
#: The engines' words for what nobody says: notices, keys, what has an event of its own, what is not readable yet.
_NOTICES = frozenset(
    {
        *("e2e_notification", "notification", "notification_template", "gp2", "protocol", "call_log"),
        *("ciphertext", "revoked", "reaction", "protocolMessage", "reactionMessage", "encReactionMessage"),
        *("pollUpdateMessage", "keepInChatMessage", "pinInChatMessage"),
    }
)
#: What has no words: some engines write a picture of the map or a card into the body.
_BODILESS = frozenset(
    {
        *("location", "locationMessage", "liveLocationMessage", "vcard", "multi_vcard"),
        *("contactMessage", "contactsArrayMessage"),
    }
)
_WRAPPERS = frozenset({"messageContextInfo", "senderKeyDistributionMessage"})
_MEDIA: Mapping[str, _Medium] = {
    "ptt": "voice",
    "audio": "audio",
    "audioMessage": "audio",
    "image": "image",
    "imageMessage": "image",
    "video": "video",
    "videoMessage": "video",
    "ptvMessage": "video",
    "document": "document",
    "documentMessage": "document",
    "documentWithCaptionMessage": "document",
    "sticker": "sticker",
    "stickerMessage": "sticker",
}


class Head(TypedDict):
    """The fields that every incoming event has."""

    id: str
    stamped: int
    name: str
    quoted: str


class _Heading(Head):
    """The fields that every message has."""

    forwarded: Literal["", "once", "often"]
    referral: Referral | None


def head_of(payload: Json) -> Head:
    """Return what a payload says of itself and of who sent it."""
    data = members(payload.get("_data"))
    called = (
        text(data.get("notifyName"))
        or text(data.get("pushName"))
        or text(members(data.get("Info")).get("PushName"))
    )
    if payload.get("fromMe") is True:
        called = ""  # our own
    return Head(
        id=clean(token(payload.get("id")))[:_LONGEST_ID],
        stamped=stamp(payload.get("timestamp")),
        name=called[:_LONGEST_NAME],
        quoted=clean(token(members(payload.get("replyTo")).get("id")))[:_LONGEST_ID],
    )


def content(payload: Json, head: Head) -> Content | None:
    """Return the typed event of a message; what is not understood whole; None for what is no message."""
    kind, told = _told(payload)
    heading = _heading(payload, head)
    body, _ = unmarked(text(payload.get("body"))[:RAW_LIMIT])  # it may be our own text, copied
    event = (
        _picked(payload, told, heading, body)
        or _location(payload.get("location"), heading)
        or _contacts(payload.get("vCards") or _card_in(kind, body), heading)
        or _medium(payload, kind, told, heading, body)
    )
    if event is not None:
        return event
    has_media = payload.get("hasMedia") is True
    if body and not has_media and kind not in _BODILESS:
        return MessageReceived(text=body, **heading)
    if kind in _NOTICES and not has_media:
        return None
    return kept(payload, head, kind or ("media" if has_media else "unknown"))


def kept(payload: Json, head: Head, kind: str) -> Unsupported:
    """Return a payload whole, as what is not understood; a medium that WAHA could not fetch says so by its `code`."""
    code = "media_not_fetched" if payload.get("hasMedia") is True else ""
    raw = bounded(canonical(payload))
    return Unsupported(kind=clean(kind)[:64], code=code, raw=raw, **_heading(payload, head))


def _told(payload: Json) -> tuple[str, Json]:
    """Return the engine's word for the kind of a message, and the part of its own in which the engine describes it."""
    data = members(payload.get("_data"))
    if kind := token(data.get("type")):
        return kind, data
    inner = members(data.get("message")) or members(data.get("Message"))
    for kind, part in inner.items():
        if kind not in _WRAPPERS:
            return kind, members(part)
    return "", {}


def _heading(payload: Json, head: Head) -> _Heading:
    return _Heading(**head, forwarded=_forwarded(payload), referral=_referral(_told(payload)[1]))


def _referral(told: Json) -> Referral | None:
    """Read from which advertisement somebody came, which each engine words in its own way."""
    context = members(told.get("contextInfo"))
    ad = members(context.get("externalAdReply")) or members(told.get("ctwaContext"))

    def part(*names: str) -> str:
        return next((found for one in names if (found := text(ad.get(one)))), "")[:_LONGEST_PART]

    referral = Referral(
        source=part("sourceType"),
        source_id=part("sourceId", "sourceID"),
        url=part("sourceUrl", "sourceURL"),
        headline=part("title"),
        body=part("body", "description"),
        media_url=part("mediaUrl", "mediaURL"),
        thumbnail_url=part("thumbnailUrl", "thumbnailURL"),
        click=part("ctwaClid"),
    )
    # A preview of a link is shown in the same way, and is no advertisement.
    return referral if referral.source or referral.click or told.get("ctwaContext") else None


def _forwarded(payload: Json) -> Literal["", "once", "often"]:
    data = members(payload.get("_data"))
    if data.get("isForwarded") is not True:
        return ""
    score = data.get("forwardingScore")
    return "often" if isinstance(score, int) and score >= _OFTEN else "once"


def _picked(payload: Json, told: Json, heading: _Heading, body: str) -> ChoicePicked | None:
    """Read a button or a row that was picked; whoever offers them to a person does it beside us."""
    row = members(told.get("singleSelectReply")) or members(
        members(told.get("listResponse")).get("singleSelectReply")
    )
    choice = token(told.get("selectedButtonId")) or token(told.get("selectedId"))
    choice = choice or token(told.get("selectedRowId")) or token(row.get("selectedRowId"))
    if not choice or payload.get("hasMedia") is True:
        return None
    shown = text(told.get("selectedDisplayText")) or text(told.get("title")) or body
    return ChoicePicked(choice=clean(choice)[:_LONGEST_PART], title=shown[:_LONGEST_PART], **heading)


def _location(place: object, heading: _Heading) -> LocationShared | None:
    told = members(place)
    latitude, longitude = _degrees(told.get("latitude")), _degrees(told.get("longitude"))
    if latitude is None or longitude is None:
        return None
    label, address, url = (text(told.get(one))[:_LONGEST_PART] for one in ("name", "address", "url"))
    label = label or text(told.get("description"))[:_LONGEST_PART]
    return LocationShared(
        latitude=latitude, longitude=longitude, label=label, address=address, url=url, **heading
    )


def _degrees(value: object) -> float | None:
    """Return a number of degrees, which some engines write as a text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if isfinite(degrees) else None


def _card_in(kind: str, body: str) -> list[object]:
    """Return the card that some engines write into the body alone."""
    return [body] if kind == "vcard" else []


def _contacts(cards: object, heading: _Heading) -> ContactsShared | None:
    written = [text(one)[:RAW_LIMIT] for one in items(cards)[:_MOST_CARDS]]
    known = tuple([card_of(one) for one in written if one])
    return ContactsShared(cards=known, **heading) if known else None


def _medium(
    payload: Json, kind: str, told: Json, heading: _Heading, body: str
) -> MediaReceived | Unsupported | None:
    media = members(payload.get("media"))
    link = text(media.get("url"))[:_LONGEST_PART]
    if not path_of(link):  # not fetched by WAHA, or kept where we do not go
        return None
    mime, filename = text(media.get("mimetype")), text(media.get("filename"))[:_LONGEST_NAME]
    return MediaReceived(
        kind=_medium_kind(kind, told, mime),
        media=link,
        mime=mime[:_LONGEST_NAME],
        caption="" if body == filename else body,
        filename=filename,
        animated=told.get("isAnimated") is True,
        **heading,
    )


def _medium_kind(kind: str, told: Json, mime: str) -> _Medium:
    known = _MEDIA.get(kind)
    if known == "audio" and told.get("ptt") is True:
        return "voice"
    if known:
        return known
    match mime.strip().lower().partition("/")[0]:
        case "audio":  # what is spoken into the phone; a file of this type is rare
            return "voice" if "ogg" in mime.lower() else "audio"
        case "image":
            return "image"
        case "video":
            return "video"
        case _:
            return "document"
