"""Real `serve` processes with one code after another on the same states: nothing is lost, nobody is parked."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import pytest
import trio

from runtime.app import Migration
from runtime.drill.process import ServeFailed, ServeProcess
from runtime.journal.migrations import migrate
from runtime.journal.postgres import SESSION
from runtime.journal.statements import migrations, step_of
from runtime.journal.states import States
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from tests.integration.world import MARK, OWN, Majlis, World, majlis_command, open_world, person, until

PEOPLE = 12
HEAD = """
from msgspec import Struct, field
from actors.channels.meta import MetaProvider
from actors.messages import INCOMING, MessageReceived, Text
from runtime import Actor, App
"""
FOOT = """
app = App(name="bot", actor=Bot(), providers=(MetaProvider(),), events=INCOMING)
"""
OLD = f"""{HEAD}
class Note(Struct):
    number: int

class Day(Struct, omit_defaults=True):
    texts: int = 0

class State(Struct):
    seen: int = 0
    by_old: int = 0
    first: str = ""
    notes: list[Note] = []
    days: dict[str, Day] = field(default_factory=dict)

class Bot(Actor[State]):
    async def receive(self, turn, event):
        state = turn.state
        state.seen += 1
        state.by_old += 1
        state.first = state.first or event.id
        state.notes = [*state.notes[-2:], Note(state.seen)]
        state.days.setdefault("today", Day()).texts += 1
        turn.reply(Text("old"))
{FOOT}"""
NEW = f"""{HEAD}
class Note(Struct):
    number: int
    by_new: bool = False

class Day(Struct, omit_defaults=True):
    texts: int = 0
    by_new: int = 0

class State(Struct, kw_only=True):
    seen: int = 0
    by_new: int = 0
    firsts: list[str]  = []
    notes: list[Note] = []
    days: dict[str, Day] = field(default_factory=dict)

