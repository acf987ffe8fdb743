"""The facts of this machine, read without changing anything; every function blocks and is called in a thread.

An address is tried by binding it, without listening: nobody can connect, and it is free again at once.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import socket
import stat
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from config import Settings, child_environment
from runtime.doctor.embedded import BinaryFacts, ClusterFacts
from runtime.doctor.machine import DataDirFacts, DescriptorFacts, DiskFacts, descriptors_needed
from runtime.node.sending import REQUESTS_AT_ONCE
from runtime.resources.binaries import Kind, ServerNotFound, look_for_binary
from runtime.resources.data_dir import first_closed, unprivileged_identity
from runtime.serve.place import operator_socket

_NAME_LIMIT = 255  # bytes of one name in a path
_PIN = re.compile(r"([\w.-]+)==([\w.]+)(;.*)?")


def look_at_disk(data_dir: Path) -> DiskFacts:
    """Look at the file system that holds the data directory, or would."""
    found = os.statvfs(_nearest(data_dir))
    inodes = found.f_favail if found.f_files else None
    return DiskFacts(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, inodes)


def look_at_data_dir(settings: Settings) -> DataDirFacts:
    """Look at the data directory, or at where it would be made. Raises StartFailed where root's servers have no user."""
    data_dir = settings.data_dir.absolute()
    nearest = _nearest(data_dir)
    exists = nearest == data_dir
    closed: Path | None = None
    if not (settings.postgres.url and settings.redis.url):
        identity = unprivileged_identity(data_dir)
        closed = first_closed(nearest, identity) if identity else None
    return DataDirFacts(
        path=str(data_dir),
        exists=exists,
        usable=nearest.is_dir()
        and os.access(nearest, os.W_OK | os.X_OK)
        and all(len(os.fsencode(part)) <= _NAME_LIMIT for part in data_dir.parts),
        mode=stat.S_IMODE(data_dir.stat().st_mode) if exists else 0o700,
        longest_socket=len(os.fsencode(operator_socket(data_dir))),
        closed_to_servers=str(closed or ""),
    )


def look_at_descriptors(settings: Settings) -> DescriptorFacts:
    """Look at the limit of open files that a process started from here would have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    least, most = descriptors_needed(settings, REQUESTS_AT_ONCE)
    return DescriptorFacts(None if hard == resource.RLIM_INFINITY else hard, least, most)


def try_port(host: str, port: int) -> int:
    """Bind an address and let it go again; return 0 or the errno of what went wrong."""
    if not port:
        return 0
    bare = host.removeprefix("[").removesuffix("]")
    with socket.socket(socket.AF_INET6 if ":" in bare else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as serve does
        try:
            sock.bind((bare, port))
        except OSError as error:
            return error.errno or -1
    return 0


def look_at_lock(data_dir: Path) -> bool:
    """Say whether a process holds the lock of the data directory, without trying to take it."""
    try:
        inode = (data_dir / "serve.lock").stat().st_ino
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return False
    return any("FLOCK" in lock and lock[-3].rpartition(":")[2] == str(inode) for lock in locks)


def look_for_server(kind: Kind, bindir: str) -> BinaryFacts:
    """Look for the binary that `serve` would start."""
    search_path = child_environment().get("PATH", os.defpath)
    try:
        found = look_for_binary(kind, bindir=bindir, search_path=search_path)
    except ServerNotFound as fault:
        return BinaryFacts(kind, fault=str(fault).partition("Tried: ")[2])
    return BinaryFacts(kind, found.version, found.source)


def look_at_cluster(data_dir: Path) -> ClusterFacts:
    """Look at the embedded cluster. Raises PermissionError where it is another user's."""
    cluster = data_dir / "postgres" / "data"
    try:
        made_by = (cluster / "PG_VERSION").read_text("ascii").strip()
        status = cluster.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ClusterFacts()
    identity = unprivileged_identity(data_dir)
    expected = identity.uid if identity else os.geteuid()
    return ClusterFacts(made_by, status.st_uid, expected, stat.S_IMODE(status.st_mode))


def look_at_packages() -> tuple[str, dict[str, str | None], dict[str, str]]:
    """Return Python's version, and of each package that we pin: the version that is installed, and ours."""
    pinned: dict[str, str] = {}
    with suppress(PackageNotFoundError):  # a bundle holds what it was made with
        for line in requires("majlis") or ():
            if (pin := _PIN.match(line)) and "extra" not in (pin[3] or ""):
                pinned[pin[1]] = pin[2]
    installed: dict[str, str | None] = dict.fromkeys(pinned)
    for name in pinned:
        with suppress(PackageNotFoundError):
            installed[name] = version(name)
    return platform.python_version(), installed, pinned


def replica_of(data_dir: Path) -> str:
    """Return the id of the replica that lives in the data directory, "" where none ever did."""
    try:
        return (data_dir / "replica-id").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest directory above it that exists."""
    return next((place for place in (path, *path.parents) if _is_there(place)), Path("/"))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # not ours to look at, or no path at all
        return False
