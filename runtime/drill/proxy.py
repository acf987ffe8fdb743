"""A proxy between a client and a server that breaks what passes through it, as networks do.

Faults are switched while connections are open, and hold for all of them: bytes that come late, slowly, in pieces or
not at all; connections that are reset, closed by half, swallowed or refused. It knows nothing of the protocols inside.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import trio

from runtime.drill.addresses import Address, address_of, redirected
from runtime.drill.passage import GONE, Faults, Passage, Wire
from runtime.resources.beside import beside

CONNECT_TIMEOUT = 3.0
"""Seconds for reaching the target."""


class ProxyStatistics(msgspec.Struct, frozen=True):
    """One look at a proxy; all but `open` count since it was opened."""

    open: int
    accepted: int
    swallowed: int
    unreachable: int
    resets: int
    bytes_up: int
    bytes_down: int


class FaultProxy:
    """A running proxy; made by `fault_proxy`. Assign to `faults` to change what goes wrong."""

    def __init__(self, target: Address, listen: Address, faults: Faults, seed: int, most: int) -> None:
        self.address: Address = listen
        """Where it listens."""
        self._target = target
        self._wire = Wire(faults, seed)
        self._listener: trio.SocketListener | None = None
        self._accepting = trio.CancelScope()
        self._room = trio.Semaphore(most)
        self._next: list[int] = []
        self._passages: set[Passage] = set()
        self._accepted = self._swallowed = self._unreachable = 0
        self._admit()

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._wire.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._wire.change(faults)
        self._admit()
        self._accepting.cancel()

    def url(self, url: str) -> str:
        """Return the same URL leading through this proxy."""
        return redirected(url, self.address)

    def reset(self) -> int:
        """Reset all open connections now, both sides; return how many there were."""
        passages, self._passages = self._passages, set()
        for passage in passages:
            passage.reset()
        return len(passages)

    def reset_next(self, count: int = 1, *, after: int = 0) -> None:
        """Reset each of the next `count` new connections when `after` bytes have passed through it, once."""
        self._next += [after] * count

    def half_close(self) -> None:
        """End what the target says on all open connections; what clients say still passes."""
        for passage in self._passages:
            passage.half_close()

    def statistics(self) -> ProxyStatistics:
        """Count connections and bytes."""
        return ProxyStatistics(
            open=len(self._passages),
            accepted=self._accepted,
            swallowed=self._swallowed,
            unreachable=self._unreachable,
            resets=self._wire.resets,
            bytes_up=self._wire.bytes_up,
            bytes_down=self._wire.bytes_down,
        )

    async def run(self) -> None:
        """Accept and pass on for ever."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._room.acquire()
                nursery.start_soon(self._pass, await self._accept())

    def shut(self) -> None:
        """Close the listener and every connection."""
        self._close_listener()
        for passage in self._passages:
            passage.close()

    def _admit(self) -> None:
        """Listen, or not."""
        if self.faults.admission == "down":
            self._close_listener()
        elif self._listener is None:
            listening = _listening(self.address)
            self._listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
            if isinstance(self.address, tuple):
                self.address = (self.address[0], listening.getsockname()[1])

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.socket.close()
            self._listener = None
            if isinstance(self.address, Path):
                self.address.unlink(missing_ok=True)

    async def _accept(self) -> Passage:
        while True:
            if self._listener is None or self.faults.admission == "unaccepted":
                await self._wire.changed()
                continue
            with trio.CancelScope() as self._accepting, suppress(*GONE):
                client = await self._listener.accept()
                self._accepted += 1
                passage = Passage(
                    self._wire, client, self._next.pop(0) if self._next else self.faults.reset_after
                )
                self._passages.add(passage)
                return passage

    async def _pass(self, passage: Passage) -> None:
        try:
            if self.faults.admission == "blackhole":
                self._swallowed += 1
                await passage.swallow()
            elif passage.spend(0) and (target := await self._reach()) is not None:
                await passage.both_ways(target)
            else:
                passage.close(abortive=True)
        except* GONE:
            passage.close(abortive=True)  # as one side went, so does the other
        finally:
            passage.close()
            self._passages.discard(passage)
            self._room.release()

    async def _reach(self) -> trio.SocketStream | None:
        try:
            with trio.fail_after(CONNECT_TIMEOUT):
                if isinstance(self._target, tuple):
                    return await trio.open_tcp_stream(*self._target)
                return await trio.open_unix_socket(self._target)
        except (OSError, trio.TooSlowError):
            self._unreachable += 1
            return None


def _listening(address: Address) -> socket.socket:
    """Return a socket that listens on `address`."""
    listening = socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)
    try:
        if isinstance(address, tuple):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        else:
            address.unlink(missing_ok=True)
            listening.bind(str(address))
        listening.listen()
    except BaseException:
        listening.close()
        raise
    return listening


@asynccontextmanager
async def fault_proxy(
    target: Address | str,
    *,
    listen: Address = ("127.0.0.1", 0),
    faults: Faults | None = None,
    seed: int = 0,
    most: int = 1000,
) -> AsyncIterator[FaultProxy]:
    """Stand between clients and `target` while the block runs; all connections end with it.

    `target` is an address, the path of a Unix socket, or the URL of a server, whose place is taken from it; it may be
    away. `listen` is where clients come, port 0: any free one; `proxy.url(url)` leads there. asyncpg finds a Unix socket
    that is listened to as `listen=postgres_socket(directory)`. At most `most` connections are open, further ones are not
    accepted. `seed` is of the jitter. Raises OSError when it cannot listen, ValueError for a URL of no known scheme.
    """
    where = address_of(target) if isinstance(target, str) else target
    proxy = FaultProxy(where, listen, faults or Faults(), seed, most)
    try:
        async with beside(proxy.run):
            yield proxy
    finally:
        proxy.shut()
