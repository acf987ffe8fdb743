"""What a verified webhook of the WhatsApp Cloud API says: bytes in, arrivals and receipts out. Does no I/O.

Theory of operation: Meta owes us no shape. The body must be a JSON object; below that every element is read
by itself, and one odd element never costs the others. What is understood becomes a typed event. What is not,
but has a channel and a person (or at least an id), is stored whole as `Unsupported`. What belongs to an
account instead of a person becomes an `AccountNotice`, an error of a whole number a `ChannelFault`. The rest is
counted by reason. A body speaks only for channels that own the secret it was signed with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec

from actors.channels.meta.contents import Head, first_error, head_of, kept
from actors.channels.meta.elements import consent, echoed, understood
from actors.channels.meta.errors import failure_of
from actors.channels.meta.people import Contacts, Person, moved, person, sender_of
from actors.channels.wire import (
    RAW_LIMIT,
    MalformedError,
    bounded,
    canonical,
    clean,
    decode,
    items,
    members,
    name,
    stamp,
    token,
)
from actors.messages import (
    AccountNotice,
    ChannelFault,
    ConsentChanged,
    IdentityChanged,
    Incoming,
    MessageRevoked,
    NumberChanged,
    Unsupported,
)
from runtime import RECEIPTS, Arrival, EffectFailed, Event, Receipt, Verified, encode_event

#: The lists of a change that are about people; each has one element per update.
_PERSONAL = ("messages", "statuses", "message_echoes", "user_preferences")
_OBJECT = "whatsapp_business_account"
#: What a change of a number may hold besides; anything else in it is news.
_FRAME = frozenset({*_PERSONAL, "messaging_product", "metadata", "contacts", "errors"})
#: What holds however old it is: it says what is, not what somebody waits for.
_LASTING = (MessageRevoked, NumberChanged, IdentityChanged, ConsentChanged)
#: An event larger than this is kept as what is not understood, cut.
_EVENT_LIMIT = 2 * RAW_LIMIT

_Stamped = Incoming | ConsentChanged
_Reader = Callable[[Mapping[str, object], Head], _Stamped | None]
#: What is about a person and not their message: the fields that name them, and who reads it.
_ASIDES: tuple[tuple[str, tuple[str, str], _Reader], ...] = (
    ("message_echoes", ("to", "to_user_id"), echoed),
    ("user_preferences", ("wa_id", "user_id"), consent),
)


class Routes(msgspec.Struct, frozen=True):
    """The places of the secrets that speak for a phone number id, and for an account if declared."""

    channels: Mapping[str, frozenset[int]]
    accounts: Mapping[str, frozenset[int]]


def parse(body: bytes, routes: Routes, secrets: frozenset[int]) -> Verified:
    """Return what `body`, signed with `secrets`, says. MalformedError: it is no readable JSON object."""
    tree = decode(body)
    if not isinstance(tree, dict):
        raise MalformedError("not a JSON object")
    webhook = _Webhook(routes, secrets)
    try:
        webhook.read(tree)
    except RecursionError as error:  # decoded just so, but too deep to be written again
        raise MalformedError("nested too deeply") from error
    return Verified(tuple(webhook.arrivals), tuple(webhook.receipts), dict(webhook.dropped))


#: Meta sends up to 1,000 updates at once. Many more would keep everybody else's webhooks waiting.
MOST_UPDATES = 5000


class _Webhook:
    """Gathers what one body says."""

    def __init__(self, routes: Routes, secrets: frozenset[int]) -> None:
        self.arrivals: list[Arrival] = []
        self.receipts: list[Receipt] = []
        self.dropped: Counter[str] = Counter()
        self._routes = routes
        self._secrets = secrets

    def read(self, tree: Mapping[str, object]) -> None:
        """Read entry x changes, in the order of the body."""
        if tree.get("object", _OBJECT) != _OBJECT:
            self.dropped["other_object"] += 1
            return
        if not isinstance(tree.get("entry"), list):
            self.dropped["malformed"] += 1
        if _updates(tree) > MOST_UPDATES:
            raise MalformedError(f"more than {MOST_UPDATES:,} updates in one body")
        for item in items(tree.get("entry")):
            entry = members(item)
            if not isinstance(entry.get("changes"), list):
                self.dropped["malformed"] += 1
            for change in items(entry.get("changes")):
                self._change(entry, members(change))

    def _change(self, entry: Mapping[str, object], change: Mapping[str, object]) -> None:
        field, value = change.get("field"), change.get("value")
        if not isinstance(field, str) or not isinstance(value, dict):
            self.dropped["malformed"] += 1
        elif number := token(members(value.get("metadata")).get("phone_number_id")):
            self._of_number(entry, field, number, value)
        elif people := _count(value):
            self.dropped["unknown_channel"] += people
        else:
            self._notice(entry, field, value)

    def _of_number(
        self, entry: Mapping[str, object], field: str, number: str, value: Mapping[str, object]
    ) -> None:
        """Read a change of a phone number, if the secret of this body speaks for that number."""
        people = _count(value)
        owners = self._routes.channels.get(number)
        if owners is None or not owners & self._secrets:
            self.dropped["unknown_channel" if owners is None else "foreign_channel"] += people or 1
            return
        channel = f"meta:{number}"
        contacts = Contacts(value.get("contacts"))
        errors = items(value.get("errors"))
        blamed = [self._message(channel, one, contacts, errors) for one in items(value.get("messages"))]
        for element in items(value.get("statuses")):
            self._status(channel, element)
        for part, names, read in _ASIDES:
            for element in items(value.get(part)):
                self._aside(channel, part, element, names, read)
        if errors and not any(blamed):
            self._notice(entry, field, {"metadata": value["metadata"], "errors": errors}, channel)
        elif not people:
            if field == "messages" and value.keys() <= _FRAME:
                self.dropped["empty"] += 1
            else:
                self._notice(entry, field, value)

    def _message(self, channel: str, element: object, contacts: Contacts, errors: list[object]) -> bool:
        """Read a message; return whether it is not understood, so that the errors beside it are its own."""
        if not isinstance(element, dict):
            self.dropped["malformed"] += 1
            return False
        named = token(element.get("id"))
        sender = contacts.complete(sender_of(element))
        head = head_of(element, sender.called)
        known = bool(named and sender.identities)  # nobody can answer, or answer to, what has no name
        event = understood(element, head) if known else None
        kind = token(element.get("type")) or "unknown"
        dedup = f"m|{channel}|{name(named)}" if named else _digest(channel, "messages", canonical(element))
        self._store(channel, sender, dedup, event, lambda: kept(element, head, kind, errors))
        return event is None

    def _aside(self, channel: str, part: str, element: object, names: tuple[str, str], read: _Reader) -> None:
        """Keep an element about a person that is not their message."""
        if not isinstance(element, dict):
            self.dropped["malformed"] += 1
            return
        head = head_of(element)
        dedup = _digest(channel, part, canonical(element))
        who, event = person(element, *names), read(element, head)
        self._store(channel, who, dedup, event, lambda: kept(element, head, part))

    def _store(
        self, channel: str, who: Person, dedup: str, event: _Stamped | None, whole: Callable[[], Unsupported]
    ) -> None:
        """Keep an event, or the element `whole`, with its person or else under its own id; or count it."""
        payload = encode_event(event) if event else b""
        if event is None or len(payload) > _EVENT_LIMIT:
            event = whole()
            payload = encode_event(event)
        identities, address = who.identities, ""
        if not identities and isinstance(event, Incoming) and event.id:
            identities = (f"unknown:{name(event.id)}",)
        if not identities:
            self.dropped["nobody"] += 1
            return
        if isinstance(event, NumberChanged):
            identities, address = moved(who, event)
        stamped, lasting = event.stamped, isinstance(event, _LASTING)
        self.arrivals.append(Arrival(channel, identities, dedup, payload, stamped, not lasting, address))

    def _status(self, channel: str, element: object) -> None:
        """Read a receipt; a failure is also an event of the conversation."""
        if not isinstance(element, dict):
            self.dropped["malformed"] += 1
            return
        sent = name(token(element.get("id")))
        effect = name(token(element.get("biz_opaque_callback_data")), limit=512)
        status = element.get("status")
        if not isinstance(status, str) or not (sent or effect):
            self.dropped["malformed"] += 1
            return
        if status not in RECEIPTS:
            self.dropped["unknown_status"] += 1
            return
        self.receipts.append(Receipt(channel, effect, sent, status))
        if status != "failed":
            return
        who = person(element, "recipient_id", "recipient_user_id")
        if not who.identities:
            self.dropped["nobody"] += 1
            return
        code, reason = first_error(element.get("errors"))
        failed = EffectFailed(effect=effect, code=code or "failed", reason=reason, kind=failure_of(code))
        stamped = stamp(element.get("timestamp"))
        dedup = f"s|{channel}|{sent or effect}|{status}|{who.phone or who.scoped}|{stamped}"
        self.arrivals.append(
            Arrival(
                channel, who.identities, dedup, encode_event(failed), stamped, perishable=False, address=None
            )
        )

    def _notice(
        self, entry: Mapping[str, object], field: str, value: Mapping[str, object], channel: str = ""
    ) -> None:
        """Keep news about the account of an entry, or a fault of its `channel`, if our secret speaks for it."""
        account = name(token(entry.get("id")))
        owners = self._routes.accounts.get(account, self._secrets)
        if not account or not owners & self._secrets:
            self.dropped["foreign_account" if account else "malformed"] += 1
            return
        place = f"meta:account:{account}"
        encoded = canonical(value)
        # The time of the entry tells a second change to the same value ("RED" again) from a repetition.
        dedup = _digest(place, f"{field}|{token(entry.get('time'))}", encoded)
        raw = bounded(encoded)
        event: Event = AccountNotice(account=account, field=clean(field)[:64], raw=raw)
        if channel:
            code, title = first_error(value.get("errors"))
            event = ChannelFault(account=account, channel=channel, code=code, title=title, raw=raw)
        stamped = stamp(entry.get("time"))
        self.arrivals.append(
            Arrival(place, (f"account:{account}",), dedup, encode_event(event), stamped, perishable=False)
        )


def _digest(owner: str, field: str, encoded: bytes) -> str:
    return "x|" + sha256(canonical([owner, field]) + encoded).hexdigest()


def _updates(tree: Mapping[str, object]) -> int:
    """Count what a body asks us to look at, before looking: entries, changes and their elements."""
    changes = [
        change
        for entry in items(tree.get("entry"))
        for change in (entry, *items(members(entry).get("changes")))
    ]
    return len(changes) + sum([_count(members(members(change).get("value"))) for change in changes])


def _count(value: Mapping[str, object]) -> int:
    return sum([len(items(value.get(part))) for part in _PERSONAL])
