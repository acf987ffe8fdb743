"""Who is reached where: tenants and channels of the settings, in memory for turns and mirrored in tables."""

from __future__ import annotations

from actors.sql import statement
from config import Settings, Tenant
from runtime import Transaction


class Directory:
    """The tenants and channels of one reading of the settings; immutable, replaced as a whole at a reload."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take tenants and channels of settings that were validated; nothing is known without them."""
        tenants = settings.tenants if settings else ()
        slugs = {tenant.slug: tenant for tenant in tenants}
        self._slugs = slugs
        self._tenants = {tenant.id: tenant for tenant in tenants}
        self._owners = {
            channel.key: slugs[channel.tenant] if channel.tenant else None
            for channel in (settings.channels if settings else ())
        }

    def tenant(self, number: int) -> Tenant | None:
        """Return the tenant with this id, or None."""
        return self._tenants.get(number)

    def named(self, tenant: int | str) -> Tenant | None:
        """Return the tenant with this id, or this slug, or None."""
        return self._slugs.get(tenant) if isinstance(tenant, str) else self._tenants.get(tenant)

    def knows(self, channel: str) -> bool:
        """Tell whether a channel of this key is configured."""
        return channel in self._owners

    def owner(self, channel: str) -> Tenant | None:
        """Return the tenant whose own number the channel is, or None for a shared or unknown one."""
        return self._owners.get(channel)

    def statistics(self) -> dict[str, int]:
        """Return how many tenants and channels are known."""
        return {"tenants": len(self._tenants), "channels": len(self._owners)}


async def prepare(transaction: Transaction, settings: Settings) -> None:
    """Mirror tenants and channels in their tables; one that left the settings is disabled, not deleted.

    In the order of their keys, so that two replicas that start together do not deadlock.
    Raises the driver's errors; cancellation leaves everything to the transaction's owner.
    """
    tenants = sorted(settings.tenants, key=lambda tenant: tenant.id)
    channels = sorted(settings.channels, key=lambda channel: channel.key)
    names = [channel.key.partition(":")[2] for channel in channels]
    ids = {tenant.slug: tenant.id for tenant in tenants}
    await transaction.execute(
        statement("upsert_tenants"),
        [tenant.id for tenant in tenants],
        [tenant.slug for tenant in tenants],
        [tenant.name for tenant in tenants],
        [tenant.default_language for tenant in tenants],
        [tenant.timezone for tenant in tenants],
        [tenant.status for tenant in tenants],
    )
    await transaction.execute(statement("disable_tenants"), [tenant.id for tenant in tenants])
    await transaction.execute(
        statement("upsert_channels"),
        [channel.provider for channel in channels],
        names,
        [ids[channel.tenant] if channel.tenant else None for channel in channels],
        [channel.account for channel in channels],
        [channel.max_mps for channel in channels],
    )
    await transaction.execute(
        statement("disable_channels"),
        [channel.provider for channel in channels],
        names,
    )
