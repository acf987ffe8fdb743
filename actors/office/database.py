"""One agency's data for a command: the tenant that was named, and transactions of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from actors.agency.tenancy import TenantTransaction, tenant_transaction
from actors.sql import statement
from config import Settings, Tenant, did_you_mean
from runtime import Transaction
from runtime.cli import CommandFailed, load_app, open_tables


class _Undo(Exception):
    """Ends a transaction that was a rehearsal."""


def tenant_named(settings: Settings, slug: str) -> Tenant:
    """Return the tenant with this slug. Raises CommandFailed, which names the nearest."""
    slugs = {tenant.slug: tenant for tenant in settings.tenants}
    if slug in slugs:
        return slugs[slug]
    hint = did_you_mean(slug, slugs) or (f"; there are {', '.join(sorted(slugs))}" if slugs else "")
    raise CommandFailed(f"the settings have no tenant {slug}{hint}")


class Office:
    """One tenant's data, in as many transactions as are asked for."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[Transaction]], tenant: Tenant) -> None:
        self._begin = begin
        self.tenant = tenant

    @asynccontextmanager
    async def transaction(
        self, *, rehearse: bool = False, snapshot: bool = False
    ) -> AsyncIterator[TenantTransaction]:
        """Open a transaction.

        With `rehearse` all that was done in it is undone at its end; with `snapshot` it only reads, all of it as of now.
        """
        with suppress(_Undo):
            async with self._begin() as transaction:
                if snapshot:
                    await transaction.execute(statement("begin_snapshot"))
                async with tenant_transaction(transaction, self.tenant.id) as tx:
                    yield tx
                if rehearse:
                    raise _Undo


@asynccontextmanager
async def open_offices(
    settings: Settings, app: str, tenants: Sequence[Tenant]
) -> AsyncIterator[Sequence[Office]]:
    """Lend the data of some tenants, in the tables of `app` ("module:attribute").

    Raises CommandFailed where the database does not know one of them yet, and what `open_tables` raises.
    """
    async with open_tables(settings, load_app(app)) as pool:
        for tenant in tenants:
            if not await pool.fetch(statement("tenant_is_known"), tenant.id, tenant.slug):
                raise CommandFailed(
                    f"the database does not know the tenant {tenant.slug} yet: start `majlis serve` with these "
                    "settings, or let the one that runs reload"
                )
        yield [Office(pool.transaction, tenant) for tenant in tenants]


@asynccontextmanager
async def open_office(settings: Settings, app: str, tenant: Tenant) -> AsyncIterator[Office]:
    """Lend the data of one tenant, as `open_offices` does."""
    async with open_offices(settings, app, [tenant]) as (office,):
        yield office
