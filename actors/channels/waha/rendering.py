"""A message as the requests that WAHA takes. Knows no server and no key; what a phone shows is text, below a file maybe.

WAHA could send lists and polls, but not with every engine: a numbered line is read everywhere. Each text and caption ends
with a mark that no reader sees, for WAHA tells us of what we sent and some versions call it an app's: what bears the mark
was not written by a person at the phone, whichever replica sent it, and whenever.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.channels.limits import units
from actors.channels.numbered import parts_of, written
from actors.channels.wire import clean
from actors.messages import Buttons, Choices, Document, MarkRead, Picture, Text
from actors.outbound.shelf import File

#: Units of one text, and texts of one message. WhatsApp takes more; nobody reads more at once.
BODY, PARTS = 4096, 10
#: Units of a file's caption, as WhatsApp has it.
CAPTION = 1024
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


def captioned(message: Picture | Document) -> tuple[str, Sequence[str]]:
    """Return the caption of a message's file, and the texts that follow: what a caption does not hold follows whole."""
    said = Buttons(message.body, message.choices) if message.choices else Text(message.body)
    if units(whole := written(said)) + len(_MARK) <= CAPTION:
        return whole, ()
    return "", render(said)


def file_request(session: str, chat: str, file: File, caption: str, quote: str = "") -> bytes:
    """Return the body of a request that sends a file, which is inside of it; `quote` as with a text."""
    fields: dict[str, object] = {
        "session": session,
        "chatId": chat,
        "file": {"mimetype": file.mime, "filename": file.filename, "data": file.content},  # as base64
        "caption": caption + _MARK,
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
