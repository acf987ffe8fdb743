"""The data directory as one process's place: its lock, its replica id, and where its operator socket is."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from runtime.resources.data_dir import make_data_dir

_SOCKET_LIMIT = 100  # bytes of a path that every system takes as a socket's address


class PlaceTaken(Exception):
    """Another `serve` runs on this data directory."""


@contextmanager
def locked(data_dir: Path) -> Iterator[str]:
    """Hold the data directory for this process; yield the replica id that lives in it. Raises PlaceTaken.

    The lock is the kernel's and dies with the process; the id is kept, so that a restarted replica takes its own leases
    back at once.
    """
    make_data_dir(data_dir)
    descriptor = os.open(data_dir / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = (os.read(descriptor, 32) or b"?").decode("ascii", "replace").strip()
            raise PlaceTaken(
                f"{data_dir} is in use by another serve (pid {holder}): stop it, or give this one its own data_dir"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield _replica_id(data_dir / "replica-id")
    finally:
        os.close(descriptor)


def _replica_id(path: Path) -> str:
    try:
        known = path.read_text("ascii").strip()
    except FileNotFoundError:
        known = ""
    if not known:
        known = f"r-{uuid4().hex[:12]}"
        draft = path.with_suffix(".new")
        draft.write_text(known + "\n", "ascii")
        draft.replace(path)
    return known


def operator_socket(data_dir: Path) -> Path:
    """Return where the operator socket of a data directory is: in it, unless its path is too long for a socket."""
    path = data_dir.absolute() / "operator.sock"
    if len(os.fsencode(path)) < _SOCKET_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"majlis-{digest}.sock"
