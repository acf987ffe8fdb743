"""What a message says, as a typed event: one reader for each type that may expect an answer.

Theory of operation: a reader returns None for a shape that it does not know, and the message is then kept whole. What an
event cannot be without is required; all else may be missing or odd, and is then left out. Every text is cleaned. Knows
neither channels nor keys; never raises but for a depth that nobody can write again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict

from actors.channels.meta.people import phone_of
from actors.channels.wire import (
    MalformedError,
    bounded,
    canonical,
    clean,
    decode,
    items,
    members,
    name,
    number,
    stamp,
    text,
    token,
)
from actors.messages import (
    Card,
    CardPhone,
    ChoicePicked,
    ContactsShared,
    Content,
    FormFilled,
    LocationShared,
    MediaReceived,
    MessageReceived,
    OrderItem,
    OrderPlaced,
    Referral,
    Unsupported,
)

Json = Mapping[str, object]

_REFERRAL = (
    *("source_type", "source_url", "headline", "body", "media_type", "image_url", "video_url"),
    *("thumbnail_url", "ctwa_clid"),
)
#: Ids longer than this can be neither quoted nor marked as read.
_LONGEST_ID = 512


class Head(TypedDict):
    """The fields that every incoming event has."""

    id: str
    stamped: int
    name: str
    quoted: str


class _Heading(Head):
    """The fields that every message has."""

    forwarded: Literal["", "once", "often"]
    referral: Referral | None


def head_of(element: Json, called: str = "") -> Head:
    """Return what an element says of itself, with the name by which its sender is `called`."""
    quoted = clean(token(members(element.get("context")).get("id")))[:_LONGEST_ID]
    return Head(
        id=clean(token(element.get("id")))[:_LONGEST_ID],
        stamped=stamp(element.get("timestamp")),
        name=called,
        quoted=quoted,
    )


def content(element: Json, head: Head) -> Content | None:
    """Return the typed event of a message; None for a type or a shape that is not understood."""
    kind = token(element.get("type"))
    read = _CONTENTS.get(kind)
    return read(element.get(kind), _heading(element, head)) if read else None


def whole(element: Json, head: Head) -> Content:
    """Return the typed event of a message, or the message whole."""
    return content(element, head) or kept(element, head, token(element.get("type")) or "unknown")


def kept(element: Json, head: Head, kind: str, errors: Sequence[object] = ()) -> Unsupported:
    """Return an element whole, as what is not understood; `errors` are those that came beside it."""
    if errors and "errors" not in element:
        element = {**element, "errors": errors}
    code, _ = first_error(element.get("errors"))
    what = text(members(element.get("unsupported")).get("type"))[:64]
    raw = bounded(canonical(element))
    return Unsupported(kind=clean(kind)[:64], code=code, what=what, raw=raw, **_heading(element, head))


def first_error(errors: object) -> tuple[str, str]:
    """Return code and title of the first of some errors, "" for what it lacks."""
    error = members(next(iter(items(errors)), None))
    return name(token(error.get("code")), limit=32), text(error.get("title"))[:200]


def _heading(element: Json, head: Head) -> _Heading:
    context = members(element.get("context"))
    forwarded: Literal["", "once", "often"] = "once" if context.get("forwarded") is True else ""
    if context.get("frequently_forwarded") is True:
        forwarded = "often"
    return _Heading(**head, forwarded=forwarded, referral=_referral(element.get("referral")))


def _referral(value: object) -> Referral | None:
    if not isinstance(value, dict) or not value:
        return None
    told = {field: text(value.get(field))[:2048] for field in _REFERRAL}
    return Referral(
        source=told["source_type"],
        source_id=clean(token(value.get("source_id")))[:_LONGEST_ID],
        url=told["source_url"],
        headline=told["headline"],
        body=told["body"],
        media=told["media_type"],
        media_url=told["image_url"] or told["video_url"],
        thumbnail_url=told["thumbnail_url"],
        click=told["ctwa_clid"],
    )


def _text(part: object, heading: _Heading) -> Content | None:
    body = members(part).get("body")
    return MessageReceived(text=clean(body), **heading) if isinstance(body, str) else None


def _medium(kind: Literal["image", "video", "document", "sticker", "audio"]) -> Callable[..., Content | None]:
    def read(part: object, heading: _Heading) -> Content | None:
        medium = members(part)
        media, url = clean(token(medium.get("id"))), text(medium.get("url"))
        if not (media or url):
            return None
        return MediaReceived(
            kind="voice" if kind == "audio" and medium.get("voice") is True else kind,
            media=media,
            url=url,
            mime=text(medium.get("mime_type")),
            sha256=text(medium.get("sha256")),
            caption=text(medium.get("caption")),
            filename=text(medium.get("filename")),
            animated=medium.get("animated") is True,
            **heading,
        )

    return read


def _location(part: object, heading: _Heading) -> Content | None:
    place = members(part)
    latitude, longitude = number(place.get("latitude")), number(place.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return LocationShared(
        latitude=latitude,
        longitude=longitude,
        label=text(place.get("name")),
        address=text(place.get("address")),
        url=text(place.get("url")),
        **heading,
    )


def _interactive(part: object, heading: _Heading) -> Content | None:
    match part:
        case {"type": "button_reply", "button_reply": {"id": str(choice), **picked}} | {
            "type": "list_reply",
            "list_reply": {"id": str(choice), **picked},
        }:
            title, description = text(picked.get("title")), text(picked.get("description"))
            return ChoicePicked(choice=clean(choice), title=title, description=description, **heading)
        case {"type": "nfm_reply", "nfm_reply": {"response_json": str(response), **form}}:
            called, body = text(form.get("name")), text(form.get("body"))
            return FormFilled(form=called, response=_json(response), body=body, **heading)
        case _:
            return None


def _json(response: str) -> str:
    """Return the text of a JSON object with clean texts in it, as escapes may hide what no database takes."""
    response = clean(response)
    try:
        tree = decode(response.encode())
        return canonical(tree).decode() if isinstance(tree, dict) else response
    except (MalformedError, RecursionError):
        return response


def _button(part: object, heading: _Heading) -> Content | None:
    match part:
        case {"payload": str(choice), **picked}:
            return ChoicePicked(choice=clean(choice), title=text(picked.get("text")), **heading)
        case _:
            return None


def _contacts(part: object, heading: _Heading) -> Content | None:
    people = items(part)
    if not people or not all(isinstance(one, dict) for one in people):
        return None
    return ContactsShared(cards=tuple([_card(members(one)) for one in people]), **heading)


def _card(contact: Json) -> Card:
    called = members(contact.get("name"))
    return Card(
        name=text(called.get("formatted_name")),
        first_name=text(called.get("first_name")),
        last_name=text(called.get("last_name")),
        phones=tuple(
            [
                CardPhone(
                    written=clean(token(phone.get("phone"))),
                    phone=phone_of(phone.get("wa_id")),
                    kind=text(phone.get("type")),
                )
                for phone in map(members, items(contact.get("phones")))
            ]
        ),
    )


def _order(part: object, heading: _Heading) -> Content | None:
    order = members(part)
    ordered = [_item(members(item)) for item in items(order.get("product_items"))]
    known = tuple([item for item in ordered if item])
    if not known or len(known) < len(ordered):  # an order that is half understood is not understood
        return None
    catalog = clean(token(order.get("catalog_id")))
    return OrderPlaced(items=known, catalog=catalog, text=text(order.get("text")), **heading)


def _item(item: Json) -> OrderItem | None:
    product, quantity = clean(token(item.get("product_retailer_id"))), number(item.get("quantity"))
    if not product or quantity is None:
        return None
    currency = text(item.get("currency"))
    return OrderItem(
        product=product, quantity=quantity, price=number(item.get("item_price")), currency=currency
    )


_CONTENTS: Mapping[str, Callable[[object, _Heading], Content | None]] = {
    "text": _text,
    "image": _medium("image"),
    "video": _medium("video"),
    "document": _medium("document"),
    "sticker": _medium("sticker"),
    "audio": _medium("audio"),
    "location": _location,
    "interactive": _interactive,
    "button": _button,
    "contacts": _contacts,
    "order": _order,
}
