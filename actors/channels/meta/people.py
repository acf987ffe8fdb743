"""Who somebody is: the names that a webhook has for one person, put together. Knows no message and no channel.

A phone number may be missing, and then the id that Meta scopes to the business is all there is. A name that is too odd
for a key stays a key by its hash; nobody can be written to under that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from actors.channels.wire import clean, items, members, name, token
from actors.messages import NumberChanged

_LONGEST_CALLED = 200


class Person(NamedTuple):
    """Somebody as a webhook names them; "" is what it does not say."""

    phone: str = ""
    scoped: str = ""
    called: str = ""

    @property
    def identities(self) -> tuple[str, ...]:
        """Their names at the channel, the phone first."""
        named = (("wa_id", self.phone), ("bsuid", self.scoped))
        return tuple([f"{kind}:{value}" for kind, value in named if value])

    def contradicts(self, other: Person) -> bool:
        """Say whether these two cannot be one person."""
        return bool(
            (self.phone and other.phone and self.phone != other.phone)
            or (self.scoped and other.scoped and self.scoped != other.scoped)
        )


class Contacts:
    """The `contacts` beside some messages, by each of their names."""

    def __init__(self, contacts: object) -> None:
        people = [_contact(item) for item in items(contacts) if isinstance(item, dict)]
        self._by_name = {identity: person for person in people for identity in person.identities}
        self._only = people[0] if len(people) == 1 else None

    def complete(self, sender: Person) -> Person:
        """Return the sender with what the contacts add; one that contradicts the message adds nothing."""
        known = next((self._by_name[one] for one in sender.identities if one in self._by_name), self._only)
        if known is None or sender.contradicts(known):
            return sender
        return Person(sender.phone or known.phone, sender.scoped or known.scoped, known.called)


def person(element: Mapping[str, object], phone: str, scoped: str) -> Person:
    """Return whom an element names in its fields `phone` and `scoped`."""
    return Person(phone_of(element.get(phone)), name(token(element.get(scoped))))


def phone_of(value: object) -> str:
    """Return a phone number as a key, without its plus; "" for anything that is no id."""
    return name(token(value).removeprefix("+"))


def sender_of(message: Mapping[str, object]) -> Person:
    """Return who a message is from; somebody whose scoped id changed is named by the one before, which we know."""
    sender = person(message, "from", "from_user_id")
    before = name(token(members(message.get("system")).get("previous_user_id")))
    return sender._replace(scoped=before) if before else sender


def moved(sender: Person, change: NumberChanged) -> tuple[tuple[str, ...], str]:
    """Return the identities of somebody whose number changed, and the address at which they are now.

    Those they had come first, as they lead to the conversation that goes on.
    """
    now = Person(change.new, change.scoped).identities
    return tuple(dict.fromkeys(sender.identities + now)), now[0]


def _contact(element: Mapping[str, object]) -> Person:
    called = members(element.get("profile")).get("name")
    named = person(element, "wa_id", "user_id")
    return named._replace(called=clean(called)[:_LONGEST_CALLED]) if isinstance(called, str) else named