class Bot(Actor[State]):
    version = 2

    def upgrade(self, old, version):
        old.setdefault("firsts", [old["first"]] if old.get("first") else [])
        return old

    async def receive(self, turn, event):
        state = turn.state
        state.seen += 1
        state.by_new += 1
        if len(state.firsts) < 2:
            state.firsts.append(event.id)
        state.notes = [*state.notes[-2:], Note(state.seen, True)]
        day = state.days.setdefault("today", Day())
        day.texts += 1
        day.by_new += 1
        turn.reply(Text("new"))
{FOOT}"""
#: Code whose state took another meaning under the old name, and the same mended.
BROKEN = NEW.replace("seen: int = 0", "seen: list[int] = []").replace(
    "state.seen += 1", "state.seen.append(1)"
)
BROKEN = BROKEN.replace("Note(state.seen", "Note(len(state.seen)")


def given(majlis: Majlis, source: str, _names: count[int] = count()) -> ServeProcess:  # noqa: B008 - new names for new code
    """Return the server with other code, which replaces the one that it has; nothing is started."""
    name = f"bot{next(_names)}"
    (majlis.home / f"{name}.py").write_text(source)
    majlis.process = ServeProcess(
        (*majlis_command(), "serve", "--config", str(majlis.config), "--app", f"{name}:app"),
        data_dir=majlis.settings.data_dir,
        log=majlis.log_path,
        environ={"PATH": os.environ["PATH"], "HOME": str(majlis.home), "LANG": "C.UTF-8"},
        cwd=majlis.home,
    )
    return majlis.process


async def states(world: World) -> Sequence[Any]:
    """Return the states of all conversations."""
    return [
        json.loads(row["state"])
        for row in await world.rows("select state from conversation where state <> ''")
    ]


async def turns(world: World) -> int:
    """Return how many turns there were."""
    return await world.number("select count(*) from turn")


@asynccontextmanager
async def load_on(majlis: Majlis, accepted: list[int]) -> AsyncIterator[None]:
    """Let people write without a pause, again where nobody answers, until the block ends; count what was taken."""
    done = False

    async def write(guest: int) -> None:
        while not done:
            try:
                accepted[guest] += await majlis.say(OWN, person(guest), f"Hello {MARK}") == 200
            except httpx.TransportError:  # between two lives
                await trio.sleep(0.02)

    async with trio.open_nursery() as nursery:
        for guest in range(PEOPLE):
            nursery.start_soon(write, guest)
        yield
        done = True


async def test_deploy_roll_back_and_deploy_again_under_load_lose_no_field_and_park_nobody(
    postgres_dsn: str, redis_dsn: str
) -> None:
    accepted = [0] * PEOPLE
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        majlis = world.majlis

        async def busy(source: str) -> None:
            before = await turns(world)
            assert (await majlis.readiness())[1]["checks"]["states"] == {"status": "ok", "reason": ""}
            looked_at = (await majlis.statistics())["states"]["checked"]
            assert (looked_at > 0) == (before > 0), "other code has written since"

            async def look() -> bool:
                return await turns(world) >= before + 10 * PEOPLE

            await until(look, 20)
            assert await majlis.process.stop() == 0, source

        await given(majlis, OLD).start()
        async with load_on(majlis, accepted):
            await busy(OLD)
            for source in (NEW, OLD, NEW):
                await given(majlis, source).start()
                await busy(source)
            await majlis.process.start()
            assert (await majlis.statistics())["states"]["checked"] == 0, "nobody else has written since"
        await world.handled(await world.number("select count(*) from inbox"), 20)

        found = await states(world)
        assert sorted(state["seen"] for state in found) == sorted(accepted)
        for state in found:
            assert state["by_old"] + state["by_new"] == state["seen"]
            assert state["by_old"] > 0 < state["by_new"]
            assert state["days"]["today"] == {"texts": state["seen"], "by_new": state["by_new"]}
            assert [note["number"] for note in state["notes"]] == [state["seen"] + at for at in (-2, -1, 0)]
            assert (state["firsts"][0], len(state["firsts"])) == (state["first"], 2)
        assert await world.number("select count(*) from parked") == 0
        assert await world.number("select count(*) from conversation where attempts > 0") == 0
        assert '"turn failed"' not in majlis.log
        assert '"conversation waits"' not in majlis.log


VISITOR = """
class State(Struct):
    seen: int = 0

STEPS = (Migration(1, "visits", "create table visits(conversation text not null, at int not null)"),)
class Bot(Actor[State]):
    async def receive(self, turn, event):
        turn.state.seen += 1
        async with turn.postgres() as tx:
            await tx.execute("insert into visits(conversation, at) values ($1, $2)", turn.conversation, turn.state.seen)
        turn.reply(Text("noted"))

