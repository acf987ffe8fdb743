"""What differs between the two embedded servers: how each is made ready, called, reached and stopped.

How a child process lives is in `children`, where its files are in `data_dir`, the order of things in
`embedded`.
"""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from runtime.resources.binaries import Binary
from runtime.resources.children import Child, Steps
from runtime.resources.data_dir import DataDirUnusable, ServerHome

Ladder = tuple[tuple[signal.Signals, float], ...]  # signals to stop by, each with its seconds to obey
REDIS_SOCKET = "redis.sock"
LAST_WORD = 0.5
"""Seconds of the time for a stop that are kept for SIGKILL."""

_PATIENCE = 60.0  # seconds to make a cluster: usually 0.7
_POSTGRES_SETTINGS = {
    "max_connections": "100",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is not writable in every container
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # short statements only
    "wal_compression": "on",  # what is logged whole after a checkpoint is most of the log
    # Statements, their values and the details of constraints hold people's messages: never in the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


class Server(Protocol):
    """One kind of server on one data directory: what differs between the two."""

    name: str
    death_signal: signal.Signals
    ladder: Ladder
    process_names: tuple[str, ...]
    home: ServerHome
    binary: Binary
    work_dir: Path

    def make(self) -> Steps[None]:
        """Make what the server needs, knowing that nothing else runs in `work_dir`."""

    def command(self) -> list[str | Path]:
        """Return the command that runs it in the foreground."""

    def is_ready(self, child: Child) -> bool:
        """Say whether `child` takes connections by now."""

    def dsn(self) -> str:
        """Return the URL that its driver takes."""


class PostgresServer:
    """PostgreSQL on a cluster of its own, with a database and a superuser `majlis`."""

    name = "postgres"
    death_signal = signal.SIGINT  # fast shutdown
    ladder: Ladder = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
    process_names: tuple[str, ...] = ("postgres",)

    def __init__(self, home: ServerHome, binary: Binary, settings: Mapping[str, str]) -> None:
        self.home, self.binary, self.settings = home, binary, settings
        self.work_dir = home.own_directory("postgres") / "data"
        self.major = binary.version.split(".")[0]

    def make(self) -> Steps[None]:
        """Make the cluster if there is none; raises DataDirUnusable where it is of another major version."""
        if not self.work_dir.exists():
            yield from self._make_cluster()
        made_by = (self.work_dir / "PG_VERSION").read_text().strip()
        if self.major != made_by:
            raise DataDirUnusable(
                f"the cluster in {self.work_dir} was made by PostgreSQL {made_by}, but {self.binary.path} is "
                f"{self.binary.version}. Give it binaries of {made_by} (bindir), or choose another data_dir"
            )
        # Nothing runs in the cluster, so a pid in these files is a zombie's or a stranger's, and PostgreSQL
        # itself would take either for a running server.
        (self.work_dir / "postmaster.pid").unlink(missing_ok=True)
        (self.home.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _make_cluster(self) -> Steps[None]:
        """Make it beside its place and move it in when it is whole: a kill leaves nothing half-made."""
        for half in self.work_dir.parent.glob(".new-*"):
            shutil.rmtree(half)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.work_dir.parent))
        if self.home.identity:
            os.chown(new, self.home.identity.uid, self.home.identity.gid)
        initdb: list[str | Path] = [self.binary.path.with_name("initdb"), "-D", new, "--data-checksums"]
        initdb += ["-U", "majlis", "-A", "trust", "-E", "UTF8"]
        if int(self.major) >= 17:
            initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            initdb += ["--locale=C"]
        yield from self._run(initdb, new)
        single: list[str | Path] = [self.binary.path, "--single", "-D", new, "-cexit_on_error=on"]
        single += ["-cdynamic_shared_memory_type=mmap", "postgres"]
        yield from self._run(single, new, stdin=b"CREATE DATABASE majlis\n")
        new.rename(self.work_dir)

    def _run(self, command: Sequence[str | Path], cwd: Path, stdin: bytes = b"") -> Steps[None]:
        log = self.home.fresh_log("initdb.log")
        identity = self.home.identity
        child = Child(command, cwd=cwd, log=log, identity=identity, death_signal=signal.SIGKILL, stdin=stdin)
        yield from child.finish(within=_PATIENCE)

    def command(self) -> list[str | Path]:
        """Return the command; what must hold comes after the caller's settings."""
        where = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.home.sockets),
            "unix_socket_permissions": "0700",
        }
        settings = {**_POSTGRES_SETTINGS, **self.settings, **where}
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return [self.binary.path, "-D", self.work_dir, *options]

    def is_ready(self, child: Child) -> bool:
        """Believe the pid file only where it names this child."""
        return ready_pid(self.work_dir) == child.pid

    def dsn(self) -> str:
        """Return the URL for asyncpg."""
        return postgres_dsn(self.home.sockets)


class RedisServer:
    """Valkey or Redis that keeps nothing: hints and caches, never the truth."""

    name = "redis"
    death_signal = signal.SIGTERM
    ladder: Ladder = ((signal.SIGTERM, 5.0),)
    process_names: tuple[str, ...] = ("valkey-server", "redis-server")

    def __init__(self, home: ServerHome, binary: Binary) -> None:
        self.home, self.binary = home, binary
        self.work_dir = home.own_directory("redis")
        self.socket = home.sockets / REDIS_SOCKET

    def make(self) -> Steps[None]:
        """Remove the socket of a predecessor."""
        self.socket.unlink(missing_ok=True)
        yield from ()

    def command(self) -> list[str | Path]:
        """Return the command. Nothing goes to disk; when memory is full the oldest keys go."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.work_dir),
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "allkeys-lru",
        }
        return [self.binary.path, *(part for name, value in options.items() for part in (f"--{name}", value))]

    def is_ready(self, child: Child) -> bool:
        """Ask it."""
        return child.exit_code is None and answers_ping(self.socket)

    def dsn(self) -> str:
        """Return the URL for redis-py."""
        return redis_dsn(self.socket)


def shortened(ladder: Ladder, seconds: float) -> Ladder:
    """Return a ladder that takes no more than `seconds`, SIGKILL included, each rung its part."""
    factor = min(1.0, max(0.0, seconds - LAST_WORD) / sum(patience for _, patience in ladder))
    return tuple((number, patience * factor) for number, patience in ladder)


def postgres_dsn(sockets: Path) -> str:
    """Return the URL of the database `majlis`, for asyncpg."""
    # The port is named because asyncpg would take it from PGPORT otherwise.
    return f"postgresql://majlis@/majlis?host={quote(str(sockets), safe='')}&port=5432"


def redis_dsn(path: Path) -> str:
    """Return the URL of the socket `path`, for redis-py."""
    return f"unix://{quote(str(path))}"


def ready_pid(cluster: Path) -> int | None:
    """Return the pid of the postmaster that says it is ready in its pid file (lines 1 and 8)."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    return int(lines[0]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def answers_ping(path: Path) -> bool:
    """Say whether a server on the socket `path` answers; looks for 0.25 s at most, usually for none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.25)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
