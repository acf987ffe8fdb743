"""`majlis` with one of its protections switched off: what is left must be found wanting by a drill.

python -m tests.drills.unprotected PROTECTION serve ...
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import trio

from actors.commands import majlis
from runtime.ingress.receiver import Receiver
from runtime.node.clock import SteadyClock
from runtime.node.shutdown import Phase
from runtime.serve import stopping
from runtime.serve.phases import READINESS_DOWN
from runtime.serve.process import Process


def readiness_last() -> None:
    """Close the listener while readiness is still up."""

    def at_once(process: Process) -> Phase:
        async def work() -> None:
            process.stopping.set()
            await trio.sleep(process.settings.node.ready_delay)

        return Phase(READINESS_DOWN, 1.0, work)

    stopping._not_ready = at_once


def wall_clock_followed() -> None:
    """Let the node's time of day jump with the wall clock."""
    SteadyClock.now = lambda self: self._wall()  # type: ignore[method-assign]


def intake_unbounded() -> None:
    """Keep whoever posts waiting for as long as the database does."""

    begin = Receiver.__init__

    def patient(receiver: Receiver, *args: Any, timeout: float) -> None:
        begin(receiver, *args, timeout=60 * timeout)

    Receiver.__init__ = patient  # type: ignore[method-assign, assignment]


SWITCHES: Mapping[str, Callable[[], None]] = {
    "readiness": readiness_last,
    "steady clock": wall_clock_followed,
    "bounded intake": intake_unbounded,
}

if __name__ == "__main__":
    SWITCHES[sys.argv.pop(1)]()
    majlis()
