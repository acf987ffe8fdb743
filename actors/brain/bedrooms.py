"""How many bedrooms a text speaks of. Pure.

Russian counts rooms, the living room with them: «двушка» and «двухкомнатная» have one bedroom, and by the same rule
«однушка» and «однокомнатная» none: a studio, 0. «спальня», "bedroom", خواب and غرفة count bedrooms; "2+1" is two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.agency.terms import Span
from actors.brain.folding import fold
from actors.brain.lexicon import Item
from actors.brain.quantities import Quantity, quantities
from actors.brain.tokens import READ, split

MOST: Final = 20
"""Bedrooms that a home may have."""


def bedrooms(text: str, *, asked: bool = False) -> Span | None:
    """Return the bedrooms that `text` speaks of, a studio as 0; several mentions are one span. Never raises.

    `asked`: it answers the question for them, so a bare small number counts.
    """
    items, found = quantities(split(fold(text[:READ])))
    return bedrooms_of(items, found, asked=asked)


def bedrooms_of(items: list[Item], found: Iterable[Quantity], *, asked: bool = False) -> Span | None:
    """Return the same from the items and quantities of a text."""
    spans: list[Span] = []
    counted: set[int] = set()
    units = ("bedroom", "room", "") if asked else ("bedroom", "room")
    for quantity in found:
        if quantity.first in counted:
            continue  # the living room of "3+1"
        span = _plus(items, quantity)
        counted.update(range(quantity.first, quantity.last + 2 if span else quantity.last))
        span = span or _counted(_of_choice(items, quantity), units)
        if span is not None:
            spans.append(span)
    for place, item in enumerate(items):
        if place in counted:
            continue
        if item.group == "bedrooms":
            spans.append(_bounded(items, place, int(item.value)))
        elif item.group == "unit" and item.value == "onebed":
            spans.append(_bounded(items, place, 1))
        elif _begins_choice(items, place):
            spans.append(Span(1, 1))
    if not spans:
        return None
    lows = [span.low for span in spans]
    highs = [span.high for span in spans]
    return Span(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
    )


def _of_choice(items: list[Item], quantity: Quantity) -> Quantity:
    """Return a bare number that is one of two as counting what the other does: دو یا سه‌خوابه, غرفتين أو ثلاث."""
    if quantity.unit or quantity.currency or quantity.scaled:
        return quantity
    ahead = ((step, step + 1) for step in range(quantity.last - 1, quantity.last + 2))
    for step, beyond in (*ahead, (quantity.first - 1, quantity.first - 2)):
        if not (0 <= step < len(items) and 0 <= beyond < len(items)) or items[beyond].group != "bedrooms":
            continue
        if _joins(items[step]) or (beyond > step and items[step].value == "upto"):
            unit = "room" if "комн" in items[beyond].first().text else "bedroom"
            return msgspec.structs.replace(quantity, unit=unit, bound="")
    return quantity


def _begins_choice(items: list[Item], place: int) -> bool:
    """Return whether one room, with no number, is chosen beside more: غرفة أو غرفتين, «спальня или две»."""
    if place + 2 >= len(items) or items[place].group != "unit" or items[place].value != "bedroom":
        return False
    if place and (items[place - 1].group in ("num", "unit") or items[place - 1].first().number is not None):
        return False
    return _joins(items[place + 1]) and items[place + 2].group in ("bedrooms", "num")


def _joins(item: Item) -> bool:
    return (item.group == "word" and item.value in ("or", "to")) or item.first().text == "-"


def _bounded(items: list[Item], place: int, number: int) -> Span:
    """Return what "up to" before and "or more" after a word such as غرفتين make of its number."""
    before = items[place - 1] if place else None
    after = items[place + 1] if place + 1 < len(items) else None
    said = {item.value for item in (before, after) if item is not None and item.group == "word"}
    if place > 1 and (items[place - 2].group == "num" or items[place - 2].first().number is not None):
        said.discard("upto")  # it is the end of a range
    if after is not None and after.group == "word" and after.value in ("upto", "from"):
        said.discard(after.value)  # of what comes next
    if before is not None and before.first().text in ("من", "از"):
        said.discard("from")  # «من» is "I", too, and both begin sentences
    if number and said & {"upto", "orless"}:
        return Span(None, number)
    return Span(number, None) if said & {"from", "ormore"} else Span(number, number)


def _counted(quantity: Quantity, units: tuple[str, ...]) -> Span | None:
    if quantity.unit not in units or quantity.high > MOST or quantity.currency or quantity.scaled:
        return None
    less = 1 if quantity.unit == "room" else 0
    low, high = int(quantity.low) - less, int(quantity.high) - less
    if high < 0 or quantity.high != quantity.high.to_integral_value():
        return None
    low = max(low, 0)
    return {"": Span(low, high), "up_to": Span(None, high), "from": Span(low, None)}[quantity.bound]


def _plus(items: list[Item], quantity: Quantity) -> Span | None:
    """Return what "3+1" says: bedrooms, and a living room."""
    place = quantity.last
    if quantity.unit or not quantity.plain or quantity.low != quantity.high or not 1 <= quantity.high < 10:
        return None
    if place + 1 >= len(items) or items[place].first().text != "+":
        return None
    living = items[place + 1].first()
    if living.number is None or living.number not in (1, 2):
        return None
    return Span(int(quantity.high), int(quantity.high))
