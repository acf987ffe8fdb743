"""The pieces of a folded text: words, numbers and signs, in order; and the forms in which a word may be known. Pure.

Links, addresses, phone numbers, dates and times are no numbers: they become one piece without meaning. A number keeps
the two ways in which its marks can be read: "2.500" is two and a half thousand, or two and a half before "million".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import msgspec

READ: Final = 4096
"""Characters of a text that are read at all: as long as a message can be."""
_DIGITS = 15  # of the longest number that is one

_PIECE = re.compile(
    r"""
    (?P<silent>
        (?<!\d)\+\ ?[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)             # +971 50 123 4567
      | (?<![\d.,])00?[1-9](?:[ ().-]{0,2}\d){7,13}(?!\d)           # 050 123 4567
      | (?<![\d.,])971(?:[ -]?\d){8,9}(?![\d.,])                    # 971501234567
      | (?<![\d.,])[78](?:[ ][(]|[ (-])?9\d\d[ )-]{0,2}\d{3}[ -]?\d\d[ -]?\d\d(?![\d.,])  # 8 916 123-45-67
      | (?<![\d.,])\d{1,2}(?P<mark>[./-])\d{1,2}(?P=mark)(?:19|20)?\d\d(?![\d.,]*\d)  # 24.12.2026
      | (?<!\d)\d{1,2}:\d\d(?!\d)                                   # 10:30
      | (?<![\d.,])\d{2,6}-\d{4,8}(?:-\d{2,8})+(?!\d)               # 71-12345-678, as permits are
    )
  | (?P<number>
        \d{1,3}(?:,\d{3})+(?:\.\d{1,2})?(?!\d)
      | \d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?!\d)
      | \d{1,3}(?:[ ']\d{3})+(?:[.,]\d{1,2})?(?!\d)
      | \d+[.,]\d+(?![.,]?\d)
      | \d+
    )
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
  | (?P<sign>[^\w ])
  | (?P<other>[^ ])
    """,
    re.VERBOSE,
)
_CASE = re.compile(r"(?<=\d)-(?:ех|х|мя|ми|ти)(?![^\W_])")  # 3-х, 2-мя: how Russian bends a number in digits
_UNSPACED = re.compile(r"[^ \n]+")
_SILENT_WORD = re.compile(r"://|@|\bwww\.")
_SILENCE = "\u00a4"


class Piece(msgspec.Struct, frozen=True):
    """A piece of a text. `kind` is "word", "number", "sign" or "silent"; `glued`: nothing stands before it."""

    kind: str
    text: str
    glued: bool = False
    number: Decimal | None = None
    """Of a number, with its groups read as groups."""
    fraction: Decimal | None = None
    """Of a number that has one mark with three digits behind it: the mark read as a decimal point."""
    forms: tuple[str, ...] = ()
    """Of a word, the ways in which a lexicon may list it, the likeliest first."""
    slips: tuple[str, ...] = ()
    """Of a long word, the word with each letter but the first left out, and the word itself."""


def split(folded: str) -> list[Piece]:
    """Return the pieces of a text that `fold` made; reads its first `READ` characters, in time linear in them."""
    text = _CASE.sub("", folded[:READ])
    if "@" in text or "://" in text or "www." in text:
        text = _UNSPACED.sub(_silenced, text)
    pieces: list[Piece] = []
    end = -1
    for match in _PIECE.finditer(text):
        kind = match.lastgroup or "silent"
        found = match[0]
        glued = match.start() == end
        end = match.end()
        if kind == "number":
            pieces.append(_number(found, glued=glued))
        elif kind == "word":
            if glued and len(pieces) > 1 and _joins(pieces, found):
                pieces.pop()  # two-bedroom, где-то, J.V.C
            if "'" in found:
                found = found.replace("'", "")
            pieces.append(Piece("word", found, glued, forms=_forms(found), slips=slips(found)))
        else:
            pieces.append(Piece("sign" if kind == "sign" else "silent", found, glued))
    return pieces


def _silenced(word: re.Match[str]) -> str:
    return _SILENCE if _SILENT_WORD.search(word[0]) else word[0]


def _joins(pieces: list[Piece], word: str) -> bool:
    """Return whether the last piece only joins the word before it and `word`."""
    before, sign = pieces[-2:]
    if not sign.glued or before.kind != "word":
        return False
    return sign.text == "-" or (sign.text == "." and len(word) == 1 == len(before.text))


def _number(text: str, *, glued: bool) -> Piece:
    if len(text) <= _DIGITS and text.isdigit():
        return Piece("number", text, glued, Decimal(text))
    if sum(map(str.isdigit, text)) > _DIGITS:
        return Piece("silent", text, glued)
    marks = [mark for mark in text if not mark.isdigit()]
    last = max(text.rfind(","), text.rfind("."))
    tail = len(text) - last - 1
    if len(marks) == 1 and last >= 0:
        fraction = Decimal(text.replace(",", "."))
        if tail == 3 and text[0] != "0":
            return Piece("number", text, glued, Decimal(text[:last] + text[last + 1 :]), fraction)
        return Piece("number", text, glued, fraction)
    whole, part = (text[:last], text[last + 1 :]) if last >= 0 and tail < 3 else (text, "0")
    return Piece("number", text, glued, Decimal(f"{''.join(filter(str.isdigit, whole))}.{part}"))


# What Arabic writes together with a word, before it, and Persian after it.
_BEFORE: Final = ("وال", "بال", "فال", "کال", "لل", "ال", "و", "ب", "ل", "ف")
_BEFORE_BEGINS = frozenset(before[0] for before in _BEFORE)
_AFTER: Final = ("هایی", "های", "ها", "یی", "ای", "ی", "م", "ش")
_AFTER_ENDS = frozenset(after[-1] for after in _AFTER)
_SHORTEST = 3  # of what is left of a word
_ENDING = 5  # letters of the longest ending that a star stands for


def _forms(word: str) -> tuple[str, ...]:
    found = [word]
    length = len(word)
    if "\u0600" <= word[0] <= "\u06ff":
        if word[0] in _BEFORE_BEGINS:
            for before in _BEFORE:
                if length - len(before) >= _SHORTEST and word.startswith(before):
                    rest = word[len(before) :]
                    found.append(rest)
                    found.append(rest + "*")
        if word[-1] in _AFTER_ENDS:
            for after in _AFTER:
                if length - len(after) >= _SHORTEST and word.endswith(after):
                    found.append(word[: -len(after)])  # noqa: PERF401  # a comprehension would be longer
    found.append(word + "*")
    found.extend(word[:cut] + "*" for cut in range(length - 1, max(_SHORTEST, length - _ENDING) - 1, -1))
    return tuple(found)


_SLIP_SHORTEST: Final = 6  # letters from which a slip of the fingers is forgiven
_SLIP_LONGEST: Final = 24  # no word is longer


def slips(word: str) -> tuple[str, ...]:
    """Return what is left of `word` with a letter left out; two words with a slip between them have one in common."""
    if not _SLIP_SHORTEST <= len(word) <= _SLIP_LONGEST:
        return ()
    return (word, *[word[:cut] + word[cut + 1 :] for cut in range(1, len(word))])
