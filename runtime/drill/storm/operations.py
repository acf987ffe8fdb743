"""What the storm does: operations of every kind, each asking for something that only it can be answered.

Which operation comes when, and at what moment it is cut, is drawn from the seed and its number alone. An operation knows
nothing of the others; an answer that is not its own is told as `ForeignAnswer`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import trio

from runtime.drill.loopback import PIECES
from runtime.resources.http import HttpClient
from runtime.resources.postgres import PostgresPool, Queries
from runtime.resources.redis import RedisPool

TABLE = "create table if not exists storm (id bigint primary key)"
COMMANDS = 5
"""Commands of a pipeline."""

_MOMENTS = (0.0, 0.0005, 0.001, 0.002, 0.004, 0.008)  # seconds at most until an operation is cut
_LEFT_ALONE = 0.15  # of all operations


class ForeignAnswer(Exception):
    """An operation was given what it had not asked for."""


class Handles(msgspec.Struct, frozen=True):
    """What the operations use; `fresh_...` are pools that keep no connection, so that each use opens one."""

    postgres: PostgresPool
    fresh_postgres: PostgresPool
    redis: RedisPool
    fresh_redis: RedisPool
    http: HttpClient
    url: str


class Plan(msgspec.Struct, frozen=True):
    """One operation: its kind, its own number, and after how many seconds it is cut (None: never)."""

    kind: str
    number: int
    patience: float | None


def plan(seed: int, number: int, stretch: float = 1.0) -> Plan:
    """Draw operation `number` of a storm; `stretch` makes its moments later, for slow networks."""
    dice = random.Random((seed << 40) + number)  # noqa: S311 (no secret)
    kind = dice.choice(KINDS_IN_ORDER)
    if dice.random() < _LEFT_ALONE:
        return Plan(kind, number, None)
    return Plan(kind, number, dice.choice(_MOMENTS) * dice.random() * stretch)


async def _echo(queries: Queries, number: int, sql: str = "select $1::bigint as echo") -> None:
    row = await queries.fetchrow(sql, number)
    _expect(row is not None and row["echo"] == number)


async def connect(handles: Handles, number: int) -> None:
    """Open a connection to one of the two databases and use it once."""
    if number % 2:
        await _echo(handles.fresh_postgres, number)
    else:
        reply = await handles.fresh_redis.command("ECHO", number)
        _expect(reply == b"%d" % number)


async def acquire(handles: Handles, number: int) -> None:
    """Hold a connection for a moment and give it back without a word."""
    async with handles.postgres.connection():
        await trio.sleep(0.001 * (number % 3))


async def query(handles: Handles, number: int) -> None:
    """Ask something that is answered at once."""
    await _echo(handles.postgres, number)


async def slow_query(handles: Handles, number: int) -> None:
    """Ask something that takes 2 ms."""
    await _echo(handles.postgres, number, "select $1::bigint as echo, pg_sleep(0.002)")


async def transaction(handles: Handles, number: int) -> None:
    """Write a row and read it again, in a transaction."""
    async with handles.postgres.transaction() as tx:
        await tx.execute("insert into storm values ($1)", number)
        await _echo(tx, number, "select id as echo from storm where id = $1")


async def pipeline(handles: Handles, number: int) -> None:
    """Send some commands at once."""
    replies = await handles.redis.pipeline([("ECHO", f"{number}.{n}") for n in range(COMMANDS)])
    _expect(replies == [b"%d.%d" % (number, n) for n in range(COMMANDS)])


async def blocking(handles: Handles, number: int) -> None:
    """Wait 4 ms for what never comes, and then be answered."""
    replies = await handles.redis.pipeline([("BLPOP", f"storm:{number}", 0.004), ("ECHO", number)])
    _expect(replies == [None, b"%d" % number])


async def get(handles: Handles, number: int) -> None:
    """Fetch a small answer, sometimes from a server that hangs up after it."""
    kind = "close" if number % 10 == 0 else "echo"
    answer = await handles.http.request("GET", f"{handles.url}/{kind}/{number}")
    _expect(answer.content == b"%d" % number)


async def download(handles: Handles, number: int) -> None:
    """Read an answer that comes in pieces over 10 ms."""
    async with handles.http.stream("GET", f"{handles.url}/drip/{number}") as answer:
        body = b"".join([chunk async for chunk in answer])
    _expect(body == b"%d" % number * PIECES)


def _expect(own: bool) -> None:
    if not own:
        raise ForeignAnswer


KINDS: Mapping[str, Callable[[Handles, int], Awaitable[None]]] = {
    "connect": connect,
    "acquire": acquire,
    "query": query,
    "slow query": slow_query,
    "transaction": transaction,
    "pipeline": pipeline,
    "blocking command": blocking,
    "http get": get,
    "http download": download,
}
KINDS_IN_ORDER = tuple(KINDS)
