"""Messages as plain texts, for providers without buttons: choices become numbered lines, what is long several texts.

Numbers are the places in what was offered. A channel cannot know what was offered last, for it keeps nothing; the actor
can: it keeps the `lines_of` the last message that it sent in its state, and has what is typed `read` by them. So "2", "۲"
and the title are what a button would have been, whoever restarts in between; so is a line that is typed off, and what a
keyboard varies (ي for ی, marks, a keycap) makes no difference. No choice is left out and none is joined with another, or
the numbers would not be the same on both sides. Knows no provider but by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from actors.brain.folding import fold
from actors.channels.limits import ELLIPSIS, clusters, cut, units, visible
from actors.channels.wire import clean
from actors.messages import (
    Buttons,
    Choice,
    ChoicePicked,
    Choices,
    Document,
    Message,
    MessageReceived,
    Picture,
    Text,
)

_SENTENCE = re.compile(r"[.!?…؟۔。！？]+[\"'»”)\]]*\s+|\n+")
_BLANK = re.compile(r"\s+")
#: A number alone, as it is typed, and what may stand around it; or with its line behind it.
_NUMBER = re.compile(r"[#(\[\"']?([0-9]{1,2}) ?[.,!)\]\"':-]?")
_AROUND = re.compile(r"^\W+|\W+$")
_TYPED_OFF = re.compile(r"([0-9]{1,2}) ?[.):-] ?(.+)", re.DOTALL)


#: Providers whose people get texts alone, and type what a button would have said.
WITHOUT_BUTTONS = frozenset({"twilio", "waha"})

#: Choices that have a row each where there are rows; if there are more, those are numbered lines there, too.
ROWS = 10
#: Ids and titles of choices, in the order of their numbers.
Lines = tuple[tuple[str, str], ...]


def has_buttons(channel: str) -> bool:
    """Say whether people on a channel, "<provider>:<name>", are shown buttons."""
    return channel.partition(":")[0] not in WITHOUT_BUTTONS


def lines_of(message: object) -> Lines:
    """Return what can be picked of a message by its number."""
    if isinstance(message, Buttons | Choices | Picture | Document):
        return tuple((choice.id, choice.title) for choice in message.choices)
    return ()


def typed_of(message: object, channel: str) -> Lines:
    """Return what of a message is picked by typing on a channel: nothing where all of it has a button or a row."""
    lines = lines_of(message)
    return lines if len(lines) > ROWS or not has_buttons(channel) else ()


def read(message: MessageReceived, lines: Lines, known: Collection[str] = ()) -> Message:
    """Return a text as the choice whose number it is, alone and in any digits, or whose title; else as it came.

    Titles that are `known` stay words: whoever reads them next understands them.
    """
    said = _folded(message.text)
    for place in _places(said, lines, known):
        choice, title = lines[place]
        heading = {name: getattr(message, name) for name in Message.__struct_fields__}
        return ChoicePicked(**heading, choice=choice, title=title)
    return message


def _places(said: str, lines: Lines, known: Collection[str]) -> Sequence[int]:
    """Return the place of the line that was said, folded; empty if it is none."""
    if number := _NUMBER.fullmatch(said):
        place = int(number[1]) - 1
        if 0 <= place < len(lines):
            return [place]
    for spelt in (str, _bare):  # "1 bed" is not "1 bed+" where there are both
        words, titles = spelt(said), [spelt(_folded(title)) for _, title in lines]
        if not words or words in {spelt(_folded(title)) for title in known}:
            return []
        if titles.count(words) == 1:
            return [titles.index(words)]
    if typed := _TYPED_OFF.fullmatch(said):
        place = int(typed[1]) - 1
        if 0 <= place < len(lines) and _bare(_folded(lines[place][1])) == _bare(typed[2]):
            return [place]
    return []


def _folded(text: str) -> str:
    """Return a text on one line, and as keyboards do not vary it."""
    return " ".join(fold(text).split())


def _bare(text: str) -> str:
    """Return a text without the signs around its words, which few people type."""
    return _AROUND.sub("", text)


def written(message: Text | Buttons | Choices) -> str:
    """Return a message as one text, as long as it comes; an ellipsis if a reader would see nothing of it."""
    match message:
        case Text():
            whole = message.body
        case Buttons():
            whole = _joined(message.body, _numbered(message.choices), message.footer)
        case Choices():
            whole = _joined(message.header, message.body, _numbered(message.choices), message.footer)
    cleaned = _without_blanks(clean(whole)).rstrip()
    return cleaned if visible(cleaned) else ELLIPSIS


def parts_of(text: str, limit: int, most: int) -> Sequence[str]:
    """Return a text as at most `most` texts of `limit` units each, in order; what goes beyond them is left out.

    It is split at the ends of sentences or lines, else between words, else between what a reader sees as characters.
    """
    parts: list[str] = []
    while units(text) > limit and len(parts) < most - 1:
        end = _end(text, limit)
        parts.append(text[:end].rstrip())
        text = _without_blanks(text[end:])
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
    room, allowed = limit, [0]
    for end, size in clusters(text[: limit + 1]):
        room -= size
        if room < 0:
            break
        allowed.append(end)
    # One cluster that fills a whole text is no reader's character: it is cut where it must be.
    most, within = allowed[-1] or limit // 2, frozenset(allowed)
    for border in (_SENTENCE, _BLANK):
        ends = [end for end in _ends(border, text[:most]) if end > most // 3 and end in within]
        if ends:
            return ends[-1]
    return most


def _without_blanks(text: str) -> str:
    """Return a text without the blanks before it; one that bears a mark is a character."""
    start = 0
    for end, _ in clusters(text):
        if not text[start:end].isspace():
            break
        start = end
    return text[start:]


def _ends(border: re.Pattern[str], text: str) -> Iterator[int]:
    return (found.end() for found in border.finditer(text))
