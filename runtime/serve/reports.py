"""What a process tells its supervisor, and when: a synchronous machine that is told the time and returns datagrams.

The words are sd_notify's. Knows no socket and no clock.

Starting: the start may take longer, as long as the loops beat: a new version may look through a million states first.
Ready: READY=1 once, then a sign of life at half of the watchdog's time. Stopping: more time is asked for, piece by piece,
up to the budget of the stop; what goes on beyond it is the supervisor's to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite

from runtime.ingress.admin import Readiness

#: Seconds that are asked for at once while starting or stopping; each beat asks again.
EXTENSION = 15.0
#: Seconds after the deadline of a stop in which the process itself ends.
CLOSING = 5.0
_LONGEST = 200  # characters of a status


def status_of(readiness: Readiness | None) -> str:
    """Return the state of the process in one line, for `systemctl status`."""
    if readiness is None:
        return "starting"
    bad = [f"{name}: {check.reason}" for name, check in readiness.checks.items() if check.status != "ok"]
    told = "; ".join(bad)
    if readiness.phase == "serving":
        kind = "degraded" if readiness.ready else "not ready"
        line = f"serving, {kind} ({told})" if told else "serving"
    else:
        line = f"{readiness.phase} ({told})" if told and readiness.accepting else readiness.phase
    return "".join(c if c.isprintable() else " " for c in line)[:_LONGEST]


class Reports:
    """The reports of one process. Times are in seconds, of any clock that does not jump."""

    def __init__(self, watchdog: float = 0.0) -> None:
        self._half = watchdog / 2 if watchdog else inf
        self._signed = -inf  # when it last said WATCHDOG=1
        self._status = ""
        self.ready = False
        self._stop_by = inf
        self._stopping = False

    @property
    def every(self) -> float:
        """Seconds between two beats."""
        return min(0.5, self._half / 2)

    def beat(self, now: float, readiness: Readiness | None, alive: bool) -> Iterator[str]:
        """Yield what is due now. `alive`: all loops beat, as `/livez` says; without it nothing asks for time."""
        status = status_of(readiness)
        if status != self._status:
            self._status = status
            yield f"STATUS={status}"
        if readiness is not None and readiness.phase == "serving" and readiness.ready and not self.ready:
            self.ready = True
            yield f"READY=1\nSTATUS={status}"
        if not alive:
            return
        if self._stopping:
            if (left := self._stop_by - now) > 0:
                yield _extend(min(EXTENSION, left))
        elif not self.ready:
            yield _extend(EXTENSION)
        if isfinite(self._half) and now - self._signed >= self._half:
            self._signed = now
            yield "WATCHDOG=1"

    def stopping(self, now: float, budget: float) -> Iterator[str]:
        """Yield that it stops, which may take `budget` seconds and the time to close what is open."""
        self._stopping = True
        self._stop_by = now + budget + CLOSING
        self._status = "draining"
        yield f"STOPPING=1\nSTATUS=draining\n{_extend(min(EXTENSION, budget + CLOSING))}"

    def reloading(self, monotonic: float) -> Iterator[str]:
        """Yield that settings are being read; `monotonic`: the system's CLOCK_MONOTONIC. Only once ready."""
        if self.ready and not self._stopping:
            yield f"RELOADING=1\nMONOTONIC_USEC={monotonic * 1e6:.0f}"

    def reloaded(self, fault: bool) -> Iterator[str]:
        """Yield that the settings were read; with a `fault` the old ones go on."""
        if self.ready and not self._stopping:
            self._status = "serving; the settings were not reloaded, see the log" if fault else "serving"
            yield f"READY=1\nSTATUS={self._status}"


def _extend(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}"
