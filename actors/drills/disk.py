"""The drill about a full disk: what cannot be stored is refused in time, and nothing that was stored is lost.

PostgreSQL's files lie on a small disk of their own. Full, it first refuses what needs another page; and where its log
needs another segment it ends, and cannot come back before there is space again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import trio

from actors.drills.drill import CannotRun, ServeDrill
from actors.drills.ending import GONE
from actors.drills.judging import of_promptness, of_refusals
from actors.drills.rehearsal import NotRecovered, Rehearsal
from actors.drills.wishes import Wishes
from runtime.testing import NoSmallDisk, ResourceUnavailable, exactly, fill_up, free_up, small_disk

_MEGABYTES = 160
"""Enough for a fresh cluster (40), its log (32) and, where they must be copied to be run, the programs (31)."""
_UNTIL_DOWN = 10.0


@contextmanager
def _small() -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(_MEGABYTES))
        except NoSmallDisk as reason:
            raise CannotRun(str(reason)) from reason
        yield disk


async def _disk_full(rehearsal: Rehearsal) -> None:
    disk = rehearsal.cluster
    if disk is None:
        raise CannotRun("PostgreSQL's files are not on a disk of the drill's own")
    databases = rehearsal.databases
    await rehearsal.running(1)
    began = trio.current_time()
    async with rehearsal.fault("the disk of PostgreSQL is full"):
        rehearsal.figures["bytes taken"] = fill_up(disk)
        await rehearsal.running(rehearsal.lasting(2, 8))
        rehearsal.mark("its log needs another segment")
        await _break_down(rehearsal)
        await rehearsal.running(rehearsal.lasting(1, 5))
        await rehearsal.server.stop(expected=3)
        free_up(disk)
        if databases.postgres.ended:
            await databases.postgres.end()
            await databases.postgres.begin()
    meanwhile = rehearsal.answers_since(began)
    rehearsal.found += [
        of_promptness(meanwhile, rehearsal.starved),
        of_refusals(meanwhile),
        exactly("PostgreSQL ended by its full log", databases.postgres.lives - 1, 1),
    ]
    await rehearsal.server.start()
    await rehearsal.recovered()


async def _break_down(rehearsal: Rehearsal) -> None:
    """Let PostgreSQL ask for space for its log until it ends. Raises NotRecovered where it does not."""
    with trio.move_on_after(_UNTIL_DOWN):
        while not rehearsal.databases.postgres.ended:
            with suppress(ResourceUnavailable):  # it ends
                await rehearsal.databases.switch_wal()
            await trio.sleep(0.05)
        return
    raise NotRecovered(f"PostgreSQL still runs after {_UNTIL_DOWN:g} s without space for its log")


DISK_FULL = ServeDrill(
    name="disk-full",
    summary="PostgreSQL's disk is full while people write: 503 in time; its log ends it; then there is space again",
    body=_disk_full,
    recovery=8.0,
    wishes=Wishes(
        rate=40,
        node={"shutdown_timeout": 2.0, "send_timeout": 1.0, "uncertain_wait": 2.0},
        postgres={"max_wal_size": "32MB", "min_wal_size": "32MB"},
    ),
    answers=GONE,
    place=_small,
    owned=True,
)
