"""A small load balancer: hands each new connection to a replica that says it is ready, and asks them often.

It passes bytes on and knows nothing of HTTP but the readiness probe. As in front of a real installation, a replica that
goes is left out from the first failed probe on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count

import httpx
import trio

from actors.drills.servers import DrillReplica

PROBE_EVERY = 0.1
_PROBE_TIMEOUT = 1.0
_CHUNK = 65536


class Balancer:
    """Passes connections on to replicas; made by `balancing`."""

    def __init__(self, replicas: Sequence[DrillReplica]) -> None:
        self._replicas = replicas
        self.ready: list[DrillReplica] = []
        self._changed = trio.Event()
        self._turn = count()
        self.passed = 0
        self.turned_away = 0
        """Connections that found no replica ready, or one that refused them."""

    def statistics(self) -> Mapping[str, int]:
        """Return how many connections were passed on and turned away, and how many replicas are ready."""
        return {"passed": self.passed, "turned away": self.turned_away, "ready": len(self.ready)}

    async def all_ready(self, within: float) -> None:
        """Wait until every replica is ready. Raises trio.TooSlowError."""
        with trio.fail_after(within):
            while len(self.ready) < len(self._replicas):
                await self._changed.wait()

    async def probe(self, replica: DrillReplica) -> None:
        """Ask a replica until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=_PROBE_TIMEOUT) as client:
            while True:
                try:
                    ready = (await client.get(replica.admin + "/readyz")).status_code == 200
                except httpx.HTTPError:
                    ready = False
                if ready != (replica in self.ready):
                    (self.ready.append if ready else self.ready.remove)(replica)
                    self._changed.set()
                    self._changed = trio.Event()
                await trio.sleep(PROBE_EVERY)

    async def pass_on(self, client: trio.SocketStream) -> None:
        """Join a connection to a replica, until either side is done."""
        async with client:
            if not self.ready:
                self.turned_away += 1
                return
            server = self.ready[next(self._turn) % len(self.ready)].settings.server
            try:
                target = await trio.open_tcp_stream(server.host, server.port)
            except OSError:
                self.turned_away += 1
                return
            self.passed += 1
            async with target, trio.open_nursery() as nursery:
                nursery.start_soon(_copy, client, target)
                await _copy(target, client)
                nursery.cancel_scope.cancel()


async def _copy(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    try:
        while data := await source.receive_some(_CHUNK):
            await sink.send_all(data)
        await sink.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # one of them has gone, and with it the connection


@asynccontextmanager
async def balancing(replicas: Sequence[DrillReplica], host: str, port: int) -> AsyncIterator[Balancer]:
    """Balance between replicas at an address while the block runs."""
    balancer = Balancer(replicas)
    listeners = await trio.open_tcp_listeners(port, host=host)
    async with trio.open_nursery() as nursery:
        for replica in replicas:
            nursery.start_soon(balancer.probe, replica)
        nursery.start_soon(trio.serve_listeners, balancer.pass_on, listeners)
        try:
            yield balancer
        finally:
            nursery.cancel_scope.cancel()
