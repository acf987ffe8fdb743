"""The drill about the wall clock: it is set hours ahead and back under a running server, which must not follow it.

Followed, an hour ahead would let reminders come early, and a day ahead would make every message too old to be answered.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from actors.drills.drill import CannotRun, ServeDrill
from actors.drills.ending import GONE
from actors.drills.rehearsal import NotRecovered, Rehearsal
from actors.drills.servers import Program
from runtime.testing import NotPython, exactly, jumping_command, majlis_command

_JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(hours=25))
"""How far the clock of the process is from the true one, one after the other; 25 hours are more than a message's age."""
_ANSWERED = 10.0
_NOTICED = 5.0
"""Seconds within which a process looks at the clock; it does at each renewal of its leases."""
_TOLD = "the wall clock has jumped"


async def _clock_jump(rehearsal: Rehearsal) -> None:
    server, program = rehearsal.server, rehearsal.program
    ahead = server.home / "clock"
    try:
        command = jumping_command(ahead, program.majlis or majlis_command())
    except NotPython as reason:
        raise CannotRun(str(reason)) from reason
    _set(ahead, timedelta())
    await server.stop()
    server.give(Program(program.app, command))
    await server.start()
    try:
        for count, jump in enumerate(_JUMPS, 1):
            async with rehearsal.fault(
                f"the wall clock is {jump / timedelta(hours=1):+g} hours from the true one"
            ):
                _set(ahead, jump)
                with suppress(NotRecovered):  # judged at the end, as what comes of it is worth seeing, too
                    await rehearsal.logged(_TOLD, count, _NOTICED)
                await rehearsal.answered(within=_ANSWERED)
                await rehearsal.running(rehearsal.lasting(0.3, 6))
    finally:
        _set(ahead, timedelta())
    await rehearsal.recovered()
    told = server.log.read_text("utf-8").count(_TOLD)
    rehearsal.found.append(exactly("jumps that serve tells of", told, len(_JUMPS)))


def _set(ahead: Path, jump: timedelta) -> None:
    draft = ahead.with_suffix(".new")
    draft.write_text(str(jump.total_seconds()), "ascii")
    draft.replace(ahead)


CLOCK_JUMP = ServeDrill(
    name="clock-jump",
    summary="the wall clock of serve (its time.time and its node's clock, begun from a file of the drill's that shifts"
    " both) is set an hour ahead, an hour back and 25 hours ahead: nothing is early, late or too old",
    body=_clock_jump,
    recovery=2.0,
    answers=GONE,
)
