"""How a server of media may be slow or lie: each trick is a script of bytes to send and seconds to wait.

Pure: http1.py plays a script and hangs up at its end. A script may have no end.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from typing import Literal, get_args

from actors.channels.fake_graph.media import Medium

#: Tricks that show in what is said of a medium, and those that show in its content.
Said = Literal["huge", "undeclared", "unresolved"]
Done = Literal[
    "stall",
    "drip",
    "stall_at_99",
    "slow",
    "miscounted",
    "cut",
    "flipped",
    "login",
    "bomb",
    "endless",
    "undeclared",
    "expired",
    "unavailable",
    "redirect",
]
SAID: tuple[str, ...] = get_args(Said)
DONE: tuple[str, ...] = get_args(Done)
Trick = Literal[Said, Done]

#: Bytes to send and seconds to wait.
Script = Callable[[], Iterator[bytes | float]]

_PIECE = 65536
_FOR_EVER = 86400.0
_PIECES = 20  # of what is slow but fine
_LOGIN = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in to continue.</body></html>\n"


def script(trick: str, medium: Medium, seconds: float, elsewhere: str) -> Script:
    """Return what is sent for a medium; `seconds` is how long the slow one takes, `elsewhere` where a redirect leads."""
    if trick == "redirect":
        where = f"{elsewhere}/_elsewhere/{medium.id}"
        return lambda: iter([_head(302, {"location": where, "content-length": "0"})])
    if trick == "slow":
        return lambda: _slowly(medium, seconds)
    return lambda: _SCRIPTS[trick](medium)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}connection: close\r\n\r\n".encode("latin-1")


def _right(medium: Medium, **more: str) -> bytes:
    length = {"content-type": medium.mime_type, "content-length": str(len(medium.content))}
    return _head(200, {**length, **{name.replace("_", "-"): value for name, value in more.items()}})


def _pieces(content: bytes, size: int = _PIECE) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _slowly(medium: Medium, seconds: float) -> Iterator[bytes | float]:
    yield _right(medium)
    for piece in _pieces(medium.content, len(medium.content) // _PIECES + 1):
        yield seconds / _PIECES
        yield piece


def _stall(_: Medium) -> Iterator[bytes | float]:
    yield _FOR_EVER


def _drip(medium: Medium) -> Iterator[bytes | float]:
    yield _right(medium)
    for byte in _pieces(medium.content, 1):
        yield byte
        yield 1.0


def _stall_at_99(medium: Medium) -> Iterator[bytes | float]:
    yield _right(medium)
    yield medium.content[: len(medium.content) * 99 // 100]
    yield _FOR_EVER


def _miscounted(medium: Medium) -> Iterator[bytes | float]:
    yield _right(medium, content_length=str(len(medium.content) + 10))
    yield medium.content + bytes(10)


def _cut(medium: Medium) -> Iterator[bytes | float]:
    yield _right(medium)
    yield medium.content[: len(medium.content) // 2]


def _flipped(medium: Medium) -> Iterator[bytes | float]:
    yield _right(medium)
    yield medium.content[:-1] + bytes([medium.content[-1] ^ 1])


def _login(_: Medium) -> Iterator[bytes | float]:
    yield _head(200, {"content-type": "text/html; charset=utf-8", "content-length": str(len(_LOGIN))})
    yield _LOGIN


def _bomb(medium: Medium) -> Iterator[bytes | float]:
    packed = gzip.compress(bytes(8 * 1024 * 1024))
    yield _right(medium, content_encoding="gzip", content_length=str(len(packed)))
    yield packed


def _endless(medium: Medium) -> Iterator[bytes | float]:
    yield _head(200, {"content-type": medium.mime_type})
    yield medium.content
    yield from repeat(bytes(_PIECE))


def _undeclared(medium: Medium) -> Iterator[bytes | float]:
    yield _head(200, {"content-type": medium.mime_type})
    yield from _pieces(medium.content)


def _expired(_: Medium) -> Iterator[bytes | float]:
    yield _head(404, {"content-length": "0"})


def _unavailable(_: Medium) -> Iterator[bytes | float]:
    yield _head(503, {"content-length": "0"})


_SCRIPTS: Mapping[str, Callable[[Medium], Iterator[bytes | float]]] = {
    "stall": _stall,
    "drip": _drip,
    "stall_at_99": _stall_at_99,
    "miscounted": _miscounted,
    "cut": _cut,
    "flipped": _flipped,
    "login": _login,
    "bomb": _bomb,
    "endless": _endless,
    "undeclared": _undeclared,
    "expired": _expired,
    "unavailable": _unavailable,
}
