"""As process 1 of a container: children that somebody else left behind end in our arms, and must be reaped.

A zombie of our own is waited for by whoever started it, at once; so what is a zombie at two looks is nobody's. Does
nothing where we are not process 1.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import trio

EVERY = 2.0
"""Seconds between two looks."""


@dataclass
class OrphanStatistics:
    """Orphans reaped."""

    reaped: int = 0


def zombies_of(parent: int, proc: Path = Path("/proc")) -> set[int]:
    """Return the ids of the ended, unreaped children of a process."""
    found = set()
    for entry in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            # "pid (comm) state ppid ...": comm may hold anything, a closing parenthesis too
            state, ppid = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state == "Z" and int(ppid) == parent:
                found.add(int(entry.name))
    return found


class Orphans:
    """The looks of one process."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._counts = OrphanStatistics()

    def statistics(self) -> OrphanStatistics:
        """Return the count."""
        return self._counts

    def look(self) -> None:
        """Reap what was a zombie at the look before, too."""
        zombies = zombies_of(os.getpid())
        for pid in zombies & self._seen:
            with contextlib.suppress(ChildProcessError):  # its owner was first
                self._counts.reaped += os.waitpid(pid, os.WNOHANG)[0] == pid
        self._seen = zombies

    async def run(self) -> None:
        """Look until cancelled, as process 1; else return at once."""
        while os.getpid() == 1:
            self.look()
            await trio.sleep(EVERY)
