"""Posts webhooks cheaply: a hundred a second must not keep a core busy that the servers need.

h11 over plain streams, kept for the next POST or not. It never tries twice, has no circuit and no pool limit: what
becomes of a POST is the caller's to know, by a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import h11
import trio

TIMEOUT = 5.0
"""Seconds for one POST, as providers wait."""
_CHUNK = 65536
_RESTS = 3.0
"""Seconds for which a connection is kept: less than a server keeps it, which may close it just as a POST leaves."""

Answer = str
"""A status ("200"), or "ConnectError", "NoAnswer" (the connection broke first) or "Timeout"."""


class Poster:
    """Posts to one place at a time; connections that may be used again are kept if `keep_alive`."""

    def __init__(self, *, keep_alive: bool) -> None:
        self._keep_alive = keep_alive
        self._idle: list[tuple[float, str, trio.SocketStream, h11.Connection]] = []
        self.opened = 0

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once. Cancelled, it closes the connection that it used."""
        place = urlsplit(url)
        request = h11.Request(
            method="POST",
            target=place.path,
            headers=[
                ("host", place.netloc),
                ("content-length", str(len(body))),
                *headers.items(),
                *([] if self._keep_alive else [("connection", "close")]),
            ],
        )
        with trio.move_on_after(TIMEOUT):
            try:
                stream, protocol = await self._connection(
                    place.netloc, place.hostname or "", place.port or 80
                )
            except OSError:
                return "ConnectError"
            kept = False
            try:
                data = (protocol.send(request) or b"") + (protocol.send(h11.Data(data=body)) or b"")
                await stream.send_all(data + (protocol.send(h11.EndOfMessage()) or b""))
                status = await _answer(stream, protocol)
                kept = protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
                if kept:
                    protocol.start_next_cycle()
                    self._idle.append((trio.current_time() + _RESTS, place.netloc, stream, protocol))
            except (trio.BrokenResourceError, h11.RemoteProtocolError):
                return "NoAnswer"
            finally:
                if not kept:
                    stream.socket.close()
            return status
        return "Timeout"

    def close(self) -> None:
        """Close what was kept."""
        for _, _, stream, _ in self._idle:
            stream.socket.close()
        self._idle.clear()

    def statistics(self) -> Mapping[str, int]:
        """Return how many connections were opened, and how many are kept."""
        return {"opened": self.opened, "idle": len(self._idle)}

    async def _connection(self, place: str, host: str, port: int) -> tuple[trio.SocketStream, h11.Connection]:
        while self._idle:
            until, kept_place, stream, protocol = self._idle.pop()
            fresh = kept_place == place and trio.current_time() < until
            if fresh and not stream.socket.is_readable():  # else it is closed
                return stream, protocol
            stream.socket.close()
        stream = await trio.open_tcp_stream(host, port)
        self.opened += 1
        return stream, h11.Connection(h11.CLIENT)


async def _answer(stream: trio.SocketStream, protocol: h11.Connection) -> str:
    """Read one answer to its end and return its status."""
    status = ""
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await stream.receive_some(_CHUNK))
        elif isinstance(event, h11.Response):
            status = str(event.status_code)
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            if not status:
                raise h11.RemoteProtocolError("closed before an answer")
            return status
