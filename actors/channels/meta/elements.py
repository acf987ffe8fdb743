"""One element of a webhook as a typed event: a message, or what else a person did, or our people beside us.

Theory of operation: what somebody says is read in contents.py; what they do to a message, or what becomes of them, is
read here, by the same rule: None for a shape that is not known, and the caller then keeps the element whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actors.channels.meta.contents import Head, Json, content, head_of, whole
from actors.channels.meta.people import phone_of
from actors.channels.wire import clean, members, name, stamp, text, token
from actors.messages import (
    ConsentChanged,
    HumanAnswered,
    IdentityChanged,
    Incoming,
    MessageEdited,
    MessageRevoked,
    NumberChanged,
    Reacted,
)


def understood(element: Json, head: Head) -> Incoming | None:
    """Return the typed event of a message; None for a type or a shape that is not understood."""
    kind = token(element.get("type"))
    if read := _DEEDS.get(kind):
        return read(element, head)
    return content(element, head)


def echoed(element: Json, head: Head) -> HumanAnswered | None:
    """Return what a person of ours said from the business phone; None if it has no id."""
    return HumanAnswered(message=whole(element, head), **head) if head["id"] else None


def consent(element: Json, head: Head) -> ConsentChanged | None:
    """Return what somebody allows from now on; None for a shape or a word that is not understood."""
    match element:
        case {"category": str(category), "value": "resume" | "stop" as value}:
            return ConsentChanged(
                category=clean(category)[:64],
                allowed=value == "resume",
                stamped=head["stamped"],
                detail=text(element.get("detail"))[:200],
            )
        case _:
            return None


def _reaction(element: Json, head: Head) -> Incoming | None:
    match element.get("reaction"):
        case {"message_id": str(target), **reaction} if isinstance(reaction.get("emoji"), str | None):
            return Reacted(target=clean(target), emoji=text(reaction.get("emoji")), **head)
        case _:
            return None


def _edit(element: Json, head: Head) -> Incoming | None:
    match element.get("edit"):
        case {"original_message_id": str(original), "message": dict(inner)}:
            named = Head({**head, "id": clean(original), "quoted": head_of(inner)["quoted"]})
            return MessageEdited(original=clean(original), message=whole(inner, named), **head)
        case _:
            return None


def _revoke(element: Json, head: Head) -> Incoming | None:
    match element.get("revoke"):
        case {"original_message_id": str(original)}:
            return MessageRevoked(original=clean(original), **head)
        case _:
            return None


def _system(element: Json, head: Head) -> Incoming | None:
    system = members(element.get("system"))
    match system.get("type"):
        case "user_changed_number" | "user_changed_user_id":
            new, scoped = phone_of(system.get("wa_id")), name(token(system.get("user_id")))
            if not (new or scoped) or (new and not (new.isascii() and new.isdigit())):
                return None
            return NumberChanged(old=phone_of(element.get("from")), new=new, scoped=scoped, **head)
        case "customer_identity_changed":
            keys = members(element.get("identity"))
            return IdentityChanged(
                hash=text(keys.get("hash")),
                changed=stamp(keys.get("created_timestamp")),
                acknowledged=keys.get("acknowledged") is True,
                **head,
            )
        case _:
            return None


_DEEDS: Mapping[str, Callable[[Json, Head], Incoming | None]] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
}
