"""WhatsApp's own addresses, as WAHA hands them on: whose a chat is, and what the id of a message is made of. Pure.

A person is a number ("971500000001@c.us", "@s.whatsapp.net" in some engines, with ":3" for a device) or a number that
hides one ("@lid"). All else is no conversation with somebody: groups, newsletters, statuses, lists, WhatsApp itself.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["person", "group", "newsletter", "broadcast", "system"]

_SERVERS: dict[str, Kind] = {
    "c.us": "person",
    "s.whatsapp.net": "person",
    "lid": "person",
    "g.us": "group",
    "newsletter": "newsletter",
    "broadcast": "broadcast",
}
_DIGITS = re.compile(r"([1-9][0-9]{4,19})(?::[0-9]{1,5})?", re.ASCII)
#: "true_971500000001@c.us_3EB0..."; in a group who wrote it follows.
_MESSAGE = re.compile(r"(?:true|false)_([^_@]+@[^_]+)_([^_]+)(?:_.+)?")


class Chat(NamedTuple):
    """Whose a chat is; `identity` is the person's name at the channel, "" where it is no person's."""

    kind: Kind
    identity: str = ""


def chat_of(address: str) -> Chat:
    """Return whose chat an address is; what is none that we know is the system's."""
    user, _, server = address.partition("@")
    kind = _SERVERS.get(server, "system")
    if kind != "person":
        return Chat(kind)
    digits = _DIGITS.fullmatch(user)
    if digits is None:
        return Chat("system")
    return Chat("person", f"lid:{digits[1]}" if server == "lid" else f"wa_id:{digits[1]}")


def address_of(identity: str) -> str | None:
    """Return the address of a person by their name at the channel; None for one that cannot be written to."""
    kind, _, value = identity.partition(":")
    if kind not in {"wa_id", "lid"} or not _DIGITS.fullmatch(value) or ":" in value:
        return None
    return f"{value}@{'lid' if kind == 'lid' else 'c.us'}"


def parted(message: str) -> tuple[str, str]:
    """Return the chat and the key in the id of a message; of any other id "" and itself.

    The key alone names a message everywhere: the chat before it may be the number here and the hidden number there.
    """
    found = _MESSAGE.fullmatch(message)
    return (found[1], found[2]) if found else ("", message)


def beside(message: str, key: str) -> str:
    """Return the whole id of the message `key` beside another one, in its chat and by its side; a whole id stays."""
    chat, _ = parted(message)
    if not chat or parted(key)[0]:
        return key
    return f"{message.partition('_')[0]}_{chat}_{key}"
