"""Tokens of the API: made, listed, revoked and found. Of a token only its hash is kept; it is shown once.

A token is 32 random bytes in writing, so a fast hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from runtime.journal.desk import plain_faults
from runtime.journal.statements import statement
from runtime.resources.postgres import PostgresPool

PREFIX = "majlis_"
"""By which scanners for lost secrets may know one."""


class Token(msgspec.Struct, frozen=True):
    """Who calls: `label` stands for them where operators see it; `tenant` None: all tenants."""

    id: int
    label: str
    tenant: str | None
    scopes: Sequence[str]


class TokenFacts(msgspec.Struct, frozen=True):
    """A token as it is listed."""

    id: int
    label: str
    tenant: str | None
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewToken(msgspec.Struct, frozen=True):
    """A token that was just made; `token` is nowhere else."""

    id: int
    token: str
    expires_at: datetime | None


class Tokens:
    """The tokens of one database. All methods raise ResourceUnavailable when it is away."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def create(
        self, label: str, tenant: str | None, scopes: Sequence[str], seconds: float | None
    ) -> NewToken:
        """Make a token that holds for so many seconds, None: until it is revoked."""
        token = PREFIX + secrets.token_urlsafe(32)
        with plain_faults():
            (row,) = await self._pool.run(
                lambda c: c.fetch(
                    statement("token_create"), _hash(token), label, tenant, list(scopes), seconds
                )
            )
        return NewToken(row["id"], token, row["expires_at"])

    async def find(self, token: str) -> Token | None:
        """Return who calls with a token; None unless it holds now."""
        if not token.startswith(PREFIX) or not token.isascii() or len(token) > 100:
            return None
        with plain_faults():
            row = await self._pool.run(lambda c: c.fetchrow(statement("token_find"), _hash(token)))
        return None if row is None else Token(**dict(row))

    async def listed(self, limit: int) -> Sequence[TokenFacts]:
        """Return tokens, also those that hold no more, the newest first."""
        with plain_faults():
            rows = await self._pool.run(lambda c: c.fetch(statement("token_list"), limit))
        return [TokenFacts(**dict(row)) for row in rows]

    async def revoke(self, number: int) -> bool | None:
        """Let a token hold no more, from the next call on; True if it was revoked before, None if there is none."""
        with plain_faults():
            row = await self._pool.run(lambda c: c.fetchrow(statement("token_revoke"), number))
        return None if row is None else bool(row["before"])


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
