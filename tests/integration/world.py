"""A whole Majlis for a test: `serve` as a process of its own, and its provider in the test's process.

Each world has a loopback address of its own, so no two tests, and nothing else on this machine, want the same port. When
the block of a world ends well, its server is stopped as an operator would, and its log is searched for what no log may
hold. Waiting is always for a condition.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

import asyncpg
import httpx
import trio
from prometheus_client.parser import text_string_to_metric_families

from actors.channels.fake_graph import FakeGraph, Faults
from actors.simulate import Plan, Verdict, simulate
from config import Settings, load
from runtime.ingress.operator import call_operator
from runtime.journal.ledger import postgres_of, read_ledger
from runtime.resources.bridge import Bridge, open_bridge
from runtime.serve.place import operator_socket
from runtime.testing import Ledger, ServeProcess

T = TypeVar("T")

ONE, TWO = "app-secret-of-app-one-3b1f", "app-secret-of-app-two-9c2e"
VERIFY, ACCESS = "verify-token-77a0", "access-token-51dd"
#: Every text and name that people send here holds this word, which is nobody's vocabulary.
MARK = "quokka"
#: Numbers of people: those of the tests, and those that the simulator makes up.
_PHONES = re.compile(r"(?<![\w.])(97155\d{7}|999\d{12})\b")  # no part of a float, which may end in many nines

TENANTS: Sequence[Mapping[str, object]] = (
    {"id": 1, "slug": "palm", "name": "Palm Homes", "default_language": "en"},
    {"id": 2, "slug": "marina", "name": "Marina Homes", "default_language": "en"},
)
SHARED, OWN = "100200300400001", "100200300400002"

_dice = SystemRandom()
_ids = count(1)


def channel(number: str, tenant: str | None = None, **more: object) -> dict[str, object]:
    """Return a channel for a configuration; `more` replaces or adds keys."""
    owner = {"tenant": tenant} if tenant else {}
    secrets = {"app_secret": ONE, "verify_token": VERIFY, "access_token": ACCESS}
    return {"provider": "meta", "id": number, **secrets, "max_mps": 1000, **owner, **more}


CHANNELS: Sequence[Mapping[str, object]] = (channel(SHARED), channel(OWN, "palm"))


def own_channels(number: int) -> Sequence[Mapping[str, object]]:
    """Return so many channels, all owned."""
    return [channel(f"1002003004{i:05d}", "palm" if i % 2 else "marina") for i in range(number)]


def person(number: int) -> str:
    """Return the phone number of a person."""
    return f"97155{number:07d}"


def fresh_id() -> str:
    """Return a message id that was never used."""
    return f"wamid.{_dice.getrandbits(64):016x}{next(_ids)}"


def text(sender: str, body: str, message_id: str = "") -> dict[str, object]:
    """Return the element of a webhook that is a text."""
    return {
        "from": sender,
        "id": message_id or fresh_id(),
        "timestamp": "1",
        "type": "text",
        "text": {"body": body},
    }


def webhook(number: str, *messages: Mapping[str, object], **value: object) -> bytes:
    """Return the body that brings these messages to a channel, with a contact for each sender."""
    senders = {str(message["from"]): None for message in messages if "from" in message}
    contacts = [{"profile": {"name": f"{MARK} {sender[-3:]}"}, "wa_id": sender} for sender in senders]
    whole = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number, "phone_number_id": number},
        "contacts": contacts,
        "messages": messages,
        **value,
    }
    return envelope({"field": "messages", "value": whole})


def envelope(*changes: Mapping[str, object], account: str = "900800700") -> bytes:
    """Return a webhook's body around some changes of one account."""
    entry = [{"id": account, "time": 1, "changes": changes}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def signature(body: bytes, secret: str = ONE) -> str:
    """Return the header that proves that `body` was signed with `secret`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def said(send: Any) -> str:
    """Return the text that a person reads in a message that the provider accepted."""
    content = send.content()
    part = content.get("text") or content["interactive"]["body"]
    return str(part.get("body") or part.get("text"))


def leaks(page: str) -> list[str]:
    """Return what a page holds of secrets, numbers and texts of people; nothing, where it is fit to be shown."""
    words = (ONE, TWO, VERIFY, ACCESS, MARK, "service charge", "پارتمان", "مرحبا", "интересует")
    return [word for word in words if word in page] + _PHONES.findall(page)


async def answer_of(stream: trio.SocketStream, within: float = 10.0) -> bytes:
    """Read until the server closes its side, and return all of it; b"" where it closed without a word."""
    answer = b""
    with trio.fail_after(within):
        while data := await stream.receive_some(65536):
            answer += data
    return answer


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer, 0 of none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def until(check: Callable[[], Awaitable[T]], within: float = 10.0, what: str = "") -> T:
    """Ask until the answer is true, and return it; it is an error after `within` seconds."""
    answer: T | None = None
    with trio.move_on_after(within):
        while True:
            answer = await check()
            if answer:
                return answer
            await trio.sleep(0.02)
    raise AssertionError(f"not within {within:g} s: {what or 'the condition'} (the last answer: {answer!r})")


class Majlis:
    """One `serve`: its configuration, its process over all lives, and what it says about itself."""

    def __init__(self, home: Path, settings: Mapping[str, Any], client: httpx.AsyncClient) -> None:
        home.mkdir()
        self.home = _open_to_servers(home)
        self.config = home / "majlis.toml"
        self.log_path = home / "serve.log"
        self.facts = dict(settings)
        self.write(settings)
        self.settings: Settings = load(config=self.config, environ={})
        server = self.settings.server
        self.url = f"http://{server.host}:{server.port}/webhooks/meta"
        self.admin = f"http://{server.admin_host}:{server.admin_port}"
        self.process = self.another()
        self._client = client

    def another(self, *options: str) -> ServeProcess:
        """Return a second process on the very same configuration; the first one holds its data directory."""
        return ServeProcess(
            (*majlis_command(), "serve", "--config", str(self.config), *options),
            data_dir=self.settings.data_dir,
            log=self.log_path,
            environ={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            cwd=self.home,
        )

    def write(self, facts: Mapping[str, Any]) -> None:
        """Write the configuration; a running server reads it at SIGHUP."""
        self.config.write_text(_toml(facts))
        self.config.chmod(0o600)

    async def post(self, body: bytes, *, secret: str = ONE, **headers: str) -> int:
        """Post a webhook and return the status of the answer; a header replaces the right one."""
        right = {"content-type": "application/json", "x-hub-signature-256": signature(body, secret)}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self._client.post(self.url, content=body, headers={**right, **given})
        return answer.status_code

    async def post_at_once(self, bodies: Sequence[bytes]) -> Sequence[int]:
        """Post all bodies at the same time, each over a connection of its own; return the statuses."""
        statuses: list[int] = []

        async def one(body: bytes) -> None:
            head = (
                f"POST /webhooks/meta HTTP/1.1\r\nHost: majlis\r\nContent-Length: {len(body)}\r\n"
                f"X-Hub-Signature-256: {signature(body)}\r\nConnection: close\r\n\r\n"
            )
            async with await self.connect() as stream:
                await stream.send_all(head.encode() + body)
                statuses.append(status_of(await answer_of(stream)))

        async with trio.open_nursery() as nursery:
            for body in bodies:
                nursery.start_soon(one, body)
        return statuses

    async def connect(self) -> trio.SocketStream:
        """Open a bare connection to the public listener."""
        return await trio.open_tcp_stream(self.settings.server.host, self.settings.server.port)

    async def say(self, number: str, sender: str, body: str, message_id: str = "") -> int:
        """Post one text."""
        return await self.post(webhook(number, text(sender, body, message_id)))

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Get a page of the public listener."""
        return await self._client.get(self.url.removesuffix("/webhooks/meta") + path, params=query)

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """Return the status and the content of /readyz."""
        answer = await self._client.get(f"{self.admin}/readyz")
        return answer.status_code, answer.json()

    async def page(self, path: str) -> str:
        """Return a page of the admin listener."""
        return (await self._client.get(self.admin + path)).text

    async def metric(self, name: str, **labels: str) -> float:
        """Return one number of /metrics, or the sum of those that have these labels; 0 where it is not there."""
        families = text_string_to_metric_families(await self.page("/metrics"))
        found = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in found if labels.items() <= sample.labels.items())

    async def operate(self, command: str) -> Any:
        """Give a command over the operator socket."""
        return await call_operator(operator_socket(self.settings.data_dir), command, {}, 5.0)

    async def statistics(self) -> Any:
        """Return the statistics of everything in the process."""
        return (await self.operate("status"))["statistics"]

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        os.kill(self.process.pid, number)

    @property
    def log(self) -> str:
        """Everything that it has logged, in all its lives."""
        return self.log_path.read_text()

    async def logged(self, words: str, times: int = 1, within: float = 10.0) -> None:
        """Wait until words stand in the log."""

        async def look() -> bool:
            return self.log.count(words) >= times

        await until(look, within, f"{words!r} in the log")

    async def check_pages(self) -> None:
        """Assert that nothing it shows holds what no page may hold: metrics, readiness, status, answers to nonsense."""
        shown = {path: await self.page(path) for path in ("/metrics", "/readyz", "/livez", "/nowhere")}
        shown["status"] = repr(await self.operate("status"))
        known = self.settings.channels[0]
        body = webhook(known.id, text(person(999), f"unsigned {MARK}"))
        for name, content, header in (
            ("401", body, signature(body, "guessed")),
            ("400", b'{"entry": "' + body.replace(b'"', b"'"), ""),
            ("404", body, "nowhere"),
        ):
            answer = await self._client.post(
                self.url + ("/nowhere" if name == "404" else ""),
                content=content,
                headers={"x-hub-signature-256": header or signature(content, known.app_secret[0].reveal())},
            )
            assert str(answer.status_code) == name
            shown[name] = f"{answer.text} {dict(answer.headers)}"
        for name, page in shown.items():
            told = leaks(page)
            assert not told, f"{name} holds {told}"

    def check_logs(self) -> None:
        """Assert that neither its log nor those of its embedded servers hold what no log may hold, or a traceback."""
        logs = [self.log_path, *(self.settings.data_dir / "log").glob("*")]
        for path in logs:
            told = leaks(path.read_text(errors="replace"))
            assert not told, f"{path.name} holds {told}"
        assert "Traceback" not in self.log


