"""What others see of this process: sessions at the database, clients at Redis, and its own descriptors, threads, tasks.

Each function takes one look; none of them judges. Statements are told with their literals masked, as they may hold
what people wrote.
"""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import trio

from runtime.resources.postgres import PostgresPool
from runtime.resources.redis import RedisPool

_LONGEST_QUERY = 80
_PATIENCE = 5.0  # seconds for one look at a server
_LITERAL = re.compile(r"'(?:[^']|'')*'?|\$\w*\$.*|\b\d+\b", re.DOTALL)
_NUMBER = re.compile(r":\[\d+\]$")
_OWN_CACHE = "Trio thread "  # an idle thread of Trio's cache; one that works has the name of its work


class Session(msgspec.Struct, frozen=True):
    """One connection as its server sees it; `told` says what it does."""

    name: str
    told: str
    running: bool = False
    """A statement runs, or a command blocks."""
    in_transaction: bool = False
    advisory_locks: int = 0


@cache
def _sessions_sql() -> str:
    return (files(__package__) / "sql" / "sessions.sql").read_text("utf-8")


async def postgres_sessions(watch: PostgresPool, prefix: str) -> list[Session]:
    """Return the sessions whose application_name begins with `prefix`, without the one that looks."""
    rows = await watch.fetch(_sessions_sql(), prefix, timeout=_PATIENCE)
    return [
        Session(
            row["name"],
            f"pid {row['pid']} {row['state'] or 'starting'}: {masked(row['query'])}",
            row["state"] in {"active", "fastpath function call"},
            row["in_transaction"],
            row["advisory_locks"],
        )
        for row in rows
    ]


def masked(query: str) -> str:
    """Return the beginning of a statement on one line, every literal in it as "?"."""
    return " ".join(_LITERAL.sub("?", query).split())[:_LONGEST_QUERY]


async def redis_clients(watch: RedisPool, prefix: str) -> list[Session]:
    """Return the clients whose name begins with `prefix`."""
    listed = await watch.command("CLIENT", "LIST", timeout=_PATIENCE)
    return list(parse_clients(listed.decode(), prefix)) if isinstance(listed, bytes) else []


def parse_clients(listed: str, prefix: str) -> Iterator[Session]:
    """Yield those of CLIENT LIST's lines whose name begins with `prefix`."""
    for line in listed.splitlines():
        facts = dict(word.partition("=")[::2] for word in line.split())
        name = facts.get("name", "")
        if not name.startswith(prefix):
            continue
        blocked = "b" in facts.get("flags", "")
        told = f"id {facts.get('id')} {'blocked in' if blocked else 'last'} {facts.get('cmd', '?')}"
        yield Session(name, told, blocked, facts.get("multi", "-1") != "-1")


def open_descriptors() -> Counter[str]:
    """Count this process's descriptors by what they are: a path, "socket", "pipe", "anon_inode:[eventpoll]". Linux only.

    Those of /dev/null are left out: they hold nothing, and uvloop keeps one as a spare from a loop's first socket on.
    """
    found: Counter[str] = Counter()
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 (its own descriptor is among them, and gone below)
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")  # noqa: PTH115 (what it names need not be a path)
        except FileNotFoundError:
            continue
        found[_NUMBER.sub("", target)] += 1
    del found[os.devnull]
    return found


def living_threads() -> Counter[str]:
    """Count this process's threads by name, idle ones of Trio's cache left out: they end by themselves."""
    return Counter(t.name for t in threading.enumerate() if not t.name.startswith(_OWN_CACHE))


def tasks_below(root: trio.lowlevel.Task) -> Counter[str]:
    """Count the tasks that descend from `root`, itself included, by name."""
    found: Counter[str] = Counter()
    rest = [root]
    while rest:
        task = rest.pop()
        found[task.name] += 1
        rest += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return found


def time_on_cores() -> tuple[float, float]:
    """Return the seconds that this process's threads ran, and those that they waited for a core. Linux only."""
    ran = waited = 0
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # the thread has just ended
            words = path.read_text("ascii").split()
            ran, waited = ran + int(words[0]), waited + int(words[1])
    return ran / 1e9, waited / 1e9


def files_below(directory: Path) -> frozenset[str]:
    """Return the files and directories below a directory, by their path in it."""
    return frozenset(str(path.relative_to(directory)) for path in directory.rglob("*"))
