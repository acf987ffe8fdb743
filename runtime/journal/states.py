"""All states, a page at a time, and which code is known to read them.

One row per app names the code that has last looked through all states, before its first turn. So that code need not look
again when it starts: whoever else writes states has put its own name there first. Code that was rolled back finds the
newer one's name, and looks; so does the newer code when it returns. There is one gap: an older replica that still runs
beside the newer code writes states which the newer one does not look at again. They are of the form that it has just
read throughout; should one be unreadable all the same, its conversation waits and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

from runtime.journal.statements import statement
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresPool

R = TypeVar("R")

_PAGE = 2000
_PAGE_BYTES = 8 * 2**20


class States:
    """The states of an app. Every method raises ResourceUnavailable; none locks what a turn writes."""

    def __init__(self, pool: PostgresPool, app: str) -> None:
        self._pool = pool
        self._app = app

    async def page(self, after: str) -> Sequence[tuple[str, bytes]]:
        """Return the next conversations after a key and their states, in key order; nothing at the end."""
        rows = await self._asked(self._pool.fetch(statement("states"), after, _PAGE, _PAGE_BYTES))
        return [(row["id"], row["state"]) for row in rows]

    async def readable_by(self) -> str:
        """Return the fingerprint of the code that is known to read all of them, "" before the first."""
        row = await self._asked(self._pool.fetchrow(statement("state_format"), self._app))
        return "" if row is None else str(row["fingerprint"])

    async def are_readable_by(self, fingerprint: str) -> None:
        """Remember that this code reads all of them."""
        await self._asked(self._pool.execute(statement("set_state_format"), self._app, fingerprint))

    async def _asked(self, answer: Coroutine[Any, Any, R]) -> R:
        try:
            return await answer
        except asyncpg.QueryCanceledError as error:
            raise ResourceUnavailable("postgres", "the statement took too long") from error
