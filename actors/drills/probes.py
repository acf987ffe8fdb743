"""What somebody who stands before a server sees while it stops: is it ready, does it still take connections.

A load balancer that asks for readiness must hear "not ready" before the first connection is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import trio

_EVERY = 0.02
_TIMEOUT = 1.0


@dataclass
class Seen:
    """The first moments of each kind, on Trio's clock; None: not seen."""

    not_ready: float | None = None
    refused: float | None = None
    probes: int = 0

    @property
    def in_order(self) -> bool:
        """Whether readiness went down before a connection was refused, or none was."""
        return self.refused is None or (self.not_ready is not None and self.not_ready < self.refused)


@asynccontextmanager
async def watching_doors(admin: str, host: str, port: int) -> AsyncIterator[Seen]:
    """Ask `admin` ("http://host:port") for readiness, and knock at the public port, while the block runs."""
    seen = Seen()

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=admin, trust_env=False, timeout=_TIMEOUT) as client:
            while True:
                try:
                    ready = (await client.get("/readyz")).status_code == 200
                except httpx.HTTPError:
                    ready = False
                seen.probes += 1
                if not ready and seen.not_ready is None:
                    seen.not_ready = trio.current_time()
                await trio.sleep(_EVERY)

    async def knock() -> None:
        while True:
            began = trio.current_time()  # a refusal counts from when it was asked
            try:
                with trio.move_on_after(_TIMEOUT):
                    stream = await trio.open_tcp_stream(host, port)
                    await stream.aclose()
            except OSError:
                if seen.refused is None:
                    seen.refused = began
            await trio.sleep(_EVERY)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(knock)
        try:
            yield seen
        finally:
            nursery.cancel_scope.cancel()
