"""What a turn may open of the outside world, as it sees it: a transaction, Redis, HTTP. Nothing here does I/O.

All of it is the turn's alone: it is bounded by the turn's deadline, and of no use after it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import httpx

Argument: TypeAlias = str | bytes | int | float
"""A word of a Redis command."""


class Row(Protocol):
    """One row of a query's answer: columns by name or place."""

    def __getitem__(self, key: str | int, /) -> object: ...


class Transaction(Protocol):
    """An open database transaction: what it writes commits with the turn or not at all."""

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        """Run a query and return its rows. Raises the driver's error; cancellation ends the transaction."""

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement and return its status line."""


class Redis(Protocol):
    """Redis: fast, and never the truth. It may be empty at any moment, and what it did is not undone with the turn."""

    async def command(self, *command: Argument, timeout: float | None = None) -> object:
        """Run one command and return its reply, bulk strings as bytes; `timeout` in seconds, for one that blocks.

        Raises ResourceUnavailable when Redis cannot be used now, and the driver's error when it refused the command.
        Cancelled, its connection is closed.
        """

    async def pipeline(
        self, commands: Sequence[Sequence[Argument]], *, timeout: float | None = None
    ) -> Sequence[object]:
        """Send commands at once and return their replies in order, an error reply as its exception."""


class StreamedAnswer(Protocol):
    """An HTTP answer whose body is read chunk by chunk, with `async for`; it may be left in the middle."""

    status_code: int
    headers: httpx.Headers

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class HttpClient(Protocol):
    """An HTTP client. Raises `httpx.HTTPError`; cancellation closes the connection. It follows no redirects."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> AbstractAsyncContextManager[StreamedAnswer]:
        """Send one request and hold its answer open for the length of the block."""


class Resources(Protocol):
    """What a turn may open; the node provides it."""

    @property
    def redis(self) -> Redis:
        """Redis, until the turn ends."""

    @property
    def http(self) -> HttpClient:
        """HTTP, until the turn ends."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that the turn's commit will join."""
