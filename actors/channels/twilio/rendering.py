"""A message as what Twilio takes: texts, or a content template; and the address that it takes for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from actors.channels.limits import ELLIPSIS, cut, visible
from actors.channels.numbered import parts_of, written
from actors.channels.wire import clean
from actors.messages import Buttons, Choices, Template, Text

#: Units of one text, and texts of one message; units of what is put into a template.
BODY, PARTS, VARIABLE = 1600, 10, 1024


def recipient(address: str) -> str | None:
    """Return what stands in To; None for an identity that cannot be sent to."""
    kind, _, value = address.partition(":")
    return f"whatsapp:+{value}" if kind == "wa_id" and value.isascii() and value.isdigit() else None


def render(message: Text | Buttons | Choices) -> Sequence[str]:
    """Return the texts, in order, that say a message: one, if it is not too long; at most PARTS."""
    return parts_of(written(message), BODY, PARTS)


def forms(
    message: Text | Buttons | Choices | Template, contents: Mapping[str, str]
) -> Sequence[Mapping[str, str]]:
    """Return the fields that say a message, of one request each; none for a template that `contents` does not name."""
    if not isinstance(message, Template):
        return [{"Body": text} for text in render(message)]
    sid = contents.get(f"{message.name}/{message.language}")
    if sid is None:
        return []
    variables = {str(place): _variable(told) for place, told in enumerate(message.parameters, 1)}
    return [{"ContentSid": sid, "ContentVariables": msgspec.json.encode(variables).decode()}]


def _variable(text: str) -> str:
    """Return a parameter as a template takes it: a line, and not an empty one."""
    line = cut(" ".join(clean(text).split()), VARIABLE)
    return line if visible(line) else ELLIPSIS
