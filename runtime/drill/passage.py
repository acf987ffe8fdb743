"""One connection through the fault proxy: bytes are taken from each side, and given to the other as the faults have it.

It knows nothing of listening or of the protocols inside. What it holds is bounded, so a side that writes into a stall
comes to stand still in the end.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import msgspec
import trio

Admission = Literal["open", "blackhole", "unaccepted", "down"]
Bytes = tuple[float, bytes]
"""When they may leave, and they."""

READ = 16 * 1024
"""Bytes read at once."""
HELD = 16
"""Reads held in each direction of a connection, at most."""
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
"""What a side raises that has gone, or that we have closed."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, in both directions of every connection; the defaults are a sound network."""

    latency: float = 0.0
    """Seconds by which bytes come late."""
    jitter: float = 0.0
    """Seconds at most that are added to it, drawn for each read; bytes stay in order."""
    rate: float | None = None
    """Bytes a second of one direction of a connection."""
    slice: int | None = None
    """Bytes passed on at once, with `pause` seconds after them."""
    pause: float = 0.001
    stall: bool = False
    """Bytes are taken and kept; they pass when the stall is over."""
    admission: Admission = "open"
    """New connections: "open"; "blackhole", accepted and never answered; "unaccepted", left waiting; "down", refused."""
    reset_after: int | None = None
    """Bytes of both directions after which a connection that is opened from now on is reset; 0: at once."""


class Wire:
    """What all passages of one proxy share: the faults of this moment, the dice, the counters."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._random = random.Random(seed)  # noqa: S311 (jitter)
        self._changed = trio.Event()
        self.resets = self.bytes_up = self.bytes_down = 0

    def change(self, faults: Faults) -> None:
        """Let `faults` hold from now on."""
        self.faults = faults
        self._changed.set()
        self._changed = trio.Event()

    async def changed(self) -> None:
        """Wait until the faults are others."""
        await self._changed.wait()

    async def unstalled(self) -> None:
        """Wait until bytes may pass."""
        while self.faults.stall:
            await self._changed.wait()

    def lateness(self) -> float:
        """Draw the seconds by which the bytes of one read come late."""
        return self.faults.latency + self.faults.jitter * self._random.random()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what is passed on at once."""
        start = 0
        while start < len(data):
            size = self.faults.slice or len(data)
            yield data[start : start + size]
            start += size

    async def linger(self, size: int) -> None:
        """Wait for as long as the wire is taken by `size` bytes."""
        seconds = size / self.faults.rate if self.faults.rate else 0.0
        if self.faults.slice:
            seconds += self.faults.pause
        if seconds:
            await trio.sleep(seconds)


class Passage:
    """One connection, from a client to the target; `left` bytes from its reset."""

    def __init__(self, wire: Wire, client: trio.SocketStream, left: int | None) -> None:
        self._wire = wire
        self.client = client
        self._target: trio.SocketStream | None = None
        self._left = left
        self._half_closed = False

    def spend(self, size: int) -> bool:
        """Count bytes against what is left until the reset; reset and return False when that is used up."""
        if self._left is None:
            return True
        self._left -= size
        if self._left > 0:
            return True
        self.reset()
        return False

    def reset(self) -> None:
        """Close both sides at once, with RST where it is TCP."""
        self._wire.resets += 1
        self.close(abortive=True)

    def close(self, *, abortive: bool = False) -> None:
        """Close both sides at once."""
        for side in (self.client, self._target):
            if side is not None:
                if abortive:
                    with suppress(OSError):
                        side.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                side.socket.close()

    def half_close(self) -> None:
        """End what the target says; what the client says still passes."""
        self._half_closed = True
        with suppress(OSError):
            self.client.socket.shutdown(socket.SHUT_WR)

    async def swallow(self) -> None:
        """Take what the client says and answer nothing, until it goes."""
        while await self.client.receive_some(READ):
            pass

    async def both_ways(self, target: trio.SocketStream) -> None:
        """Pass on until both sides have said all; raises a group of GONE when one goes before."""
        self._target = target
        async with trio.open_nursery() as nursery:
            for source, sink, up in ((self.client, target, True), (target, self.client, False)):
                send, receive = trio.open_memory_channel[Bytes](HELD)
                nursery.start_soon(self._take, source, send)
                nursery.start_soon(self._give, receive, sink, up)

    async def _take(self, source: trio.SocketStream, send: trio.MemorySendChannel[Bytes]) -> None:
        due = 0.0
        async with send:
            while data := await source.receive_some(READ):
                due = max(due, trio.current_time() + self._wire.lateness())
                await send.send((due, bytes(data)))

    async def _give(
        self, receive: trio.MemoryReceiveChannel[Bytes], sink: trio.SocketStream, up: bool
    ) -> None:
        async with receive:  # so that the taker ends, too
            async for due, data in receive:
                if due > trio.current_time():
                    await trio.sleep_until(due)
                for piece in self._wire.pieces(data):
                    await self._wire.unstalled()
                    await self._send(sink, piece[: self._left], up)
                    if not self.spend(len(piece)):
                        return
                    await self._wire.linger(len(piece))
            await self._wire.unstalled()
            if up or not self._half_closed:
                await sink.send_eof()

    async def _send(self, sink: trio.SocketStream, piece: bytes, up: bool) -> None:
        if up:
            self._wire.bytes_up += len(piece)
        elif self._half_closed:
            return
        else:
            self._wire.bytes_down += len(piece)
        await sink.send_all(piece)
