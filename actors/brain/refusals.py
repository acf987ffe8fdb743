"""Whether a whole message refuses messages, however it is put together: "don't send me any more texts". Pure.

It does when it says that something is to end or is not wanted, says that this is messages, and says nothing else. Who
asks that they do not end ("please don't stop the messages") refuses nothing.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

import msgspec

from actors.brain.folding import fold

MOST: Final = 12
"""Words of the longest refusal."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"refuses": "not"}):
    ends: str
    refuses: str
    messages: str
    beside: str


class _Words(msgspec.Struct, frozen=True):
    ends: frozenset[str]
    refuses: frozenset[str]
    messages: frozenset[str]
    all: frozenset[str]


@cache
def _words() -> _Words:
    table = msgspec.convert(
        tomllib.loads(files(__package__).joinpath("refusals.toml").read_text("utf-8")), type=_Written
    )
    ends, refuses, messages, beside = (
        frozenset(fold(words).replace("'", "").split())
        for words in (table.ends, table.refuses, table.messages, table.beside)
    )
    return _Words(ends, refuses, messages, ends | refuses | messages | beside)


def refuses(words: str) -> bool:
    """Return whether a message refuses messages; `words` are folded, without signs and with single blanks."""
    said = words.split(" ")
    known = _words()
    if len(said) > MOST or not known.all.issuperset(said) or known.messages.isdisjoint(said):
        return False
    if known.ends.isdisjoint(said) and known.refuses.isdisjoint(said):
        return False
    return not any(
        {one, other} & known.ends and {one, other} & known.refuses and one not in ("no", "больше")
        for one, other in pairwise(said)
    )
