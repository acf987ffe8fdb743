"""The drill about a new version that is taken back: its tables and its fields stay, and nobody is left waiting.

The newer code is the app itself and a little more: one field in its states, one version of them, and one migration that
only adds.
"""

from __future__ import annotations

import json

from actors.drills.drill import ServeDrill
from actors.drills.ending import GONE
from actors.drills.rehearsal import Rehearsal
from actors.drills.servers import Program
from actors.drills.sql import statement
from runtime.testing import at_least, exactly

_MODULE = "drill_newer"
_NEWER = """
from dataclasses import replace

import msgspec

from runtime import Migration
from {module} import {attribute} as older

_State = msgspec.defstruct("Newer", [("noted_by_newer", int, 0)], bases=(older.actor.state_type,), kw_only=True)


class _Newer(type(older.actor)):
    version = older.actor.version + 1

    def upgrade(self, old, version):
        return super().upgrade(old, version) if version < _Newer.version - 1 else old

    async def receive(self, turn, event):
        turn.state.noted_by_newer += 1
        await super().receive(turn, event)


_Newer.state_type = _State
older.actor.__class__ = _Newer  # the app's own functions know this very actor
_STEP = Migration(
    len(older.migrations) + 1, "kept by newer", "create table kept_by_newer(id int primary key)", additive=True
)
app = replace(older, migrations=(*older.migrations, _STEP))
"""


async def _upgrade_and_roll_back(rehearsal: Rehearsal) -> None:
    server = rehearsal.server
    module, _, attribute = rehearsal.program.app.partition(":")
    (server.home / f"{_MODULE}.py").write_text(_NEWER.format(module=module, attribute=attribute), "utf-8")
    noted: dict[str, int] = {}
    lost = 0
    for app in (f"{_MODULE}:app", rehearsal.program.app) * (1 if rehearsal.quick else 3):
        await rehearsal.running(rehearsal.lasting(1, 4))
        async with rehearsal.fault(f"another version: {app}"):
            await server.stop()
            server.give(Program(app, rehearsal.program.majlis))
        now = await _noted(rehearsal)
        lost += sum(now.get(conversation, 0) < count for conversation, count in noted.items())
        noted = now
        await server.start()
        await rehearsal.recovered()
    await rehearsal.running(rehearsal.lasting(1, 4))
    now = await _noted(rehearsal)
    lost += sum(now.get(conversation, 0) < count for conversation, count in noted.items())
    tables = await rehearsal.databases.fetchval(statement("newer_tables"))
    rehearsal.found += [
        at_least("conversations that the newer version met", len(noted), 10),
        exactly("tables of the newer version", int(str(tables)), 1),
        exactly("fields of the newer version lost", lost, 0),
        exactly("parked", await rehearsal.databases.parked(), 0),
    ]


async def _noted(rehearsal: Rehearsal) -> dict[str, int]:
    """Return what the newer version counted, by conversation."""
    counted = json.loads(str(await rehearsal.databases.fetchval(statement("noted_by_newer"))))
    return {str(conversation): int(count) for conversation, count in counted.items()}


UPGRADE_AND_ROLL_BACK = ServeDrill(
    name="upgrade-and-roll-back",
    summary="a version with another table and another form of the states, and back to the one before, while people write",
    body=_upgrade_and_roll_back,
    recovery=8.0,
    answers=GONE,
)
