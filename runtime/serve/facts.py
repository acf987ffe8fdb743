"""What the system knows of this process: since when it runs, and what it takes. Linux; elsewhere some are missing."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_SELF = Path("/proc/self")


def process_facts() -> Mapping[str, float]:
    """Return the facts by name: seconds since 1970, seconds of processor time, bytes, descriptors."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    facts: dict[str, float] = {
        "cpu": used.ru_utime + used.ru_stime,
        "max_fds": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }
    with suppress(OSError, ValueError, IndexError):
        fields = (_SELF / "stat").read_text().rpartition(")")[2].split()  # a name may hold anything
        up = time.clock_gettime(time.CLOCK_BOOTTIME)
        facts["start_time"] = time.time() - up + int(fields[19]) / os.sysconf("SC_CLK_TCK")
        facts["resident_memory"] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        facts["open_fds"] = sum(1 for _ in (_SELF / "fd").iterdir())
    return facts


def build_of(app: str) -> Mapping[tuple[str, str, str], int]:
    """Return which version runs which app on which Python, as labels of a 1."""
    number = "unknown"
    with suppress(PackageNotFoundError):
        number = version("majlis")
    return {(number, app, platform.python_version()): 1}
