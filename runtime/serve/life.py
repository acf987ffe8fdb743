"""What one life of a process went through, phase after phase, and the report that is left of it.

One phase is on at a time: the next one's beginning ends it. A life knows its last moment, too: once it stops, all that
closes asks it how many seconds are left. It knows no phase's work and no signal.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from math import inf, isfinite
from pathlib import Path

import msgspec
import structlog
import trio

from runtime.node.shutdown import PhaseReport
from runtime.serve.phases import START
from runtime.serve.redaction import mask

_log = structlog.get_logger(__name__)

DRAINED, FAULT, LEFT_DURABLE = 0, 1, 3


class Report(msgspec.Struct, kw_only=True):
    """The file of `--report`; README has it under "Stopping and starting". Times are in seconds."""

    format: int = 1
    outcome: str = "starting"
    exit_code: int | None = None
    reason: str = ""
    app: str = ""
    replica: str = ""
    pid: int
    began: str
    signal: str = ""
    ready_after: float | None = None
    stop_budget: float | None = None
    stop_seconds: float | None = None
    start: list[PhaseReport] = []
    stop: list[PhaseReport] = []


def nothing_left() -> Mapping[str, int]:
    """Count nothing."""
    return {}


class Life:
    """The phases of one process; tell it of each, and at the end how it ended."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`path`: where the report is kept; it is written at the start, when ready, and at the end."""
        self._path = path
        self._clock = clock
        self._began = clock()
        self._stop_began = self._stop_by = inf
        self._phase = ""
        self._phase_began = 0.0
        self.forced = 0
        """The exit code that a second signal has asked for; 0 without one."""
        self.stopping = trio.Event()
        """Set once there is a last moment."""
        self.last_word: Callable[[], None] = lambda: None
        """What is still to be done when the deadline has passed; it must not wait."""
        self.report = Report(pid=os.getpid(), began=datetime.now(UTC).isoformat(timespec="milliseconds"))

    def statistics(self) -> Mapping[str, float]:
        """Return how many seconds each phase of the start took, by its name."""
        return {phase.name: phase.seconds for phase in self.report.start}

    # ── phases ────────────────────────────────────────────────────────

    def begin(self, phase: str) -> None:
        """A phase begins; the one before has ended by itself."""
        self.end()
        self._phase, self._phase_began = phase, self._clock()

    def end(self, *, finished: bool = True, left: Mapping[str, int] | None = None) -> None:
        """The phase that is on, if one is, has ended, `finished` or not, and this is what it `left`."""
        if self._phase:
            seconds, phase, self._phase = self._clock() - self._phase_began, self._phase, ""
            self.went(PhaseReport(phase, round(seconds, 3), finished, left or {}))

    def went(self, phase: PhaseReport) -> None:
        """A phase has ended, as somebody else has measured."""
        if phase.name == self._phase:
            self._phase = ""
        words = "start phase" if phase.name in START else "shutdown phase"
        (self.report.start if phase.name in START else self.report.stop).append(phase)
        _log.info(words, phase=phase.name, seconds=phase.seconds, finished=phase.finished, **phase.left)

    @asynccontextmanager
    async def closing(
        self, phase: str, left: Callable[[], Mapping[str, int]] = nothing_left
    ) -> AsyncIterator[AsyncExitStack]:
        """Yield a stack whose closing is a phase of the stop; `left` is asked when all of it is closed.

        It closes as any stack does, however the block ends: what is pushed bounds its own closing.
        """
        try:
            async with AsyncExitStack() as parts:
                try:
                    yield parts
                finally:
                    self.end(finished=self.report.ready_after is not None)  # a start that failed ends here
                    self.begin(phase)
        finally:
            self.end(left=left())

    # ── the one deadline ──────────────────────────────────────────────

    def stop_within(self, seconds: float) -> None:
        """It stops, and all is over in so many seconds; an earlier moment that was named before stays."""
        now = self._clock()
        if not isfinite(self._stop_by):
            self._stop_began = now
            self.report.stop_budget = seconds
        self._stop_by = min(self._stop_by, now + seconds)
        self.stopping.set()

    def left(self) -> float:
        """Return the seconds until all must be over; infinite while nobody stops it."""
        return self._stop_by - self._clock()

    # ── the report ────────────────────────────────────────────────────

    def ready(self) -> None:
        """It is ready."""
        self.end()
        self.report.ready_after = round(self._clock() - self._began, 3)
        self.report.outcome = "running"
        self.write()

    def ended(self, code: int, reason: str = "") -> None:
        """It ends with this exit code; `reason`: why it could not start or go on."""
        self.end(finished=False)
        report = self.report
        report.exit_code, report.reason = code, mask(reason)
        report.outcome = outcome_of(code, was_ready=report.ready_after is not None)
        if isfinite(self._stop_began):
            report.stop_seconds = round(self._clock() - self._stop_began, 3)
        self.write()

    def write(self) -> None:
        """Write the report, whole or not at all: to a file beside it, which then takes its place.

        A fault at the first time is raised as OSError; later it is logged, for the report is worth no process.
        """
        if self._path is None:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(self.report)) + b"\n")
            draft.replace(self._path)
        except OSError as fault:
            if self.report.outcome == "starting":
                raise
            _log.error("report not written", file=str(self._path), reason=fault.strerror)


def outcome_of(code: int, *, was_ready: bool) -> str:
    """Return in a word or two what an exit code says."""
    match code:
        case 0:
            return "drained" if was_ready else "stopped while starting"
        case 3:
            return "work left"
        case 130 | 143:
            return "forced"
        case _:
            return "failed" if was_ready else "not started"
