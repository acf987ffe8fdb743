"""A new version changes the tables only after a backup; one that fails stops the start, and says how to go on."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runtime.journal.backup_file import opened
from runtime.serve.before_migration import KEPT, prune
from tests.integration.test_schema_change import HEAD, given
from tests.integration.world import MARK, OWN, World, open_world, person

BOT = f"""{HEAD}
from runtime import Migration

class State(Struct):
    seen: int = 0

class Bot(Actor[State]):
    async def receive(self, turn, event):
        turn.state.seen += 1
        turn.reply(Text("hello"))

STEPS = (Migration(1, "flat", "create table flat(id int)"), Migration(2, "price", "alter table flat add price int"))
app = App(name="bot", actor=Bot(), providers=(MetaProvider(),), events=INCOMING, migrations=STEPS[:NUMBER])
"""


def version(number: int) -> str:
    """Return the bot's code with so many migrations."""
    return BOT.replace("NUMBER", str(number))


def backups(world: World) -> list[Path]:
    return sorted((world.majlis.settings.data_dir / "backup").glob("*"))


async def test_a_migration_on_a_used_database_begins_with_a_backup_and_other_starts_do_not() -> None:
    async with open_world(start=False) as world:
        await given(world.majlis, version(1)).start()
        await world.welcomed(world.majlis, person(1))
        assert await world.majlis.process.stop() == 0
        await world.majlis.process.start()
        assert await world.majlis.process.stop() == 0
        assert backups(world) == []  # a first start, and one with nothing to migrate

        await given(world.majlis, version(2)).start()
        (made,) = backups(world)
        assert (stat.S_IMODE(made.stat().st_mode), stat.S_IMODE(made.parent.stat().st_mode)) == (0o600, 0o700)
        assert made.name.endswith("-app-bot-2.majlis")
        with opened(made) as backup:
            assert backup.manifest.migrations["app_bot"] == 1
            assert backup.manifest.tables["public.conversation"] == 1
        await world.welcomed(world.majlis, person(1))


async def test_a_backup_that_fails_stops_the_start_and_changes_nothing_and_the_setting_starts_without() -> (
    None
):
    async with open_world(start=False) as world:
        await given(world.majlis, version(1)).start()
        assert await world.majlis.say(OWN, person(1), f"Hello {MARK}") == 200
        await world.handled(1)
        assert await world.majlis.process.stop() == 0
        (world.majlis.settings.data_dir / "backup").write_text("in the way")

        with pytest.raises(Exception, match=r"postgres\.backup_before_migration = false"):
            await given(world.majlis, version(2)).start()
        assert world.majlis.process.exit_code == 1
        facts = {**world.majlis.facts, "postgres": {"backup_before_migration": False}}
        world.majlis.write(facts)
        await given(world.majlis, version(2)).start()
        assert await world.number("select max(version) from schema_version where namespace = 'app_bot'") == 2
        assert (world.majlis.settings.data_dir / "backup").read_text() == "in the way"


def test_only_the_newest_are_kept_and_strange_files_stay(tmp_path: Path) -> None:
    names = [f"before-2026010{day}T000000Z-journal-{day}.majlis" for day in range(1, 7)]
    for name in (*names, "mine.majlis"):
        (tmp_path / name).touch()
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names[-KEPT:], "mine.majlis"]
