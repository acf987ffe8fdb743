"""Which word about a slot is the latest, where an earlier one is still being read: by a model, of a medium. Pure.

What somebody says while a photo is looked at is younger than the photo, whichever is understood first. So each word has
a number while anything is awaited: a medium takes its number when it comes, and what is read of it later fills no slot
about which a younger word was said. Where nothing is awaited nothing is numbered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from actors.conversation.state import Part, Slot


def await_word(part: Part) -> int:
    """Return the number of a word whose meaning comes later: younger than all before it."""
    part.words += 1
    return part.words


@contextmanager
def hearing(part: Part, number: int) -> Iterator[None]:
    """Read the word of this number in the block; 0 is the word of now."""
    before, part.late = part.late, number
    try:
        yield
    finally:
        part.late = before


def settled(part: Part) -> frozenset[Slot]:
    """Return the slots about which a younger word was said than the one that is read."""
    if not part.late:
        return frozenset()
    return frozenset(slot for slot, number in part.told.items() if number > part.late)


def tell(part: Part, slots: Iterable[Slot]) -> None:
    """Take that the word that is read was about these slots."""
    if not part.words:
        return
    number = part.late or await_word(part)
    part.told = {**part.told, **dict.fromkeys(slots, number)}


def rest(part: Part) -> None:
    """Number nothing any more: nothing is awaited."""
    part.words, part.told = 0, {}
