"""Codes in links and QR pictures that lead to an agency and a vertical: opaque, and good for a time.

A code names nothing: whoever reads one learns neither tenant nor campaign, and 60 random bits are not guessed. It is the
whole text of a message, so its grammar is narrow. Where a code leads is asked before there is a tenant, so `find` takes
the bare transaction, outside of the tenant's door, and looks for one exact code.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from actors.agency.tenancy import TenantTransaction, read
from actors.sql import statement
from runtime import Transaction

Vertical = Literal["menu", "realty", "expo", "support"]
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # neither 0 and O nor 1 and I
_LENGTH = 12
_CODE = re.compile(rf"(?ai:MJ)-([{_ALPHABET}{_ALPHABET[8:].lower()}]{{{_LENGTH}}})")
_AD = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a code leads."""

    code: str
    tenant: int
    vertical: Vertical
    campaign: str | None = None
    language: str | None = None
    expires_at: datetime | None = None
    active: bool = True

    def open_at(self, now: datetime) -> bool:
        """Whether it (still) leads there."""
        return self.active and (self.expires_at is None or now < self.expires_at)


def parse_code(text: str) -> str | None:
    """Return the code if that is the whole message, in any case and with blanks around it; else None."""
    code = _CODE.fullmatch(text.strip())
    return f"MJ-{code[1].upper()}" if code else None


def ad_code(ad: str) -> str | None:
    """Return the code under which an advertisement is bound to a tenant, which nobody can type; None for no id."""
    return f"ad:{ad}" if _AD.fullmatch(ad) else None


def fresh_code(draw: Callable[[str], str] = secrets.choice) -> str:
    """Return a code that was never used."""
    return "MJ-" + "".join(draw(_ALPHABET) for _ in range(_LENGTH))


def link(phone: str, text: str) -> str:
    """Return the link that opens WhatsApp with a text ready to be sent to a number in E.164."""
    return f"https://wa.me/{phone.removeprefix('+')}?text={quote(text, safe='')}"


async def make(
    tx: TenantTransaction,
    vertical: Vertical,
    now: datetime,
    *,
    campaign: str | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
) -> Route:
    """Store a new code that leads to the tenant of this transaction."""
    code = fresh_code()
    await tx.execute("add_route", code, vertical, campaign, language, expires_at, now)
    return Route(
        code=code,
        tenant=tx.tenant,
        vertical=vertical,
        campaign=campaign,
        language=language,
        expires_at=expires_at,
    )


async def bind_ad(
    tx: TenantTransaction,
    ad: str,
    vertical: Vertical,
    now: datetime,
    *,
    campaign: str | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
) -> Route | None:
    """Let whoever comes through an advertisement be led to the tenant of this transaction; what it did before is over.

    None where the advertisement is bound to another tenant. Raises ValueError for what is no id of one.
    """
    code = ad_code(ad)
    if code is None:
        raise ValueError("the id of an advertisement has letters, digits, _ and - only, at most 100")
    if not await tx.number("bind_ad", code, vertical, campaign, language, expires_at, now):
        return None
    return Route(
        code=code,
        tenant=tx.tenant,
        vertical=vertical,
        campaign=campaign,
        language=language,
        expires_at=expires_at,
    )


async def close(tx: TenantTransaction, code: str) -> bool:
    """Let a code lead nowhere from now on; False where the tenant has no such code that is open."""
    return await tx.number("close_route", code) is not None


async def find(transaction: Transaction, code: str) -> Route | None:
    """Return the route of a code, open or not; None where there is none. Call it outside of `tenant_transaction`."""
    rows = await transaction.fetch(statement("find_route"), code)
    return read(Route, rows[0]) if rows else None
