"""Backup and restore: real servers, real files, and a `serve` that goes on where the backup was."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.journal import backup_file
from runtime.journal.backup import Source, back_up, long_session, verify
from runtime.journal.backup_file import BackupDamaged, BackupFailed, Manifest, drafted, opened, partial_of
from runtime.journal.migrations import installation_salt
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.restore import RestoreRefused, restore
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.postgres_tools import ToolFailed
from tests.integration.test_journal_conformance import arrival, turn
from tests.integration.test_parked_commands import Office, office
from tests.integration.world import MARK, OWN, Majlis, World, leaks, majlis_command, open_world, person, until

__all__ = ["office"]  # the fixture

#: What a conversation's history is, table by table; two databases with the same answers hold the same.
HISTORY = (
    "select id, version, next_seq, done_seq, encode(state, 'hex'), parked, attempts from conversation order by id",
    "select conversation, seq, dedup, encode(payload, 'hex') from inbox order by conversation, seq",
    "select conversation, version, first_seq, last_seq, replica from turn order by conversation, version",
    "select conversation, version, ordinal, id, status, encode(payload, 'hex') from outbox order by 1, 2, 3",
    "select conversation, name, generation, due_at from timer order by 1, 2",
    "select id, conversation, seq, fate from dead_letter order by id",
)


MANIFEST = Manifest(
    majlis="0",
    created_at="now",
    server_version="18.1",
    tool_version="18.1",
    database="d",
    migrations={},
    tables={"t": 1},
)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def facts(self) -> Any:
        return json.loads(self.stdout)


async def majlis(server: Majlis, *words: str) -> Done:
    """Run a command on a server's configuration, as an operator does."""
    command, *rest = words
    done = await trio.run_process(
        [*majlis_command(), command, "--config", str(server.config), *rest],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(server.home)},
        cwd=server.home,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


async def busy_office(world: World, people: int = 4) -> None:
    """Leave behind what an operator may meet: answered, parked (person 0), reminded, dead."""
    for number in range(people):
        assert await world.majlis.say(OWN, person(number), f"Good evening {MARK}") == 200
    await world.handled(people)
    await world.rows(
        """update conversation set parked = true, attempts = 5
           where id = (select conversation from alias where identity like '%' || $1)""",
        person(0),
    )
    for change in (
        """insert into parked(conversation, shard, seq, attempts, fault, origin)
           select id, shard, next_seq, 5, 'ValueError', 'bot.py:33' from conversation where parked""",
        """insert into timer(conversation, name, generation, due_at, shard)
           select id, 'nudge', 1, now() + interval '1 day', shard from conversation""",
        """insert into dead_letter(conversation, channel, seq, fate, reason, payload, received_at)
           select i.conversation, c.channel, i.seq, 'dead', 'why', i.payload, i.received_at
           from inbox i join conversation c on c.id = i.conversation where i.seq = 1""",
    ):
        await world.rows(change)


async def test_a_backup_under_load_is_restored_elsewhere_whole_and_gapless_and_serve_answers_on(
    tmp_path: Path,
) -> None:
    async with open_world() as world:
        await busy_office(world)
        target = world.home / "night.majlis"
        committed = await world.rows("select conversation, version from turn")
        sent: list[int] = []

        async def keep_writing(who: int) -> None:
            while True:
                sent.append(await world.majlis.say(OWN, person(who), f"More {MARK}"))

        async with trio.open_nursery() as writers:
            for who in range(10, 16):
                writers.start_soon(keep_writing, who)
            await until(partial(_longer_than, sent, 10))
            made = await majlis(world.majlis, "backup", str(target), "--verify", "--json")
            writers.cancel_scope.cancel()
        assert made.code == 0, made.stderr
        assert set(sent) == {200}
        assert leaks(made.stdout + made.stderr) == []
        assert (made.facts["verified"], made.facts["migrations"]["journal"] > 0) == (True, True)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert list(target.parent.glob(".*partial")) == []
        refused = await majlis(world.majlis, "restore", str(target))
        assert (refused.code, "in use by another serve" in refused.stderr) == (1, True)
        assert await world.majlis.process.stop() == 0
        at_rest = await majlis(world.majlis, "backup", str(world.home / "rest.majlis"), "--json")
        assert at_rest.facts["rows"] > made.facts["rows"], at_rest.stderr

        other = world.beside()
        restored = await majlis(other, "restore", str(target), "--json")
        assert restored.code == 0, restored.stderr
        assert restored.facts["rows"] == made.facts["rows"]
        again = await majlis(other, "restore", str(target))
        assert (again.code, "not empty" in again.stderr) == (1, True)

        await other.process.start()
        there = {tuple(row) for row in await world.rows_of(other, "select conversation, version from turn")}
        assert {tuple(row) for row in committed} <= there
        gaps = await world.rows_of(
            other,
            """select conversation from inbox group by conversation
               having count(*) <> max(seq) or min(seq) <> 1
               union all
               select conversation from turn group by conversation having count(*) <> max(version)""",
        )
        assert gaps == []
        parked = await world.rows_of(
            other, "select from parked join conversation on id = conversation where parked"
        )
        assert len(parked) == 1
        await world.welcomed(other, person(77))
        await world.welcomed(other, person(1))


