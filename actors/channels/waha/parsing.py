"""What a verified webhook of WAHA says: one event in, arrivals and receipts out. Does no I/O.

Theory of operation: `message` tells of what people write, `message.any` of that and of what the number itself sends, so
with both the same message comes twice, under one id. What the number sends is either ours (then it is a receipt, for
WAHA echoes no id of ours) or was written by a person at the phone. A webhook speaks only for the channel whose path it
came to: its session must be that channel's. Events of groups, newsletters and statuses are counted and not stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec

from actors.channels.waha.addresses import Chat, beside, chat_of, parted
from actors.channels.waha.contents import Head, Json, content, head_of, kept
from actors.channels.waha.errors import SESSION
from actors.channels.waha.own import OwnSends
from actors.channels.waha.rendering import unmarked
from actors.channels.wire import RAW_LIMIT, bounded, canonical, clean, members, name, text, token
from actors.messages import (
    AccountNotice,
    ChannelFault,
    HumanAnswered,
    Incoming,
    MessageEdited,
    MessageRevoked,
    Reacted,
)
from runtime import Arrival, EffectFailed, Event, Failure, Receipt, Verified, encode_event

#: An event larger than this is kept as what is not understood, cut.
_EVENT_LIMIT = 2 * RAW_LIMIT
_WORD, _LONGEST_ID = 64, 512
#: What an `ack` says became of a message; 0 is under way.
_ACKS: Mapping[str, str] = {"-1": "failed", "1": "sent", "2": "delivered", "3": "read", "4": "played"}
#: The same in words, where there is no number.
_ACK_NAMES: Mapping[str, str] = {
    "ERROR": "failed",
    "SERVER": "sent",
    "DEVICE": "delivered",
    "READ": "read",
    "PLAYED": "played",
}


class Owner(msgspec.Struct, frozen=True):
    """The channel whose webhook it is."""

    key: str
    name: str
    session: str


def parse(envelope: Json, owner: Owner, own: OwnSends) -> Verified:
    """Return what a webhook says. Raises RecursionError for one that is nested too deeply to be kept."""
    if envelope.get("session") != owner.session:
        return _dropped("foreign_session")
    read = _EVENTS.get(token(envelope.get("event")))
    if read is None:
        return _dropped("other_event")
    payload = envelope.get("payload")
    if not isinstance(payload, dict):
        return _dropped("malformed")
    return read(payload, _Webhook(envelope, owner, own))


def status_of(envelope: Json) -> str:
    """Return what a webhook says that its session is at now; "" if it is about anything else."""
    if envelope.get("event") != "session.status":
        return ""
    return clean(token(members(envelope.get("payload")).get("status")))[:_WORD]


class _Webhook(msgspec.Struct, frozen=True):
    """What readers need besides the payload."""

    envelope: Json
    owner: Owner
    own: OwnSends


def _message(payload: Json, webhook: _Webhook) -> Verified:
    head = head_of(payload)
    if not head["id"]:
        return _dropped("malformed")
    if payload.get("fromMe") is True:
        return _ours(payload, head, webhook)
    chat = chat_of(token(payload.get("from")))
    if chat.kind != "person":
        return _dropped(chat.kind)
    said = content(payload, head)
    if said is None:
        return _dropped("notice")
    return _said(payload, chat, webhook, said, lambda: kept(payload, head, "too_large"))


def _ours(payload: Json, head: Head, webhook: _Webhook) -> Verified:
    """Read what the number itself sent: by us, or by a person at the phone."""
    chat = _their_chat(payload)
    if chat.kind != "person":
        return _dropped(chat.kind)
    key = name(parted(head["id"])[1])
    who, (body, is_marked) = people(payload, chat), unmarked(text(payload.get("body")))
    effect = webhook.own.echoed(webhook.owner.key, who, key, body)
    if effect is not None or is_marked or payload.get("source") == "api":
        return Verified(receipts=(Receipt(webhook.owner.key, effect or "", key, "sent"),))
    said = content(payload, head)
    if said is None:
        return _dropped("notice")
    event = HumanAnswered(message=said, **head)
    return _said(
        payload, chat, webhook, event, lambda: HumanAnswered(message=kept(payload, head, "too_large"), **head)
    )


def _said(
    payload: Json, chat: Chat, webhook: _Webhook, event: Incoming, whole: Callable[[], Incoming]
) -> Verified:
    return _stored(webhook, people(payload, chat), f"m|{webhook.owner.key}|{name(event.id)}", event, whole)


def _reaction(payload: Json, webhook: _Webhook) -> Verified:
    head, told = head_of(payload), members(payload.get("reaction"))
    target, emoji = clean(token(told.get("messageId"))), text(told.get("text"))[:_WORD]
    chat = _author(payload)
    if isinstance(chat, Verified):
        return chat
    if not target or not head["id"]:
        return _dropped("malformed")
    dedup = _digest(webhook, "reaction", head["id"], target, emoji, head["stamped"])
    event = Reacted(target=target[:_LONGEST_ID], emoji=emoji, **head)
    return _stored(webhook, people(payload, chat), dedup, event, lambda: event)


def _edited(payload: Json, webhook: _Webhook) -> Verified:
    head, chat = head_of(payload), _author(payload)
    if isinstance(chat, Verified):
        return chat
    # Where an edit does not say of what, it comes under the id that the message had.
    original = beside(head["id"], clean(token(payload.get("editedMessageId")))[:_LONGEST_ID] or head["id"])
    if not original:
        return _dropped("malformed")
    named = Head({**head, "id": original})
    body = text(payload.get("body"))
    message = content(payload, named) or kept(payload, named, "edit")
    event = MessageEdited(original=original, message=message, **head)
    dedup = _digest(webhook, "edited", original, body, head["stamped"])

    def whole() -> MessageEdited:
        return MessageEdited(original=original, message=kept(payload, named, "too_large"), **head)

    return _stored(webhook, people(payload, chat), dedup, event, whole)


def _revoked(payload: Json, webhook: _Webhook) -> Verified:
    """Read that a message was taken back; what it said may be told again beside it, and is left alone."""
    after, before = members(payload.get("after")), members(payload.get("before"))
    told = before or after
    chat = _author(told)
    if isinstance(chat, Verified):
        return chat
    head = head_of(after or before)
    original = clean(token(before.get("id"))) or clean(token(payload.get("revokedMessageId"))) or head["id"]
    original = beside(head["id"], original[:_LONGEST_ID])
    if not original:
        return _dropped("malformed")
    dedup = _digest(webhook, "revoked", original)
    event = MessageRevoked(original=original, **Head({**head, "id": head["id"] or original, "quoted": ""}))
    return _stored(webhook, people(told, chat), dedup, event, lambda: event)


def _ack(payload: Json, webhook: _Webhook) -> Verified:
    """Read a receipt; a failure is also an event of the conversation."""
    ack, owner = payload.get("ack"), webhook.owner
    whole = clean(token(payload.get("id")))
    if isinstance(ack, float) and ack.is_integer():
        ack = int(ack)
    told = token(ack)
    status = _ACKS.get(told) if ack is not None else _ACK_NAMES.get(token(payload.get("ackName")))
    if payload.get("fromMe") is False:
        return _dropped("not_ours")
    if not whole:
        return _dropped("malformed")
    if status is None:
        return _dropped("under_way" if told == "0" else "unknown_status")
    chat = _their_chat(payload)
    if chat.kind != "person":
        return _dropped(chat.kind)
    key = name(parted(whole)[1])
    effect = webhook.own.effect_of(owner.key, key)
    receipts = (Receipt(owner.key, effect, key, status),)
    if status != "failed":
        return Verified(receipts=receipts)
    failed = EffectFailed(effect=effect, code="ack_error", kind=Failure.UNDELIVERED)
    who = people(payload, chat)
    dedup = f"s|{owner.key}|{key}|failed|{who[0]}|0"
    arrival = Arrival(owner.key, who, dedup, encode_event(failed), perishable=False, address=None)
    return Verified((arrival,), receipts)


def _session(payload: Json, webhook: _Webhook) -> Verified:
    """Keep what a session is at as news of the account; what stops its sends is a fault of the channel."""
    status, owner = status_of(webhook.envelope), webhook.owner
    if not status:
        return _dropped("malformed")
    if status == "STARTING":
        return _dropped("session_starting")
    raw = bounded(canonical(payload))
    event: Event = AccountNotice(account=owner.name, field="session.status", raw=raw)
    if status in SESSION:
        event = ChannelFault(
            account=owner.name, channel=owner.key, code=status.lower(), title=SESSION[status], raw=raw
        )
    place = f"waha:account:{owner.name}"
    # The history in the payload has the times; without it the event's own tells a second fault from a repetition.
    when = payload.get("statuses") or webhook.envelope.get("timestamp")
    dedup = _digest(webhook, "session", status, when)
    who = (f"account:{owner.name}",)
    return Verified((Arrival(place, who, dedup, encode_event(event), perishable=False),))


_EVENTS: Mapping[str, Callable[[Json, _Webhook], Verified]] = {
    "message": _message,
    "message.any": _message,
    "message.reaction": _reaction,
    "message.edited": _edited,
    "message.revoked": _revoked,
    "message.ack": _ack,
    "session.status": _session,
}


# ── whose it is ───────────────────────────────────────────────────────


def people(payload: Json, chat: Chat) -> tuple[str, ...]:
    """Return the names of the person of a chat, the phone first; engines know the other name of some."""
    names = [chat.identity]
    for other in _other_names(payload):
        known = chat_of(other)
        if known.kind == "person" and known.identity.partition(":")[0] != chat.identity.partition(":")[0]:
            names.append(known.identity)
            break
    return tuple(sorted(names, key=lambda one: not one.startswith("wa_id:")))


def _other_names(payload: Json) -> list[str]:
    data = members(payload.get("_data"))
    key, info = members(data.get("key")), members(data.get("Info"))
    if payload.get("fromMe") is True:  # the sender is the number itself
        return [token(key.get("remoteJidAlt")), token(info.get("RecipientAlt"))]
    fields = [key.get("remoteJidAlt"), key.get("senderPn"), key.get("senderLid"), info.get("SenderAlt")]
    return [token(one) for one in fields]


def _their_chat(payload: Json) -> Chat:
    """Return the chat that a message of the number went to; engines differ in what they write into `from` and `to`."""
    named, _ = parted(token(payload.get("id")))
    return chat_of(named or token(payload.get("to")))


def _author(payload: Json) -> Chat | Verified:
    """Return the chat of a person who did something to a message; or why that is not stored."""
    if payload.get("fromMe") is True:
        return _dropped("own_change")
    chat = chat_of(token(payload.get("from")))
    return chat if chat.kind == "person" else _dropped(chat.kind)


# ── keeping it ────────────────────────────────────────────────────────


def _stored(
    webhook: _Webhook, who: tuple[str, ...], dedup: str, event: Incoming, whole: Callable[[], Incoming]
) -> Verified:
    """Keep an event, or, if it is too large, what `whole` makes of it."""
    payload = encode_event(event)
    if len(payload) > _EVENT_LIMIT:
        payload = encode_event(whole())
    perishable = not isinstance(event, MessageRevoked)  # it says what is, not what somebody waits for
    arrival = Arrival(webhook.owner.key, who, dedup, payload, event.stamped, perishable)
    return Verified((arrival,))


def _digest(webhook: _Webhook, *told: object) -> str:
    return "x|" + sha256(canonical([webhook.owner.key, *told])).hexdigest()


def _dropped(reason: str) -> Verified:
    return Verified(dropped=Counter({reason: 1}))
