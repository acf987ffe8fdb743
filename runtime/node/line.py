"""The line of turns that wait for a transaction of their own: it is not the turn's time that passes there.

Theory of operation: a crowd may want transactions faster than a few connections give them. A turn that gave up and tried
again would cost as much as one that gets on, and thousands would leave those no time; one that was cut there would be
blamed for the crowd. So each keeps its place, first come, first served, and its clock stands still. The line is no longer
than there are cells with a task, how long one stands in it is the pool's to say, and a stop sends all of them away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

import trio

from runtime.resources.errors import ResourceUnavailable


@dataclass(frozen=True)
class LineStatistics:
    """Turns that wait now, and that came through since the start."""

    waiting: int
    served: int


class Line:
    """Who stands in line is known here; the order is the pool's."""

    def __init__(self) -> None:
        self._waiting: dict[trio.CancelScope, None] = {}  # the oldest first
        self._closed = False
        self._served = 0

    @contextmanager
    def place(self, clock: trio.CancelScope | None) -> Iterator[None]:
        """Stop the turn's `clock` while the block waits for its transaction. Raises ResourceUnavailable at a stop."""
        if self._closed:
            raise _stopping()
        left = inf if clock is None else clock.deadline - trio.current_time()
        with trio.CancelScope() as scope:
            self._waiting[scope] = None
            if clock is not None:
                clock.deadline = inf
            try:
                yield
                self._served += 1
            finally:
                del self._waiting[scope]
                if clock is not None:
                    clock.deadline = trio.current_time() + left
        if scope.cancelled_caught:
            raise _stopping()

    def close(self) -> None:
        """Send all away, and whoever comes: the node stops."""
        self._closed = True
        for scope in self._waiting:  # in order: the pool finds each at the head of its line
            scope.cancel()

    def statistics(self) -> LineStatistics:
        """Count."""
        return LineStatistics(len(self._waiting), self._served)


def _stopping() -> ResourceUnavailable:
    return ResourceUnavailable("postgres", "the node stops: no transaction is begun any more")
