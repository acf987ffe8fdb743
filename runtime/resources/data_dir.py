"""The data directory of the embedded servers: who owns what in it, and where their sockets are.

    postgres/data   the cluster: the only thing here that must be kept
    redis/          the working directory of Valkey, empty
    run/            the sockets; a link to a short directory where the path does not fit a socket address
    log/            what the servers print, of this run and the one before
    runtime/        copied binaries, only where root's servers could not reach the originals

What a server is, this module does not know. The lock of the directory is its caller's.
"""

import contextlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

_SOCKET_PATH_LIMIT = 104  # bytes: what macOS holds; Linux holds 108


class StartFailed(RuntimeError):
    """An embedded server could not be started; the message has the reason and the end of its log."""


class DataDirUnusable(StartFailed):
    """The data directory cannot be used by these servers; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a server runs as: numeric ids, and a name for messages."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class ServerHome:
    """An opened data directory: where the servers work and as whom (None: as we are)."""

    data_dir: Path
    identity: Identity | None
    sockets: Path

    def own_directory(self, name: str) -> Path:
        """Return `data_dir/name`, made for the servers' user alone if it was missing."""
        return _own_directory(self.data_dir / name, self.identity)

    def fresh_log(self, name: str) -> Path:
        """Return the path of a new log; the one of the run before is kept as `.1`."""
        path = self.data_dir / "log" / name
        with contextlib.suppress(FileNotFoundError):
            path.replace(path.with_name(path.name + ".1"))
        return path


def open_home(data_dir: Path) -> ServerHome:
    """Make what is missing of `data_dir` and say how servers use it.

    Raises DataDirUnusable where root's servers, who are not root, cannot reach it: nothing that exists is
    chmodded.
    """
    data_dir = data_dir.absolute()
    make_data_dir(data_dir)
    identity = unprivileged_identity(data_dir)
    if identity and (closed := first_closed(data_dir, identity)):
        raise DataDirUnusable(
            f"as root, the servers run as {identity.name}, who may not pass {closed}. Choose a data_dir "
            f"outside of it (root's default is /var/lib/majlis), or: chmod o+x {closed}"
        )
    (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
    return ServerHome(data_dir, identity, _make_sockets(data_dir, identity))


def make_data_dir(path: Path) -> None:
    """Create `path` and what is missing above it, 0700; 0711 for root, whose servers are another user.

    Raises DataDirUnusable where that is not possible, or nothing can be written there.
    """
    try:
        for directory in (*reversed(path.absolute().parents), path):
            with contextlib.suppress(FileExistsError):
                directory.mkdir(mode=0o700)
                if os.geteuid() == 0:
                    directory.chmod(0o711)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as fault:
        raise DataDirUnusable(
            f"data_dir {path} cannot be used: {fault.strerror}; set one that this user may write to"
        ) from fault


def sockets_of(data_dir: Path) -> Path:
    """Return where the sockets of `data_dir` are, whether or not a server runs."""
    run = data_dir.absolute() / "run"
    return run.readlink() if run.is_symlink() else run


def unprivileged_identity(data_dir: Path) -> Identity | None:
    """Say whom the servers run as. PostgreSQL refuses root; who owns a cluster already goes on owning it."""
    if os.geteuid() != 0:
        return None
    for path in (data_dir / "postgres", data_dir / "redis"):
        with contextlib.suppress(OSError):  # not there, or below what is no directory
            status = path.stat()
            if status.st_uid != 0:
                return Identity(status.st_uid, status.st_gid, f"uid {status.st_uid}")
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Identity(entry.pw_uid, entry.pw_gid, name)
    raise StartFailed("as root, the servers need a user postgres or nobody to run as, and there is neither")


def first_closed(path: Path, identity: Identity) -> Path | None:
    """Return the first directory of `path`, which must exist, that `identity` may not pass; None if it may pass all."""
    for directory in (*reversed(path.parents), path):
        status = directory.stat()
        shift = 6 if status.st_uid == identity.uid else 3 if status.st_gid == identity.gid else 0
        if not status.st_mode >> shift & 1:
            return directory
    return None


def _make_sockets(data_dir: Path, identity: Identity | None) -> Path:
    run = data_dir / "run"
    fits = len(os.fsencode(run / ".s.PGSQL.5432")) < _SOCKET_PATH_LIMIT
    if fits and "," not in str(run):  # PostgreSQL and asyncpg both read a comma as "and another host"
        return _own_directory(run, identity)
    if run.is_symlink():
        if _is_private(run.readlink(), identity):
            return run.readlink()
        run.unlink()
    usual = tempfile.gettempdir()
    parent = usual if len(os.fsencode(usual)) < 60 else "/tmp"  # noqa: S108 - mkdtemp makes it private
    short = Path(tempfile.mkdtemp(prefix="majlis-", dir=parent))
    _give(short, identity)
    run.symlink_to(short)
    return short


def _is_private(path: Path, identity: Identity | None) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    owner = identity.uid if identity else os.geteuid()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077


def _own_directory(path: Path, identity: Identity | None) -> Path:
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        _give(path, identity)
    return path


def _give(path: Path, identity: Identity | None) -> None:
    if identity:
        os.chown(path, identity.uid, identity.gid)