class World:
    """A provider, one or more servers, and a way to their database."""

    def __init__(self, home: Path, fake: FakeGraph, first: Majlis, bridge: Bridge, client: httpx.AsyncClient):
        self.home, self.fake, self.majlis = home, fake, first
        self._bridge, self._client = bridge, client
        self.all = [first]

    def beside(self) -> Majlis:
        """Return another server on the same databases, with a data directory and ports of its own."""
        place = self.home / f"serve{len(self.all)}"
        ports = {"port": 8080 + 10 * len(self.all), "admin_port": 8081 + 10 * len(self.all)}
        facts = {**self.majlis.facts, "data_dir": str(place / "data")}
        other = Majlis(place, {**facts, "server": {**facts["server"], **ports}}, self._client)
        self.all.append(other)
        return other

    async def rows(self, sql: str, *args: object) -> list[Any]:
        """Return what a statement finds in the database."""
        return await self._bridge.run(_fetch, postgres_of(self.majlis.settings), sql, args)

    async def rows_of(self, server: Majlis, sql: str, *args: object) -> list[Any]:
        """Return what a statement finds in the database of a server with embedded ones of its own."""
        return await self._bridge.run(_fetch, postgres_of(server.settings), sql, args)

    async def number(self, sql: str, *args: object) -> int:
        """Return the one number that a statement finds."""
        return int((await self.rows(sql, *args))[0][0])

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Let nobody write to a table while the block runs: whoever tries waits."""
        dsn = postgres_of(self.majlis.settings)
        connection = await self._bridge.run(partial(asyncpg.connect, timeout=5), dsn)
        try:
            await self._bridge.run(connection.execute, f"begin; lock table {table} in exclusive mode")
            yield
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await self._bridge.run(connection.close)

    async def handled(self, events: int, within: float = 10.0) -> None:
        """Wait until the journal holds so many events and has handled all of them."""

        async def look() -> bool:
            done, stored = (
                await self.rows("select sum(done_seq)::int, sum(next_seq - 1)::int from conversation")
            )[0]
            return bool(done == stored == events)

        await until(look, within, f"{events} events handled")

    async def ledger(self) -> Ledger:
        """Read the books."""
        return await read_ledger(self.majlis.settings)

    async def simulate(self, plan: Plan) -> Verdict:
        """Drive the first server, or the one of `plan.webhook_url`, and judge."""
        return await simulate(plan, self.majlis.settings, fake=self.fake, ledger=self.ledger)

    async def welcomed(self, server: Majlis, sender: str, number: str = OWN) -> None:
        """Let a person write to a server, which answers; the simplest proof that all of it works."""
        before = self.fake.last_index
        assert await server.say(number, sender, f"Good evening {MARK}") == 200
        assert await self.fake.wait_sent(before, to=sender, timeout=15), "no reply"


@asynccontextmanager
async def open_world(
    postgres: str = "",
    redis: str = "",
    *,
    channels: Iterable[Mapping[str, object]] = CHANNELS,
    faults: Faults | None = None,
    node: Mapping[str, object] | None = None,
    server: Mapping[str, object] | None = None,
    media: Mapping[str, object] | None = None,
    brain: Mapping[str, object] | None = None,
    start: bool = True,
    statuses_to_second: bool = False,
) -> AsyncIterator[World]:
    """Run a world; without URLs on embedded servers. Statuses go to the first server, or to the one beside it.

    At its end each server that still runs is stopped, after a search of its pages and before one of its logs.
    """
    host = f"127.{_dice.randint(1, 254)}.{_dice.randint(0, 254)}.{_dice.randint(2, 254)}"
    api = f"http://{host}:8082/v23.0"
    with tempfile.TemporaryDirectory(prefix="majlis-e2e-") as name:
        home = _open_to_servers(Path(name))
        facts = {
            "data_dir": str(home / "serve0" / "data"),
            "server": {"host": host, "admin_host": host, "port": 8080, "admin_port": 8081, **(server or {})},
            "postgres": {"url": postgres},
            "redis": {"url": redis},
            "node": dict(node or {}),
            "media": dict(media or {}),
            "brain": dict(brain or {}),
            "tenants": TENANTS,
            "channels": [{"api_url": api, **one} for one in channels],
        }
        limits = httpx.Limits(max_connections=200)
        async with (
            httpx.AsyncClient(trust_env=False, timeout=15, limits=limits) as client,
            open_bridge() as bridge,
            trio.open_nursery() as nursery,
        ):
            majlis = Majlis(home / "serve0", facts, client)
            statuses = majlis.url.replace(":8080/", ":8090/") if statuses_to_second else majlis.url
            fake = FakeGraph.of(majlis.settings, statuses)
            fake.put_faults(faults or Faults())
            await nursery.start(fake.serve, host, 8082)
            world = World(home, fake, majlis, bridge, client)
            try:
                if start:
                    await majlis.process.start()
                yield world
                for one in world.all:
                    if one.process.lives and one.process.exit_code is None:
                        await one.check_pages()
                    if one.process.lives and one.process.exit_code is None:
                        assert await one.process.stop() == 0, one.log
                    if one.process.lives:
                        one.check_logs()
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
                    for one in world.all:
                        if one.process.lives and one.process.exit_code is None:
                            await one.process.kill()
            nursery.cancel_scope.cancel()


def _open_to_servers(path: Path) -> Path:
    """Let the embedded servers, which are another user where we are root, pass through a directory."""
    path.chmod(0o711)
    return path


def majlis_command() -> tuple[str, ...]:
    """Return the installed command, or what it runs where there is no script beside this Python."""
    script = Path(sys.executable).with_name("majlis")
    if script.exists():
        return (str(script),)
    return (sys.executable, "-c", "from actors.cli import main; main()")


async def _fetch(dsn: str, sql: str, args: Sequence[object]) -> list[Any]:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return list(await connection.fetch(sql, *args))
    finally:
        await connection.close()


def _toml(facts: Mapping[str, Any]) -> str:
    """Return settings as TOML: plain values first, then tables, then arrays of tables."""

    def plain(value: object) -> str:
        if isinstance(value, Mapping):
            return (
                "{" + ", ".join(f"{json.dumps(key)} = {plain(inner)}" for key, inner in value.items()) + "}"
            )
        return json.dumps(value, ensure_ascii=False)

    lines: list[str] = []
    tables: list[str] = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            tables += [f"[{key}]", *(f"{k} = {plain(v)}" for k, v in value.items())]
        elif isinstance(value, list | tuple):
            for entry in value:
                tables += [f"[[{key}]]", *(f"{k} = {plain(v)}" for k, v in entry.items())]
        else:
            lines.append(f"{key} = {plain(value)}")
    return "\n".join([*lines, *tables]) + "\n"
