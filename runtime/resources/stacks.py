"""Where suspended code waits, as places in files: of Trio tasks, of asyncio tasks, of threads. Never what it holds.

A place is `folder/file.py:line function`. Local variables, arguments and texts are not looked at.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import FrameType
from typing import Any

_INNERMOST = 4
_DEEPEST = 1000  # frames that are walked
_PARTS = 3  # of a path
_TRAPS = "trio/_core/_traps.py"  # where every task of Trio waits in the end


def places(frames: Iterable[tuple[FrameType, int]]) -> tuple[str, ...]:
    """Return the innermost places of a stack that is given from the outside in, the innermost first."""
    innermost = deque(
        (pair for pair in islice(frames, _DEEPEST) if not pair[0].f_code.co_filename.endswith(_TRAPS)),
        _INNERMOST,
    )
    return tuple(_place(frame, line) for frame, line in reversed(innermost))


def _place(frame: FrameType, line: int) -> str:
    code = frame.f_code
    path = "/".join(code.co_filename.split("/")[-_PARTS:])
    return f"{path}:{line} {code.co_name}"


def suspended(awaitable: Any) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a coroutine, or of what it awaits in turn, from the outside in."""
    while awaitable is not None:
        for prefix, awaited in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
            frame = getattr(awaitable, f"{prefix}_frame", None)
            if frame is not None:
                yield frame, frame.f_lineno
                awaitable = getattr(awaitable, awaited)
                break
        else:
            return


async def loop_tasks() -> Sequence[tuple[str, ...]]:
    """Return where each task of the running asyncio loop waits, but for the one that asks. Run it on the bridge."""
    asking = asyncio.current_task()
    return [places(suspended(task.get_coro())) for task in asyncio.all_tasks() if task is not asking]


def thread_stacks() -> Sequence[tuple[str, tuple[str, ...]]]:
    """Return the names of all threads, and where each is at this moment."""
    frames = sys._current_frames()  # noqa: SLF001 - there is no other way to look at a thread
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return [(names.get(ident, "?"), places(_outside_in(frame))) for ident, frame in frames.items()]


def _outside_in(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    found: list[tuple[FrameType, int]] = []
    while frame is not None and len(found) < _DEEPEST:
        found.append((frame, frame.f_lineno))
        frame = frame.f_back
    yield from reversed(found)
