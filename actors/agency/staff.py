"""The people of an agency: who shows properties and whom conversations are handed to; and what was done by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from actors.agency.tenancy import TenantTransaction


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works there; `phone` in E.164. Without a `handoff_order` nobody hands a conversation to them."""

    id: int
    name: str
    phone: str | None = None
    language: str = "en"
    handoff_order: int | None = None
    active: bool = True


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done to an agency's data from outside of a conversation."""

    who: str
    action: str
    what: str
    details: dict[str, object]
    at: datetime


async def operators(tx: TenantTransaction) -> Sequence[Operator]:
    """Return everybody, at most 1,000."""
    return await tx.read(Operator, "list_operators", False)


async def handoff_contacts(tx: TenantTransaction) -> Sequence[Operator]:
    """Return who can be reached to take a conversation over, in the order in which they are asked."""
    return await tx.read(Operator, "list_operators", True)


async def audit(
    tx: TenantTransaction, who: str, action: str, what: str, details: Mapping[str, object] | None = None
) -> None:
    """Keep that something was done; it can be added to and read, and never changed."""
    await tx.execute("add_audit", who, action, what, msgspec.json.encode(details or {}).decode())


async def deeds(tx: TenantTransaction, limit: int = 100) -> Sequence[Deed]:
    """Return what was done, the newest first."""
    return await tx.read(Deed, "list_audit", limit)
