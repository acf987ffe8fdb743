"""One whole turn, cancelled and made to fail at each of its checkpoints: nothing leaks, and on retry there is one reply.

A turn here is all of it: ingest, activation, receive with a transaction and Redis, commit, claim, send over HTTP, record,
passivation. The pools live through all runs, the node is opened by each; after each run another node takes over, the
provider repeats the webhook and echoes what it had taken, and the books are checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import msgspec
import pytest
import trio

from config import Node as NodeSettings
from config import Settings
from runtime import (
    Accepted,
    Actor,
    App,
    Arrival,
    Delivery,
    Event,
    HttpClient,
    Migration,
    Outcome,
    Pace,
    Receipt,
    Request,
    ResourceUnavailable,
    Response,
    Turn,
    Uncertain,
    Verified,
    encode_event,
)
from runtime.drill.checkpoints import (
    InjectedFault,
    cancel_at_every_checkpoint,
    raise_at_every_checkpoint,
)
from runtime.journal.group import BatchFailed
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.node.node import Node, open_node
from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.http import HttpClient as Client
from runtime.resources.http import open_http_client
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

NAME = "checkpoints"
STEPS = (Migration(1, "visits", "create table visits(conversation text not null, note text not null)"),)
#: No send takes longer here than its doubt lasts; nobody is parked, whatever is raised.
SETTINGS = NodeSettings(
    poll_interval=0.05, passivate_after=0.01, send_timeout=0.9, uncertain_wait=1.0, max_attempts=100
)


class Visit(Event, frozen=True, kw_only=True):
    note: str


class Guest(msgspec.Struct):
    visits: int = 0


class Note(msgspec.Struct, frozen=True, tag=True):
    body: str


class Book(Actor[Guest]):
    """Counts each visit in Redis, writes it into a table of its own, and thanks for it."""

    async def receive(self, turn: Turn[Guest], event: Event) -> None:
        assert isinstance(event, Visit)
        turn.state.visits += 1
        await turn.redis.command("INCR", f"visits:{turn.conversation}")
        async with turn.postgres() as tx:
            await tx.execute("insert into visits values ($1, $2)", turn.conversation, event.note)
        turn.reply(Note(event.note))


class Postbox:
    """A provider's server on loopback: it keeps what arrived whole, whatever became of who sent it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.url = ""
        self.taken: list[tuple[str, str]] = []  # effect, text
        self.connections = 0
        self.node: Node | None = None
        self._nursery = nursery

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        data = b""
        try:
            while chunk := await stream.receive_some(65536):
                data += chunk
                head, found, body = data.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                if found and len(body) >= length:
                    effect, _, text = body[:length].decode().partition(" ")
                    self.taken.append((effect, text))
                    data = b""
                    self._nursery.start_soon(self._echo, effect)
                    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except trio.BrokenResourceError:
            pass  # the sender was cut off
        finally:
            self.connections -= 1

    async def _echo(self, effect: str) -> None:
        """Tell whoever is there by a webhook of its own; one that is not stored comes again later."""
        if self.node is not None:
            with suppress(ResourceUnavailable, BatchFailed):
                await self.node.store(Verified((), (receipt_of(effect),)))


def receipt_of(effect: str) -> Receipt:
    return Receipt("post:1", effect, effect, "sent")


