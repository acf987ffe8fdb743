"""A transaction whose block has ended is committed, though its caller is cancelled at that very moment.

The cancellation is there before COMMIT is sent, so each transaction shows whether COMMIT is shielded from it.
"""

from __future__ import annotations

from functools import partial

import trio

from runtime.drill.result import Invariant, exactly
from runtime.drill.storm.blow import Watch
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresPool

_TRANSACTIONS = 20
_FIRST = -1_000_000
"""Ids below those of all operations."""


async def commits(pool: PostgresPool, watch: Watch) -> Invariant:
    """Cancel so many callers as their transactions end, and count the rows that are missing afterwards."""
    before = await watch.postgres.fetch("select count(*) from storm where id < 0")
    ids = range(_FIRST + before[0][0], _FIRST + before[0][0] + _TRANSACTIONS)
    async with trio.open_nursery() as nursery:
        for number in ids:
            nursery.start_soon(partial(_insert_and_be_cancelled, pool, number))
    rows = await watch.postgres.fetch("select id from storm where id = any($1::bigint[])", list(ids))
    return exactly("commits cut by a cancellation", _TRANSACTIONS - len(rows), 0)


async def _insert_and_be_cancelled(pool: PostgresPool, number: int) -> None:
    with trio.CancelScope() as scope:
        try:
            async with pool.transaction() as transaction:
                await transaction.execute("insert into storm values ($1)", number)
                scope.cancel()
        except ResourceUnavailable:
            pass  # the row is missing, then, and is counted
