"""A message as the texts that Twilio takes: buttons and lists become numbered lines, what is long becomes several texts.

Numbers are the places in what was offered, so that whoever offered understands "2", "۲" and the title; a channel cannot,
for it does not know what was offered last. No choice is left out and none is joined with another, or the numbers would
not be the same on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actors.channels.meta.limits import ELLIPSIS, clusters, cut, units, visible
from actors.channels.meta.wire import clean
from actors.messages import Buttons, Choice, Choices, Text

#: Units of one text, and texts of one message.
BODY, PARTS = 1600, 10
_SENTENCE = re.compile(r"[.!?…؟۔。！？]+[\"'»”)\]]*\s+|\n+")
_BLANK = re.compile(r"\s+")


def recipient(address: str) -> str | None:
    """Return what stands in To; None for an identity that cannot be sent to."""
    kind, _, value = address.partition(":")
    return f"whatsapp:+{value}" if kind == "wa_id" and value.isascii() and value.isdigit() else None


def render(message: Text | Buttons | Choices) -> Sequence[str]:
    """Return the texts, in order, that say a message: one, if it is not too long; at most PARTS."""
    match message:
        case Text():
            whole = message.body
        case Buttons():
            whole = _joined(message.body, _numbered(message.choices), message.footer)
        case Choices():
            whole = _joined(message.header, message.body, _numbered(message.choices), message.footer)
    cleaned = clean(whole).strip()
    return _parts(cleaned) if visible(cleaned) else (ELLIPSIS,)


def _numbered(choices: Sequence[Choice]) -> str:
    return "\n".join(f"{number}. {_line(choice)}" for number, choice in enumerate(choices, 1))


def _line(choice: Choice) -> str:
    parts = (" ".join(part.split()) for part in (choice.title, choice.description))
    return " – ".join(part for part in parts if visible(part)) or ELLIPSIS


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if visible(part))


def _parts(text: str) -> Sequence[str]:
    """Split at the ends of sentences or lines, else between words, else between what a reader sees as characters."""
    parts: list[str] = []
    while units(text) > BODY and len(parts) < PARTS - 1:
        end = _end(text)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return (*parts, cut(text, BODY))


def _end(text: str) -> int:
    """Return where the first part of a text that is too long ends."""
    room, most = BODY, 0
    for end, size in clusters(text[: BODY + 1]):
        room -= size
        if room < 0:
            break
        most = end
    # One cluster that fills a whole text is no reader's character: it is cut where it must be.
    most = most or BODY // 2
    for border in (_SENTENCE, _BLANK):
        ends = [end for end in _ends(border, text[:most]) if end > most // 3]
        if ends:
            return ends[-1]
    return most


def _ends(border: re.Pattern[str], text: str) -> Iterator[int]:
    return (found.end() for found in border.finditer(text))
