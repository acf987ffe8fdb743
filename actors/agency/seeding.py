"""Puts the made-up agency of demo.py into a tenant's tables; done again, it changes nothing."""

from __future__ import annotations

from datetime import datetime

from actors.agency import demo, expo
from actors.agency.drawing import draw
from actors.agency.importing import Imported, store_availability, store_properties
from actors.agency.tenancy import TenantTransaction
from config import Tenant


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
