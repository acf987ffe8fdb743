"""A message as the requests that WAHA takes. Knows no server and no key; what a phone shows is text alone.

WAHA could send lists and polls, but not with every engine: a numbered line is read everywhere. Each text ends with a mark
that no reader sees, for WAHA tells us of what we sent and some versions call it an app's: what bears the mark was not
written by a person at the phone, whichever replica sent it, and whenever.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.channels.numbered import parts_of, written
from actors.channels.wire import clean
from actors.messages import Buttons, Choices, MarkRead, Text

#: Units of one text, and texts of one message. WhatsApp takes more; nobody reads more at once.
BODY, PARTS = 4096, 10
#: Word joiners around a zero width space: nothing is shown, and neither the direction of a line nor its breaks change.
_MARK = "\u2060\u200b\u2060"


def render(message: Text | Buttons | Choices) -> Sequence[str]:
    """Return the texts, in order, that say a message: one, if it is not too long; at most PARTS."""
    return parts_of(written(message), BODY, PARTS)


def text_request(session: str, chat: str, text: str, quote: str = "") -> bytes:
    """Return the body of a request that sends a text; `quote` is the id of the message that it answers."""
    fields: dict[str, object] = {
        "session": session,
        "chatId": chat,
        "text": text + _MARK,
        "linkPreview": False,
    }
    if quote:
        fields["reply_to"] = clean(quote)
    return msgspec.json.encode(fields)


def unmarked(text: str) -> tuple[str, bool]:
    """Return a text without our mark, and whether it had it."""
    return text.removesuffix(_MARK), text.endswith(_MARK)


def seen_request(session: str, chat: str, mark: MarkRead) -> bytes:
    """Return the body of a request that marks a message as read; older versions want one id, newer ones a list."""
    one = clean(mark.id)
    return msgspec.json.encode({"session": session, "chatId": chat, "messageId": one, "messageIds": [one]})


def typing_request(session: str, chat: str) -> bytes:
    """Return the body of a request that begins or ends the typing sign."""
    return msgspec.json.encode({"session": session, "chatId": chat})
