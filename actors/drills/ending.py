"""Drills about how a server ends: by a signal, by two, by `kill -9`, and with clients who hold on to it."""

from __future__ import annotations

from actors.drills.drill import ServeDrill
from actors.drills.rehearsal import Rehearsal, Wishes


async def _term_under_load(rehearsal: Rehearsal) -> None:
    await rehearsal.running(rehearsal.lasting(1.5, 10))
    async with rehearsal.fault("SIGTERM under load"):
        await rehearsal.server.stop()
    await rehearsal.server.start()
    await rehearsal.recovered()


async def _kill(rehearsal: Rehearsal) -> None:
    for _ in range(int(rehearsal.lasting(3, 15))):
        await rehearsal.running(rehearsal.lasting(1, 4))
        async with rehearsal.fault("kill -9"):
            await rehearsal.server.kill()
        await rehearsal.server.start()
        await rehearsal.recovered()


ENDING = (
    ServeDrill(
        name="term-under-load",
        summary="SIGTERM while people write; the next life takes up what is left",
        body=_term_under_load,
        recovery=3.0,
        answers=frozenset({"200", "503", "ConnectError", "ReadError", "RemoteProtocolError"}),
    ),
    ServeDrill(
        name="kill",
        summary="kill -9 every few seconds while people write",
        body=_kill,
        recovery=5.0,
        wishes=Wishes(rate=60),
        answers=frozenset({"200", "503", "ConnectError", "ReadError", "RemoteProtocolError"}),
    ),
)
