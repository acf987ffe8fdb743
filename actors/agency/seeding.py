"""Puts the made-up agency of demo.py into a tenant's tables; done again, it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from actors.agency import demo, expo
from actors.agency.drawing import draw
from actors.agency.importing import Imported, store_availability, store_properties
from actors.agency.tenancy import TenantTransaction, tenant_transaction
from config import Settings, Tenant
from runtime import Transaction

AGENCIES = 2
"""So many agencies of the demo have something to show: the first that are active."""


async def seed_once(transaction: Transaction, settings: Settings, now: datetime) -> None:
    """Let the demo's first agencies have something to show, those that have nothing yet."""
    for tenant in shown(settings):
        async with tenant_transaction(transaction, tenant.id) as tx:
            if not await tx.number("any_property"):
                await seed(tx, tenant, now)


def shown(settings: Settings) -> Sequence[Tenant]:
    """Return the agencies that have something to show."""
    return [tenant for tenant in settings.tenants if tenant.status == "active"][:AGENCIES]


async def seed(tx: TenantTransaction, tenant: Tenant, now: datetime) -> Imported:
    """Store listings, each with a picture, hours and an exhibition; return what became of the listings."""
    listings = demo.listings(tenant.slug, now)
    stored = await store_properties(tx, listings)
    for listing in listings:
        picture = draw(listing.kind, f"{tenant.slug} {listing.reference}")
        await tx.execute("upsert_picture", listing.reference, 1, "image/png", picture)
    await store_availability(tx, demo.hours(tenant.slug))
    await expo.announce(tx, demo.expo(tenant.name, now))
    return stored