@dataclass
class Vault:
    """A database with a journal in it, an empty one beside it, and room for files."""

    office: Office
    source: Source
    empty: Source
    home: Path

    async def filled(self) -> str:
        """Leave behind what an operator may meet; return one conversation with a queued, a sending and a sent effect."""
        ann, bea = await self.office.visit("ann", 3), await self.office.visit("bea", 2)
        await self.office.park(bea)
        await self.office.letter("ann", "stale", 2)
        await self.office.remind(ann, "nudge", timedelta(hours=-1))
        events = await self.office.journal.ingest([arrival("m9", "wa_id:cem")])
        await self.office.journal.commit([turn(events.events[0], 1, effects=3)])
        cem = events.events[0].conversation
        await self.office.pool.execute("update outbox set status = 'sending', attempts = 1 where ordinal = 1")
        await self.office.pool.execute(
            "update outbox set status = 'done', provider_id = 'w1' where ordinal = 2"
        )
        await self.office.pool.execute(
            "update shards set owner = 'r-old', epoch = 7, lease_until = now() + interval '1 hour'"
        )
        return cem

    async def told(self, source: Source, sql: str) -> list[tuple[Any, ...]]:
        async with long_session(source.dsn, "test") as session:
            return [tuple(row) for row in await session.fetch(sql)]

    async def history(self, source: Source) -> list[list[tuple[Any, ...]]]:
        """Return everything that a database holds of its conversations."""
        return [await self.told(source, sql) for sql in HISTORY]


@pytest.fixture
async def vault(office: Office, postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Vault]:
    name = postgres_dsn.rpartition("/")[2].partition("?")[0]
    empty = postgres_dsn.replace(f"/{name}?", f"/{name}_empty?")
    await office.pool.execute(f"create database {name}_empty")
    environ = {"PATH": os.environ["PATH"]}
    yield Vault(office, Source(postgres_dsn, "", environ), Source(empty, "", environ), tmp_path)
    await office.pool.execute(f"drop database {name}_empty with (force)")


async def test_what_is_restored_is_what_was_and_nothing_of_it_holds_the_next_owner_up(vault: Vault) -> None:
    cem = await vault.filled()
    manifest = await back_up(vault.source, vault.home / "one")
    assert await verify(vault.home / "one", vault.source) == manifest
    restored = await restore(vault.empty, vault.home / "one")
    before, after = await vault.history(vault.source), await vault.history(vault.empty)
    assert after == before
    assert [len(part) for part in before] == [3, 6, 1, 3, 1, 1]
    assert (restored.unsettled_sends, restored.waiting_events, restored.due_timers) == (2, 3, 1)
    sends = "select ordinal, status, maybe_duplicate from outbox order by ordinal"
    assert await vault.told(vault.empty, sends) == [
        (0, "queued", True),
        (1, "sending", True),
        (2, "done", False),
    ]
    (lease,) = await vault.told(
        vault.empty, "select distinct owner, lease_until < now(), epoch > 1000000 from shards"
    )
    assert lease == (None, True, True)
    async with (
        open_bridge() as bridge,
        open_postgres_pool(vault.empty.dsn, bridge=bridge, name="test/two", size=2, settings=SESSION) as pool,
    ):
        journal = PostgresJournal(pool, replica="two", salt=await installation_salt(pool))
        assert len(await journal.acquire(own=False, ttl=3.0)) == 128
        repeated = await journal.ingest([arrival("m9", "wa_id:cem"), arrival("m10", "wa_id:cem")])
        assert [(event.conversation, event.seq) for event in repeated.events] == [(cem, 2)]
        assert await vault.told(vault.empty, "select max(id) from dead_letter") == [(1,)]
        await pool.execute(
            """insert into dead_letter(conversation, channel, seq, fate, reason, payload, received_at)
               values ('c', 'x', 9, 'dead', 'why', '', now())"""
        )
        assert await vault.told(vault.empty, "select max(id) from dead_letter") == [(2,)]


