"""Requests for support: stored with a number that a person can read out, and a status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from actors.agency.tenancy import TenantTransaction

Status = Literal["open", "in_work", "solved"]
LONGEST = 4000
"""Characters of a request that are kept."""


class SupportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it stands."""

    number: int
    lead: int
    topic: str
    words: str
    status: Status
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """The number as people see it, such as S-0042; ASCII in every language."""
        return f"S-{self.number:04d}"


def parse_name(text: str) -> int | None:
    """Return the number in "S-0042", "s42" or "42"; None for anything else."""
    digits = text.strip().upper().removeprefix("S").removeprefix("-")
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= 12 else None


async def ask(
    tx: TenantTransaction, lead: int, topic: str, words: str, cause: str, now: datetime
) -> SupportRequest:
    """Store a request, once for each cause, and return it with its number; numbers count from 1 without gaps."""
    if (known := await tx.first(SupportRequest, "support_request_of", lead, cause)) is not None:
        return known
    number = await tx.number("next_number", "support")
    await tx.execute("add_support_request", number, lead, topic, words[:LONGEST], cause, now)
    return (await find(tx, number=number))[0]


async def find(
    tx: TenantTransaction,
    *,
    lead: int | None = None,
    number: int | None = None,
    status: Status | None = None,
    limit: int = 20,
) -> Sequence[SupportRequest]:
    """Return requests, the newest first; a person is shown those of their own `lead` alone."""
    return await tx.read(SupportRequest, "list_support_requests", lead, number, status, min(limit, 100))


async def settle(tx: TenantTransaction, number: int, status: Status, now: datetime) -> bool:
    """Give a request another status; False where there is no such number."""
    return await tx.number("set_support_status", number, status, now) is not None
