"""`majlis` with one of its protections switched off: what is left must be found wanting by a drill.

python -m tests.drills.unprotected PROTECTION serve ...
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import trio

from actors.commands import majlis
from runtime.node.shutdown import Phase
from runtime.serve import stopping
from runtime.serve.process import Process


def readiness_last() -> None:
    """Close the listener while readiness is still up."""

    def at_once(process: Process) -> Phase:
        async def work() -> None:
            process.stopping.set()
            await trio.sleep(process.settings.node.ready_delay)

        return Phase(stopping.STOP_STEPS[0], 1.0, work)

    stopping._not_ready = at_once


SWITCHES: Mapping[str, Callable[[], None]] = {"readiness": readiness_last}

if __name__ == "__main__":
    SWITCHES[sys.argv.pop(1)]()
    majlis()
