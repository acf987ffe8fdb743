"""Puts up the stage of a drill, and takes it down whatever happens: databases, the ways to them, provider, replicas."""

from __future__ import annotations

import secrets as random_secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import trio

from actors.channels.fake_graph import FakeGraph
from actors.drills.rehearsal import Rehearsal
from actors.drills.servers import GRAPH, PUBLIC, Program
from actors.drills.wishes import BALANCER, Wishes, make_replica, settings_of
from runtime.testing import (
    Databases,
    FaultProxy,
    drill_databases,
    fault_proxy,
)


@asynccontextmanager
async def open_rehearsal(
    app: str,
    wishes: Wishes,
    *,
    quick: bool,
    seed: int,
    tell: Callable[[str], object],
    against: tuple[str, str] | None = None,
    cluster: Path | None = None,
    majlis: Sequence[str] = (),
) -> AsyncIterator[Rehearsal]:
    """Put up the stage of a drill: databases, provider and the replicas, which are not started yet.

    `cluster`: another place for PostgreSQL's files; `majlis`: the words of another program. Raises StartFailed and
    ResourceUnavailable. At the end every life that still runs is killed, whatever happens.
    """
    host = f"127.{random_secrets.randbelow(253) + 1}.{random_secrets.randbelow(254)}.{random_secrets.randbelow(253) + 2}"
    with _home() as home:
        async with (
            drill_databases(
                home / "databases", against=against, settings=wishes.postgres, cluster=cluster
            ) as databases,
            _ways(databases, host, wishes, seed) as (urls, proxies),
            trio.open_nursery() as nursery,
        ):
            settings = settings_of(home, host, urls, wishes)
            webhooks = f"http://{host}:{BALANCER if wishes.replicas > 1 else PUBLIC}/webhooks/meta"
            fake = FakeGraph.of(settings, webhooks)
            await nursery.start(fake.serve, host, GRAPH)
            program = Program(app, majlis)
            replicas = [make_replica(home, settings, program, place) for place in range(wishes.replicas)]
            rehearsal = Rehearsal(
                home,
                program,
                databases,
                fake,
                replicas,
                wishes,
                webhooks,
                proxies=proxies,
                cluster=cluster,
                quick=quick,
                seed=seed,
                tell=tell,
            )
            try:
                yield rehearsal
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 15):
                    for one in rehearsal.replicas:
                        if one.process.lives and one.process.exit_code is None:
                            await one.kill()
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def _ways(
    databases: Databases, host: str, wishes: Wishes, seed: int
) -> AsyncIterator[tuple[Mapping[str, str], Mapping[str, FaultProxy]]]:
    """Yield the URLs by which replicas reach the databases, and the proxies on the way, if any."""
    urls = {"postgres": databases.postgres.dsn, "redis": databases.redis.dsn}
    async with AsyncExitStack() as stack:
        proxies: dict[str, FaultProxy] = {}
        if wishes.proxied:
            for name, url in urls.items():
                way = fault_proxy(url, listen=(host, 0), seed=seed)
                proxies[name] = await stack.enter_async_context(way)
                urls[name] = proxies[name].url(url)
        yield urls, proxies


@contextmanager
def _home() -> Iterator[Path]:
    """Make a directory for all of it; the servers of root run as somebody else, who must pass."""
    with tempfile.TemporaryDirectory(prefix="majlis-drill-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
