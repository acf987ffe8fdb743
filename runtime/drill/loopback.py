"""A small HTTP/1.1 server for drills: it says what it was asked, at once, slowly, or when all are there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

PIECES = 20
"""Pieces of a slow answer."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%s\r\n"
_ESTABLISHED = "01"


class Loopback:
    """/echo/N says N; /close/N too, and hangs up; /drip/N says N in 20 pieces; /barrier/N waits until N have asked."""

    def __init__(self) -> None:
        self.url = ""
        self._waiting = 0
        self._all = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one connection's requests, which have no bodies."""
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = await stream.receive_some(65536)
                    if not data:
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                _, kind, number = head.split(b" ")[1].split(b"/")
                await self._answer(stream, kind, number)
                if kind == b"close":
                    return
        except trio.BrokenResourceError:
            pass

    async def _answer(self, stream: trio.SocketStream, kind: bytes, number: bytes) -> None:
        if kind == b"drip":
            await stream.send_all(_HEAD % (PIECES * len(number), b""))
            for _ in range(PIECES):
                await trio.sleep(0.0005)
                await stream.send_all(number)
            return
        if kind == b"barrier":
            await self._gather(int(number))
        more = b"connection: close\r\n" if kind == b"close" else b""
        await stream.send_all(_HEAD % (len(number), more) + number)

    async def _gather(self, number: int) -> None:
        self._waiting += 1
        if self._waiting == number:
            self._waiting = 0
            self._all.set()
            self._all = trio.Event()
        else:
            await self._all.wait()


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """Run the server on a free port of the loopback while the block runs."""
    server = Loopback()
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, server.serve, 0, host="127.0.0.1")
        (listener,) = await nursery.start(serve)
        server.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        yield server
        nursery.cancel_scope.cancel()


def connections_to(port: int) -> int:
    """Count the connections of this machine to a port of the loopback, as the kernel sees their clients. Linux only."""
    there = f"0100007F:{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
    return sum(row[2] == there and row[3] == _ESTABLISHED for row in rows)
