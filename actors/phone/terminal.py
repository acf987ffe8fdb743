"""Lines from stdin and to stdout, be these a terminal or a pipe. The terminal's own line editing stays in force."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import AsyncIterator

import trio

_CHUNK = 65536
_LONGEST = 65536  # characters of a line; what is longer is cut into several


class Terminal:
    """Where a person types and reads. `interactive`: both ends are a terminal, else lines come from a script."""

    def __init__(self) -> None:
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        self._prompt = ""

    def prompt(self, text: str) -> None:
        """Show `text` before the place where a person types, from now on."""
        self._prompt = text
        self._write("")

    def say(self, text: str) -> None:
        """Print lines; on a terminal above the prompt."""
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        # Half-typed words vanish from sight, not from the line: without raw mode that is the price of one screen.
        whole = f"\r\x1b[K{text}{self._prompt}" if self.interactive else text
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.buffer.write(whole.encode(encoding, "replace"))
        sys.stdout.flush()

    async def lines(self) -> AsyncIterator[str]:
        """Yield typed lines until the end of the input. Cancelled while it waits, it has read nothing."""
        descriptor = sys.stdin.fileno()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        waiting = ""
        while True:
            try:
                await trio.lowlevel.wait_readable(descriptor)
            except PermissionError:  # a file: it is always readable, and epoll takes none
                await trio.lowlevel.checkpoint()
            chunk = os.read(descriptor, _CHUNK)
            waiting += decoder.decode(chunk, final=not chunk)
            *whole, waiting = waiting.split("\n")
            for line in whole:
                yield line
            while not chunk or len(waiting) > _LONGEST:
                if waiting:
                    yield waiting[:_LONGEST]
                waiting = waiting[_LONGEST:]
                if not chunk and not waiting:
                    return
