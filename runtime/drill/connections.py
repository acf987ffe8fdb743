"""The databases' own view of a running `serve`: which of its connections they hold, and what each is doing.

A look is one statement and one command over a connection of its own to either database, so that it may be taken many
times a second. It knows the names that a `serve` gives to its connections, and nothing of what runs inside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec

from config import Settings
from runtime.journal.ledger import postgres_of
from runtime.journal.postgres import CONNECTIONS as JOURNAL_CONNECTIONS
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import running_redis_dsn
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.pool import Limits
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

LISTENING = " (listening)"
"""What the name of a Redis connection that holds a subscription ends with here."""


IDLE_LIFE = Limits(size=1).idle
"""Seconds after which a pool of a `serve` closes a connection that nobody needed; the next crowd opens it again."""


class Connection(msgspec.Struct, frozen=True):
    """A connection as a server sees it.

    `name`: of its pool; `id`: no other connection ever has it; `state`: "idle" (a subscription that listens is, too), or
    what it is at, for `seconds`.
    """

    name: str
    id: str
    state: str
    seconds: float


def pool_size(name: str, settings: Settings) -> int:
    """Return how many connections of this name a `serve` of these settings may have."""
    if name.endswith("/journal"):
        return JOURNAL_CONNECTIONS
    if name.endswith("/turns"):
        return settings.postgres.pool_size - JOURNAL_CONNECTIONS
    return 1 if name.endswith(LISTENING) else settings.redis.pool_size


class ServersView:
    """Looks at both servers."""

    def __init__(self, postgres: PostgresPool, redis: RedisPool) -> None:
        self._postgres = postgres
        self._redis = redis

    async def look(self) -> Sequence[Connection]:
        """Return the connections of every `serve` on these databases. Raises ResourceUnavailable."""
        rows = await self._postgres.fetch(statement("connections"))
        listed = cast("bytes", await self._redis.command("CLIENT", "LIST"))
        return [Connection(**dict(row)) for row in rows] + clients(listed.decode())


def clients(listed: str) -> list[Connection]:
    """Return the connections of a `serve` among those that CLIENT LIST shows."""
    found: list[Connection] = []
    for line in listed.splitlines():
        facts = dict(fact.partition("=")[::2] for fact in line.split(" "))
        if facts["name"].startswith("majlis/"):
            name = facts["name"] + (LISTENING if facts["sub"] != "0" else "")
            state = "blocked" if "b" in facts["flags"] else "in MULTI" if facts["multi"] != "-1" else "idle"
            found.append(Connection(name, facts["id"], state, float(facts["idle"])))
    return found


@asynccontextmanager
async def open_view(settings: Settings) -> AsyncIterator[ServersView]:
    """Look at the databases of these settings, or at the embedded ones of the `serve` that runs, while the block runs.

    Raises ResourceUnavailable where no embedded server runs.
    """
    redis_dsn = settings.redis.url or running_redis_dsn(Path(settings.data_dir))
    if redis_dsn is None:
        raise ResourceUnavailable("redis", f"no server runs on {settings.data_dir}; is `serve` running?")
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_of(settings), bridge=bridge, name="majlis-view", size=1) as postgres,
        open_redis_pool(redis_dsn, bridge=bridge, name="majlis-view", size=1) as redis,
    ):
        yield ServersView(postgres, redis)
