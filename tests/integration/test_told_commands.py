"""Every command that README and the runbook tell is typed on a stage, or stands in the table of those that are not.

The blocks of the runbook's sections are typed by test_runbook.py, each beside the fault that it is for.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import randint
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.journal.ledger import postgres_of
from runtime.resources.postgres_tools import find_tools
from runtime.testing import holder_of
from tests.integration.runbook import sections
from tests.integration.test_schema_change import given
from tests.integration.told_stage import Stage
from tests.integration.told_story import (
    AFTER,
    AFTER_THE_DEMO,
    BESIDE,
    BESIDE_THE_DEMO,
    DEMO,
    ELSEWHERE,
    SERVE,
    STORY,
)
from tests.integration.world import MARK, OWN, SHARED, World, open_world, person
from tests.told import README, ROOT, RUNBOOK, begins, told, without_sections

TESTS = ROOT / "tests"
PLAYS = TESTS / "integration" / "test_runbook.py"
#: The estate bot, but that one word is too much for it.
FRAGILE = """
from dataclasses import replace

from actors.conversation.bot import EstateBot
from actors.estate import app as estate

class Fragile(EstateBot):
    async def receive(self, turn, event):
        if "poison" in getattr(event, "text", ""):
            raise ValueError("it is too much")
        await super().receive(turn, event)

