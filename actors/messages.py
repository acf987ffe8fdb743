"""What people send and what they get, whatever the provider. Knows no wire format; channels translate.

Incoming types are events. A `Message` may expect an answer; what else a person does (`Incoming`) is to be known, and
mostly to be met with silence. Outgoing types are effects' payloads: `Outgoing` is the union a channel decodes. Texts may
be longer, and choices more, than a provider takes: rendering cuts and pages, a conversation need not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from runtime import Event

# ── what arrives ──────────────────────────────────────────────────────


class Incoming(Event, frozen=True, kw_only=True):
    """What everything that a person does carries. `id` is the provider's; `stamped` seconds since 1970, 0 if unknown."""

    id: str
    stamped: int = 0
    name: str = ""
    quoted: str = ""


class Referral(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The advertisement or post from which somebody came to us; `click` is what its seller wants back."""

    source: str = ""
    source_id: str = ""
    url: str = ""
    headline: str = ""
    body: str = ""
    media: str = ""
    media_url: str = ""
    thumbnail_url: str = ""
    click: str = ""


class Message(Incoming, frozen=True, kw_only=True):
    """What a person says, in whatever form, and may expect an answer to."""

    forwarded: Literal["", "once", "often"] = ""
    referral: Referral | None = None


class MessageReceived(Message, frozen=True, kw_only=True):
    """A text."""

    text: str


class MediaReceived(Message, frozen=True, kw_only=True):
    """A medium to be fetched by its id `media` (days), or from `url` if the provider gave one (minutes).

    A "voice" was spoken into the phone, an "audio" is any other sound. `sha256` is as the provider wrote it.
    """

    kind: Literal["image", "video", "document", "sticker", "audio", "voice"]
    media: str = ""
    url: str = ""
    mime: str = ""
    sha256: str = ""
    caption: str = ""
    filename: str = ""
    animated: bool = False


class ChoicePicked(Message, frozen=True, kw_only=True):
    """A button or a list row was picked: its `choice` is the id we gave it, the rest what the person saw."""

    choice: str
    title: str = ""
    description: str = ""


class FormFilled(Message, frozen=True, kw_only=True):
    """A form that we sent was filled in: `form` is its name, `response` the JSON of the answers, broken or not."""

    form: str = ""
    response: str = ""
    body: str = ""

    @property
    def answers(self) -> Mapping[str, object]:
        """What was filled in, by field; empty if the response is no JSON object."""
        try:
            return msgspec.json.decode(self.response, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError):
            return {}


class LocationShared(Message, frozen=True, kw_only=True):
    """A place on the map; with a `label`, an `address` or a `url` if it is one that has them."""

    latitude: float
    longitude: float
    label: str = ""
    address: str = ""
    url: str = ""


class CardPhone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number on a card, as it was written there; `phone` is it in digits if it can be written to."""

    written: str = ""
    phone: str = ""
    kind: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody's card in an address book."""

    name: str = ""
    first_name: str = ""
    last_name: str = ""
    phones: tuple[CardPhone, ...] = ()


class ContactsShared(Message, frozen=True, kw_only=True):
    """Cards of an address book, one or more."""

    cards: tuple[Card, ...]


class OrderItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many of a product; `price` is for one of them, None if it was not said."""

    product: str
    quantity: float
    price: float | None = None
    currency: str = ""


class OrderPlaced(Message, frozen=True, kw_only=True):
    """Products of a catalogue were ordered, with a `text` maybe."""

    items: tuple[OrderItem, ...]
    catalog: str = ""
    text: str = ""


class Unsupported(Message, frozen=True, kw_only=True):
    """What is not understood (yet): stored whole as `raw` JSON, never dropped.

    `kind` is the provider's word for it. What the provider itself could not pass on has its error `code`, and in
    `what` the kind of thing that it was, if it says so.
    """

    kind: str
    code: str = ""
    what: str = ""
    raw: str = ""


Content = (
    MessageReceived
    | MediaReceived
    | ChoicePicked
    | FormFilled
    | LocationShared
    | ContactsShared
    | OrderPlaced
    | Unsupported
)


class Reacted(Incoming, frozen=True, kw_only=True):
    """An emoji was put under the message `target`, ours or theirs; "" took it away."""

    target: str
    emoji: str = ""


class MessageEdited(Incoming, frozen=True, kw_only=True):
    """The person's message `original` now reads as `message`, which has its id."""

    original: str
    message: Content


class MessageRevoked(Incoming, frozen=True, kw_only=True):
    """The person took back their message `original`: forget what it said."""

    original: str


class NumberChanged(Incoming, frozen=True, kw_only=True):
    """The person has a `new` phone number, a new `scoped` id, or both; the conversation goes on there. "": not said."""

    old: str = ""
    new: str = ""
    scoped: str = ""


class IdentityChanged(Incoming, frozen=True, kw_only=True):
    """The keys of the person's device changed, so somebody else may hold it; `hash` names the new ones."""

    hash: str = ""
    changed: int = 0
    acknowledged: bool = False


class HumanAnswered(Incoming, frozen=True, kw_only=True):
    """One of our people answered from the business phone: `message` is what they said to this person."""

    message: Content


class ConsentChanged(Event, frozen=True, kw_only=True):
    """The person allows, or no longer allows, unasked messages of a `category` ("marketing_messages")."""

    category: str
    allowed: bool
    stamped: int = 0
    detail: str = ""


class AccountNotice(Event, frozen=True, kw_only=True):
    """News about a provider account, not about a person: a template's fate, a quality change, a limit."""

    account: str
    field: str
    raw: str = ""


class ChannelFault(Event, frozen=True, kw_only=True):
    """The provider reports an error of a whole channel: of no person, of no message. `raw` is all that it said."""

    account: str
    channel: str
    code: str = ""
    title: str = ""
    raw: str = ""


INCOMING: tuple[type[Event], ...] = (
    *get_args(Content),
    Reacted,
    MessageEdited,
    MessageRevoked,
    NumberChanged,
    IdentityChanged,
    HumanAnswered,
    ConsentChanged,
    AccountNotice,
    ChannelFault,
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


class Template(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A text that the provider has approved under `name`, in a language, with what its places are to say, in order."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()
    quote: str = ""


class MarkRead(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Show the person that message `id` was read, and with `typing` that an answer is being written."""

    id: str
    typing: bool = False


class Picture(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A picture with a text below it, and a few buttons maybe.

    `file` is its name on the shelf (`actors/outbound/shelf.py`), which says where the bytes are when it is sent.
    """

    file: str
    body: str
    choices: tuple[Choice, ...] = ()
    quote: str = ""

    def plain(self) -> Text | Buttons:
        """Return the same without the picture, for where it cannot be sent."""
        return _plain(self.body, self.choices, self.quote)


class Document(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A document with a text below it, and a few buttons maybe; `file` as with a picture.

    `instead` is what is said where it cannot be sent.
    """

    file: str
    body: str
    instead: str
    choices: tuple[Choice, ...] = ()
    quote: str = ""

    def plain(self) -> Text | Buttons:
        """Return what is said instead, with the same buttons."""
        return _plain(self.instead, self.choices, self.quote)


def _plain(body: str, choices: tuple[Choice, ...], quote: str) -> Text | Buttons:
    return Buttons(body, choices, quote=quote) if choices else Text(body, quote=quote)


Outgoing = Text | Buttons | Choices | Picture | Document | Template | MarkRead
