"""A CSV file read row by row into values, with every fault told by its row. Knows no column by itself.

Rows are counted as a spreadsheet shows them: the header is row 1. A file is UTF-8 with commas, with or without a BOM.
Nothing is unbounded: bytes, rows and characters of a cell have limits, and of many faults the first are told.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

import msgspec

from config import did_you_mean

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 20_000
LONGEST_CELL = 2_000
LONGEST_LINE = 64 * 1024
MOST_FAULTS = 50
_TOLD = 40  # characters of a value that are quoted
#: Controls, halves of characters, private and unassigned ones, ends of lines. Joiners and marks are letters of Persian.
_UNFIT = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Column(msgspec.Struct, frozen=True):
    """A column: how its cells are read, which raises ValueError in words that follow its name; None is an empty cell."""

    name: str
    read: Callable[[str], object]
    required: bool = False


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a row; row 0 is the file as a whole."""

    row: int
    column: str
    words: str

    def told(self) -> str:
        """Return it as a line for people."""
        where = f"row {self.row}" if self.row else "the file"
        return f"{where}, {self.column}: {self.words}" if self.column else f"{where}: {self.words}"


class Faults:
    """The faults of a file: the first of them, and how many there are."""

    def __init__(self) -> None:
        self.first: list[Fault] = []
        self.number = 0

    def add(self, row: int, column: str, words: str) -> None:
        """Add one."""
        self.number += 1
        if len(self.first) < MOST_FAULTS:
            self.first.append(Fault(row, column, words))

    def told(self) -> str:
        """Return all that is kept, as lines for people."""
        lines = [fault.told() for fault in self.first]
        return "\n".join(
            [*lines, f"and {self.number - len(lines)} more"] if self.number > len(lines) else lines
        )


class _Ends(Exception):
    """The rest of the file cannot be read."""


def rows(
    file: BinaryIO, columns: Sequence[Column], faults: Faults
) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Yield the number and the values of each row without a fault, by column; faults go to `faults`.

    Empty rows are passed over. Whoever stores anything must have read to the end first, and found `faults` empty.
    """
    try:
        reader = csv.reader(_lines(file), strict=True)
        header = _header(next(reader, []), columns, faults)
        whole = not faults.number  # else a row may lack what it needs, and only its cells can be judged
        for number, cells in enumerate(reader, 2):
            if number > MOST_ROWS + 1:
                faults.add(number, "", f"more than {MOST_ROWS:,} rows: split the file")
                return
            if not any(cell.strip() for cell in cells):
                continue
            values = _values(number, header, cells, faults)
            if whole and values is not None:
                yield number, values
    except _Ends as end:
        faults.add(*end.args)
    except csv.Error as error:
        faults.add(reader.line_num, "", f"is no CSV ({error}); this and what follows was not read")


def _lines(file: BinaryIO) -> Iterator[str]:
    size = 0
    for number in range(1, MOST_BYTES + 2):
        line = file.readline(LONGEST_LINE + 1)
        size += len(line)
        if not line:
            return
        if number == 1:
            if line[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                raise _Ends(0, "", "is UTF-16: save it as CSV UTF-8")
            line = line.removeprefix(b"\xef\xbb\xbf")
        if size > MOST_BYTES:
            raise _Ends(0, "", f"is larger than {MOST_BYTES // 1024 // 1024} MB: split it")
        if len(line) > LONGEST_LINE:
            raise _Ends(number, "", f"the line is longer than {LONGEST_LINE // 1024} KB")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise _Ends(
                number,
                "",
                f"byte {error.start + 1} (0x{line[error.start]:02x}) is no UTF-8: save the file as CSV UTF-8; "
                "what follows was not read",
            ) from None
        if "\0" in text:
            raise _Ends(number, "", "holds a zero byte: this is no text file")
        yield text


def _header(cells: Sequence[str], columns: Sequence[Column], faults: Faults) -> Sequence[Column | None]:
    known = {column.name: column for column in columns}
    names = [cell.strip().lower() for cell in cells]
    if not any(names):
        raise _Ends(0, "", f"has no header; its first row names the columns: {', '.join(known)}")
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise _Ends(1, "", "the columns are not separated by commas: save the file as CSV with commas")
    for place, name in enumerate(names):
        if name not in known:
            faults.add(1, _short(name) or f"column {place + 1}", f"is no column{did_you_mean(name, known)}")
        elif name in names[:place]:
            faults.add(1, name, "is there twice")
    for column in columns:
        if column.required and column.name not in names:
            faults.add(1, column.name, "is missing")
    return [known.get(name) for name in names]


def _values(
    number: int, header: Sequence[Column | None], cells: Sequence[str], faults: Faults
) -> Mapping[str, object] | None:
    before = faults.number
    if len(cells) != len(header):
        faults.add(number, "", f"has {len(cells)} cells, the header has {len(header)}")
        return None
    values: dict[str, object] = {}
    for column, cell in zip(header, cells, strict=True):
        text = cell.strip()
        if column is None or (not text and not column.required):
            continue
        try:
            values[column.name] = column.read(_checked(text))
        except ValueError as error:
            faults.add(number, column.name, str(error))
    return values if faults.number == before else None


def _checked(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    if len(text) > LONGEST_CELL:
        raise ValueError(f"has {len(text):,} characters; {LONGEST_CELL:,} is the most")
    if any(unicodedata.category(letter) in _UNFIT or letter in _TURNING for letter in text):
        raise ValueError("holds characters that cannot be shown, or that turn the direction of others")
    return text


def _short(text: str) -> str:
    return text if len(text) <= _TOLD else text[:_TOLD] + "…"


def refused(text: str, why: str) -> ValueError:
    """Return the error that quotes a value and says why it cannot be."""
    return ValueError(f"{_short(text)!r} {why}")


def one_of(options: Iterable[str]) -> Callable[[str], str]:
    """Return a reader of one of some words, in any case."""
    known = tuple(options)

    def read(text: str) -> str:
        word = text.lower()
        if word not in known:
            raise refused(text, f"is none of {', '.join(known)}{did_you_mean(word, known)}")
        return word

    return read
