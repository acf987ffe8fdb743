"""A `serve` whose wall clock can be set while it runs: its own script, in a process whose clock is read through here.

Nobody can set the machine's clock for a rehearsal, and the product has no switch for it. So the process is begun by
this file, `python jumping.py FILE SCRIPT ARGUMENT...`: it puts its own clock in the place of the two that the program
reads (`time.time`, and the wall clock that `serve` gives to its node), each ahead by the seconds that stand in FILE, and
then runs the same SCRIPT with the same arguments. What C code reads by itself (`datetime.now` in file names) does not
jump, nor do the clocks of the databases: those are other machines.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path


def jumping_command(ahead: Path, command: Sequence[str]) -> tuple[str, ...]:
    """Return `command` (a Python, a script) with a wall clock ahead by the seconds in the file `ahead`."""
    python, *words = command
    return (python, str(Path(__file__).absolute()), str(ahead), *words)


def _main() -> None:
    ahead, script = Path(sys.argv[1]), sys.argv[2]
    sys.argv[:] = sys.argv[2:]
    sys.path[0] = str(Path(script).parent)  # as if Python had been given the script itself
    real = time.time

    def jumped() -> float:
        return real() + float(ahead.read_text("ascii"))

    time.time = jumped
    from datetime import UTC, datetime  # noqa: PLC0415 - only now is the path the script's

    import runtime.serve.run  # noqa: PLC0415

    def wall_clock() -> datetime:
        return datetime.fromtimestamp(jumped(), UTC)

    runtime.serve.run.open_node = partial(runtime.serve.run.open_node, now=wall_clock)  # type: ignore[attr-defined]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _main()