async def test_what_had_not_left_by_then_is_held_where_that_is_asked_for(vault: Vault) -> None:
    await vault.filled()
    await back_up(vault.source, vault.home / "one")
    restored = await restore(vault.empty, vault.home / "one", hold_sends=True)
    assert restored.unsettled_sends == 0
    sends = "select status, code from outbox order by ordinal"
    assert await vault.told(vault.empty, sends) == [("failed", "held"), ("failed", "held"), ("done", None)]


async def test_a_full_database_is_replaced_only_on_request_and_by_all_of_the_backup(vault: Vault) -> None:
    await vault.filled()
    before = await vault.history(vault.source)
    await back_up(vault.source, vault.home / "one")
    await vault.office.pool.execute("update shards set owner = null, lease_until = '-infinity'")
    await vault.office.visit("dan", 4)
    await vault.office.pool.execute(
        """create schema estate; create table estate.flat(id int generated always as identity);
           create type colour as enum ('red'); create view seen_today as select * from seen;
           create function one() returns int language sql as 'select 1'"""
    )
    with pytest.raises(RestoreRefused, match="not empty"):
        await restore(vault.source, vault.home / "one")
    await restore(vault.source, vault.home / "one", replace=True)
    assert await vault.history(vault.source) == before
    for gone in ("to_regclass('estate.flat')", "to_regtype('colour')", "to_regclass('seen_today')"):
        assert await vault.told(vault.source, f"select {gone}") == [(None,)]


async def test_nothing_is_restored_while_a_replica_holds_leases_or_is_connected(vault: Vault) -> None:
    await vault.filled()
    await back_up(vault.source, vault.home / "one")
    with pytest.raises(RestoreRefused, match=r"leases have not run out .r-old for 3"):
        await restore(vault.source, vault.home / "one", replace=True)
    await vault.office.pool.execute("update shards set owner = null, lease_until = '-infinity'")
    async with long_session(vault.source.dsn, "majlis/r-alive/journal") as replica:
        await replica.execute("select")
        with pytest.raises(RestoreRefused, match="r-alive is connected"):
            await restore(vault.source, vault.home / "one", replace=True)
    assert len(await vault.office.rows("select from conversation")) == 3


@given(place=st.floats(0, 1, exclude_max=True), cut=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_backup_is_taken_for_whole_that_was_cut_or_altered_anywhere(place: float, cut: bool) -> None:
    """The end of a tar is nothing but zeros, and so is what fills its blocks up: there nothing is lost."""
    with TemporaryDirectory() as name:
        path = Path(name) / "one"
        with drafted(path) as draft:
            draft.add(bytes(range(256)) * 8)
            draft.close(MANIFEST)
        whole = path.read_bytes()
        at = int(place * len(whole))
        hurt = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :]
        path.write_bytes(hurt)
        try:
            with opened(path) as backup:
                told = (b"".join(backup.dump()), backup.manifest)
        except BackupDamaged:
            return
        assert told == (bytes(range(256)) * 8, MANIFEST)
        assert whole[at] == 0 or not cut


