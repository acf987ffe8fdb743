"""JSON of a provider, read and written so that nothing odd in it can hurt: depth, surrogates, NUL, long keys.

Knows no field of any webhook. A decoded tree may still hold NUL and lone surrogates: texts leave it through
`clean`, whatever becomes a key through `name`, whole elements through `canonical`, nothing directly.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from hashlib import sha256

import msgspec

#: More than this of one element is not stored: a whole webhook is at most a few MB, one message some 10 KB.
RAW_LIMIT = 262_144
_NAME_LIMIT = 160
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")
_LATEST = 100_000_000_000  # a stamp in seconds; beyond it somebody wrote milliseconds


class MalformedError(ValueError):
    """The body is not JSON that we read; the message says why, without any of its content."""


def decode(body: bytes) -> object:
    """Return the tree of a JSON body. Raises MalformedError if it is not JSON, not UTF-8 or too deep."""
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise MalformedError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise MalformedError("not UTF-8") from error
    except msgspec.DecodeError:
        return _decode_slowly(body)


def _decode_slowly(body: bytes) -> object:
    """Decode what is JSON but too odd for msgspec: lone surrogates, numbers out of range."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant, parse_int=_whole)
    except RecursionError as error:
        raise MalformedError("nested too deeply") from error
    except ValueError as error:
        raise MalformedError("not JSON in UTF-8") from error


def _no_constant(_word: str) -> object:
    raise ValueError("NaN and Infinity are not JSON")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def clean(text: str) -> str:
    """Return a text that PostgreSQL can hold: NUL and lone surrogates become U+FFFD, nothing vanishes."""
    return _UNFIT.sub("\ufffd", text)


def name(text: str, limit: int = _NAME_LIMIT) -> str:
    """Return a text fit for a key: itself, or "#" and its hash if it is long, unprintable or holds "|"."""
    if len(text) <= limit and "|" not in text and text.isprintable():
        return text
    return "#" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def token(value: object) -> str:
    """Return an id that may come as a string or as a number; "" for anything else."""
    match value:
        case bool():
            return ""
        case str():
            return value
        case int():
            return str(value)
        case _:
            return ""


def members(value: object) -> Mapping[str, object]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text, cleaned; "" for anything else."""
    return clean(value) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return a finite number; None for anything else, a boolean and a text of digits among it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        size = float(value)
    except OverflowError:  # a whole number may have hundreds of digits
        return None
    return size if math.isfinite(size) else None


def stamp(value: object) -> int:
    """Return a time in seconds since 1970 that may come as a string or as a number; 0 for anything else."""
    if isinstance(value, float) and 0 <= value < _LATEST:
        return int(value)
    text = token(value)
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return 0
    seconds = int(text)
    return seconds if seconds < _LATEST else 0


def canonical(element: object) -> bytes:
    """Return an element as clean JSON with sorted keys: equal elements give equal bytes."""
    try:
        encoded = msgspec.json.encode(element, order="sorted")
    except UnicodeEncodeError:
        return msgspec.json.encode(_scrubbed(element), order="sorted")
    if b"\\u0000" in encoded:
        return msgspec.json.encode(_scrubbed(element), order="sorted")
    return encoded


def bounded(encoded: bytes) -> str:
    """Return canonical JSON as text to store; if too long, an object with its size and its beginning."""
    if len(encoded) <= RAW_LIMIT:
        return encoded.decode()
    head = encoded[: RAW_LIMIT // 2].decode("utf-8", "ignore")
    return msgspec.json.encode({"cut_from_bytes": len(encoded), "head": head}).decode()


def _scrubbed(value: object) -> object:
    match value:
        case str():
            return clean(value)
        case list():
            return [_scrubbed(item) for item in value]
        case dict():
            return {clean(key): _scrubbed(item) for key, item in value.items()}
        case _:
            return value
