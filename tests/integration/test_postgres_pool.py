"""The Postgres pool against a real server: no handle outlives its owner, and the server is asked to confirm it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
import trio

from runtime.resources.bridge import CANCEL_GRACE, Bridge, open_bridge
from runtime.resources.embedded import EmbeddedServer, embedded_servers
from runtime.resources.errors import (
    PostgresFault,
    ResourceUnavailable,
    TransactionAborted,
    UnusableUrl,
    postgres_fault,
)
from runtime.resources.pool import Limits
from runtime.resources.postgres import CONNECT_GRACE, PostgresPool, open_postgres_pool
from runtime.testing import Faults, fault_proxy

NAME = "test/pool"


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with open_bridge() as bridge:
        yield bridge


@pytest.fixture
async def pool(bridge: Bridge, postgres_dsn: str) -> AsyncIterator[PostgresPool]:
    async with open_postgres_pool(postgres_dsn, bridge=bridge, name=NAME, size=4) as pool:
        yield pool


@pytest.fixture
async def watch(bridge: Bridge, postgres_dsn: str) -> AsyncIterator[PostgresPool]:
    """A second pool, to ask the server what it sees of the first."""
    async with open_postgres_pool(postgres_dsn, bridge=bridge, name="test/watch", size=1) as pool:
        yield pool


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server that a test may stop and start."""
    data_dir = tmp_path_factory.mktemp("own")
    for directory in (data_dir, *data_dir.parents[:2]):
        directory.chmod(0o711)
    with embedded_servers(data_dir, environ=dict(os.environ)) as (postgres, _):
        yield postgres


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    """Wait for what the server is about to do."""
    with trio.fail_after(seconds):
        while not await condition():
            await trio.sleep(0.01)


async def sessions(watch: PostgresPool) -> list[tuple[str, str]]:
    rows = await watch.fetch(
        "select state, query from pg_stat_activity where application_name = $1 order by pid", NAME
    )
    return [(row["state"], row["query"]) for row in rows]


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