async def test_a_damaged_backup_changes_nothing(vault: Vault) -> None:
    await vault.filled()
    path = vault.home / "one"
    await back_up(vault.source, path)
    whole = path.read_bytes()
    for hurt in (whole[: len(whole) // 2], whole[:2000] + b"?" + whole[2001:], b"", whole[512:]):
        path.write_bytes(hurt)
        with pytest.raises(BackupDamaged):
            await restore(vault.empty, path)
    assert await vault.told(vault.empty, "select from pg_tables where schemaname = 'public'") == []


async def test_a_restore_that_does_not_come_to_the_rows_of_its_manifest_is_undone(vault: Vault) -> None:
    await vault.filled()
    manifest = await back_up(vault.source, vault.home / "one")
    more = {**manifest.tables, "public.alias": manifest.tables["public.alias"] + 1}
    with opened(vault.home / "one") as backup, drafted(vault.home / "two") as draft:
        for piece in backup.dump():
            draft.add(piece)
        draft.close(msgspec.structs.replace(manifest, tables=more))
    with pytest.raises(ToolFailed, match=r"the table public.alias has 3 rows and should have 4"):
        await restore(vault.empty, vault.home / "two")
    assert await vault.told(vault.empty, "select from pg_tables where schemaname = 'public'") == []


@pytest.mark.parametrize("after", [0, 1], ids=["before its first piece", "in the middle of the dump"])
async def test_a_backup_that_is_cancelled_leaves_no_file_and_no_open_transaction(
    vault: Vault, after: int
) -> None:
    await vault.filled()
    with trio.CancelScope() as scope:

        def progress(_bytes: int) -> None:
            scope.cancel()

        if not after:
            scope.cancel()
        await back_up(vault.source, vault.home / "one", progress=progress)
    assert scope.cancelled_caught
    assert list(vault.home.iterdir()) == []
    open_ones = (
        "select from pg_stat_activity where datname = current_database() and application_name like '%{}%'"
    )

    async def gone() -> bool:
        return not [
            row for n in ("backup", "pg_dump") for row in await vault.office.rows(open_ones.format(n))
        ]

    await until(gone)


async def test_a_command_that_is_told_to_end_in_the_middle_leaves_nothing(
    vault: Vault, postgres_dsn: str
) -> None:
    await vault.filled()
    config, target = vault.home / "majlis.toml", vault.home / "one"
    config.write_text(f'data_dir = "{vault.home}/data"\n[postgres]\nurl = "{postgres_dsn}"\n')
    config.chmod(0o600)
    command = [*majlis_command(), "backup", "--config", str(config), str(target)]
    async with trio.open_nursery() as nursery, vault.office.pool.transaction() as holder:
        await holder.execute("lock table only inbox in access exclusive mode")  # pg_dump waits
        process: trio.Process = await nursery.start(
            partial(trio.run_process, command, env={"PATH": os.environ["PATH"]}, check=False)
        )
        half = trio.Path(partial_of(target))
        await until(half.exists, within=30)
        process.terminate()
        with trio.fail_after(20):
            assert await process.wait() == 143
    assert [path.name for path in vault.home.iterdir()] == ["majlis.toml"]


async def test_a_backup_never_takes_the_place_of_a_file_and_needs_room(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    (vault.home / "one").write_text("precious")
    with pytest.raises(BackupFailed, match="exists already"):
        await back_up(vault.source, vault.home / "one")
    assert (vault.home / "one").read_text() == "precious"
    with pytest.raises(BackupFailed, match="cannot be written to"):
        await back_up(vault.source, vault.home / "nowhere" / "two")
    monkeypatch.setattr(backup_file, "RESERVE", 2**60)
    with pytest.raises(BackupFailed, match="MB free"):
        await back_up(vault.source, vault.home / "two")
    assert [path.name for path in vault.home.iterdir()] == ["one"]


async def test_psql_opens_the_database_in_use_and_no_command_holds_a_password(
    postgres_dsn: str, tmp_path: Path
) -> None:
    config = tmp_path / "majlis.toml"
    url = postgres_dsn.replace("majlis@", "majlis:very-secret@")
    config.write_text(f'data_dir = "{tmp_path}/data"\n[postgres]\nurl = "{url}"\n')
    config.chmod(0o600)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    asked = r"""select 'in ' || current_database() \g
\! tr '\0' ' ' < /proc/$PPID/cmdline; echo; test "$PGPASSWORD" = very-secret && echo told apart
"""
    done = await trio.run_process(
        [*majlis_command(), "psql", "--config", str(config), "--", "-At"],
        stdin=asked.encode(),
        capture_stdout=True,
        env=environ,
    )
    name = postgres_dsn.rpartition("/")[2].partition("?")[0]
    place, told, apart = done.stdout.decode().splitlines()
    assert (place, apart) == (f"in {name}", "told apart")
    assert told.endswith("/psql -At ")


async def _longer_than(sent: list[int], number: int) -> bool:
    return len(sent) > number
