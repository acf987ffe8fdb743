"""What a whole message is: yes, no, cancel, stop, menu, ... in any of the four languages. Pure.

Only the whole message counts: "main street", "stop by tomorrow" and "budget 500000" are no phrase. Case, marks, signs,
letters repeated for effect ("yesss") and a "please" at either end change nothing. What a phrase does is the
conversation's: «لغو» cancels a step, «لغو اشتراک» opts out.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

import msgspec

from actors.brain.folding import fold
from actors.brain.tokens import split

Phrase = Literal["yes", "no", "cancel", "opt_out", "opt_in", "menu", "back", "skip", "thanks", "greeting"]
PHRASES: tuple[Phrase, ...] = get_args(Phrase)

LONGEST: Final = 80
"""Characters of a message that may be a phrase."""

_SIGNS: Final[dict[str, Phrase]] = {
    **dict.fromkeys("👍✅👌✔💯🆗", "yes"),
    **dict.fromkeys("👎❌✖🚫", "no"),
    **dict.fromkeys("🙏", "thanks"),
    **dict.fromkeys("👋", "greeting"),
    **dict.fromkeys("🛑", "opt_out"),
}
_REPEATED = re.compile(r"(\w)\1{2,}")
_JOINED = re.compile(r"\b(ن?می) (?=\w)")
_WAVES: Final = ("👋", "🙏", "🌹", "🙂", "😊", "❤", "🌷", "💐")


class _Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    yes: str
    no: str
    cancel: str
    opt_out: str
    opt_in: str
    menu: str
    back: str
    skip: str
    thanks: str
    greeting: str
    polite: str


def plain(text: str) -> str:
    """Return the words and numbers of `text`, folded, with single spaces: "Yes, please!" is "yes please"."""
    words = [piece.text for piece in split(fold(text)) if piece.kind in ("word", "number")]
    return _JOINED.sub(r"\1", " ".join(words))


@cache
def _lists() -> tuple[dict[str, Phrase], tuple[str, ...]]:
    table = msgspec.convert(
        tomllib.loads(files(__package__).joinpath("phrases.toml").read_text("utf-8")), type=_Phrases
    )
    known: dict[str, Phrase] = {}
    for phrase in PHRASES:
        for written in getattr(table, phrase).replace("\n", ",").split(","):
            words = plain(written)
            if words and known.setdefault(words, phrase) != phrase:
                raise ValueError(f"{written.strip()!r} is both {known[words]} and {phrase}")
    polite = {plain(written) for written in table.polite.replace("\n", ",").split(",")}
    return known, tuple(sorted(polite, key=len, reverse=True))


def phrase(text: str) -> Phrase | None:
    """Return what the whole of `text` says, or None. Never raises; a text longer than `LONGEST` says nothing."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    words = plain(text)
    if not words:
        return _sign(text)
    known, polite = _lists()
    for way in (words, _REPEATED.sub(r"\1", words)):
        found = known.get(way) or known.get(_without(way, polite))
        if found is not None:
            return found
    return None


def _sign(text: str) -> Phrase | None:
    said = {_SIGNS[sign] for sign in fold(text) if sign in _SIGNS}
    strange = any(sign not in _SIGNS and sign not in _WAVES and sign not in " !." for sign in fold(text))
    return said.pop() if len(said) == 1 and not strange else None


def _without(words: str, polite: tuple[str, ...]) -> str:
    for word in polite:
        if words.endswith(" " + word):
            words = words[: -len(word) - 1]
        if words.startswith(word + " "):
            words = words[len(word) + 1 :]
    return words