@contextmanager
def paused(server: EmbeddedServer) -> Iterator[None]:
    pids = family(server.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_rows_a_row_and_a_status(pool: PostgresPool) -> None:
    assert await pool.execute("create table t(id int primary key, name text)") == "CREATE TABLE"
    await pool.executemany("insert into t values ($1, $2)", [(1, "a"), (2, "b")])
    rows = await pool.fetch("select * from t order by id")
    assert [(row["id"], row["name"]) for row in rows] == [(1, "a"), (2, "b")]
    row = await pool.fetchrow("select name from t where id = $1", 2)
    assert row is not None
    assert row["name"] == "b"
    assert await pool.fetchrow("select 1 where false") is None


async def test_sessions_carry_their_name_and_the_servers_own_limits(
    bridge: Bridge, postgres_dsn: str
) -> None:
    async with open_postgres_pool(
        postgres_dsn, bridge=bridge, name="majlis/one/journal", statement_timeout=3, settings={"jit": "off"}
    ) as pool:
        row = await pool.fetchrow(
            "select current_setting('application_name') as name, current_setting('statement_timeout') as statement,"
            " current_setting('idle_in_transaction_session_timeout') as idle, current_setting('jit') as jit,"
            " current_setting('client_connection_check_interval') as look"
        )
    assert row is not None
    assert dict(row) == {
        "name": "majlis/one/journal", "statement": "3s", "idle": "30s", "jit": "off", "look": "1s",
    }  # fmt: skip


async def test_connections_are_opened_when_needed_and_used_again(
    pool: PostgresPool, watch: PostgresPool
) -> None:
    assert await sessions(watch) == []
    for _ in range(20):
        await pool.fetch("select 1")
    assert len(await sessions(watch)) == 1
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(pool.fetch, "select pg_sleep(0.01)")
    assert len(await sessions(watch)) == 4
    assert pool.statistics().opened == 4


async def test_a_full_pool_makes_callers_wait_and_then_refuses(bridge: Bridge, postgres_dsn: str) -> None:
    async with open_postgres_pool(
        postgres_dsn, bridge=bridge, name=NAME, size=1, acquire_timeout=0.1
    ) as pool:
        async with pool.connection() as held:
            await held.fetch("select 1")
            with pytest.raises(ResourceUnavailable, match=r"no connection came free within 0.1 s") as caught:
                await pool.fetch("select 2")
            assert caught.value.resource == "postgres"
        assert await pool.fetch("select 2")


async def test_a_refused_statement_keeps_its_connection(pool: PostgresPool, watch: PostgresPool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await pool.fetch("select * from nowhere")
    with pytest.raises(asyncpg.DataError):
        await pool.fetch("select $1::int", "not a number")
    assert await pool.fetch("select 1")
    assert pool.statistics().opened == 1


async def test_cancelled_the_query_is_gone_at_return_and_the_slot_usable(
    pool: PostgresPool, watch: PostgresPool
) -> None:
    await watch.ping()
    with trio.move_on_after(0.1) as scope:
        await pool.fetch("select pg_sleep(30)")
    assert scope.cancelled_caught
    assert await sessions(watch) == []
    assert pool.statistics().busy == 0
    assert await pool.fetch("select 1")


async def test_a_session_that_was_starting_when_its_caller_was_cancelled_is_the_pools_and_is_used(
    bridge: Bridge, postgres_dsn: str, watch: PostgresPool
) -> None:
    async with (
        fault_proxy(postgres_dsn, faults=Faults(latency=0.05)) as proxy,
        open_postgres_pool(proxy.url(postgres_dsn), bridge=bridge, name=NAME, size=1) as pool,
    ):
        with trio.move_on_after(0.07) as scope:
            await pool.fetch("select 1")
        assert scope.cancelled_caught
        assert len(await sessions(watch)) == pool.statistics().idle == 1
        assert await pool.fetch("select 1")
        assert pool.statistics().opened == 1


async def test_a_caller_who_is_cancelled_waits_only_briefly_for_a_server_that_does_not_answer(
    bridge: Bridge, postgres_dsn: str
) -> None:
    async with (
        fault_proxy(postgres_dsn, faults=Faults(admission="blackhole")) as proxy,
        open_postgres_pool(proxy.url(postgres_dsn), bridge=bridge, name=NAME, size=1) as pool,
    ):
        with trio.move_on_after(0.01) as scope:
            await pool.fetch("select 1")
        assert trio.current_time() - scope.deadline < CONNECT_GRACE + 0.3
        assert pool.statistics().busy == pool.statistics().idle == 0
    assert bridge.statistics().orphans == 0


async def test_a_time_out_of_one_statement_is_unavailability(pool: PostgresPool, watch: PostgresPool) -> None:
    with pytest.raises(ResourceUnavailable, match=r"no answer within 0.05 s"):
        await pool.fetch("select pg_sleep(30)", timeout=0.05)
    assert await sessions(watch) == []


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_an_exception(pool: PostgresPool) -> None:
    await pool.execute("create table t(id int)")
    async with pool.transaction() as tx:
        await tx.execute("insert into t values (1)")
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with pool.transaction() as tx:
            await tx.execute("insert into t values (2); select 1/0")
    with trio.CancelScope() as scope:
        async with pool.transaction() as tx:
            await tx.execute("insert into t values (3)")
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert [row["id"] for row in await pool.fetch("select id from t")] == [1]
    assert pool.statistics().opened == 1, "none of this costs a connection"


async def test_commit_is_done_although_the_caller_is_cancelled(pool: PostgresPool) -> None:
    await pool.execute("create table t(id int)")
    with trio.CancelScope() as scope:
        async with pool.transaction() as tx:
            await tx.execute("insert into t values (1)")
            scope.cancel()
    assert len(await pool.fetch("select id from t")) == 1


async def test_a_hidden_failure_in_a_transaction_is_not_taken_for_a_commit(pool: PostgresPool) -> None:
    async def block() -> None:
        async with pool.transaction() as tx:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.fetch("select 1/0")

    with pytest.raises(TransactionAborted):
        await block()


async def test_an_open_transaction_never_comes_back_to_the_pool(
    pool: PostgresPool, watch: PostgresPool
) -> None:
    await pool.execute("begin")
    assert await sessions(watch) == []
    async with pool.connection() as held:
        await held.execute("begin")
        await held.fetch("select 1")
    assert await sessions(watch) == []

    async def leaves_one_open(conn: asyncpg.Connection[asyncpg.Record]) -> None:
        await conn.execute("begin")

    await pool.run(leaves_one_open)
    assert await sessions(watch) == []


async def test_many_statements_in_one_call(pool: PostgresPool) -> None:
    async def both(conn: asyncpg.Connection[asyncpg.Record]) -> int:
        async with conn.transaction():
            await conn.execute("create table t(id int)")
            return int(await conn.fetchval("select count(*) from t"))

    assert await pool.run(both) == 0


async def test_a_lost_connection_is_unavailability_and_the_next_call_connects_anew(
    pool: PostgresPool, watch: PostgresPool
) -> None:
    await pool.fetch("select 1")
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1"
    await watch.fetch(kill, NAME)
    with suppress(ResourceUnavailable):  # the news may still be on its way to us
        await pool.fetch("select 1")
    assert await pool.fetch("select 1")

    async def broken() -> None:
        async with pool.transaction() as tx:
            await tx.fetch("select 1")
            await watch.fetch(kill, NAME)
            await tx.fetch("select 2")

    with pytest.raises(ResourceUnavailable):
        await broken()
    assert await pool.fetch("select 1")


async def test_idle_connections_are_closed_after_their_time(
    bridge: Bridge, postgres_dsn: str, watch: PostgresPool
) -> None:
    limits = Limits(2, idle=0.1)
    async with open_postgres_pool(postgres_dsn, bridge=bridge, name=NAME, limits=limits) as pool:
        await pool.ping()
        assert len(await sessions(watch)) == 1

        async def none_is_left() -> bool:
            return not await sessions(watch)

        await until(none_is_left)
        assert pool.statistics().idle == pool.statistics().busy == 0


async def test_leaving_the_block_closes_everything_whatever_happened(
    bridge: Bridge, postgres_dsn: str, watch: PostgresPool
) -> None:
    with trio.CancelScope() as scope:
        async with (
            open_postgres_pool(postgres_dsn, bridge=bridge, name=NAME) as pool,
            trio.open_nursery() as nursery,
        ):
            for _ in range(5):
                nursery.start_soon(pool.fetch, "select pg_sleep(30)")

            async def all_sleep() -> bool:
                return len(await sessions(watch)) == 5

            await until(all_sleep)
            scope.cancel()
    assert await sessions(watch) == []
    with pytest.raises(asyncpg.UndefinedTableError):
        async with open_postgres_pool(postgres_dsn, bridge=bridge, name=NAME) as pool:
            await pool.fetch("select * from nowhere")
    assert await sessions(watch) == []
    with pytest.raises(ResourceUnavailable, match="closed"):
        await pool.ping()


async def test_a_server_that_is_away_is_no_fault_at_opening_and_fails_in_milliseconds(bridge: Bridge) -> None:
    dsn = "postgresql://nobody@/none?host=/nonexistent"
    async with open_postgres_pool(dsn, bridge=bridge, name=NAME) as pool:
        with pytest.raises(ResourceUnavailable, match="cannot connect"):
            await pool.ping()
        began = trio.current_time()
        for _ in range(100):
            with pytest.raises(ResourceUnavailable, match="connect"):
                await pool.ping()
        assert trio.current_time() - began < 0.5
        assert pool.statistics().open_circuits


async def test_a_url_that_the_driver_cannot_read_is_told_by_its_setting_alone(bridge: Bridge) -> None:
    url = "postgresql://u:hunter2@127.0.0.1/d?sslmode=banana"
    async with open_postgres_pool(url, bridge=bridge, name="x") as pool:
        with pytest.raises(UnusableUrl, match=r"^postgres\.url: the driver cannot read") as caught:
            await pool.fetch("select 1")
    assert "hunter2" not in str(caught.value)


async def test_a_paused_server_holds_nobody_and_is_used_again_afterwards(
    bridge: Bridge, own_server: EmbeddedServer
) -> None:
    async with (
        open_postgres_pool(own_server.dsn, bridge=bridge, name=NAME, size=3, connect_timeout=0.5) as pool,
        open_postgres_pool(own_server.dsn, bridge=bridge, name="test/watch", size=1) as watch,
    ):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(pool.fetch, "select pg_sleep(0.02)")
        await watch.ping()
        with paused(own_server):

            async def caller() -> None:
                began = trio.current_time()
                with trio.move_on_after(1):
                    await pool.fetch("select 1")
                assert trio.current_time() - began < 1 + CANCEL_GRACE

            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(caller)
            with pytest.raises(ResourceUnavailable, match=r"no answer within 0.5 s"):
                await pool.fetch("select 1")
            began = trio.current_time()
            with pytest.raises(ResourceUnavailable, match="last attempt"):
                await pool.fetch("select 1")
            assert trio.current_time() - began < 0.05

        async def answers() -> bool:
            with suppress(ResourceUnavailable):
                return bool(await pool.fetch("select 1"))
            return False

        async def only_one_is_left() -> bool:  # the server drops what was cut while it was paused
            return await sessions(watch) == [("idle", "select 1")]

        await until(answers)
        await until(only_one_is_left)


async def test_closing_is_bounded_while_the_server_is_paused(
    bridge: Bridge, own_server: EmbeddedServer
) -> None:
    with ExitStack() as pause:
        async with open_postgres_pool(own_server.dsn, bridge=bridge, name=NAME, size=3) as pool:
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(pool.fetch, "select pg_sleep(0.02)")
            pause.enter_context(paused(own_server))
            began = trio.current_time()
        assert trio.current_time() - began < 3


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (asyncpg.AdminShutdownError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.CannotConnectNowError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.TooManyConnectionsError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.DiskFullError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.ConnectionDoesNotExistError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.ReadOnlySQLTransactionError("x"), PostgresFault.UNAVAILABLE),
        (asyncpg.InterfaceError("connection is closed"), PostgresFault.UNAVAILABLE),
        (
            asyncpg.InterfaceError(
                "cannot call Transaction.__aexit__(): the underlying connection is closed"
            ),
            PostgresFault.UNAVAILABLE,
        ),
        (ConnectionRefusedError(), PostgresFault.UNAVAILABLE),
        (TimeoutError(), PostgresFault.UNAVAILABLE),
        (asyncpg.DeadlockDetectedError("x"), PostgresFault.RETRY),
        (asyncpg.SerializationError("x"), PostgresFault.RETRY),
        (asyncpg.LockNotAvailableError("x"), PostgresFault.RETRY),
        (asyncpg.UniqueViolationError("x"), PostgresFault.DATA),
        (asyncpg.CharacterNotInRepertoireError("x"), PostgresFault.DATA),
        (asyncpg.ProgramLimitExceededError("x"), PostgresFault.DATA),
        (asyncpg.UndefinedTableError("x"), PostgresFault.OTHER),
        (asyncpg.InterfaceError("the server expects 1 argument"), PostgresFault.OTHER),
        (ValueError(), PostgresFault.OTHER),
        (asyncio.CancelledError(), PostgresFault.OTHER),
    ],
    ids=repr,
)
def test_faults_are_told_apart(fault: BaseException, verdict: PostgresFault) -> None:
    assert postgres_fault(fault) is verdict
