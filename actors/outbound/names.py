"""Names of files on the shelf, durable and of no provider: "picture:7:12:1" is the first picture of a listing. Pure."""

from __future__ import annotations

from typing import get_args

import msgspec

from actors.brain.language import Language

_LANGUAGES: tuple[Language, ...] = get_args(Language)
_LONGEST = 18  # digits of a number that any table can hold


class ListingPicture(msgspec.Struct, frozen=True):
    """A picture of a listing; positions count from 1."""

    tenant: int
    listing: int
    position: int = 1

    def __str__(self) -> str:
        return f"picture:{self.tenant}:{self.listing}:{self.position}"


class FactSheet(msgspec.Struct, frozen=True):
    """The fact sheet of a listing in a language."""

    tenant: int
    listing: int
    language: Language

    def __str__(self) -> str:
        return f"sheet:{self.tenant}:{self.listing}:{self.language}"


def parse(name: str) -> ListingPicture | FactSheet | None:
    """Return what a name names; None for one that is none."""
    kind, *rest = name.split(":")
    match kind, rest:
        case "picture", [tenant, listing, position] if _numbers(tenant, listing, position):
            return ListingPicture(int(tenant), int(listing), int(position))
        case "sheet", [tenant, listing, written] if _numbers(tenant, listing):
            spoken = [language for language in _LANGUAGES if language == written]
            return FactSheet(int(tenant), int(listing), spoken[0]) if spoken else None
    return None


def _numbers(*written: str) -> bool:
    return all(one.isascii() and one.isdecimal() and len(one) <= _LONGEST for one in written)