app = App(name="bot", actor=Bot(), providers=(MetaProvider(),), events=INCOMING, migrations=STEPS)
"""
TABLES = HEAD.replace("Actor, App", "Actor, App, Migration") + VISITOR
MORE_TABLES = TABLES.replace(
    "class Bot",
    "STEPS += (Migration(2, 'by', 'alter table visits add column by_new bool', additive=True),)\nclass Bot",
).replace("(conversation, at) values ($1, $2)", "(conversation, at, by_new) values ($1, $2, true)")


async def test_a_migration_that_only_adds_is_gone_back_behind_and_forth_under_load_and_nothing_is_lost(
    postgres_dsn: str, redis_dsn: str
) -> None:
    accepted = [0] * PEOPLE
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        majlis = world.majlis
        await given(majlis, TABLES).start()
        async with load_on(majlis, accepted):
            for source in (MORE_TABLES, TABLES, MORE_TABLES):
                before = await turns(world)

                async def look(least: int = before + 3 * PEOPLE) -> bool:
                    return await turns(world) >= least

                await until(look, 20)
                assert await majlis.process.stop() == 0
                await given(majlis, source).start()
        await world.handled(await world.number("select count(*) from inbox"), 20)
        visits = await world.rows(
            "select conversation, array_agg(at order by at) as at, count(by_new) as by_new from visits group by 1"
        )
        assert sorted(len(row["at"]) for row in visits) == sorted(accepted)
        for row in visits:
            assert row["at"] == list(range(1, len(row["at"]) + 1))
            assert 0 < row["by_new"] < len(row["at"])
        assert await world.number("select count(*) from parked") == 0
        assert await world.number("select count(*) from conversation where attempts > 0") == 0
        assert len(list((majlis.settings.data_dir / "backup").iterdir())) == 1  # before its one migration


async def test_a_journal_that_a_later_version_has_added_to_is_served_and_one_that_it_has_changed_is_refused(
    postgres_dsn: str, redis_dsn: str
) -> None:
    last = len(migrations())
    later = (
        *migrations(),
        step_of(
            f"{last + 1:04}_later.sql",
            "-- additive: nobody reads it\nalter table outbox add column later int",
        ),
    )
    beyond = (
        *later,
        step_of(f"{last + 2:04}_beyond.sql", "alter table outbox rename column later to latest"),
    )

    async def migrated(steps: Sequence[Migration]) -> None:
        async with (
            open_bridge() as bridge,
            open_postgres_pool(
                postgres_dsn, bridge=bridge, name="test/later", size=1, settings=SESSION
            ) as pool,
        ):
            await migrate(pool, {"journal": steps})

    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        await migrated(later)
        await world.majlis.process.start()
        await world.welcomed(world.majlis, person(1))
        assert await world.majlis.process.stop() == 0
        await migrated(beyond)
        with pytest.raises(
            ServeFailed, match=rf"journal: the database is at migration {last + 2} \(beyond\)"
        ):
            await world.majlis.process.start()


async def test_states_that_cannot_be_read_keep_it_from_being_ready_and_park_nobody(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        majlis = world.majlis
        await given(majlis, OLD).start()
        for guest in range(6):
            await world.welcomed(majlis, person(guest))
        assert await majlis.process.stop() == 0

        given(majlis, BROKEN).spawn()
        await majlis.logged("states unreadable", 1, 20)
        status, facts = await majlis.readiness()
        assert (status, facts["ready"], facts["phase"]) == (503, False, "checking states")
        check = facts["checks"]["states"]
        assert check["status"] == "fail"
        assert check["reason"].startswith("6 of 6 cannot be read by this code, ")
        assert check["reason"].endswith("first: Expected `array`, got `int` - at `$.seen`")
        for guest in range(8):
            assert await majlis.say(OWN, person(guest), f"Hello {MARK}") == 200
        statistics = await majlis.statistics()
        assert (statistics["leases"]["held"], statistics["cells"]["in_memory"]) == (0, 0)
        assert await majlis.process.stop() == 0
        assert await turns(world) == 6
        assert await world.number("select count(*) from parked") == 0
        assert await world.number("select count(*) from conversation where attempts > 0") == 0

        await given(majlis, NEW).start()
        await world.handled(14)
        assert sorted(state["seen"] for state in await states(world)) == [1, 1, 2, 2, 2, 2, 2, 2]


async def test_all_states_are_paged_through_within_a_bound_of_bytes(postgres_dsn: str) -> None:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="test/states", size=1, settings=SESSION) as pool,
    ):
        await migrate(pool, {"journal": migrations()})
        await pool.execute(
            "insert into conversation(id, shard, channel, address, state)"
            " select 'c' || to_char(n, 'fm00000'), 0, '', '', convert_to(repeat('x', case when n = 100 then 9000000"
            " when n between 200 and 209 then 1000000 else 1 end), 'utf8') from generate_series(1, 4500) n"
        )
        found = States(pool, "bot")
        sizes, names, after = [], [], ""
        while page := await found.page(after):
            sizes.append(len(page))
            names += [name for name, _ in page]
            after = names[-1]
        assert names == [f"c{n:05}" for n in range(1, 4501)]
        assert sizes == [99, 1, 107, 2000, 2000, 293]
        assert await found.readable_by() == ""
        await found.are_readable_by("one")
        await found.are_readable_by("two")
        assert await found.readable_by() == "two"
        assert await States(pool, "other").readable_by() == ""
