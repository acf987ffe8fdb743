"""A small disk of a drill's own, in memory, that can be filled up and freed again. Linux, and root alone.

Somebody else could mount one only where PostgreSQL, then the root of a namespace of its own, refuses to run.
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BALLAST = "ballast"
_LARGEST, _SMALLEST = 1 << 22, 1 << 12
_NOSUID_NODEV = 2 | 4
_DETACH = 2


class NoSmallDisk(Exception):
    """None can be made here; the message says why."""


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a disk of this size while the block runs; everybody may pass through it. Raises NoSmallDisk."""
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.TemporaryDirectory(prefix="majlis-disk-") as name:
        options = f"size={megabytes}m,mode=711".encode()
        if libc.mount(b"tmpfs", name.encode(), b"tmpfs", _NOSUID_NODEV, options) != 0:
            fault = os.strerror(ctypes.get_errno())
            raise NoSmallDisk(
                f"a small disk cannot be mounted ({fault}): only root may, outside of most containers"
            )
        try:
            yield Path(name)
        finally:
            libc.umount2(name.encode(), _DETACH)


def fill_up(disk: Path) -> int:
    """Take all the space that is left; return how many bytes that was."""
    descriptor = os.open(disk / _BALLAST, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        taken, step = os.fstat(descriptor).st_size, _LARGEST
        while step >= _SMALLEST:
            try:
                os.posix_fallocate(descriptor, taken, step)
                taken += step
            except OSError as fault:
                if fault.errno != errno.ENOSPC:
                    raise
                step //= 2
    finally:
        os.close(descriptor)
    return taken


def free_up(disk: Path) -> None:
    """Give the space back."""
    (disk / _BALLAST).unlink(missing_ok=True)
