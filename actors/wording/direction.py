"""Which way a line of text runs: marks for names, numbers and whole lines, so that no value turns a line around.

Pure. What is put into a text is isolated (UAX 9). A line in Persian or Arabic that would begin with a Latin letter
gets a right-to-left mark in front, and a line in English or Russian that would begin with an Arabic one its
counterpart. Titles take no isolates: some phones show them as boxes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from actors.brain.language import Language

FSI: Final = "\u2068"
LRI: Final = "\u2066"
PDI: Final = "\u2069"
RLM: Final = "\u200f"
LRM: Final = "\u200e"

RIGHT_TO_LEFT: Final[frozenset[Language]] = frozenset({"fa", "ar"})

_MARKS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"[^\S\u00a0]+")  # a space that holds a number together stays


def one_line(written: str) -> str:
    """Return what somebody wrote as one line without marks of direction and control characters; "" if nothing is left."""
    shown = (char if char.isprintable() or _joins(char) else " " for char in _MARKS.sub("", written))
    return _SPACES.sub(" ", "".join(shown)).strip()


def isolated(text: str) -> str:
    """Return a text that runs as its own first letter says, whatever is around it."""
    return f"{FSI}{text}{PDI}"


def left_to_right(text: str) -> str:
    """Return a text, a phone number say, that runs from left to right, whatever is around it."""
    return f"{LRI}{text}{PDI}"


def led(language: Language, text: str) -> str:
    """Return a text of which every line runs as the language does, with a mark in front where it needs one."""
    leftward = language in RIGHT_TO_LEFT
    mark = RLM if leftward else LRM
    return "\n".join(
        mark + line if line.strip() and not _runs(line, leftward=leftward) else line
        for line in text.split("\n")
    )


def first_strong(text: str) -> str:
    """Return the bidirectional class of the first character that has a direction ("L", "R", "AL"); "" if none has."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return kind
    return ""


def _runs(line: str, *, leftward: bool) -> bool:
    """Say whether a line runs as wanted for readers that skip isolates and for those that know of none.

    A line without any letter runs from left to right.
    """
    first = first_strong(line)
    if not leftward:
        return first in ("", "L")
    if first not in ("R", "AL"):
        return False
    depth, outside = 0, []
    for char in line:
        depth += char in (FSI, LRI)
        if depth == 0:
            outside.append(char)
        depth -= char == PDI
    return first_strong("".join(outside)) in ("R", "AL")


def _joins(char: str) -> bool:
    """Say whether an unprintable character belongs to what is written: joiners, no-break spaces, tags of flags."""
    return char in "\u00a0\u200c\u200d" or "\U000e0020" <= char <= "\U000e007f"
