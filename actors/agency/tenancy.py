"""The one door to an agency's rows: a transaction in which no other tenant's row can be seen or written.

Everything in this package takes a `TenantTransaction` and there is no other way to get one than `tenant_transaction`, so
whoever writes a conversation cannot forget the tenant. Within it PostgreSQL's row-level security stands behind the
`tenant_id` that each statement names: the policy `one_tenant` compares with the variable `majlis.tenant`, which ends with
the transaction.

Policies bind neither the owner of a table nor a superuser (ours, embedded, is one), so the door also becomes the role
`majlis_tenant`, which owns nothing and cannot log in; at the end of the block it is the owner again, as the turn's own
commit needs. `FORCE ROW LEVEL SECURITY` would need no role, and was tried: it does not bind superusers, and pg_dump, run
by an owner whom it binds, refuses ("query would be affected by row-level security policy"), so there would be no backups.

`ensure_tenant_role` makes the role at every start. With a `postgres.url` whose user may not make roles somebody who may
does it once; until then the start is refused, as a promise that is kept only where it is easy is none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from actors.sql import statement
from runtime import ResourceUnavailable, Row, Transaction

T = TypeVar("T")
ROLE = "majlis_tenant"


class TenantTransaction:
    """One tenant's rows, for the length of a block of `tenant_transaction`; of no use after it.

    Statements are named after their file in `actors/sql`; the tenant is always their $1. Each raises the driver's
    errors; after one of them, and after a cancellation, the transaction is of no use.
    """

    __slots__ = ("_transaction", "tenant")

    def __init__(self, transaction: Transaction, tenant: int) -> None:
        self._transaction: Transaction | None = transaction
        self.tenant = tenant

    async def rows(self, name: str, *args: object) -> Sequence[Row]:
        """Run a statement and return its rows."""
        return await self._open().fetch(statement(name), self.tenant, *map(_storable, args))

    async def read(self, shape: type[T], name: str, *args: object) -> list[T]:
        """Run a statement whose only column is JSON and return the rows as values of `shape`."""
        return [read(shape, row) for row in await self.rows(name, *args)]

    async def first(self, shape: type[T], name: str, *args: object) -> T | None:
        """Run a statement whose only column is JSON and return its first row, or None."""
        found = await self.read(shape, name, *args)
        return found[0] if found else None

    async def number(self, name: str, *args: object) -> int | None:
        """Run a statement whose only column is a number and return the first; None where there is no row."""
        rows = await self.rows(name, *args)
        return msgspec.convert(rows[0][0], int | None) if rows else None

    async def execute(self, name: str, *args: object) -> None:
        """Run a statement that returns nothing."""
        await self._open().execute(statement(name), self.tenant, *map(_storable, args))

    def close(self) -> None:
        """Be of no use any more."""
        self._transaction = None

    def _open(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("a tenant's transaction was used after its block")
        return self._transaction


def _storable(argument: object) -> object:
    """Return a text without what PostgreSQL holds in none: zero bytes, and halves of characters. People send both."""
    if not isinstance(argument, str) or (argument.isascii() and "\0" not in argument):
        return argument
    return argument.replace("\0", "").encode("utf-8", "replace").decode()


def read(shape: type[T], row: Row) -> T:
    """Return the JSON in the first column of a row as a value of `shape`."""
    return msgspec.json.decode(msgspec.convert(row[0], str), type=shape)


@asynccontextmanager
async def tenant_transaction(transaction: Transaction, tenant: int) -> AsyncIterator[TenantTransaction]:
    """Hold a transaction to one tenant for the length of the block: two round trips, one in and one out.

    Within the block nothing but this tenant's rows may be used of the transaction. If the block raises, the transaction
    stays closed to everything else, so that whoever hides the fault cannot commit half of it: let it end. Raises
    RuntimeError within another such block, and the driver's errors; cancellation leaves everything to the owner.
    """
    (standing,) = await transaction.fetch(statement("enter_tenant"), str(tenant))
    if standing["entered"]:
        raise RuntimeError("a tenant's transaction was opened within another's: leave that block first")
    scoped = TenantTransaction(transaction, tenant)
    try:
        yield scoped
    finally:
        scoped.close()
    await transaction.fetch(statement("leave_tenant"))


async def ensure_tenant_role(transaction: Transaction) -> None:
    """Make the role and its rights where they are missing. Raises ResourceUnavailable when we may not."""
    await transaction.execute(statement("ensure_tenant_role"))
    (standing,) = await transaction.fetch(statement("tenant_role_standing"))
    if not standing["usable"]:
        raise ResourceUnavailable(
            "postgres",
            f"the role {ROLE}, which holds each query to one tenant, is missing and {standing['who']} may not make it; "
            f'let somebody who may run: create role {ROLE} nologin; grant {ROLE} to "{standing["who"]}"',
        )
