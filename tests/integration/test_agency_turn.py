"""The door in a real turn: what is written through it commits with the turn, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from actors.agency import leads
from actors.agency.tenancy import tenant_transaction
from actors.estate import app as estate
from config import Node as NodeSettings
from runtime import Actor, App, Arrival, Event, Turn, Verified, encode_event, open_bridge, open_postgres_pool
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.node.node import Node, open_node
from runtime.resources.postgres import Driver, PostgresPool
from tests.integration.agency import SETTINGS
from tests.integration.test_turn_on_postgres import Guest, Note, Post, Visit


class Clerk(Actor[Guest]):
    """Keeps each visit as an event of the visitor's lead; fails at the first try of one that asks for it."""

    def __init__(self) -> None:
        self.failed = False

    async def receive(self, turn: Turn[Guest], event: Event) -> None:
        assert isinstance(event, Visit)
        async with turn.postgres() as transaction, tenant_transaction(transaction, 1) as tx:
            lead = await leads.ensure(tx, turn.conversation, turn.conversation, turn.now)
            stands = await leads.note(tx, lead, ["returned"], event.note, turn.now)
            if event.note == "fail once" and not self.failed:
                self.failed = True
                raise LookupError
        turn.reply(Note(f"score {stands.score}"))


@asynccontextmanager
async def serving(dsn: str, clerk: Clerk, post: Post) -> AsyncIterator[tuple[Node, PostgresPool]]:
    """Run a node with the estate's tables and this actor."""
    app = App("estate", clerk, (post,), (Visit,), estate.migrations)
    async with (
        open_bridge() as bridge,
        open_postgres_pool(dsn, bridge=bridge, name="journal", size=6, settings=SESSION) as pool,
        open_postgres_pool(dsn, bridge=bridge, name="turns", size=2) as turns,
    ):

        async def prepare(connection: Driver) -> None:
            await estate.prepare(connection, SETTINGS)

        await migrate(pool, {"journal": migrations(), "app_estate": estate.migrations}, prepare)
        journal = PostgresJournal(pool, replica="one", salt=await installation_salt(pool))
        async with open_node(
            app,
            NodeSettings(turn_timeout=3.0),
            journal=journal,
            http=None,  # type: ignore[arg-type]
            begin=turns.transaction,
        ) as node:
            await node.leases.settled.wait()
            yield node, pool


@pytest.mark.parametrize("note", ["first", "fail once"])
async def test_a_turn_commits_with_what_it_wrote_of_its_tenant(postgres_dsn: str, note: str) -> None:
    clerk, post = Clerk(), Post()
    async with serving(postgres_dsn, clerk, post) as (node, pool):
        for said in (note, "second"):
            arrival = Arrival("post:1", ("id:ann",), f"m|{said}", encode_event(Visit(note=said)))
            await node.store(Verified((arrival,)))
        with trio.fail_after(20):
            while len(post.sent) < 2:
                await trio.sleep(0.02)
        assert post.sent == ["score 5", "score 10"]
        rows = await pool.fetch("select tenant_id, score from leads")
        assert [tuple(row) for row in rows] == [(1, 10)]
        turns = await pool.fetch("select count(*) from turn")
        assert turns[0][0] == 2
        assert node.room.faults == int(note == "fail once")
