"""The demo as a person meets it: `chat` at the end of a pipe, `send`, and a `serve` whose provider survives it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import SystemRandom

import pytest
import trio

from actors.channels.fake_graph.place import fake_graph_at
from runtime.testing import ServerStatus, holder_of, server_status

_dice = SystemRandom()
_CHANNELS = (("100", None), ("101", "palm-estates"), ("102", "marina-homes"))


class Place:
    """A data directory and a configuration for the demo, on a loopback address that nobody else has."""

    def __init__(self, home: Path) -> None:
        self.host = f"127.{_dice.randint(1, 254)}.{_dice.randint(0, 254)}.{_dice.randint(2, 254)}"
        self.data_dir = home / "data"
        self.config = home / "majlis.toml"
        lines = [f'data_dir = "{self.data_dir}"', "[server]"]
        lines += [f'host = "{self.host}"', f'admin_host = "{self.host}"']
        for number, tenant in _CHANNELS:
            lines += ["[[channels]]", 'provider = "meta"', f'id = "{number}"']
            lines += [
                f'api_url = "http://{self.host}:8082/v23.0"',
                *([f'tenant = "{tenant}"'] if tenant else []),
            ]
        self.config.write_text("\n".join(lines))

    def command(self, name: str, *words: str) -> list[str]:
        script = Path(sys.executable).with_name("majlis")
        return [sys.executable, str(script), name, "--demo", "--config", str(self.config), *words]

    async def run(self, name: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its output as text."""
        with trio.fail_after(60):
            done = await trio.run_process(
                self.command(name, *words),
                stdin=typed.encode(),
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="majlis-chat-") as name:
        Path(name).chmod(0o711)
        yield Place(Path(name))


async def until(check: Callable[[], Awaitable[object]], within: float = 20.0) -> None:
    with trio.fail_after(within):
        while not await check():
            await trio.sleep(0.02)


@asynccontextmanager
async def running(command: list[str]) -> AsyncIterator[trio.Process]:
    """Run a command beside the block, and see that it is gone after it."""
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        with trio.move_on_after(10, shield=True):
            await process.wait()
        assert process.stdin is not None
        await process.stdin.aclose()


async def serving(place: Place, process: trio.Process) -> ServerStatus:
    """Wait until this very process serves."""
    found: list[ServerStatus] = []

    async def look() -> bool:
        status = await server_status(place.data_dir)
        if status is not None and status.phase == "serving" and status.pid == process.pid:
            found.append(status)
        return bool(found)

    await until(look)
    return found[-1]


async def gone(check: Callable[[], Awaitable[object]]) -> None:
    async def look() -> bool:
        return not await check()

    await until(look)


