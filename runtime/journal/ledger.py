"""The journal's books, read from outside: what arrived, which turns cover it, what was to be sent.

For simulators, drills and tests that judge a running Majlis; nothing of the runtime reads this.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from config import Settings
from runtime.actor.replay import History, PastEvent, PastTurn
from runtime.journal.entries import Ledger, LedgerEntry, LedgerSend, LedgerTurn
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import running_postgres_dsn
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.postgres import PostgresConnection, open_postgres_pool


def postgres_of(settings: Settings) -> str:
    """Return the DSN of these settings' database, attaching to the embedded server of a running `serve`.

    Raises ResourceUnavailable when none runs.
    """
    dsn = settings.postgres.url or running_postgres_dsn(Path(settings.data_dir))
    if dsn is None:
        raise ResourceUnavailable("postgres", f"no server runs on {settings.data_dir}; is `serve` running?")
    return dsn


@asynccontextmanager
async def _snapshot(settings: Settings) -> AsyncIterator[PostgresConnection]:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_of(settings), bridge=bridge, name="majlis/ledger", size=1, statement_timeout=60.0
        ) as pool,
        pool.connection() as connection,
        connection.transaction(),
    ):
        await connection.execute("set transaction isolation level repeatable read, read only")
        yield connection


async def read_ledger(settings: Settings) -> Ledger:
    """Read the books in one snapshot. Raises ResourceUnavailable."""
    async with _snapshot(settings) as connection:
        entries = await connection.fetch(statement("ledger_entries"))
        sends = await connection.fetch(statement("ledger_sends"))
        turns = await connection.fetch(statement("ledger_turns"))
    return Ledger(
        [LedgerEntry(**dict(row)) for row in entries],
        [LedgerSend(**dict(row)) for row in sends],
        [LedgerTurn(**dict(row)) for row in turns],
    )


async def read_history(settings: Settings, conversation: str) -> History | None:
    """Read what is kept of a conversation's turns, for `replay`; None if there is no such conversation.

    What retention has dropped is missing at the beginning: then the state that the first turn found is not known, and is
    the caller's to give. Raises ResourceUnavailable.
    """
    async with _snapshot(settings) as connection:
        rows = await connection.fetch(statement("load"), [conversation])
        turns = await connection.fetch(statement("past_turns"), conversation)
    return History(conversation, rows[0]["channel"], [_past(turn) for turn in turns]) if rows else None


def _past(turn: asyncpg.Record) -> PastTurn:
    events = [PastEvent(*event) for event in zip(turn["payloads"], turn["received_at"], strict=True)]
    return PastTurn(turn["version"], turn["now"], events, turn["timer"], turn["stale"], paused=turn["paused"])
