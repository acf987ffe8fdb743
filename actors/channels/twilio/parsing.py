"""What a verified webhook of Twilio says: fields in, arrivals and receipts out. Does no I/O.

One webhook is one message, or the status of one. What is understood becomes a typed event, what is not is stored whole
as `Unsupported`; fields that nobody knows are signed like the others and left alone. A webhook speaks only for the
channel whose path it came to: its account and its number must be that channel's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Literal

import msgspec

from actors.channels.twilio.errors import failure_of
from actors.channels.wire import RAW_LIMIT, bounded, canonical, clean, decode, name
from actors.messages import (
    AccountNotice,
    ChoicePicked,
    Content,
    LocationShared,
    MediaReceived,
    MessageReceived,
    Referral,
    Unsupported,
)
from runtime import Arrival, EffectFailed, Receipt, Verified, encode_event

Form = Mapping[str, str]

#: What a status is to the runtime; the others tell how far a message is on its way to WhatsApp.
_STATUSES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
#: What the status of a message to us would be, should it have one.
_RECEIVED = "received"
#: What names a message, the newest field first.
_SIDS = ("MessageSid", "SmsMessageSid", "SmsSid")
_UNDER_WAY = frozenset({"accepted", "scheduled", "queued", "sending"})
_MEDIA: Mapping[str, Literal["image", "video", "audio"]] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
}
_LONGEST_ID, _LONGEST_NAME, _LONGEST_PART = 512, 200, 2048
#: More media than this in one message are not looked at; WhatsApp sends one.
_MOST_MEDIA = 10


class Owner(msgspec.Struct, frozen=True):
    """The channel whose webhook it is."""

    key: str
    number: str
    account: str


def parse(form: Form, owner: Owner, effect: str = "", *, part: bool = False) -> Verified:
    """Return what the fields of a webhook say; `effect` is what its signed URL says of the send it is about.

    `part`: it was not the whole of it; then only a failure is of interest, for a receipt would speak for the whole.
    """
    if form.get("AccountSid") != owner.account:
        return _dropped("foreign_account")
    if form.get("MessageStatus", _RECEIVED) != _RECEIVED:
        return _status(form, owner, effect, part=part)
    if form.get("To") != owner.number:
        return _dropped("foreign_channel")
    sid = clean(next((form[one] for one in _SIDS if form.get(one)), ""))[:_LONGEST_ID]
    who = people(form)
    if not sid or not who:
        return _dropped("malformed")
    first = f"m|{owner.key}|{name(sid)}"
    arrivals = [
        Arrival(owner.key, who, f"{first}|{place}" if place else first, encode_event(event))
        for place, event in enumerate(_events(form, sid))
    ]
    return Verified(tuple(arrivals))


def parse_json(body: bytes, owner: Owner) -> Verified:
    """Return what a verified JSON body says: news of the account, kept whole. Raises MalformedError if it is no JSON."""
    raw = bounded(canonical(decode(body)))
    place = f"twilio:account:{owner.account}"
    event = AccountNotice(account=owner.account, field="json", raw=raw)
    dedup = "x|" + sha256(canonical([place, "json"]) + raw.encode()).hexdigest()
    who = (f"account:{owner.account}",)
    return Verified((Arrival(place, who, dedup, encode_event(event), perishable=False),))


def people(form: Form) -> tuple[str, ...]:
    """Return the names of who sent it, the address that answers go to first."""
    sender, known = form.get("From", ""), form.get("WaId", "")
    named = [identity(sender)] if sender else []
    if known.isascii() and known.isdigit():  # in some countries not the number that was dialled
        named.append(f"wa_id:{name(known)}")
    return tuple(dict.fromkeys(named))


def identity(address: str) -> str:
    """Return the name of an address as in From and To; one that is no phone number stays a name all the same."""
    digits = address.removeprefix("whatsapp:+")
    if digits != address and digits.isascii() and digits.isdigit():
        return f"wa_id:{name(digits)}"
    return f"address:{name(address)}"


def _events(form: Form, sid: str) -> list[Content]:
    """Return what a message says; of several media each is an event."""
    forwarded: Literal["", "once", "often"] = "once" if form.get("Forwarded") == "true" else ""
    if form.get("FrequentlyForwarded") == "true":
        forwarded = "often"
    kind = form.get("MessageType", "").lower()
    heading = {
        "id": sid,
        "name": clean(form.get("ProfileName", ""))[:_LONGEST_NAME],
        "quoted": clean(form.get("OriginalRepliedMessageSid", ""))[:_LONGEST_ID],
        "forwarded": forwarded,
        "referral": _referral(form),
    }

    def understood(event: Callable[..., Content], **fields: object) -> Content:
        return event(**heading, **fields)

    body = clean(form.get("Body") or form.get("ButtonText") or form.get("ListTitle") or "")[:RAW_LIMIT]
    for picked, title in (("ButtonPayload", "ButtonText"), ("ListId", "ListTitle")):
        if form.get(picked):
            shown = clean(form.get(title) or body)[:_LONGEST_PART]
            return [understood(ChoicePicked, choice=clean(form[picked])[:_LONGEST_PART], title=shown)]
    latitude, longitude = _degrees(form.get("Latitude")), _degrees(form.get("Longitude"))
    if latitude is not None and longitude is not None:
        label, address = (clean(form.get(one, ""))[:_LONGEST_PART] for one in ("Label", "Address"))
        return [
            understood(LocationShared, latitude=latitude, longitude=longitude, label=label, address=address)
        ]
    media = [place for place in range(_MOST_MEDIA) if form.get(f"MediaUrl{place}")]
    if media and kind != "contacts":
        return [
            understood(
                MediaReceived,
                kind=_kind(kind, form.get(f"MediaContentType{place}", "")),
                media=clean(form[f"MediaUrl{place}"])[:_LONGEST_PART],
                mime=clean(form.get(f"MediaContentType{place}", ""))[:_LONGEST_NAME],
                caption="" if index else body,
            )
            for index, place in enumerate(media)
        ]
    if body and kind in {"", "text", "button", "interactive"}:
        return [understood(MessageReceived, text=body)]
    raw = bounded(canonical(dict(form)))
    return [understood(Unsupported, kind=clean(kind)[:64] or "unknown", raw=raw)]


def _kind(said: str, mime: str) -> Literal["image", "video", "document", "sticker", "audio", "voice"]:
    if said == "sticker":
        return "sticker"
    if mime.startswith("audio/ogg"):  # what is spoken into the phone; a file of this type is rare
        return "voice"
    return _MEDIA.get(mime.partition("/")[0], "document")


def _degrees(text: str | None) -> float | None:
    try:
        degrees = float(text or "")
    except ValueError:
        return None
    return degrees if math.isfinite(degrees) else None


def _referral(form: Form) -> Referral | None:
    told = {
        part: clean(value)[:_LONGEST_PART]
        for field, value in form.items()
        if value and (part := field.removeprefix("Referral")) != field
    }
    if not told.keys() - {"NumMedia"}:
        return None
    return Referral(
        source=told.get("SourceType", ""),
        source_id=told.get("SourceId", ""),
        url=told.get("SourceUrl", ""),
        headline=told.get("Headline", ""),
        body=told.get("Body", ""),
        media=told.get("MediaContentType", ""),
        media_url=told.get("MediaUrl", ""),
        click=told.get("CtwaClid", ""),
    )


def _status(form: Form, owner: Owner, effect: str, *, part: bool) -> Verified:
    """Read a receipt; a failure is also an event of the conversation."""
    if form.get("From") != owner.number:
        return _dropped("foreign_channel")
    told, sid = form["MessageStatus"], name(clean(form.get("MessageSid", "")))
    status = _STATUSES.get(told)
    if status is None:
        return _dropped("under_way" if told in _UNDER_WAY else "unknown_status")
    if not sid or (part and status != "failed"):
        return _dropped("part" if sid else "malformed")
    effect = name(clean(effect), limit=512)
    receipts = () if part else (Receipt(owner.key, effect, sid, status),)
    to = form.get("To", "")
    if status != "failed":
        return Verified(receipts=receipts)
    if not to:
        return Verified(receipts=receipts, dropped={"nobody": 1})
    code = name(clean(form.get("ErrorCode", "")), limit=32)
    failed = EffectFailed(effect=effect, code=code or "failed", kind=failure_of(code))
    dedup = f"s|{owner.key}|{sid}|failed|{identity(to)}|0"
    event = encode_event(failed)
    arrival = Arrival(owner.key, (identity(to),), dedup, event, perishable=False, address=None)
    return Verified((arrival,), receipts)


def _dropped(reason: str) -> Verified:
    return Verified(dropped=Counter({reason: 1}))
