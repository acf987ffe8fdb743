"""The tree of Trio tasks of this process as text: who waits where, under which deadline, in which nursery.

Theory of operation: the tree is walked in slices of milliseconds, between which all others have their turn; so it shows
no single moment, but it holds nobody up. Tasks of one nursery that are of one kind and wait at the same place are
one line with their number, so that a hundred thousand cells are a page. Names of tasks and places in files are all that
is told.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog
import trio

from runtime.resources.beside import beside
from runtime.resources.bridge import Bridge
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.stacks import loop_tasks, places, thread_stacks

_log = structlog.get_logger(__name__)
T = TypeVar("T")

SLICE = 0.002
"""Seconds of walking after which others have their turn."""
TASKS = 200_000
"""Tasks that are looked at; more are only counted."""
LINES = 2000
"""Lines of one dump."""
_KINDS = 40  # of lines for one nursery
_NAMED = 3
_DEEPEST = 40  # levels of the tree, tasks and nurseries by turns
_BRIDGE = 1.0  # seconds for the bridge's loop to answer


class Dump(msgspec.Struct, frozen=True):
    """One look: how many tasks, how long it took, the longest pause that it made for others, and the text."""

    tasks: int
    seconds: float
    longest_pause: float
    lines: Sequence[str]


@dataclass
class _Line:
    """One line of the tree: a nursery, or tasks that are alike. What is alike is one line: see `alike`."""

    depth: int
    kind: str
    number: int
    where: str
    names: list[str]
    soonest: float

    @property
    def alike(self) -> tuple[int, str, int, str]:
        """What two lines have in common that may be one: neither names nor deadlines."""
        return self.depth, self.kind, self.number, self.where

    def join(self, other: _Line) -> None:
        """Take the names and the deadline of another one that is alike."""
        self.names = [*self.names, *other.names][:_NAMED]
        self.soonest = min(self.soonest, other.soonest)

    @property
    def text(self) -> str:
        """The line as it is shown."""
        who = ", ".join(self.names) or self.kind
        if self.number > 1 and self.names:
            who = f"{self.number} x {who}{', ...' if self.number > len(self.names) else ''}"
        return f"{'  ' * self.depth}{who}{_due(self.soonest)}{self.where and f': {self.where}'}"


class _Walk:
    """One walk through the tree, in steps: each yield is a place to pause."""

    def __init__(self) -> None:
        self.seen = 0

    def task(self, task: trio.lowlevel.Task, depth: int = 0) -> Generator[None, None, list[_Line]]:
        """Return the lines of a task and of what is below it."""
        self.seen += 1
        yield
        where = " < ".join(places(task.iter_await_frames())) or "not started, or ended"
        lines = [_Line(depth, task.name.partition(" ")[0], 1, where, [task.name], _deadline(task))]
        for nursery in list(task.child_nurseries):
            lines += yield from self._nursery(nursery, depth + 1)
        return lines

    def _nursery(self, nursery: trio.Nursery, depth: int) -> Generator[None, None, list[_Line]]:
        children = list(nursery.child_tasks)
        groups: dict[tuple[object, ...], list[_Line]] = {}
        looked_at = 0
        for child in children:
            if depth >= _DEEPEST or self.seen >= TASKS:
                break
            looked_at += 1
            below = yield from self.task(child, depth + 1)
            known = groups.setdefault(tuple(line.alike for line in below), below)
            if known is not below:
                for line, other in zip(known, below, strict=True):
                    line.join(other)
                known[0].number += 1
        scope = nursery.cancel_scope
        head = f"nursery of {len(children)}{_scope(scope)}"
        lines = [_Line(depth, head, 1, "", [], scope.deadline)]
        shown = sorted(groups.values(), key=lambda group: -group[0].number)
        for group in shown[:_KINDS]:
            lines += group
        more = sum(group[0].number for group in shown[_KINDS:])
        for number, told in ((more, "other kinds"), (len(children) - looked_at, "not looked at")):
            if number:
                lines.append(_Line(depth + 1, f"{number} more, {told}", 1, "", [], inf))
        return lines


def _scope(scope: trio.CancelScope) -> str:
    """Tell of a nursery's scope what is not as usual."""
    told = [word for word, holds in (("shielded", scope.shield), ("cancelled", scope.cancel_called)) if holds]
    return f" ({', '.join(told)})" if told else ""