bot = Fragile()
app = replace(estate, actor=bot, configure=bot.configure)
"""


# ── nothing is left out ───────────────────────────────────────────────


def all_told() -> Sequence[str]:
    """Return what the two texts tell, once each; of the runbook, what is not in the blocks of a section."""
    texts = README.read_text(), without_sections(RUNBOOK.read_text())
    return list(dict.fromkeys(command for text in texts for command in told(text)))


def left_out(commands: Sequence[str]) -> Sequence[str]:
    """Return the commands that are neither typed, be it with more words, nor in the table of those that are not."""
    known = [*(row.told for row in STORY), *ELSEWHERE]
    return [one for one in commands if not any(one == other or begins(one, other) for other in known)]


def test_every_command_that_is_told_is_typed_or_says_why_not() -> None:
    assert len(all_told()) > 70
    assert not left_out(all_told())


def test_a_command_that_nobody_types_would_be_found() -> None:
    text = "Say `docker ps`, or\n\n    majlis ps --parked   # or: majlis show --all\n    majlis show\n"
    assert left_out(list(told(text))) == ["majlis ps --parked", "majlis show --all", "docker ps"]


def test_nothing_is_typed_or_excused_that_is_not_told() -> None:
    known = [*(row.told for row in STORY), *ELSEWHERE]
    assert len(known) == len(set(known))
    assert set(known) <= set(all_told())


@pytest.mark.parametrize("command", ELSEWHERE)
def test_a_command_that_is_not_typed_names_tests_that_exist(command: str) -> None:
    for file, name in re.findall(r"([\w/]+\.py)(?:::(\w+))?", ELSEWHERE[command]):
        source = (TESTS / file).read_text()
        assert re.search(rf"^(async )?def {name or 'test_'}", source, re.MULTILINE), name


def test_every_block_of_the_runbook_is_typed_by_the_test_of_its_section() -> None:
    typed = parts_typed_by(PLAYS.read_text())
    for name, parts in sections().items():
        assert {part for part, of in parts.items() if of.commands} <= typed[name], name


def parts_typed_by(source: str) -> dict[str, set[str]]:
    """Return the parts that the tests of a source run, by the section of their `Play`."""
    typed: dict[str, set[str]] = {}
    for test in ast.parse(source).body:
        named = [
            (ast.unparse(node.func), node.args[0].value)
            for node in ast.walk(test)
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        ]
        for section in (word for function, word in named if function == "Play"):
            typed[section] = {word for function, word in named if function in {"play.run", "play.shows"}}
    return typed


# ── all of it is typed ────────────────────────────────────────────────


async def with_some_stuck(world: World) -> dict[str, str]:
    """Let people write; return a conversation that is well and two that are parked, by what they are called."""
    majlis = world.majlis
    assert await majlis.say(SHARED, person(1), "TENANT_2") == 200
    for guest in (2, 3):
        assert await majlis.say(OWN, person(guest), f"poison {MARK}") == 200
    await majlis.logged("conversation parked", times=2, within=15)
    assert await world.fake.wait_sent(to=person(1), timeout=15)
    rows = await world.rows("select identity, conversation from alias")
    found = {row["identity"]: str(row["conversation"]) for row in rows}
    names = {"well": 1, "stuck": 2, "to be tried again": 3}
    return {name: found[f"wa_id:{person(guest)}"] for name, guest in names.items()}


async def test_what_is_told_to_operators_beside_a_server_and_when_it_has_stopped() -> None:
    node = {"max_attempts": 2, "restart_window": 60.0, "poll_interval": 0.3}
    async with open_world(node=node, start=False) as world:
        majlis = world.majlis
        data_dir = majlis.settings.data_dir
        await given(majlis, FRAGILE).start()
        backup = str(world.home / "monday.majlis")
        known = {
            **await with_some_stuck(world),
            "/etc/majlis.toml": str(majlis.config),
            "/etc/majlis/majlis.toml": str(majlis.config),
            "/var/lib/majlis": str(data_dir),
            "/backup/monday.majlis": backup,
            "FILE": backup,
            "EMPTY": str(world.home / "empty"),
            "CHECKOUT": str(ROOT),
            "HOST": "127.0.0.1",
            "COMMAND": "ps",
            "ID": "1",  # of the first dead letter
            "NAME": "elsewhere",
            "100200300400500": OWN,
        }
        stage = Stage(world.home, known, MAJLIS_CONFIG=str(majlis.config), MAJLIS_DATA_DIR=str(data_dir))
        place = parse_qs(urlsplit(postgres_of(majlis.settings)).query)
        tools = find_tools(["pg_restore"], 18, bindir="", search_path=os.environ["PATH"])
        stage.program("pg_restore", tools.path("pg_restore"), PGHOST=place["host"][0], PGUSER="majlis")
        await world.rows("create database elsewhere")

        await stage.plays(BESIDE)
        assert await majlis.process.stop() == 0
        await stage.plays(AFTER)
        async with stage.beside(SERVE):
            assert await world.number("select count(*) from conversation") == 3


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that the embedded servers' user may pass."""
    with tempfile.TemporaryDirectory(prefix="majlis-told-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.mark.skipif(not (ROOT / ".venv" / "majlis-setup").exists(), reason="./dev has not been used here")
async def test_what_is_told_to_developers_beside_the_demo_and_when_it_has_stopped(home: Path) -> None:
    host = f"127.{randint(1, 254)}.{randint(0, 254)}.{randint(2, 254)}"
    data_dir, config = home / "data", home / "demo.toml"
    demo = (ROOT / "config" / "demo.toml").read_text()  # on an address that nobody else has
    config.write_text(f'data_dir = "{data_dir}"\n{demo}host = "{host}"\n'.replace("127.0.0.1", host))
    known = {
        "http://127.0.0.1:8082": f"http://{host}:8082",
        "/tmp/hello": str(home / "hello"),
        "/tmp/flood": str(home / "flood"),
        "flood.json": str(home / "flood.json"),
        "CHECKOUT": str(ROOT),
        "COMMAND": "ps",
    }
    stage = Stage(home, known, MAJLIS_CONFIG=str(config), PYTHONPATH=str(home))
    (bot,) = re.findall(r"^```python\n(# hello\.py.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    (home / "hello.py").write_text(bot)
    log = home / "serve.log"
    log.touch()
    async with stage.in_the_background(DEMO, log.read_text, lambda: holder_of(data_dir)):
        await stage.plays(BESIDE_THE_DEMO)
    await stage.plays(AFTER_THE_DEMO)
