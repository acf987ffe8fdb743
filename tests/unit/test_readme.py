"""README is right: its bot and its test run as they are printed, its tables name what exists."""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
import pytest
import trio

from actors.commands import majlis
from config import Channel, Secret, Settings, load
from config import Node as NodeSettings
from runtime import App, Request, Verified
from runtime.cli import load_app
from runtime.serve.life import Report, outcome_of
from runtime.serve.phases import READINESS_DOWN, START, STOP
from runtime.testing import MemoryJournal, MemoryStore, Node, open_node

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
#: The blocks of Python, by the name of the file that their first line tells to save them as.
BLOCKS = {
    block.split()[1].rstrip(":"): block
    for block in re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
}
#: A client that is opened and, in some cases, not closed.
LEAKY = """client = open_http_client()
        client = await client.__aenter__()
        if True:
            assert"""
GUARANTEES = [f"G{number}" for number in range(1, 11)]


def table(header: str) -> list[list[str]]:
    """Return the cells of the table whose first header is `header`."""
    lines = README.splitlines()
    (start,) = [place for place, line in enumerate(lines) if line.startswith(f"| {header} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


# ── the bot ───────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the two files of README, as the working directory."""
    for name, block in BLOCKS.items():
        (tmp_path / name).write_text(block)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def hello(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The bot of README, found the way `--app hello:app` finds it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield load_app("hello:app")
    del sys.modules["hello"]


class Graph:
    """The provider's side: keeps what is sent to it."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self._arrived = trio.Event()

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        self.got.append(json.loads(content or b""))
        self._arrived.set()
        self._arrived = trio.Event()
        return httpx.Response(200, json={"messages": [{"id": f"wamid.out{len(self.got)}"}]})

    async def next_after(self, number: int) -> dict[str, Any]:
        """Return the message that follows the first `number`; within a minute of virtual time."""
        with trio.fail_after(60):
            while len(self.got) <= number:
                await self._arrived.wait()
        return self.got[number]


class Guest:
    """A person at the app's channel: what is typed goes through the signed webhook."""

    def __init__(self, app: App, node: Node, graph: Graph) -> None:
        self._provider, self._node, self._graph = app.providers[0], node, graph
        self._said = 0

    async def says(self, **message: object) -> dict[str, Any]:
        """Send one message and return what comes back for it."""
        self._said += 1
        sent = {"from": "971500000001", "id": f"wamid.in{self._said}", "timestamp": "1", **message}
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "100"}, "messages": [sent]}
        changes = [{"field": "messages", "value": value}]
        whole = {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": changes}]}
        body = json.dumps(whole).encode()
        signature = "sha256=" + hmac.new(b"app", body, hashlib.sha256).hexdigest()
        request = Request("POST", "/webhooks/meta", {}, {"x-hub-signature-256": signature}, body)
        verified = self._provider.receive(request)
        assert isinstance(verified, Verified), verified
        before = len(self._graph.got)
        await self._node.store(verified)
        return await self._graph.next_after(before)

    async def writes(self, text: str) -> dict[str, Any]:
        return await self.says(type="text", text={"body": text})

    async def presses(self, choice: str, title: str) -> dict[str, Any]:
        reply = {"type": "button_reply", "button_reply": {"id": choice, "title": title}}
        return await self.says(type="interactive", interactive=reply)


async def test_the_bot_of_readme_takes_an_order_and_remembers_it(
    hello: App, autojump_clock: trio.testing.MockClock
) -> None:
    channel = Channel(
        provider="meta",
        id="100",
        app_secret=(Secret("app"),),
        verify_token=Secret("verify"),
        access_token=Secret("access"),
    )
    hello.providers[0].configure(Settings(data_dir=Path("unused"), channels=(channel,)))
    graph, journal = Graph(), MemoryJournal(MemoryStore(trio.current_time), replica="one")

    def no_tables() -> Any:
        raise AssertionError("the bot has no tables")

    async with open_node(hello, NodeSettings(), journal=journal, http=graph, begin=no_tables) as node:
        await node.leases.settled.wait()
        guest = Guest(hello, node, graph)
        menu = (await guest.writes("hi"))["interactive"]
        assert menu["body"]["text"] == "Hello! What would you like?"
        buttons = [button["reply"] for button in menu["action"]["buttons"]]
        assert [button["title"] for button in buttons] == ["Espresso", "Latte", "Tea"]
        served = await guest.presses(buttons[1]["id"], buttons[1]["title"])
        assert served["text"]["body"] == "One Latte, coming up."
        again = await guest.writes("Good morning")
        assert again["interactive"]["body"]["text"] == "Hello! Latte again?"
        bill = await guest.writes("Bill")
        assert bill["text"]["body"] == "1 so far."
        assert bill["context"]["message_id"] == "wamid.in4"


@pytest.mark.parametrize(
    ("test", "file", "good", "bad"),
    [
        ("test_hello.py", "hello.py", "guest.orders += 1", "guest.orders += 2"),
        (
            "test_faults.py",
            "test_faults.py",
            "async with open_http_client() as client:\n            assert",
            LEAKY,
        ),
    ],
    ids=["a rehearsal", "faults"],
)
def test_a_test_of_readme_passes_and_can_fail(shop: Path, test: str, file: str, good: str, bad: str) -> None:
    command = [
        sys.executable,
        "-B",  # two versions within a second: bytecode of the first would pass for the second
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]

    def tested() -> str:
        done = subprocess.run(  # noqa: S603 - our own words
            [*command, f"--rootdir={shop}", test],
            cwd=shop,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout.splitlines()[-1]

    assert tested().startswith("1 passed")
    assert good in BLOCKS[file]
    (shop / file).write_text(BLOCKS[file].replace(good, bad))
    assert tested().startswith("1 failed")


def test_there_are_no_other_blocks_of_python() -> None:
    # pools.py and my_drill.py run against real servers: integration/test_pools_at_the_door.py, drills/test_drill_run.py
    assert set(BLOCKS) == {"hello.py", "test_hello.py", "test_faults.py", "pools.py", "my_drill.py"}


# ── the tables ────────────────────────────────────────────────────────


def settings_and_defaults() -> dict[str, object]:
    """Return the name and default of every setting that a file or a variable may give, in order."""
    found: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name in {"tenants", "channels", "demo"}:
            continue
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found |= {
                f"{field.name}.{leaf.name}": leaf.default for leaf in msgspec.structs.fields(field.type)
            }
        else:
            found[field.name] = field.default
    return found


def test_the_table_of_settings_is_complete_and_its_defaults_are_right() -> None:
    written = {name.strip("`"): default.strip("`") for name, default, _ in table("Name")}
    real = {
        name: "" if default is msgspec.NODEFAULT else json.dumps(default)
        for name, default in settings_and_defaults().items()
    }
    assert written == real


def test_the_table_of_a_stop_names_each_phase_with_its_share_and_the_report_is_one() -> None:
    written = {name: share.partition("%")[0].strip() for name, share, _ in table("Phase of a stop")}
    shares = {name: f"{share * 100:g}" if share else "" for name, share in STOP.items()}
    assert written == shares | {READINESS_DOWN: "`node.ready_delay` instead"}
    assert ", ".join(START) in README.replace("\n", " ")
    (block,) = re.findall(r"^```json\n(\{\"format.*?)^```", README, re.MULTILINE | re.DOTALL)
    report = msgspec.json.decode(block, type=Report)
    assert json.loads(block).keys() == json.loads(msgspec.json.encode(report)).keys()
    assert {phase.name for phase in report.start} <= set(START)
    assert {phase.name for phase in report.stop} <= set(STOP)
    told = {word for row in table("Exit code") for word in re.findall(r"`(.*?)`", row[1])}
    assert told == {
        outcome_of(code, was_ready=ready) for code in (0, 1, 2, 3, 130) for ready in (True, False)
    }


def blocks_of_settings() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_brain_of_readme_is_valid(tmp_path: Path) -> None:
    block, _ = blocks_of_settings()
    (tmp_path / "model-key").write_text("a-key-of-a-service")
    (tmp_path / "majlis.toml").write_text(block)
    brain = load(config=tmp_path / "majlis.toml", environ={"HOME": str(tmp_path)}).brain
    assert (brain.provider, brain.api_key.reveal()) == ("openai", "a-key-of-a-service")


def test_the_channels_and_tenants_of_readme_are_valid(tmp_path: Path) -> None:
    _, block = blocks_of_settings()
    (tmp_path / "majlis.toml").write_text(block)
    settings = load(config=tmp_path / "majlis.toml", environ={"HOME": str(tmp_path)})
    assert [len(settings.tenants), len(settings.channels)] == [1, 3]  # a channel of each provider
    for entry, kind in (("tenants", settings.tenants[0]), ("channels", settings.channels[0])):
        tables = [part.split("\n[")[0] for part in block.split(f"[[{entry}]]")[1:]]
        keys = set(re.findall(r"^(\w+) =", "\n".join(tables), re.MULTILINE))
        assert keys == set(kind.__struct_fields__)


def names(group: click.Group, above: str = "majlis") -> set[str]:
    """Return the full names of all commands."""
    found: set[str] = set()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        full = f"{above} {name}"
        found |= names(command, full) if isinstance(command, click.Group) else {full}
    return found


def test_the_table_of_commands_is_complete() -> None:
    assert {row[0].strip("`") for row in table("Command")} == names(majlis)


def test_every_guarantee_names_tests_that_exist_or_says_that_it_is_not_claimed() -> None:
    rows = table("#")
    assert [row[0] for row in rows] == GUARANTEES
    for number, _, proof in rows:
        assert cited(proof) or "not claimed yet" in proof.lower(), number
        assert proof.count("::") == len(cited(proof)), f"{number}: a test is not written as `file.py::name`"


@pytest.mark.parametrize("header", ["Event type", "Error class (codes)"])
def test_every_row_about_events_and_errors_names_its_test(header: str) -> None:
    for row in table(header):
        assert cited(row[-1]), row[0]


def cited(text: str) -> list[tuple[str, str]]:
    """Return the (file, test) that a text names."""
    return re.findall(r"`([\w/]+\.py)::(\w+)`", text)


def test_every_test_that_readme_names_exists() -> None:
    assert README.count("::") == len(cited(README))
    for file, names in groupby(sorted(set(cited(README))), key=lambda pair: pair[0]):
        tree = ast.parse((ROOT / "tests" / file).read_text())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        defined = {node.name for node in tree.body if isinstance(node, functions)}
        assert {name for _, name in names} <= defined, file