async def test_a_script_on_stdin_is_a_conversation_and_a_kill_in_it_costs_no_reply(place: Place) -> None:
    typed = "hi\n۲\n3\n2\n/kill The cooler is broken\n/as bob\nhi\n/number shared\n/link 2\n/nothing\n/as\n/quit\nnever\n"
    done = await place.run("chat", typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    _, *parts = re.split(r"\n(?=me: |bob: )", done.stdout)
    assert [part.split("\n")[0] for part in parts] == [
        "me: hi",
        "me: [فارسی]",
        "me: [پشتیبانی]",
        "me: 2",
        "me: The cooler is broken",
        "bob: hi",
        "bob: TENANT_2",
    ]
    hi, picked, support, number, killed, bob, linked = parts
    assert "Palm Estates: Welcome to \u2068Palm Estates\u2069!" in hi
    assert re.search(r"\n  1  English\n  2  فارسی\n  3  العربية\n  4  Русский$", hi)
    assert "Palm Estates: از این پس" in picked
    assert re.search(r"\n  1  .+\n  2  .+\n  3  پشتیبانی$", picked), (
        "what the bot can do, to be picked by number"
    )
    assert "Palm Estates: لطفاً موضوع را" in support
    assert "Palm Estates: لطفاً کمی بیشتر" in number, "with no choices open a number is a text"
    assert re.search(r"then kill -9 of the server \(pid \d+\)", killed)
    assert re.search(r"serves again after [\d.]+ s \(pid \d+\)", killed)
    assert killed.count("Palm Estates: ") == 1
    assert "S-0001" in killed, "the request is stored once, before or after the kill"
    assert "the reply came once" in killed
    assert "Palm Estates -> bob: Welcome to" in bob
    assert "writing to 100  shared number" in bob
    assert "shared number -> bob: Welcome to \u2068Marina Homes\u2069!" in linked
    assert "/nothing is not understood" in linked
    assert "/as needs a word" in linked
    assert holder_of(place.data_dir) is None
    assert not (place.data_dir / "stage.toml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_chat_its_server_and_its_provider(place: Place, number: signal.Signals) -> None:
    async with running(place.command("chat")) as process:

        async def up() -> bool:
            status = await server_status(place.data_dir)
            return status is not None and status.phase == "serving"

        await until(up)
        process.send_signal(number)
        with trio.fail_after(10):
            assert await process.wait() == 128 + number
    assert holder_of(place.data_dir) is None
    assert await fake_graph_at(place.host, 8082) is None


async def test_a_demo_server_has_a_provider_that_outlives_its_death_and_ends_with_its_end(
    place: Place,
) -> None:
    async with running(place.command("serve")) as first:
        await serving(place, first)
        provider = await fake_graph_at(place.host, 8082)
        assert provider is not None

        done = await place.run("send", "hi")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Welcome to \u2068Palm Estates\u2069!")

        done = await place.run("send", "TENANT_2", "--as", "bob", "--channel", "shared", "--json")
        answer = json.loads(done.stdout)
        assert answer["reply"]["quoted"] == answer["message"]
        assert "Marina Homes" in answer["reply"]["body"]["interactive"]["body"]["text"]

        attached = await place.run("chat", typed="/kill\nhello\n")
        assert attached.returncode == 0
        assert f"attached to the server that runs (pid {first.pid}" in attached.stdout
        assert "did not start the server" in attached.stdout
        other = await place.run("chat", "--app", "actors.echo:app", typed="hello\n")
        assert (other.returncode, other.stdout) == (1, "")
        assert "serves the app estate, not echo" in other.stderr
        assert re.search(r"me: hello\nPalm Estates: ", attached.stdout)

        first.kill()
        await first.wait()
    async with running(place.command("serve")) as second:
        await serving(place, second)
        assert await fake_graph_at(place.host, 8082) == provider, "the same one, with all that it remembers"
        third = await place.run("serve")
        assert third.returncode == 1
        assert f"in use by another serve (pid {second.pid})" in third.stderr
        elsewhere = await place.run("serve", "--port", "0")
        assert f"in use by another serve (pid {second.pid})" in elsewhere.stderr, (
            "not the provider is in its way"
        )
        assert await fake_graph_at(place.host, 8082) == provider, "it is not the third's to end"
        assert (await place.run("send", "hello again")).returncode == 0
        second.terminate()
        with trio.fail_after(10):
            assert await second.wait() == 0
    await gone(partial(fake_graph_at, place.host, 8082))
    assert not (place.data_dir / "fake-graph.toml").exists()


async def test_a_provider_that_nobody_needs_any_more_ends_by_itself(place: Place) -> None:
    words = ("--host", place.host, "--port", "8082", "--linger", "0.3")
    done = await place.run("fake-graph", *words)
    assert (done.returncode, done.stdout) == (0, f"fake Graph on http://{place.host}:8082\n")
    async with running(place.command("fake-graph", *words[:-1], "600")) as process:
        await until(partial(fake_graph_at, place.host, 8082))
        place.config.unlink()
        with trio.fail_after(10):
            assert await process.wait() == 0


async def test_send_says_in_one_line_why_there_is_no_reply(place: Place) -> None:
    done = await place.run("send", "hi")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"majlis: no server runs on {place.data_dir}: start `majlis serve` first, or give --data-dir\n"
    )
    async with running(place.command("serve")) as server:
        await serving(place, server)
        done = await place.run("send", "no link", "--channel", "shared")
        assert done.returncode == 0, "the first time it helps"
        done = await place.run("send", "no link", "--channel", "shared", "--timeout", "1")
        assert (done.returncode, done.stderr) == (1, "majlis: stored, but no reply within 1 s\n")
        done = await place.run("chat", typed="/number shared\nno link\n")
        assert "(stored and handled; no reply is due)" in done.stdout
        done = await place.run("send", "hi", "--channel", "nobody")
        assert "no number is called 'nobody'; there are own, shared, a tenant's slug, 100" in done.stderr


async def test_chat_never_stands_in_for_a_real_provider(place: Place) -> None:
    secrets = 'app_secret = "one"\nverify_token = "two"\naccess_token = "three"\n'
    real = place.config.read_text().replace(f"http://{place.host}:8082", "https://graph.facebook.com")
    owners = re.sub(r'tenant = ".*"\n?', "", real)
    place.config.write_text(owners.replace('provider = "meta"\n', f'provider = "meta"\n{secrets}'))
    done = await trio.run_process(
        [word for word in place.command("chat") if word != "--demo"], capture_stderr=True, check=False
    )
    assert done.returncode == 1
    assert b"the channels send to graph.facebook.com: this needs a fake Graph on loopback" in done.stderr
    assert not place.data_dir.exists()


async def test_simulate_kills_a_server_of_its_own_and_nothing_is_lost(place: Place) -> None:
    place.config.write_text(
        place.config.read_text().replace(
            "[server]", "[node]\nsend_timeout = 2.0\nuncertain_wait = 8.0\n[server]"
        )
    )
    done = await place.run(
        "simulate", "--people", "40", "--messages", "4", "--channels", "2", "--duplicates", "0.2", "--shuffle",
        "--batch", "8", "--kills", "1", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    counts = [verdict[name] for name in ("acknowledged", "handled", "replied", "kills")]
    assert counts == [160, 160, 160, 1]
    assert verdict["doubled_in_flight"] == 0
    assert done.stderr.count("was killed (kill -9) and serves again after") == 1
    assert holder_of(place.data_dir) is None
