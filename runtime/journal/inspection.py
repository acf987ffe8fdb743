"""What the journal knows of its conversations at this moment: which are worth a look, and all of one of them.

Every look is bounded and goes by indexes, however many conversations there are. It changes nothing, and does not know
what a process holds in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from config import Settings
from runtime.journal.desk import plain_faults
from runtime.journal.ledger import postgres_of
from runtime.journal.postgres import SESSION
from runtime.journal.standing import DeadLetter, Parked
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool

#: Conversations, or effects, that one look for the most telling ones goes through.
LOOKED_AT = 2000
_NAMES = 20
_PATIENCE = 10.0  # seconds for one statement

Which = Literal["telling", "waiting", "parked", "paused", "all"]


class Situation(msgspec.Struct, frozen=True):
    """How one conversation stands. `waiting` events, of which the `oldest` came then; `turn`: the last one's version.

    `queued` effects wait to leave, `doubtful` ones are under way or of unknown outcome. `paused_since` is None while the
    bot answers; the other labels of the pause are operators' own.
    """

    conversation: str
    channel: str
    shard: int
    version: int
    parked: bool
    attempts: int
    attempts_since: datetime | None
    waiting: int
    oldest: datetime | None
    turn: int | None
    turn_at: datetime | None
    first_seq: int | None
    last_seq: int | None
    timer: str | None
    queued: int
    doubtful: int
    next_timer: datetime | None
    parked_since: datetime | None
    fault: str | None
    origin: str | None
    parked_seq: int | None
    parked_timer: str | None
    paused_since: datetime | None
    paused_by: str | None
    paused_why: str | None
    paused_to: str | None


class Row(msgspec.Struct, frozen=True):
    """The row of a conversation; `address` is a person's."""

    conversation: str
    channel: str
    address: str
    shard: int
    epoch: int
    version: int
    next_seq: int
    done_seq: int
    pair_clock: datetime | None
    attempts: int
    attempts_since: datetime | None
    parked: bool
    paused_since: datetime | None
    paused_by: str | None
    paused_why: str | None
    paused_to: str | None
    created_at: datetime
    state_bytes: int
    state: bytes


class Name(msgspec.Struct, frozen=True):
    """A name at the provider that leads to the conversation: a person's."""

    identity: str
    at: datetime


class PastEvent(msgspec.Struct, frozen=True):
    """An event as it came."""

    seq: int
    received_at: datetime
    stale_at: datetime | None
    dedup: str
    payload: bytes


class PastTurn(msgspec.Struct, frozen=True):
    """A committed turn and what it handled; `paused`: it knew that nothing of it would be sent."""

    version: int
    first_seq: int
    last_seq: int
    timer: str | None
    at: datetime
    replica: str
    epoch: int
    paused: bool


class PastEffect(msgspec.Struct, frozen=True):
    """An effect and what became of it; `operator`: who wrote it by hand."""

    version: int
    ordinal: int
    lane: str
    status: str
    attempts: int
    maybe_duplicate: bool
    receipt: int
    code: str | None
    provider_id: str | None
    created_at: datetime
    claimed_at: datetime | None
    expires_at: datetime
    operator: str | None
    payload: bytes


class SetTimer(msgspec.Struct, frozen=True):
    """A timer that is set."""

    name: str
    generation: int
    due_at: datetime


class Story(msgspec.Struct, frozen=True):
    """Everything of one conversation, of each kind the newest."""

    row: Row
    names: Sequence[Name]
    events: Sequence[PastEvent]
    turns: Sequence[PastTurn]
    effects: Sequence[PastEffect]
    timers: Sequence[SetTimer]
    letters: Sequence[DeadLetter]
    park: Parked | None


class Inspection:
    """Looks at the journal. Every method raises ResourceUnavailable, or SchemaMismatch where there is no journal."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def telling(
        self, which: Which, limit: int, channel: str | None = None, after: str = ""
    ) -> Sequence[str]:
        """Return ids of conversations that are worth a look, in no order that matters, at most `limit` of each kind."""
        looks: dict[Which, Sequence[tuple[str, Sequence[object]]]] = {
            "parked": [("overview_parked", (channel, limit))],
            "paused": [("overview_paused", (channel, limit))],
            "waiting": [("overview_waiting", (channel, LOOKED_AT, limit))],
            "all": [
                ("overview_page", (after, limit))
                if channel is None
                else ("overview_channel", (channel, LOOKED_AT))
            ],
        }
        looks["telling"] = [
            *looks["parked"],
            *looks["paused"],
            *looks["waiting"],
            ("overview_sends", (channel, LOOKED_AT, limit)),
            ("overview_timers", (channel, limit)),
        ]
        found: dict[str, None] = {}
        for name, arguments in looks[which]:
            found |= dict.fromkeys(row["id"] for row in await self._fetch(name, *arguments))
        return list(found)

    async def situations(self, conversations: Sequence[str]) -> Sequence[Situation]:
        """Say how these conversations stand, those that there are."""
        rows = await self._fetch("overview_rows", list(conversations), LOOKED_AT)
        return [Situation(**dict(row)) for row in rows]

    async def story(self, conversation: str, last: int) -> Story | None:
        """Return all of one conversation, the newest `last` of each kind; None if there is none of this id."""
        rows = await self._fetch("timeline_conversation", conversation)
        if not rows:
            return None
        row = Row(**dict(rows[0]))
        names = await self._fetch("timeline_names", row.channel, conversation, _NAMES)
        events = await self._fetch("timeline_events", conversation, last)
        turns = await self._fetch("timeline_turns", conversation, last)
        effects = await self._fetch("timeline_effects", conversation, last)
        timers = await self._fetch("timeline_timers", conversation, last)
        letters = await self._fetch("dead_letters", None, conversation, last)
        parked = await self._fetch("parked", conversation, 1)
        return Story(
            row,
            [Name(**dict(one)) for one in names],
            [PastEvent(**dict(one)) for one in events],
            [PastTurn(**dict(one)) for one in turns],
            [PastEffect(**dict(one)) for one in effects],
            [SetTimer(**dict(one)) for one in timers],
            [DeadLetter(**dict(one)) for one in letters],
            Parked(**dict(parked[0])) if parked else None,
        )

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        with plain_faults():
            return await self._pool.fetch(statement(name), *arguments)


@asynccontextmanager
async def open_inspection(settings: Settings) -> AsyncIterator[Inspection]:
    """Look at these settings' database, that of a running `serve` if it is embedded.

    Raises ResourceUnavailable when none runs.
    """
    async with (
        open_bridge() as bridge,
        open_postgres_pool(
            postgres_of(settings),
            bridge=bridge,
            name="majlis/inspection",
            size=1,
            statement_timeout=_PATIENCE,
            settings={**SESSION, "default_transaction_read_only": "on"},
        ) as pool,
    ):
        yield Inspection(pool)
