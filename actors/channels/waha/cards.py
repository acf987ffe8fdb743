"""A card of an address book (vCard) as far as a conversation needs it: names and phone numbers. Pure; never raises.

It is read line by line: what is not understood is left out, and no line is looked at twice.
"""

from __future__ import annotations

from actors.channels.wire import name
from actors.messages import Card, CardPhone

_MOST_LINES, _MOST_PHONES, _LONGEST = 500, 20, 200


def card_of(vcard: str) -> Card:
    """Return what a card says."""
    called, parts, phones = "", [""], list[CardPhone]()
    for line in _unfolded(vcard)[:_MOST_LINES]:
        heading, colon, value = line.partition(":")
        if not colon:
            continue
        field, *parameters = heading.split(";")
        match field.rpartition(".")[2].upper():  # "item1.TEL" is a TEL
            case "FN":
                called = called or _plain(value)
            case "N":
                parts = [_plain(part) for part in value.split(";")]
            case "TEL" if len(phones) < _MOST_PHONES:
                phones.append(_phone(_plain(value), parameters))
    last, first = (*parts, "", "")[:2]
    whole = called or " ".join(part for part in (first, last) if part)
    return Card(name=whole, first_name=first, last_name=last, phones=tuple(phones))


def _phone(written: str, parameters: list[str]) -> CardPhone:
    known, kind = "", ""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        match key.lower():
            case "waid" if value.isascii() and value.isdigit():
                known = name(value)
            case "type" if not kind:
                kind = value.upper()[:_LONGEST]
    return CardPhone(written=written, phone=known, kind=kind)


def _unfolded(vcard: str) -> list[str]:
    """Return the lines; one that begins with a blank goes on the one before it."""
    return vcard.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").split("\n")


def _plain(value: str) -> str:
    return value.replace("\\n", " ").replace("\\", "").strip()[:_LONGEST]
