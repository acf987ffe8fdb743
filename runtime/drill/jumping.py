"""A `serve` whose wall clock can be set while it runs: its own script, in a process whose clock is read through here.

Nobody can set the machine's clock for a rehearsal, and the product has no switch for it. So the process is begun by
this file, `python jumping.py FILE WORD...`: it puts its own clock in the place of the two that the program
reads (`time.time`, and the wall clock that `serve` gives to its node), each ahead by the seconds that stand in FILE, and
then runs the words that Python would have been given. What C code reads by itself (`datetime.now` in file names) does not
jump, nor do the clocks of the databases: those are other machines.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path


class NotPython(Exception):
    """The program cannot be begun from here; the message says why."""


def jumping_command(ahead: Path, command: Sequence[str]) -> tuple[str, ...]:
    """Return `command` with a wall clock ahead by the seconds in the file `ahead`. Raises NotPython: it is no Python."""
    first, *words = command
    if getattr(sys, "frozen", False):
        raise NotPython("the single file begins no other script: its clock cannot be set")
    if first != sys.executable:
        with Path(first).open("rb") as script:
            line = script.readline(200)
        if not (line.startswith(b"#!") and b"python" in line):
            raise NotPython(f"{Path(first).name} is no Python script: its clock cannot be set")
        words = [first, *words]
    return (sys.executable, str(Path(__file__).absolute()), str(ahead), *words)


def _main() -> None:
    ahead, *words = sys.argv[1:]
    as_module = words[0] == "-m"
    sys.path[0] = str(
        Path.cwd() if as_module else Path(words[0]).parent
    )  # as if Python had been given the words
    sys.argv[:] = words[as_module:]
    real = time.time

    def jumped() -> float:
        return real() + float(Path(ahead).read_text("ascii"))

    time.time = jumped
    from datetime import UTC, datetime  # noqa: PLC0415 - only now is the path the program's

    import runtime.serve.run  # noqa: PLC0415

    def wall_clock() -> datetime:
        return datetime.fromtimestamp(jumped(), UTC)

    runtime.serve.run.open_node = partial(runtime.serve.run.open_node, now=wall_clock)  # type: ignore[attr-defined]
    if as_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    _main()
