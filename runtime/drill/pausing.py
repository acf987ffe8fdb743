"""A server that hangs: its processes are stopped, its sockets stay open, and nobody answers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runtime.resources.children import family


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Stop a process of ours and its children for the length of the block; they go on afterwards, whatever happens."""
    pids = family(pid)
    try:
        for one in pids:
            os.kill(one, signal.SIGSTOP)
        yield
    finally:
        for one in pids:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)
