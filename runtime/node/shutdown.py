"""Shutdown as a table: named phases, in order, each with a budget, under one deadline.

Knows no phase's work; `run_phases` is told what to await. A phase that passes its budget is left behind: whatever it was
waiting for is durable, and cancelling it is the business of the nursery that it lives in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
import trio

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Phase:
    """A step of the shutdown. `share` is its part of the whole budget; what is left over goes to the next ones."""

    name: str
    share: float
    work: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class PhaseReport:
    """How a phase went: seconds taken, and whether it ended by itself."""

    name: str
    seconds: float
    finished: bool


async def run_phases(
    phases: Sequence[Phase], budget: float, begun: Callable[[str], None] = lambda _name: None
) -> Sequence[PhaseReport]:
    """Run the phases in order within `budget` seconds; a phase's fault is logged and the next one begins.

    `begun` is told the name of each when it begins.
    Cancelled, it stops where it is: leave the rest to those who cancel.
    """
    deadline = trio.current_time() + budget
    reports = []
    saved = 0.0
    for phase in phases:
        started = trio.current_time()
        begun(phase.name)
        mine = max(0.0, min(deadline - started, budget * phase.share + saved))
        finished = False
        with trio.move_on_after(mine):
            try:
                await phase.work()
                finished = True
            except* Exception as group:  # noqa: BLE001 - the boundary: the next phase must have its turn
                _log.error(
                    "shutdown phase failed", phase=phase.name, faults=[str(e) for e in group.exceptions]
                )
        seconds = trio.current_time() - started
        saved = max(0.0, mine - seconds)
        _log.info("shutdown phase", phase=phase.name, seconds=round(seconds, 3), finished=finished)
        reports.append(PhaseReport(phase.name, seconds, finished))
    return reports