def _deadline(task: trio.lowlevel.Task) -> float:
    """Return the moment at which a task will be cancelled, as far as is known now.

    Trio shows other tasks' scopes to nobody; where a version of it keeps them elsewhere, no deadline is told.
    """
    status: Any = getattr(task, "_cancel_status", None)
    find: Callable[[], float] | None = getattr(status, "effective_deadline", None)
    return find() if find is not None else inf


def _due(deadline: float) -> str:
    if deadline == -inf:
        return " (cancelled)"
    return f" ({deadline - trio.current_time():.1f} s left)" if isfinite(deadline) else ""


async def look(bridge: Bridge | None) -> Dump:
    """Look at all tasks of this process, those of the bridge's loop and the threads. Cancelled, it just ends."""
    began = time.perf_counter()
    walk = _Walk()
    root = trio.lowlevel.current_root_task()
    lines, longest = await _in_slices(walk.task(root)) if root is not None else ([], 0.0)
    told = [line.text for line in lines]
    told += ["", *_numbered("asyncio", await _of_bridge(bridge))]
    told += ["", *(f"thread {name}: {' < '.join(where)}" for name, where in thread_stacks())]
    if len(told) > LINES:
        told = [*told[:LINES], f"{len(told) - LINES} more lines"]
    return Dump(walk.seen, round(time.perf_counter() - began, 4), round(longest, 4), told)


async def _in_slices(steps: Generator[None, None, T]) -> tuple[T, float]:
    """Run steps to their end, with a pause for others after each slice; return the result and the longest slice."""
    longest = 0.0
    began = time.perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result, max(longest, time.perf_counter() - began)
        spent = time.perf_counter() - began
        if spent > SLICE:
            longest = max(longest, spent)
            await trio.lowlevel.checkpoint()
            began = time.perf_counter()


async def _of_bridge(bridge: Bridge | None) -> Sequence[tuple[str, ...]]:
    if bridge is None:
        return ()
    with trio.move_on_after(_BRIDGE):
        try:
            return await bridge.run(loop_tasks)
        except ResourceUnavailable:
            return ()
    return [(f"the loop has not answered for {_BRIDGE:g} s; its thread says where it is",)]


def _numbered(name: str, stacks: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for where, number in Counter(stacks).most_common(_KINDS):
        yield f"{name} {number} x: {' < '.join(where)}"


class TaskWatch:
    """Writes a dump to a file at each SIGUSR1, one after the other; `bridge` is there once it is open."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "log" / "tasks.txt"
        self.bridge: Bridge | None = None
        self.dumps = 0

    def statistics(self) -> Mapping[str, int]:
        """Return how many dumps were written."""
        return {"dumps": self.dumps}

    async def look(self) -> Dump:
        """Look now."""
        return await look(self.bridge)

    async def _heed(self, signals: AsyncIterator[int]) -> None:
        async for _ in signals:
            dump = await self.look()
            try:
                self._write(dump)
            except OSError as error:
                _log.error("tasks not written", file=str(self._path), reason=error.strerror)

    def _write(self, dump: Dump) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        if self._path.exists():
            self._path.replace(self._path.with_name("tasks.txt.1"))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(dump.lines) + "\n")
        self.dumps += 1
        _log.info("tasks written", file=str(self._path), tasks=dump.tasks, seconds=dump.seconds)


@asynccontextmanager
async def watching_tasks(data_dir: Path) -> AsyncIterator[TaskWatch]:
    """Heed SIGUSR1 for the length of the block. Call on the main thread."""
    watch = TaskWatch(data_dir)
    with trio.open_signal_receiver(signal.SIGUSR1) as signals:

        async def heed() -> None:
            await watch._heed(signals)  # noqa: SLF001 - the other half of this module

        async with beside(heed):
            yield watch
