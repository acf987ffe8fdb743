"""A message as the JSON that the Cloud API takes: its limits are applied here, never met there.

Knows no channel and no token. What is too long is cut with an ellipsis (a long text is several before it comes here, see
long_texts.py), what is too many moves to where there is room: more than three buttons become a list, what a list has no
row for is numbered in its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from actors.channels.limits import ELLIPSIS, cut, units, visible
from actors.channels.wire import clean
from actors.messages import (
    Buttons,
    Choice,
    Choices,
    Document,
    MarkRead,
    Outgoing,
    Picture,
    Template,
    Text,
)

TEXT_BODY = 4096
BUTTONS, BUTTON_TITLE, BUTTON_ID, BUTTONS_BODY = 3, 20, 256, 1024
ROWS, ROW_TITLE, ROW_ID, ROW_DESCRIPTION = 10, 24, 200, 72
LIST_BODY, LIST_BUTTON = 4096, 20
HEADER = FOOTER = 60
TEMPLATE_PARAMETER = 1024
CAPTION = 1024
FILENAME = 240
QUOTE = 512
#: The button of a list that was not given one: a menu sign, which is the same in every language.
MENU = "☰"

Json = Mapping[str, object]


class Uploaded(msgspec.Struct, frozen=True):
    """A file that the provider has: its id there, and what the person is to see as its name."""

    id: str
    name: str = ""


class _Illustrated(msgspec.Struct, frozen=True):
    """A message whose file can be sent."""

    message: Picture | Document
    file: Uploaded


def recipient(address: str) -> Json | None:
    """Return the fields that address a person; None for an identity that cannot be sent to.

    A phone goes to `to`, a business-scoped id to `recipient`: in `to` it would be accepted and silently lost.
    """
    kind, _, value = address.partition(":")
    if kind == "wa_id" and value.isascii() and value.isdigit():
        return {"recipient_type": "individual", "to": value}
    if kind == "bsuid" and value and not value.startswith("#"):
        return {"recipient_type": "individual", "recipient": value}
    return None


def render(message: Outgoing, to: Json, tracker: str, file: Uploaded | None = None) -> bytes:
    """Return the request that sends `message` or marks as read; `tracker`, a UUID or "" for none, comes back in receipts.

    Without its `file` a picture or a document is what is said where it cannot be sent.
    """
    fields: dict[str, object] = {"messaging_product": "whatsapp"}
    if isinstance(message, MarkRead):
        fields |= {"status": "read", "message_id": clean(message.id)}
        if message.typing:
            fields["typing_indicator"] = {"type": "text"}
        return msgspec.json.encode(fields)
    fields |= {**to, **_content(_with_file(message, file))}
    quote = clean(message.quote)
    if visible(quote) and units(quote) <= QUOTE:
        fields["context"] = {"message_id": quote}
    if tracker:
        fields["biz_opaque_callback_data"] = tracker
    return msgspec.json.encode(fields)


def bears(message: Picture | Document) -> bool:
    """Return whether a message can have its file: a text that is too long for one leaves without it."""
    return units(message.body) <= (BUTTONS_BODY if message.choices else CAPTION) and (
        len(_distinct(message.choices, BUTTON_TITLE, BUTTON_ID)) <= BUTTONS
    )


def _with_file(
    message: Text | Buttons | Choices | Template | Picture | Document, file: Uploaded | None
) -> Text | Buttons | Choices | Template | _Illustrated:
    if not isinstance(message, Picture | Document):
        return message
    return _Illustrated(message, file) if file is not None and bears(message) else message.plain()


def _content(message: Text | Buttons | Choices | Template | _Illustrated) -> Json:  # noqa: PLR0911 - one a kind
    match message:
        case _Illustrated(said, file):
            return _illustrated(said, file)
        case Text():
            return _text(message.body)
        case Buttons():
            choices = _distinct(message.choices, BUTTON_TITLE, BUTTON_ID)
            if not choices:
                return _text(_joined(message.body, message.footer))
            if len(choices) <= BUTTONS and units(message.body) <= BUTTONS_BODY:
                return _buttons(message, choices)
            return _list(Choices(message.body, MENU, message.choices, footer=message.footer))
        case Choices():
            if not message.choices:
                return _text(_joined(message.header, message.body, message.footer))
            return _list(message)
        case Template():
            return _template(message)


def _template(message: Template) -> Json:
    """Return a template: its parameters are lines, for breaks are refused in them."""
    told = [
        {"type": "text", "text": _line(one, TEMPLATE_PARAMETER) or ELLIPSIS} for one in message.parameters
    ]
    components = {"components": [{"type": "body", "parameters": told}]} if told else {}
    return {
        "type": "template",
        "template": {"name": message.name, "language": {"code": message.language}, **components},
    }


def _illustrated(message: Picture | Document, file: Uploaded) -> Json:
    """Return a message with its file: above the text and the buttons, or with the text as its caption."""
    kind = "image" if isinstance(message, Picture) else "document"
    medium: dict[str, object] = {"id": file.id}
    if kind == "document":
        medium["filename"] = _line(file.name, FILENAME) or kind
    choices = _distinct(message.choices, BUTTON_TITLE, BUTTON_ID)
    if not choices:
        caption = {"caption": _shown(message.body, CAPTION)} if visible(message.body) else {}
        return {"type": kind, kind: {**medium, **caption}}
    said = _replies(Buttons(message.body, message.choices), choices)
    return {"type": "interactive", "interactive": {**said, "header": {"type": kind, kind: medium}}}


def _text(body: str) -> Json:
    return {"type": "text", "text": {"body": _shown(body, TEXT_BODY), "preview_url": False}}


def _buttons(message: Buttons, choices: Sequence[Choice]) -> Json:
    return {"type": "interactive", "interactive": _replies(message, choices)}


def _replies(message: Buttons, choices: Sequence[Choice]) -> Json:
    replies = [{"type": "reply", "reply": {"id": choice.id, "title": choice.title}} for choice in choices]
    return {
        "type": "button",
        "body": {"text": _shown(message.body, BUTTONS_BODY)},
        **_footer(message.footer),
        "action": {"buttons": replies},
    }


def _list(message: Choices) -> Json:
    choices = _distinct(message.choices, ROW_TITLE, ROW_ID)
    header = _line(message.header, HEADER)
    interactive = {
        "type": "list",
        **({"header": {"type": "text", "text": header}} if header else {}),
        "body": {"text": _list_body(message.body, message.choices, choices)},
        **_footer(message.footer),
        "action": {
            "button": _line(message.button, LIST_BUTTON) or MENU,
            "sections": [{"rows": [_row(choice) for choice in choices[:ROWS]]}],
        },
    }
    return {"type": "interactive", "interactive": interactive}


def _list_body(body: str, given: Sequence[Choice], choices: Sequence[Choice]) -> str:
    """Return the body, with the choices that have no row below it, numbered on from the rows."""
    if len(choices) <= ROWS:
        return _shown(body, LIST_BODY)
    titles = {choice.id: choice.title for choice in given}
    lines = [
        f"{number}. {_line(titles.get(choice.id, ''), ROW_DESCRIPTION) or choice.title}"
        for number, choice in enumerate(choices[ROWS:], ROWS + 1)
    ]
    rest = cut("\n".join(lines), LIST_BODY // 2)
    return f"{_shown(body, LIST_BODY - units(rest) - 2)}\n\n{rest}"


def _row(choice: Choice) -> Json:
    described = {"description": choice.description} if choice.description else {}
    return {"id": choice.id, "title": choice.title, **described}


def _footer(footer: str) -> Json:
    line = _line(footer, FOOTER)
    return {"footer": {"text": line}} if line else {}


def _distinct(choices: Iterable[Choice], title_limit: int, id_limit: int) -> list[Choice]:
    """Return the choices with ids and titles that are visible, within limits and different from each other.

    The same choice given twice appears once. A title that has to be cut also goes to an empty description.
    """
    titles: set[str] = set()
    ids: set[str] = set()
    distinct: list[Choice] = []
    for number, choice in enumerate(dict.fromkeys(choices), 1):
        whole = _line(choice.title, ROW_DESCRIPTION)
        title = _unused(_line(choice.title, title_limit) or str(number), title_limit, titles)
        description = _line(choice.description, ROW_DESCRIPTION) or (
            whole if units(whole) > title_limit else ""
        )
        distinct.append(
            Choice(_unused(_identifier(choice.id, id_limit, number), id_limit, ids), title, description)
        )
    return distinct


def _unused(text: str, limit: int, used: set[str]) -> str:
    """Return the text, numbered if it (in any case) was used before, and note it as used."""
    unused, number = text, 1
    while unused.casefold() in used:
        number += 1
        mark = f" {number}"
        unused = cut(text, limit - len(mark)) + mark
    used.add(unused.casefold())
    return unused


def _identifier(text: str, limit: int, number: int) -> str:
    """Return an id within the limit; one that is too long ends in a hash, so that it stays its own."""
    stripped = clean(text).strip()
    if not visible(stripped):
        return f"#{number}"
    if units(stripped) <= limit:
        return stripped
    return f"{stripped[:60]}#{sha256(stripped.encode()).hexdigest()}"


def _shown(text: str, limit: int) -> str:
    """Return a text within the limit; "…" if it shows nothing, as an empty body is an error."""
    cleaned = clean(text)
    return cut(cleaned, limit) if visible(cleaned) else ELLIPSIS


def _line(text: str, limit: int) -> str:
    """Return a text as one line within the limit; "" if it shows nothing."""
    line = " ".join(clean(text).split())
    return cut(line, limit) if visible(line) else ""


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if visible(part))
