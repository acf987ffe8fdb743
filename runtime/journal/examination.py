"""What a database is like, asked for `majlis doctor`: facts only, read in one session, judged elsewhere.

It asks in a session like those of `serve`, so that what is in between (a pooler, settings of the role) shows. It changes
nothing and creates nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

import asyncpg
import msgspec
import trio

from runtime.journal.migrations import Applied, applied_to
from runtime.journal.statements import statement
from runtime.resources.postgres import Driver, Operation, PostgresConnection

R = TypeVar("R")

#: The journal's tables; the partitions of some of them come beside.
TABLES = (
    *(
        "alias",
        "alias_conflict",
        "api_token",
        "conversation",
        "dead_letter",
        "inbox",
        "installation",
        "outbox",
    ),
    *(
        "parked",
        "pause",
        "period",
        "receipt",
        "schema_version",
        "seen",
        "shards",
        "state_format",
        "timer",
        "turn",
    ),
)
#: Seconds without a sign after which a replica is taken for dead.
SILENT = 30.0
#: Seconds for which a transaction may be idle, and may be open.
IDLE, LONG = 60.0, 3600.0
_ROUND_TRIPS = 7


class QuestionRefused(Exception):
    """The server refused a question; the message is its error's name and code, without its words."""


class ServerFacts(msgspec.Struct, frozen=True):
    """The server, the database and our session in it."""

    version: str
    number: int
    standby: bool
    read_only: bool
    isolation: str
    encoding: str
    fsync: bool
    full_page_writes: bool
    synchronous_commit: str
    statement_timeout: timedelta
    idle_timeout: timedelta
    checks_clients: bool
    application: str
    encrypted: bool
    remote: bool
    may_create: bool
    bytes: int


class RoundTrips(msgspec.Struct, frozen=True):
    """Some round trips on one connection: the median's seconds, and how many backends answered (a pooler has several)."""

    median: float
    backends: int


class PlaceFacts(msgspec.Struct, frozen=True):
    """Connections that this role may have, and those that others have now."""

    places: int
    taken: int


class SessionFacts(msgspec.Struct, frozen=True):
    """Old transactions of anybody in this database; ages in seconds."""

    idle: int
    idle_for: float
    long: int
    long_for: float


class ReplicaFacts(msgspec.Struct, frozen=True):
    """Connections of replicas that give no sign of life."""

    connections: int
    replicas: int


class TableFacts(msgspec.Struct, frozen=True):
    """One table; rows as the statistics have them."""

    name: str
    owned: bool
    live: int
    dead: int


AppliedSteps = Mapping[str, Mapping[int, Applied]]
"""By namespace and version."""


class Examination:
    """Questions to one database over a connection that is held.

    Each raises ResourceUnavailable when the server cannot be used now, and QuestionRefused when it does not answer this.
    """

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    async def server(self) -> ServerFacts:
        """Ask how the server is set up."""
        return await self._row("examine_server", ServerFacts)

    async def round_trips(self) -> RoundTrips:
        """Measure a few round trips."""
        seconds, backends = [], set()
        for _ in range(_ROUND_TRIPS):
            began = trio.current_time()
            backends.add(await self._run(lambda c: c.fetchval(statement("examine_backend"))))
            seconds.append(trio.current_time() - began)
        return RoundTrips(sorted(seconds)[len(seconds) // 2], len(backends))

    async def clock_ahead(self) -> float:
        """Return by how many seconds the database's clock is ahead of this machine's; exact to half a round trip."""
        before = time.time()
        theirs = await self._run(lambda c: c.fetchval(statement("examine_clock")))
        return float(theirs) - (before + time.time()) / 2

    async def places(self, own: str) -> PlaceFacts:
        """Count connections; those whose application name begins with `own` are not others'."""
        return await self._row("examine_places", PlaceFacts, own)

    async def sessions(self, idle: float = IDLE, long: float = LONG) -> SessionFacts:
        """Look for transactions that are idle or open for more than so many seconds."""
        return await self._row("examine_sessions", SessionFacts, idle, long)

    async def silent_replicas(self, seconds: float = SILENT) -> ReplicaFacts:
        """Look for connections of replicas that died without closing them: silent for so many seconds."""
        return await self._row("examine_replicas", ReplicaFacts, seconds)

    async def tables(self) -> list[TableFacts]:
        """Look at the journal's tables; none where nothing was migrated yet."""
        rows = await self._run(lambda c: c.fetch(statement("examine_tables"), TABLES))
        return [msgspec.convert(dict(row), TableFacts) for row in rows]

    async def applied(self) -> AppliedSteps:
        """Return what was migrated."""
        if not await self._run(lambda c: c.fetchval(statement("journal_is_there"))):
            return {}
        rows = await self._run(lambda c: c.fetch(statement("schema_versions")))
        return {namespace: applied_to(namespace, rows) for namespace in {row["namespace"] for row in rows}}

    async def _row(self, name: str, kind: type[R], *arguments: object) -> R:
        row = await self._run(lambda c: c.fetchrow(statement(name), *arguments))
        return msgspec.convert(dict(row or {}), kind)

    async def _run(self, operation: Operation[R]) -> R:
        async def ask(connection: Driver) -> R:
            try:
                return await operation(connection)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if connection.is_closed():
                    raise
                raise QuestionRefused(
                    f"{type(error).__name__} ({getattr(error, 'sqlstate', None)})"
                ) from error

        return await self._connection.run(ask)
