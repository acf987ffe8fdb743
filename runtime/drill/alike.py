"""Trio runs that are alike: same seed, same order of tasks, on a clock that jumps; all else is up to real I/O."""

# ruff: noqa: SLF001 - Trio's order of tasks can be fixed by its own switch for Hypothesis only; Trio is pinned, and the
# tests of the simulation say when another version differs.

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import trio
import trio.testing
from trio._core import _run

R = TypeVar("R")


@contextmanager
def _dice(seed: int) -> Iterator[None]:
    """Let the tasks of Trio runs take turns as this seed says, then as before."""
    state, sorted_first = _run._r.getstate(), _run._ALLOW_DETERMINISTIC_SCHEDULING
    _run._r.seed(seed)
    _run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    try:
        yield
    finally:
        _run._r.setstate(state)
        _run._ALLOW_DETERMINISTIC_SCHEDULING = sorted_first  # type: ignore[misc]


def run_alike(fn: Callable[[], Awaitable[R]], seed: int) -> R:
    """Run an async function in a Trio run of its own, on a virtual clock, and return what it returns.

    Raises what it raises, and RuntimeError inside of another Trio run.
    """
    with _dice(seed):
        return trio.run(fn, clock=trio.testing.MockClock(autojump_threshold=0))
