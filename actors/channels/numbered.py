"""Messages as plain texts, for providers without buttons: choices become numbered lines, what is long several texts.

Numbers are the places in what was offered, so that whoever offered understands "2", "۲" and the title; a channel cannot,
for it does not know what was offered last. No choice is left out and none is joined with another, or the numbers would
not be the same on both sides. Knows no provider: each gives the units of one text and the texts of one message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actors.channels.limits import ELLIPSIS, clusters, cut, units, visible
from actors.channels.wire import clean
from actors.messages import Buttons, Choice, Choices, Text

_SENTENCE = re.compile(r"[.!?…؟۔。！？]+[\"'»”)\]]*\s+|\n+")
_BLANK = re.compile(r"\s+")


def written(message: Text | Buttons | Choices) -> str:
    """Return a message as one text, as long as it comes; an ellipsis if a reader would see nothing of it."""
    match message:
        case Text():
            whole = message.body
        case Buttons():
            whole = _joined(message.body, _numbered(message.choices), message.footer)
        case Choices():
            whole = _joined(message.header, message.body, _numbered(message.choices), message.footer)
    cleaned = clean(whole).strip()
    return cleaned if visible(cleaned) else ELLIPSIS


def parts_of(text: str, limit: int, most: int) -> Sequence[str]:
    """Return a text as at most `most` texts of `limit` units each, in order; what goes beyond them is left out.

    It is split at the ends of sentences or lines, else between words, else between what a reader sees as characters.
    """
    parts: list[str] = []
    while units(text) > limit and len(parts) < most - 1:
        end = _end(text, limit)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return (*parts, cut(text, limit))


def _numbered(choices: Sequence[Choice]) -> str:
    return "\n".join(f"{number}. {_line(choice)}" for number, choice in enumerate(choices, 1))


def _line(choice: Choice) -> str:
    parts = (" ".join(part.split()) for part in (choice.title, choice.description))
    return " – ".join(part for part in parts if visible(part)) or ELLIPSIS


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if visible(part))


def _end(text: str, limit: int) -> int:
    """Return where the first part of a text that is too long ends."""
    room, most = limit, 0
    for end, size in clusters(text[: limit + 1]):
        room -= size
        if room < 0:
            break
        most = end
    # One cluster that fills a whole text is no reader's character: it is cut where it must be.
    most = most or limit // 2
    for border in (_SENTENCE, _BLANK):
        ends = [end for end in _ends(border, text[:most]) if end > most // 3]
        if ends:
            return ends[-1]
    return most


def _ends(border: re.Pattern[str], text: str) -> Iterator[int]:
    return (found.end() for found in border.finditer(text))