class Post:
    """The provider: one request over HTTP for each send."""

    name = "post"

    def __init__(self, url: str) -> None:
        self._url = url

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["post:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(1000)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        text = msgspec.json.decode(delivery.payload)["body"]
        answer = await http.request("POST", self._url, content=f"{delivery.id} {text}".encode())
        return Accepted(delivery.id) if answer.status_code == 200 else Uncertain("status")


class World:
    """What lives through all runs, and what is looked at after each."""

    def __init__(
        self,
        bridge: Bridge,
        journal: PostgresPool,
        turns: PostgresPool,
        redis: RedisPool,
        http: Client,
        postbox: Postbox,
        salt: bytes,
    ) -> None:
        self.bridge, self.pool, self.turns = bridge, journal, turns
        self.redis, self.http, self.postbox = redis, http, postbox
        self.app = App("book", Book(), (Post(postbox.url),), (Visit,), STEPS)
        self._salt = salt
        self._runs = 0

    @asynccontextmanager
    async def node(self) -> AsyncIterator[Node]:
        async with open_node(
            self.app,
            SETTINGS,
            journal=PostgresJournal(self.pool, replica="one", salt=self._salt),
            http=self.http,
            begin=self.turns.transaction,
            redis=self.redis,
        ) as node:
            await node.leases.settled.wait()
            self.postbox.node = node
            try:
                yield node
            finally:
                self.postbox.node = None

    @property
    def arrival(self) -> Arrival:
        """The message of this run: two in a row are one person's, so that a conversation is new, then known."""
        note = f"note{self._runs}"
        person = f"id:{self._runs // 2}"
        return Arrival("post:1", (person,), f"m|{note}", encode_event(Visit(note=note)))

    async def turn(self) -> None:
        """A whole turn, from a node that opens to one in which nothing is left."""
        async with self.node() as node:
            await node.store(Verified((self.arrival,)))
            while not node.room.turns or node.lanes.statistics().lanes or node.cells.statistics().in_memory:
                await trio.sleep(0.01)

    async def check(self, k: int) -> None:
        """After run `k`: nothing is held, and the provider's repetition leads to one reply."""
        await self._nothing_is_held()
        echoes = tuple(receipt_of(effect) for effect, _ in self.postbox.taken)
        async with self.node() as node:
            await node.store(Verified((self.arrival,), echoes))
            await self._through()
        note = f"note{self._runs}"
        assert Counter(text for _, text in self.postbox.taken)[note] == 1
        row = await self.pool.fetchrow("select count(*) from visits where note = $1", note)
        assert row is not None
        assert row[0] == 1
        row = await self.pool.fetchrow("select count(*) from parked")
        assert row is not None
        assert row[0] == 0
        self.postbox.taken.clear()
        self._runs += 1

    async def _through(self) -> None:
        """Wait until every event is handled and every send settled."""
        with trio.fail_after(20):
            while True:
                row = await self.pool.fetchrow(
                    "select (select count(*) from conversation where done_seq < next_seq - 1)"
                    " + (select count(*) from outbox where status <> 'done') as left"
                )
                if row is not None and not row["left"]:
                    return
                await trio.sleep(0.01)

    async def _nothing_is_held(self) -> None:
        pools = (self.pool, self.turns, self.redis, self.http)
        with trio.fail_after(5):  # connections that were cut are closed in the background
            while self.bridge.busy or any(held(pool) for pool in pools):
                await trio.sleep(0.005)
            while self.postbox.connections > self.http.statistics().pool.idle:
                await trio.sleep(0.005)
        for pool in (self.pool, self.turns):
            statistics = pool.statistics()
            row = await self.turns.fetchrow(
                "select count(*) as seen, count(*) filter (where state <> 'idle' and pid <> pg_backend_pid()) as busy,"
                " count(*) filter (where state like 'idle in transaction%') as open"
                " from pg_stat_activity where application_name = $1",
                f"{NAME}/{'turns' if pool is self.turns else 'journal'}",
            )
            assert row is not None
            assert (row["busy"], row["open"]) == (0, 0)
            assert row["seen"] <= statistics.size
        clients = await self.redis.command("CLIENT", "LIST")
        assert isinstance(clients, bytes)
        mine = [line for line in clients.splitlines() if f"name={NAME} ".encode() in line]
        assert len(mine) <= self.redis.statistics().pool.size
        assert not any(b"flags=b" in line for line in mine)
        assert self.bridge.statistics().abandoned == 0


def held(pool: PostgresPool | RedisPool | Client) -> int:
    statistics = pool.statistics()
    books = statistics if isinstance(pool, PostgresPool) else statistics.pool  # type: ignore[union-attr]
    return books.busy + books.closing + books.waiting  # type: ignore[union-attr]


@pytest.fixture
async def world(postgres_dsn: str, redis_dsn: str) -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        postbox = Postbox(nursery)
        listeners = await nursery.start(partial(trio.serve_tcp, postbox.serve, 0, host="127.0.0.1"))
        postbox.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/send"
        async with (
            open_bridge() as bridge,
            open_postgres_pool(
                postgres_dsn, bridge=bridge, name=f"{NAME}/journal", size=8, settings=SESSION
            ) as journal,
            open_postgres_pool(postgres_dsn, bridge=bridge, name=f"{NAME}/turns", size=2) as turns,
            open_redis_pool(redis_dsn, bridge=bridge, name=NAME, size=2) as redis,
            open_http_client(max_connections=4) as http,
        ):
            await migrate(journal, {"journal": migrations(), "app_book": STEPS})
            salt = await installation_salt(journal)
            yield World(bridge, journal, turns, redis, http, postbox, salt)
        nursery.cancel_scope.cancel()


async def test_cancelled_at_each_checkpoint_nothing_leaks_and_one_reply_follows(world: World) -> None:
    await world.turn()
    await world.check(0)
    tried = await cancel_at_every_checkpoint(world.turn, after=world.check)
    assert tried.tried >= 40
    await every_slot_is_usable(world)


async def test_failing_at_each_checkpoint_nothing_leaks_and_one_reply_follows(world: World) -> None:
    await world.turn()
    await world.check(0)
    tried = await raise_at_every_checkpoint(
        world.turn,
        fault=partial(InjectedFault, "at a checkpoint"),
        expected=(ResourceUnavailable, BatchFailed),
        after=world.check,
    )
    assert tried.tried >= 40
    await every_slot_is_usable(world)


async def every_slot_is_usable(world: World) -> None:
    """Use all connections of each pool at the same time."""
    for pool in (world.pool, world.turns):
        with trio.fail_after(10):
            async with AsyncExitStack() as stack:
                for _ in range(pool.statistics().size):
                    held = await stack.enter_async_context(pool.connection())
                    assert await held.fetch("select 1")
