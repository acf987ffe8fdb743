"""What keyboards vary and readers do not see: `fold` writes the same words the same way. Pure; knows no language.

Theory of operation: each character by itself is decomposed, lowered and stripped of marks until nothing changes, so
that folding twice is folding once. That makes أ إ آ one alef, ё one e, ى ي ی one ye, ك ک one kaf, ة ه one he, and
digits of every script ASCII. Harakat, tatweel and direction marks go; a zero-width non-joiner becomes a space, because
half the world writes one there. Line breaks stay. What is compared with folded text is folded itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 3
"""Characters that one may become; those that would become more (ligatures of whole phrases) become a space."""

_REMEMBERED = 4096  # characters whose folding is kept: every letter of the four languages, and a bound

_SAME: Final[dict[str, str]] = {
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ك": "ک",
    "ة": "ه",
    "ۀ": "ه",
    "ە": "ه",
    "ہ": "ه",
    "ٱ": "ا",
    "ı": "i",
    "ـ": "",
    "\u200c": " ",  # zero-width non-joiner
    "\u00ad": "",  # soft hyphen
    "٫": ".",
    "٬": ",",
    "،": ",",
    "؛": ";",
    "؟": "?",
    "۔": ".",
    "٪": "%",
    "\u2044": "/",  # what fractions are decomposed with
    "×": "x",
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u2018\u2019\u201b`\u00b4\u02bc\u2032", "'"),
    **dict.fromkeys("«»\u201c\u201d\u201e\u201f\u2033", '"'),
    **dict.fromkeys("\r\v\f\x85\u2028\u2029", "\n"),
}
_UNSEEN = frozenset(("Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"))
_SKIN = range(0x1F3FB, 0x1F400)  # a thumb of any colour is a thumb


def _fold_character(character: str) -> str:
    known = _SAME.get(character)
    if known is not None:
        return known
    if character.isspace():
        return "\n" if character == "\n" else " "
    if unicodedata.category(character) in _UNSEEN or ord(character) in _SKIN:
        return ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKD", character).casefold()
    if plain == character:
        return character
    folded = "".join(map(_fold_character, plain))
    return folded if len(folded) <= LONGEST else " "


class _Table(dict[int, str]):
    """What each character becomes, worked out when it is first seen."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = folded
        return folded


_TABLE = _Table()
_BREAKS = re.compile(r" ?\n[ \n]*")
_SPACES = re.compile(r"  +")


def fold(text: str) -> str:
    """Return `text` as it is compared: see above; runs of spaces are one, none at the ends. Never raises.

    `fold(fold(text)) == fold(text)`, and it is at most `LONGEST` times as long.
    """
    folded = text.translate(_TABLE)
    if "  " in folded:
        folded = _SPACES.sub(" ", folded)
    if "\n" in folded:
        folded = _BREAKS.sub("\n", folded)
    return folded.strip(" \n")
