"""The screen of the phone, without a terminal: messages as lines, choices by number, typed lines as what they mean. Pure.

A message is the body of an accepted send, as the provider keeps it. Right-to-left text is left as it is: bringing it into
order is the terminal's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

#: Everything that could steer a terminal, but for line ends.
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Option(msgspec.Struct, frozen=True):
    """Something to pick: the shape of the webhook that says it was picked, and what that webhook holds."""

    shape: Literal["button_reply", "list_reply"]
    id: str
    title: str
    description: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A message as it appears: lines, and the options below them, numbered from 1."""

    lines: tuple[str, ...]
    options: tuple[Option, ...] = ()

    def text(self) -> str:
        """Return all of it, options with their numbers before them."""
        return "\n".join((*self.lines, *(_numbered(place, one) for place, one in enumerate(self.options, 1))))


class Say(msgspec.Struct, frozen=True):
    """A text to send."""

    text: str


class Pick(msgspec.Struct, frozen=True):
    """An option to pick."""

    option: Option


class Order(msgspec.Struct, frozen=True):
    """A command to the phone: "/as Sara" has the name "as" and the rest "Sara"."""

    name: str
    rest: str = ""


def understand(line: str, options: Sequence[Option]) -> Say | Pick | Order | None:
    """Return what a typed line means while `options` are on offer; None for an empty line.

    A number alone, in any digits, picks; where nothing has that number it is a text like any other.
    """
    typed = line.strip()
    if not typed:
        return None
    if typed.startswith("/"):
        name, _, rest = typed[1:].partition(" ")
        return Order(name.lower(), rest.strip())
    if typed.isdecimal() and len(typed) <= 3 and 1 <= int(typed) <= len(options):
        return Pick(options[int(typed) - 1])
    return Say(line.strip("\r\n"))


def show(content: Mapping[str, object], files: str = "") -> Shown:
    """Return a sent message as it appears on a phone; what has no text is named by its type.

    `files` is where the provider shows an upload by its id: "" where nobody can look at it.
    """
    kind = str(content.get("type", "text"))
    part = _fields(content, kind)
    match kind:
        case "text":
            return Shown(_lines(_text(part, "body")))
        case "interactive":
            return _interactive(part, files)
        case "image" | "document":
            return Shown((_file(kind, part, files), *_lines(_text(part, "caption"))))
        case "location":
            place = " ".join(filter(None, (_text(part, "name"), _text(part, "address"))))
            return Shown((f"[location] {part.get('latitude')}, {part.get('longitude')} {place}".rstrip(),))
        case _:
            return Shown((f"[{kind}]", *_lines(_text(part, "caption") or _text(part, "name"))))


def _file(kind: str, part: Mapping[str, object], files: str) -> str:
    """Return the line of a photo or a document, with where it is to be looked at."""
    said = "photo" if kind == "image" else _clean(_text(part, "filename")) or kind
    place = f" {files}{_clean(_text(part, 'id'))}" if files and _text(part, "id") else ""
    return f"[{said}{place}]"


def _interactive(part: Mapping[str, object], files: str) -> Shown:
    header = _fields(part, "header")
    above = _lines(_text(header, "text")) if header.get("type") == "text" else ()
    for kind in ("image", "document"):
        if header.get("type") == kind:
            above = (_file(kind, _fields(header, kind), files),)
    body = _lines(_text(_fields(part, "body"), "text"))
    footer = _lines(_text(_fields(part, "footer"), "text"))
    action = _fields(part, "action")
    buttons = [
        Option("button_reply", _text(reply, "id"), _text(reply, "title"))
        for reply in (_fields(button, "reply") for button in _items(action, "buttons"))
    ]
    rows = [
        Option("list_reply", _text(row, "id"), _text(row, "title"), _text(row, "description"))
        for section in _items(action, "sections")
        for row in _items(section, "rows")
    ]
    opener = _text(action, "button")
    below = (f"[{_clean(opener)}]",) if opener else ()
    return Shown((*above, *body, *footer, *below), (*buttons, *rows))


def _numbered(place: int, option: Option) -> str:
    described = f" - {_clean(option.description)}" if option.description else ""
    return f"{place:>3}  {_clean(option.title)}{described}"


def _lines(text: str) -> tuple[str, ...]:
    return tuple(_clean(line) for line in text.splitlines())


def _clean(text: str) -> str:
    return _STEERING.sub(" ", text)


def _text(owner: Mapping[str, object], name: str) -> str:
    value = owner.get(name, "")
    return value if isinstance(value, str) else ""


def _fields(owner: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = owner.get(name)
    return value if isinstance(value, dict) else {}


def _items(owner: Mapping[str, object], name: str) -> Sequence[Mapping[str, object]]:
    value = owner.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
