"""Shutdown as a table: named phases, in order, each with a budget, under one deadline.

Knows no phase's work; `run_phases` is told what to await, and whom to tell. A phase that passes its budget is cancelled:
whatever it was waiting for is durable, and what it has to cut in its turn is its own business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import structlog
import trio

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Phase:
    """A step of the shutdown. `share` is its part of the whole budget; what is left over goes to the next ones.

    `most`: seconds that it may take, whatever was left over; for work that has little use of more. `left` is asked at its
    end, however it came: what it leaves, in numbers.
    """

    name: str
    share: float
    work: Callable[[], Awaitable[None]]
    left: Callable[[], Mapping[str, int]] = dict
    most: float = inf


@dataclass(frozen=True)
class PhaseReport:
    """How a phase went: seconds taken, whether it ended by itself, and what it left, in numbers."""

    name: str
    seconds: float
    finished: bool
    left: Mapping[str, int] = field(default_factory=dict)


async def run_phases(
    phases: Sequence[Phase],
    budget: float,
    *,
    begun: Callable[[str], None] = lambda _name: None,
    ended: Callable[[PhaseReport], None] = lambda _report: None,
) -> Sequence[PhaseReport]:
    """Run the phases in order within `budget` seconds; a phase's fault is logged and the next one begins.

    `begun` is told the name of each when it begins, `ended` how it went.
    Cancelled, it tells of the phase that it was in and stops there: leave the rest to those who cancel.
    """
    deadline = trio.current_time() + budget
    reports = []
    saved = 0.0
    for phase in phases:
        started = trio.current_time()
        begun(phase.name)
        mine = max(0.0, min(deadline - started, budget * phase.share + saved))
        finished = False
        try:
            with trio.move_on_after(min(mine, phase.most)):
                try:
                    await phase.work()
                    finished = True
                except* Exception as group:  # noqa: BLE001 - the boundary: the next phase must have its turn
                    _log.error(
                        "shutdown phase failed", phase=phase.name, faults=[str(e) for e in group.exceptions]
                    )
        finally:
            seconds = trio.current_time() - started
            reports.append(PhaseReport(phase.name, round(seconds, 3), finished, phase.left()))
            ended(reports[-1])
        saved = max(0.0, mine - seconds)
    return reports
