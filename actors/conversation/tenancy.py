"""Whose a conversation is, for the API: its number's tenant, else the one that a link named last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from actors.messages import Text
from actors.sql import statement
from runtime import Transaction


class EstateTenancy:
    """See `runtime.Tenancy`. Read from the tables each time: a link may move a conversation at any moment."""

    async def owners(self, transaction: Transaction, conversations: Sequence[str]) -> Mapping[str, str]:
        """Return the slugs of the tenants of those that have one."""
        rows = await transaction.fetch(statement("conversation_owners"), list(conversations))
        return {str(row["conversation"]): str(row["slug"]) for row in rows}

    async def conversations(
        self, transaction: Transaction, tenant: str | None, after: str, limit: int
    ) -> Sequence[str]:
        """Return ids of a tenant's conversations, in key order."""
        rows = await transaction.fetch(statement("tenant_conversations"), tenant, after, limit)
        return [str(row["id"]) for row in rows]

    def text(self, body: str) -> msgspec.Struct:
        """Return a text as the bot would say it."""
        return Text(body)
