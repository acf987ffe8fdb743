"""Clients that break off, dawdle or talk nonsense, on bare sockets. They know nothing of what they send."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping

import msgspec
import trio

_PATIENCE = 30.0
"""Seconds for one exchange in all."""
_PATH = "/webhooks/meta"


class Heard(msgspec.Struct, frozen=True):
    """What came back: the status (0: none), and the seconds until the server ended it (None: it did not)."""

    status: int
    seconds: float | None


def request(body: bytes, headers: Mapping[str, str], *, length: int | None = None) -> bytes:
    """Return a POST to the webhook, byte by byte; `length`: another one than the body's, declared."""
    told = {"host": "drill", "content-length": str(len(body) if length is None else length), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {_PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def leave(host: str, port: int, content: bytes, *, reset: bool = False) -> None:
    """Send and hang up at once, with a reset if so wished. Raises nothing: a server may hang up, too."""
    try:
        with trio.fail_after(_PATIENCE):
            stream = await trio.open_tcp_stream(host, port)
            async with stream:
                if reset:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await stream.send_all(content)
    except (OSError, trio.BrokenResourceError, trio.TooSlowError):
        pass


async def drip(host: str, port: int, first: bytes, pieces: Iterator[bytes], every: float) -> Heard:
    """Send one piece after the other, `every` seconds, until the server ends it or half a minute is over."""
    began = trio.current_time()
    heard = bytearray()
    with trio.move_on_after(_PATIENCE):
        try:
            stream = await trio.open_tcp_stream(host, port)
        except OSError:
            return Heard(0, trio.current_time() - began)
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, first, pieces, every)
            await _hear(stream, heard)
            nursery.cancel_scope.cancel()
        return Heard(_status(heard), trio.current_time() - began)
    return Heard(_status(heard), None)


async def ask(host: str, port: int, content: bytes) -> Heard:
    """Send all of it, hear the head of the answer and hang up."""
    began, heard = trio.current_time(), bytearray()
    with trio.move_on_after(_PATIENCE):
        try:
            stream = await trio.open_tcp_stream(host, port)
            async with stream:
                await stream.send_all(content)
                while b"\r\n\r\n" not in heard and (chunk := await stream.receive_some(4096)):
                    heard += chunk
        except (OSError, trio.BrokenResourceError):
            pass  # what was heard until then says how it went
    return Heard(_status(heard), trio.current_time() - began)


async def _send(stream: trio.SocketStream, first: bytes, pieces: Iterator[bytes], every: float) -> None:
    try:
        await stream.send_all(first)
        for piece in pieces:
            await trio.sleep(every)
            await stream.send_all(piece)
    except trio.BrokenResourceError:
        pass  # whoever listens will hear the end


async def _hear(stream: trio.SocketStream, heard: bytearray) -> None:
    try:
        async for chunk in stream:
            heard += chunk[:1000]
    except trio.BrokenResourceError:
        pass  # it ended so


def _status(heard: bytearray) -> int:
    words = heard[:20].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
