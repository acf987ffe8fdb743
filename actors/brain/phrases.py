"""What a whole message is: yes, no, cancel, stop, menu, ... in any of the four languages. Pure.

Only the whole message counts: "main street", "stop by tomorrow" and "budget 500000" are no phrase. Case, marks, signs,
letters repeated for effect ("yesss"), thanks and "please" change nothing. What a phrase does is the
conversation's: «لغو» cancels a step, «لغو اشتراک» opts out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

import msgspec

from actors.brain.folding import fold
from actors.brain.refusals import refuses
from actors.brain.tokens import split

Phrase = Literal[
    "yes",
    "no",
    "cancel",
    "opt_out",
    "opt_in",
    "menu",
    "back",
    "skip",
    "show",
    "thanks",
    "greeting",
    "realty",
    "expo",
    "support",
]
PHRASES: tuple[Phrase, ...] = get_args(Phrase)
"""`realty`, `expo` and `support` name what a menu offers; `show` wants to see what there is, without more questions."""

_Beside = Literal["polite", "around"]
_TO_DO: Final = frozenset(
    ("cancel", "opt_out", "opt_in", "menu", "back", "skip", "show", "realty", "expo", "support")
)
"""Phrases that ask for something to be done: "I want to" may stand before them."""
_MOST_WORDS: Final = 6
"""Words of the longest phrase."""

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
    show: str
    thanks: str
    greeting: str
    realty: str
    expo: str
    support: str
    polite: str
    around: str


def plain(text: str) -> str:
    """Return `text` folded and without signs, with single spaces: "Yes, please!" is "yes please"."""
    words = [piece.text for piece in split(fold(text)) if piece.kind != "sign"]
    return _JOINED.sub(r"\1", " ".join(words))


@cache
def _known() -> tuple[dict[str, Phrase], dict[str, _Beside]]:
    table = msgspec.convert(
        tomllib.loads(files(__package__).joinpath("phrases.toml").read_text("utf-8")), type=_Phrases
    )
    known: dict[str, Phrase] = {}
    for said in PHRASES:
        for words in _entries(getattr(table, said)):
            if known.setdefault(words, said) != said:
                raise ValueError(f"{words!r} is both {known[words]} and {said}")
    beside: dict[str, _Beside] = dict.fromkeys(_entries(table.around), "around")
    beside.update(dict.fromkeys(_entries(table.polite), "polite"))
    return known, beside


def _entries(written: str) -> Iterator[str]:
    return filter(None, map(plain, written.replace("\n", ",").split(",")))


def phrase(text: str) -> Phrase | None:
    """Return what the whole of `text` says, or None. Never raises; a text longer than `LONGEST` says nothing."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    words = plain(text)
    if not words:
        return _sign(text)
    said = _whole(words) or _whole(_REPEATED.sub(r"\1", words))
    return "opt_out" if said is None and refuses(words) else said


def _whole(words: str) -> Phrase | None:
    """Return the one phrase that `words` consist of, with what changes nothing of it: "yes, that is right, thanks"."""
    known, beside = _known()
    if words in known:
        return known[words]
    parts = words.split(" ")
    said: set[Phrase] = set()
    around = False
    place = 0
    while place < len(parts):
        for end in range(min(len(parts), place + _MOST_WORDS), place, -1):
            some = " ".join(parts[place:end])
            if some in known or some in beside:
                break
        else:
            return None
        if some in known:
            said.add(known[some])
        around = around or beside.get(some) == "around"
        place = end
    meant: set[Phrase] = said - {"thanks", "greeting"} or said - {"greeting"} or said
    if len(meant) != 1:
        return None
    (one,) = meant
    return None if around and one not in _TO_DO else one


def _sign(text: str) -> Phrase | None:
    said = {_SIGNS[sign] for sign in fold(text) if sign in _SIGNS}
    strange = any(sign not in _SIGNS and sign not in _WAVES and sign not in " !." for sign in fold(text))
    return said.pop() if len(said) == 1 and not strange else None
