"""Texts within a length, never cut inside what a reader sees as one character. Pure; knows no message.

Lengths are counted in UTF-16 units, which are never fewer than characters: a provider may count either way.
The rule for cutting is simpler than Unicode's (UAX 29) and errs on keeping together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
#: Letters by category that nevertheless show nothing.
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_ZERO_WIDTH_JOINER = "\u200d"
#: What hangs on the character before it though it is no mark by category: joiners, Thai AM, sound marks, skin tones.
_TRAILING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f") | {
    chr(code) for code in range(0x1F3FB, 0x1F400)
}
#: What takes in the character after it (number signs of Arabic and Syriac scripts, a letter of Malayalam).
_LEADING = frozenset("\u0890\u0891\u0d4e\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text) if text.isascii() else len(text) + sum(1 for char in text if char > "\uffff")


def cut(text: str, limit: int) -> str:
    """Return the text, or as much of it as fits `limit` (at least 1) units with an ellipsis for the rest."""
    if units(text) <= limit:
        return text
    room, kept = limit - 1, 0
    for end, size in clusters(
        text[:limit]
    ):  # this part alone is too long, so its last cluster, cut or not, never fits
        room -= size
        if room < 0:
            break
        kept = end
    return text[:kept].rstrip() + ELLIPSIS


def visible(text: str) -> bool:
    """Say whether a reader sees anything of a text."""
    return any(_shows(char) for char in text)


def _shows(char: str) -> bool:
    return char.isprintable() and char not in _INVISIBLE and unicodedata.category(char)[0] not in "MZC"


def clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the end of each cluster and its size in units."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _together(text, start, place):
            yield place, units(text[start:place])
            start = place


def _together(text: str, start: int, place: int) -> bool:
    """Say whether no cut is allowed between the cluster begun at `start` and the character at `place`."""
    before, after = text[place - 1], text[place]
    if before < "\u0300" and after < "\u0300":
        return before == "\r" and after == "\n"
    if before == _ZERO_WIDTH_JOINER or before in _LEADING or after in _TRAILING:
        return True
    if unicodedata.category(after)[0] == "M" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if unicodedata.combining(before) == 9 and after.isalpha():
        return True  # a virama joins the consonant after it
    if _is_regional(before) and _is_regional(after):
        # Two of them make a flag, a third begins the next.
        return place - start == 1 or not _is_regional(text[place - 2])
    return _is_jamo(after) and before >= "\u1100"


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_jamo(char: str) -> bool:
    """Say whether a Hangul vowel or final: it completes the syllable before it."""
    return "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb"
