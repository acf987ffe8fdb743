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
_NEGATES: Final = frozenset(("dont", "not", "never", "не", "لا", "ما", "مو", "مش"))
_UNDONE: Final = frozenset(("نکن", "نکنید", "نکنین"))
"""Of Persian verbs, which stand at the end."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"refuses": "not"}):
    """Lists of refusals.toml, folded."""

    ends: frozenset[str]
    refuses: frozenset[str]
    messages: frozenset[str]
    beside: frozenset[str]
    who: frozenset[str]
    kept: frozenset[str]
    wants: frozenset[str]
    told: frozenset[str]


@cache
def _words() -> _Words:
    table: dict[str, str] = tomllib.loads(files(__package__).joinpath("refusals.toml").read_text("utf-8"))
    folded = {name: fold(words).replace("'", "").split() for name, words in table.items()}
    return msgspec.convert(folded, type=_Words)


def refuses(words: str) -> bool:
    """Return whether a message refuses messages; `words` are folded, without signs and with single blanks."""
    said = words.split(" ")
    known = _words()
    if len(said) > MOST or not all(
        word in known.beside or word in known.ends or word in known.refuses or word in known.messages
        for word in said
    ):
        return False
    ends, refused = known.ends.intersection(said), known.refuses.intersection(said)
    if not ends and said[0] in known.told and known.wants.isdisjoint(said):
        return False  # i get no messages
    if not known.messages.isdisjoint(said):
        return bool(ends or refused) and not _goes_on(said, known)
    out = not known.who.isdisjoint(said) and not known.kept.isdisjoint(said)
    return bool(ends) and not refused and out


def _goes_on(said: list[str], known: _Words) -> bool:
    """Return whether it is refused that something ends."""
    if said[-1] in _UNDONE and any(word in known.ends for word in said):
        return True
    return any(one in _NEGATES and other in known.ends for one, other in pairwise(said))
