"""The places of the trade, from places.toml: their names in four languages, and which lie beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from actors.sql import statement
from runtime import Transaction


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a place is called, by language, and the keys of those beside it."""

    names: dict[str, str]
    neighbours: tuple[str, ...]


@cache
def places() -> Mapping[str, Place]:
    """Return all places by key."""
    text = files(__package__).joinpath("places.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=dict[str, Place])


def neighbours_of(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the places beside these, the nearest named first, none of these among them. Unknown keys have none."""
    known = places()
    beside = [other for key in keys if key in known for other in known[key].neighbours if other not in keys]
    return tuple(dict.fromkeys(beside))


async def mirror_places(transaction: Transaction) -> None:
    """Write the places into their table, which listings refer to."""
    known = sorted(places().items())
    await transaction.execute(
        statement("upsert_locations"),
        [key for key, _ in known],
        [msgspec.json.encode(place.names).decode() for _, place in known],
        [msgspec.json.encode(place.neighbours).decode() for _, place in known],
    )
