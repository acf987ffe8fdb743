"""A node on the real journal: a turn and the app's own tables commit together or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
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
    Request,
    Response,
    Turn,
    Verified,
    encode_event,
)
from runtime.journal.migrations import Applied, SchemaMismatch, checksum, installation_salt, migrate, plan
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations, step_of
from runtime.node.node import Node, open_node
from runtime.resources.bridge import open_bridge
from runtime.resources.http import open_http_client
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.resources.redis import open_redis_pool

STEPS = (Migration(1, "visits", "create table visits(person text primary key, note text not null)"),)


class Visit(Event, frozen=True, kw_only=True):
    note: str


class Guest(msgspec.Struct):
    visits: int = 0


class Note(msgspec.Struct, frozen=True, tag=True):
    body: str


class Book(Actor[Guest]):
    """Writes each visit into a table of its own; does what a test slips in, once."""

    def __init__(self) -> None:
        self.tricks: deque[Callable[[Turn[Guest]], Awaitable[None]]] = deque()

    async def receive(self, turn: Turn[Guest], event: Event) -> None:
        assert isinstance(event, Visit)
        turn.state.visits += 1
        async with turn.postgres() as tx:
            await tx.execute(
                "insert into visits values ($1, $2)", f"{turn.conversation}/{event.note}", event.note
            )
            if self.tricks:
                await self.tricks.popleft()(turn)
        turn.reply(Note(event.note))


class Post:
    name = "post"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["post:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(1000)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        self.sent.append(msgspec.json.decode(delivery.payload)["body"])
        return Accepted(f"p{len(self.sent)}")


class World:
    def __init__(self, node: Node, pool: PostgresPool, book: Book, post: Post) -> None:
        self.node, self.pool, self.book, self.post = node, pool, book, post

    async def visit(self, note: str) -> None:
        await self.node.store(
            Verified((Arrival("post:1", ("id:ann",), f"m|{note}", encode_event(Visit(note=note))),))
        )

    async def count(self, sql: str) -> int:
        row = await self.pool.fetchrow(sql)
        assert row is not None
        return int(row[0])

    async def quiet(self) -> None:
        with trio.fail_after(20):
            while await self.count("select count(*) from conversation where done_seq < next_seq - 1"):
                await trio.sleep(0.02)
            while await self.count("select count(*) from outbox where status <> 'done'"):
                await trio.sleep(0.02)


@pytest.fixture
async def world(postgres_dsn: str, redis_dsn: str) -> AsyncIterator[World]:
    @asynccontextmanager
    async def pools() -> AsyncIterator[tuple[PostgresPool, PostgresPool]]:
        async with (
            open_bridge() as bridge,
            open_postgres_pool(
                postgres_dsn, bridge=bridge, name="journal", size=6, settings=SESSION
            ) as journal,
            open_postgres_pool(
                postgres_dsn, bridge=bridge, name="turns", size=2, statement_timeout=1.0, patience=1.5
            ) as turns,
        ):
            yield journal, turns

    book, post = Book(), Post()
    app = App("book", book, (post,), (Visit,), STEPS)
    async with (
        pools() as (pool, turns),
        open_redis_pool(redis_dsn, name="turns", size=2) as redis,
        open_http_client(max_connections=2) as web,
    ):
        await migrate(pool, {"journal": migrations(), "app_book": STEPS})
        journal = PostgresJournal(pool, replica="one", salt=await installation_salt(pool))
        async with open_node(
            app,
            NodeSettings(turn_timeout=3.0),
            journal=journal,
            http=None,  # type: ignore[arg-type]
            begin=turns.transaction,
            redis=redis,
            web=web,
        ) as node:
            await node.leases.settled.wait()
            yield World(node, pool, book, post)


async def test_the_turn_and_its_rows_commit_together(world: World) -> None:
    await world.visit("one")
    await world.visit("two")
    await world.quiet()
    assert await world.count("select count(*) from visits") == 2
    assert await world.count("select count(*) from turn") == 2
    assert world.post.sent == ["one", "two"]


async def test_a_handler_that_fails_after_writing_leaves_no_row(world: World) -> None:
    async def fail(turn: Turn[Guest]) -> None:
        raise LookupError

    world.book.tricks.append(fail)
    await world.visit("one")
    await world.quiet()
    assert world.node.room.faults == 1
    assert await world.count("select count(*) from visits") == 1
    assert (
        await world.count("select (convert_from(state, 'UTF8')::json->>'visits')::int from conversation") == 1
    )
    assert world.post.sent == ["one"]


async def test_a_turn_past_its_deadline_is_cut_and_its_transaction_undone(world: World) -> None:
    async def hang(turn: Turn[Guest]) -> None:
        await trio.sleep_forever()

    world.book.tricks.append(hang)
    await world.visit("one")
    await world.quiet()
    assert await world.count("select count(*) from visits") == 1
    assert await world.count("select count(*) from pg_stat_activity where state = 'idle in transaction'") == 0


async def test_a_fenced_turn_writes_nothing_of_its_own(world: World) -> None:
    async def overtake(turn: Turn[Guest]) -> None:
        await world.pool.execute("update conversation set version = version + 1, state = '{\"visits\": 40}'")

    world.book.tricks.append(overtake)
    await world.visit("one")
    await world.quiet()
    assert await world.count("select count(*) from visits") == 1
    assert (
        await world.count("select (convert_from(state, 'UTF8')::json->>'visits')::int from conversation")
        == 41
    )
    assert await world.count("select count(*) from turn") == 1
    assert world.post.sent == ["one"]


async def test_a_backend_that_is_terminated_in_a_turn_blames_nobody(world: World) -> None:
    async def terminate(turn: Turn[Guest]) -> None:
        await world.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'turns'"
        )

    world.book.tricks.append(terminate)
    await world.visit("one")
    await world.quiet()
    assert (world.node.room.faults, world.node.room.waits) == (0, 1)
    assert world.post.sent == ["one"]


async def test_entering_the_transaction_twice_is_a_clear_fault(world: World) -> None:
    async def again(turn: Turn[Guest]) -> None:
        async with turn.postgres():
            raise AssertionError("unreachable")

    world.book.tricks.append(again)
    await world.visit("one")
    await world.quiet()
    assert world.node.room.faults == 1
    assert world.post.sent == ["one"]


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """Serve one answer to every request; an empty one is no answer at all."""

    async def answer_one(stream: trio.SocketStream) -> None:
        await stream.receive_some(65536)
        if answer:
            await stream.send_all(answer)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, answer_one, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


async def test_a_turn_reaches_redis_and_http(world: World) -> None:
    found: list[object] = []

    async with answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi") as url:

        async def reach(turn: Turn[Guest]) -> None:
            key = f"visits:{turn.conversation}"
            found.append(await turn.redis.command("INCR", key))
            found.append(await turn.redis.pipeline([("GET", key), ("DEL", key)]))
            found.append((await turn.http.request("GET", url)).content)
            async with turn.http.stream("GET", url) as answer:
                found.append([chunk async for chunk in answer])

        world.book.tricks.append(reach)
        await world.visit("one")
        await world.quiet()
    assert found == [1, [b"1", 1], b"hi", [b"hi"]]
    assert (world.node.room.faults, world.node.room.waits) == (0, 0)


async def test_what_a_turn_reached_is_of_no_use_after_it(world: World) -> None:
    kept: list[Turn[Guest]] = []

    async def keep(turn: Turn[Guest]) -> None:
        kept.append(turn)

    world.book.tricks.append(keep)
    await world.visit("one")
    await world.quiet()
    with pytest.raises(RuntimeError, match=r"turn\.redis was used after its turn"):
        await kept[0].redis.command("PING")
    with pytest.raises(RuntimeError, match=r"turn\.http was used after its turn"):
        await kept[0].http.request("GET", "http://127.0.0.1:1/")
    with pytest.raises(RuntimeError, match=r"turn\.postgres\(\) was used after its turn"):
        async with kept[0].postgres():
            raise AssertionError("unreachable")


async def test_a_redis_or_a_host_that_does_not_answer_blames_nobody(world: World) -> None:
    async def wait_for_redis(turn: Turn[Guest]) -> None:
        await turn.redis.command("BLPOP", f"never:{turn.conversation}", 0, timeout=0.05)

    async def ask_the_silent(turn: Turn[Guest]) -> None:
        async with answering(b"") as url:
            await turn.http.request("GET", url)

    async def ask_nobody(turn: Turn[Guest]) -> None:
        await turn.http.request("GET", "http://127.0.0.1:1/")

    world.book.tricks.extend((wait_for_redis, ask_the_silent, ask_nobody))
    await world.visit("one")
    await world.quiet()
    assert (world.node.room.faults, world.node.room.waits) == (0, 3)
    assert await world.count("select count(*) from visits") == 1


@pytest.mark.parametrize("wamid", ["wamid\0x", "wamid\ud800x"])
async def test_an_odd_id_from_the_provider_is_recorded_and_the_message_not_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch, wamid: str
) -> None:
    async def perform(delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        world.post.sent.append(delivery.id)
        return Accepted(wamid)

    monkeypatch.setattr(world.post, "perform", perform)
    await world.visit("one")
    await world.quiet()
    assert len(world.post.sent) == 1


async def test_migrations_are_applied_once_whoever_comes_first(postgres_dsn: str) -> None:
    done: list[str] = []
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="m", size=6) as pool,
    ):

        async def one() -> None:
            done.extend(await migrate(pool, {"journal": migrations(), "app_book": STEPS}))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one)
    assert done == [*(f"journal/{step.version} {step.name}" for step in migrations()), "app_book/1 visits"]


async def test_a_role_that_may_create_no_tables_is_told(postgres_dsn: str) -> None:
    nowhere = {"search_path": "nowhere"}
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="m", size=2, settings=nowhere) as pool,
    ):
        with pytest.raises(SchemaMismatch, match=r"schema_version: .* needs a schema in which it may create"):
            await migrate(pool, {"journal": migrations()})


async def test_a_failing_step_changes_nothing(postgres_dsn: str) -> None:
    broken = (*STEPS, Migration(2, "broken", "create table half(id int); select 1/0"))
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="m", size=2) as pool,
    ):
        with pytest.raises(
            SchemaMismatch, match=r"app_book: migration 2 \(broken\) cannot be applied: division by zero"
        ):
            await migrate(pool, {"app_book": broken})
        row = await pool.fetchrow(
            "select to_regclass('visits') is null and to_regclass('schema_version') is null"
        )
        assert row is not None
        assert row[0]


def test_a_program_older_than_the_schema_refuses_by_name() -> None:
    with pytest.raises(SchemaMismatch, match=r"at migration 2 .*older than the database"):
        plan("journal", STEPS, {1: Applied("visits", _digest()), 2: Applied("later", "x")})


def test_a_program_older_than_the_schema_works_with_what_only_adds_to_it() -> None:
    later = {2: Applied("adds", "x", additive=True), 3: Applied("adds, too", "y", additive=True)}
    assert plan("journal", STEPS, {1: Applied("visits", _digest()), **later}) == []
    assert plan("journal", STEPS, later) == list(STEPS)
    with pytest.raises(SchemaMismatch, match=r"at migration 4 .*older than the database"):
        plan("journal", STEPS, {1: Applied("visits", _digest()), **later, 4: Applied("drops", "z")})


def test_a_step_of_the_journal_says_in_its_first_line_that_it_only_adds_and_from_the_fifth_on_each_does() -> (
    None
):
    adds = "-- additive: older code never reads it\nalter table outbox add column later int;"
    assert step_of("0006_later.sql", adds) == Migration(6, "later", adds, additive=True)
    assert not step_of("0006_later.sql", adds.partition("\n")[2]).additive
    assert [step.version for step in migrations() if not step.additive] == [1, 2, 3, 4]
    applied = {step.version: Applied(step.name, checksum(step), step.additive) for step in migrations()}
    assert plan("journal", migrations()[:4], applied) == []
    with pytest.raises(SchemaMismatch, match=r"at migration 4 .*older than the database"):
        plan("journal", migrations()[:3], applied)


def test_a_step_that_was_changed_after_it_was_applied_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="another text"):
        plan("journal", STEPS, {1: Applied("visits", "other")})


def _digest() -> str:

    return checksum(STEPS[0])
