"""What a verified webhook of the WhatsApp Cloud API says: bytes in, arrivals and receipts out. Does no I/O.

Theory of operation: Meta owes us no shape. The body must be a JSON object; below that every element is read
by itself, and one odd element never costs the others. What is understood becomes a typed event. What is not,
but has a channel and a person (or at least an id), is stored whole as `Unsupported`. What belongs to an
account instead of a person becomes an `AccountNotice`. The rest is counted by reason. A body speaks only for
channels that own the secret it was signed with.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, TypedDict

import msgspec

from actors.channels.meta.wire import (
    MalformedError,
    bounded,
    canonical,
    clean,
    decode,
    members,
    name,
    stamp,
    token,
)
from actors.messages import (
    AccountNotice,
    ChoicePicked,
    Incoming,
    LocationShared,
    MessageReceived,
    Unsupported,
)
from runtime import RECEIPTS, Arrival, EffectFailed, Event, Receipt, Verified, encode_event

#: The lists of a change that are about people; each has one element per update.
_PERSONAL = ("messages", "statuses", "message_echoes", "user_preferences")
_OBJECT = "whatsapp_business_account"


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


class _Person(NamedTuple):
    """Somebody as a webhook names them; "" is what it does not say."""

    phone: str = ""
    scoped: str = ""
    called: str = ""

    @property
    def identities(self) -> tuple[str, ...]:
        """Their names at the channel, the phone first."""
        named = (("wa_id", self.phone), ("bsuid", self.scoped))
        return tuple([f"{kind}:{value}" for kind, value in named if value])

    def contradicts(self, other: _Person) -> bool:
        """Say whether these two cannot be one person."""
        return bool(
            (self.phone and other.phone and self.phone != other.phone)
            or (self.scoped and other.scoped and self.scoped != other.scoped)
        )


class _Contacts:
    """The `contacts` beside some messages, by each of their names."""

    def __init__(self, contacts: object) -> None:
        people = [_contact(item) for item in _items(contacts) if isinstance(item, dict)]
        self._by_name = {identity: person for person in people for identity in person.identities}
        self._only = people[0] if len(people) == 1 else None

    def complete(self, sender: _Person) -> _Person:
        """Return the sender with what the contacts add; one that contradicts the message adds nothing."""
        known = next((self._by_name[one] for one in sender.identities if one in self._by_name), self._only)
        if known is None or sender.contradicts(known):
            return sender
        return _Person(sender.phone or known.phone, sender.scoped or known.scoped, known.called)


class _Common(TypedDict):
    """The fields that every incoming event has."""

    id: str
    stamped: int
    name: str
    quoted: str


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
        for item in _items(tree.get("entry")):
            entry = members(item)
            if not isinstance(entry.get("changes"), list):
                self.dropped["malformed"] += 1
            for change in _items(entry.get("changes")):
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
        contacts = _Contacts(value.get("contacts"))
        errors = _items(value.get("errors"))
        messages = _items(value.get("messages"))
        for element in messages:
            self._message(channel, element, contacts, errors)
        for element in _items(value.get("statuses")):
            self._status(channel, element)
        for element in _items(value.get("message_echoes")):
            self._aside(channel, "message_echoes", element, ("to", "to_user_id"))
        for element in _items(value.get("user_preferences")):
            self._aside(channel, "user_preferences", element, ("wa_id", "user_id"))
        if errors and not messages:
            self._notice(entry, field, {"metadata": value["metadata"], "errors": errors})
        elif not people:
            if field == "messages":
                self.dropped["empty"] += 1
            else:
                self._notice(entry, field, value)

    def _message(self, channel: str, element: object, contacts: _Contacts, errors: list[object]) -> None:
        if not isinstance(element, dict):
            self.dropped["malformed"] += 1
            return
        named = token(element.get("id"))
        sender = contacts.complete(_person(element, "from", "from_user_id"))
        known = bool(named and sender.identities)  # nobody can answer, or answer to, what has no name
        common = _common(element, sender.called)
        event = _understood(element, common) if known else None
        if errors and "errors" not in element:
            element = element | {"errors": errors}
        self._store(
            channel, "messages", element, event, common, sender, f"m|{channel}|{name(named)}" if named else ""
        )

    def _aside(self, channel: str, field: str, element: object, names: tuple[str, str]) -> None:
        """Keep an element about a person that is not their message."""
        if not isinstance(element, dict):
            self.dropped["malformed"] += 1
            return
        self._store(channel, field, element, None, _common(element, ""), _person(element, *names), "")

    def _store(
        self,
        channel: str,
        field: str,
        element: Mapping[str, object],
        event: Event | None,
        common: _Common,
        person: _Person,
        dedup: str,
    ) -> None:
        """Keep an element as the event it was understood as, else whole; count it if it has no place."""
        identities = person.identities
        if not identities and common["id"]:
            identities = (f"unknown:{name(common['id'])}",)
        if not identities:
            self.dropped["nobody"] += 1
            return
        if event is None:
            encoded = canonical(element)
            dedup = dedup or _digest(channel, field, encoded)
            kind = token(element.get("type")) or "unknown" if field == "messages" else field
            event = Unsupported(kind=clean(kind)[:64], raw=bounded(encoded), **common)
        self.arrivals.append(Arrival(channel, identities, dedup, encode_event(event)))

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
        person = _person(element, "recipient_id", "recipient_user_id")
        if not person.identities:
            self.dropped["nobody"] += 1
            return
        code, reason = _first_error(element.get("errors"))
        failed = EffectFailed(effect=effect, code=code, reason=reason)
        recipient = person.phone or person.scoped
        dedup = f"s|{channel}|{sent or effect}|{status}|{recipient}|{stamp(element.get('timestamp'))}"
        self.arrivals.append(Arrival(channel, person.identities, dedup, encode_event(failed)))

    def _notice(self, entry: Mapping[str, object], field: str, value: Mapping[str, object]) -> None:
        """Keep news about the account of an entry, if the secret of this body speaks for that account."""
        account = name(token(entry.get("id")))
        owners = self._routes.accounts.get(account, self._secrets)
        if not account or not owners & self._secrets:
            self.dropped["foreign_account" if account else "malformed"] += 1
            return
        channel = f"meta:account:{account}"
        encoded = canonical(value)
        # The time of the entry tells a second change to the same value ("RED" again) from a repetition.
        dedup = _digest(channel, f"{field}|{token(entry.get('time'))}", encoded)
        notice = AccountNotice(account=account, field=clean(field)[:64], raw=bounded(encoded))
        self.arrivals.append(Arrival(channel, (f"account:{account}",), dedup, encode_event(notice)))


def _understood(element: Mapping[str, object], common: _Common) -> Incoming | None:
    """Return the typed event of a message; None for a type or a shape that is not understood."""
    match element:
        case {"type": "text", "text": {"body": str(body)}}:
            return MessageReceived(text=clean(body), **common)
        case {
            "type": "interactive",
            "interactive": (
                {"type": "button_reply", "button_reply": {"id": str(choice), **picked}}
                | {"type": "list_reply", "list_reply": {"id": str(choice), **picked}}
            ),
        }:
            return ChoicePicked(choice=clean(choice), title=_text(picked.get("title")), **common)
        case {"type": "button", "button": {"payload": str(choice), **picked}}:
            return ChoicePicked(choice=clean(choice), title=_text(picked.get("text")), **common)
        case {"type": "location", "location": {"latitude": north, "longitude": east, **place}}:
            latitude, longitude = _degrees(north), _degrees(east)
            if latitude is None or longitude is None:
                return None
            label, address = _text(place.get("name")), _text(place.get("address"))
            return LocationShared(
                latitude=latitude, longitude=longitude, label=label, address=address, **common
            )
        case _:
            return None


def _common(element: Mapping[str, object], called: str) -> _Common:
    match element.get("context"):
        case {"id": quoted}:
            quote = clean(token(quoted))
        case _:
            quote = ""
    return _Common(
        id=clean(token(element.get("id"))), stamped=stamp(element.get("timestamp")), name=called, quoted=quote
    )


def _person(element: Mapping[str, object], phone: str, scoped: str) -> _Person:
    return _Person(name(token(element.get(phone)).removeprefix("+")), name(token(element.get(scoped))))


def _contact(element: Mapping[str, object]) -> _Person:
    match element.get("profile"):
        case {"name": str(called)}:
            return _person(element, "wa_id", "user_id")._replace(called=clean(called)[:200])
        case _:
            return _person(element, "wa_id", "user_id")


def _first_error(errors: object) -> tuple[str, str]:
    match errors:
        case [{"code": code, **error}, *_]:
            return name(token(code), limit=32) or "failed", _text(error.get("title"))[:200]
        case _:
            return "failed", ""


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _digest(owner: str, field: str, encoded: bytes) -> str:
    return "x|" + sha256(canonical([owner, field]) + encoded).hexdigest()


def _updates(tree: Mapping[str, object]) -> int:
    """Count what a body asks us to look at, before looking: entries, changes and their elements."""
    changes = [
        change
        for entry in _items(tree.get("entry"))
        for change in (entry, *_items(members(entry).get("changes")))
    ]
    return len(changes) + sum([_count(members(members(change).get("value"))) for change in changes])


def _count(value: Mapping[str, object]) -> int:
    return sum([len(_items(value.get(part))) for part in _PERSONAL])


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""
