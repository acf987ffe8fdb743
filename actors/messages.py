"""What people send and what they get, whatever the provider. Knows no wire format; channels translate.

Incoming types are events. Outgoing types are effects' payloads: `Outgoing` is the union a channel decodes. Texts may be
longer, and choices more, than a provider takes: rendering cuts and pages, a conversation need not count.
"""

from __future__ import annotations

import msgspec

from runtime import Event

# ── what arrives ──────────────────────────────────────────────────────


class Incoming(Event, frozen=True, kw_only=True):
    """What every message of a person carries. `id` is the provider's; `stamped` seconds since 1970, 0 if unknown."""

    id: str
    stamped: int = 0
    name: str = ""
    quoted: str = ""


class MessageReceived(Incoming, frozen=True, kw_only=True):
    """A text."""

    text: str


class ChoicePicked(Incoming, frozen=True, kw_only=True):
    """A button or a list row was picked: its `choice` is the id we gave it, `title` what the person saw."""

    choice: str
    title: str = ""


class LocationShared(Incoming, frozen=True, kw_only=True):
    """A place on the map."""

    latitude: float
    longitude: float
    label: str = ""
    address: str = ""


class Unsupported(Incoming, frozen=True, kw_only=True):
    """A message of a kind that is not understood (yet): stored whole as `raw` JSON, never dropped."""

    kind: str
    raw: str = ""


class AccountNotice(Event, frozen=True, kw_only=True):
    """News about a provider account, not about a person: a template's fate, a quality change, a limit."""

    account: str
    field: str
    raw: str = ""


INCOMING: tuple[type[Event], ...] = (
    MessageReceived,
    ChoicePicked,
    LocationShared,
    Unsupported,
    AccountNotice,
)


# ── what leaves ───────────────────────────────────────────────────────


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to pick. `id` comes back in `ChoicePicked`."""

    id: str
    title: str
    description: str = ""


class Text(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A text; `quote` is the id of the message it answers visibly."""

    body: str
    quote: str = ""


class Buttons(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A text with a few buttons below it."""

    body: str
    choices: tuple[Choice, ...]
    footer: str = ""
    quote: str = ""


class Choices(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A text with a list behind one button, `button` being its label."""

    body: str
    button: str
    choices: tuple[Choice, ...]
    header: str = ""
    footer: str = ""
    quote: str = ""


class MarkRead(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Show the person that message `id` was read, and with `typing` that an answer is being written."""

    id: str
    typing: bool = False


Outgoing = Text | Buttons | Choices | MarkRead
