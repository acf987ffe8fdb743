"""The simulator over real HTTP, against a tiny bot in memory: right when it is right, wrong when it is not."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from click.testing import CliRunner

from actors.channels.fake_graph import FakeGraph, http1
from actors.simulate import Plan, SimulationError, Verdict, simulate
from actors.simulate.command import simulate_command
from config import Settings, load
from runtime import Request, Response
from runtime.testing import Ledger, LedgerEntry, LedgerSend


@dataclass
class TinyBot:
    """Stores, answers each message with one send that quotes it, and misbehaves as told."""

    settings: Settings
    provider: str = ""
    forgets: str = ""
    doubles: str = ""
    ignores_duplicates: bool = True
    first_answer: int = 200
    entries: list[LedgerEntry] = field(default_factory=list)
    sends: dict[str, LedgerSend] = field(default_factory=dict)
    posts: Counter[bytes] = field(default_factory=Counter)
    statuses: int = 0
    _known: set[str] = field(default_factory=set)
    _last: dict[str, trio.Event] = field(default_factory=dict)

    async def ledger(self) -> Ledger:
        return Ledger(list(self.entries), list(self.sends.values()))

    async def webhook(
        self, nursery: trio.Nursery, client: httpx.AsyncClient, request: Request
    ) -> Response | None:
        self.posts[request.body] += 1
        updates = [
            change["value"] for entry in json.loads(request.body)["entry"] for change in entry["changes"]
        ]
        numbers = {update["metadata"]["phone_number_id"] for update in updates}
        for channel in self.settings.channels:
            if channel.id in numbers:
                secret = channel.app_secret[0].reveal().encode()
                digest = hmac.new(secret, request.body, hashlib.sha256).hexdigest()
                assert request.headers["x-hub-signature-256"] == f"sha256={digest}"
        for update in updates:
            self.statuses += len(update.get("statuses", ()))
            number = update["metadata"]["phone_number_id"]
            for message in update.get("messages", ()):
                self._take(nursery, client, number, message)
        if self.first_answer != 200 and self.posts[request.body] == 1 and "messages" in updates[0]:
            return None if not self.first_answer else Response(self.first_answer)
        return Response(200)

    def _take(
        self, nursery: trio.Nursery, client: httpx.AsyncClient, number: str, message: dict[str, Any]
    ) -> None:
        if message["id"] in self._known and self.ignores_duplicates:
            return
        self._known.add(message["id"])
        if self.forgets and message["id"].endswith(self.forgets):
            return
        conversation = f"c{message['from']}"
        seq = 1 + sum(entry.conversation == conversation for entry in self.entries)
        dedup = f"m|meta:{number}|{message['id']}"
        self.entries.append(LedgerEntry(dedup, conversation, seq, 1, seq, "done"))
        effect = f"{conversation}-{seq}"
        self.sends[effect] = LedgerSend(effect, conversation, seq, "", "queued", maybe_duplicate=False)
        before, done = self._last.get(conversation), trio.Event()
        self._last[conversation] = done
        nursery.start_soon(self._answer, client, number, message, self.sends[effect], before, done)

    async def _answer(
        self,
        client: httpx.AsyncClient,
        number: str,
        message: dict[str, Any],
        send: LedgerSend,
        before: trio.Event | None,
        done: trio.Event,
    ) -> None:
        token = next(c.access_token.reveal() for c in self.settings.channels if c.id == number)
        body = {
            "messaging_product": "whatsapp",
            "to": message["from"],
            "type": "text",
            "text": {"body": message["text"]["body"]},
            "context": {"message_id": message["id"]},
            "biz_opaque_callback_data": send.effect,
        }
        if before is not None:
            await before.wait()
        for _ in range(2 if self.doubles and message["id"].endswith(self.doubles) else 1):
            answer = await client.post(
                f"{self.provider}/v23.0/{number}/messages",
                json=body,
                headers={"authorization": f"Bearer {token}"},
            )
            wamid = answer.json()["messages"][0]["id"]
            self.sends[send.effect] = msgspec.structs.replace(send, provider_id=wamid, status="done")
        done.set()


def demo(tmp_path: Path, api_url: str = "http://127.0.0.1:8082/v23.0") -> Settings:
    settings = load(flags={"data_dir": str(tmp_path)}, demo=True, environ={"HOME": str(tmp_path)})
    channels = tuple(msgspec.structs.replace(channel, api_url=api_url) for channel in settings.channels)
    return msgspec.structs.replace(settings, channels=channels)


@asynccontextmanager
async def serving(bot: TinyBot) -> AsyncIterator[str]:
    async with trio.open_nursery() as nursery, httpx.AsyncClient(trust_env=False) as client:
        address = await nursery.start(http1.serve, partial(bot.webhook, nursery, client), "127.0.0.1", 0)
        yield f"http://{address}/webhooks/meta"
        nursery.cancel_scope.cancel()


async def stranger(_request: Request) -> Response:
    return Response(200, b"hello")


async def run(bot: TinyBot, plan: Plan, ledger: Callable[[], Awaitable[Ledger]] | None = None) -> Verdict:
    """Judge the bot with a fake Graph in this process."""
    async with serving(bot) as url, trio.open_nursery() as nursery:
        fake = FakeGraph.of(bot.settings, url)
        bot.provider = "http://" + await nursery.start(fake.serve)
        verdict = await simulate(
            replace(plan, webhook_url=url), bot.settings, fake=fake, ledger=ledger or bot.ledger
        )
        nursery.cancel_scope.cancel()
    return verdict


PLAN = Plan(people=20, messages=3, channels=5, duplicates=0.2, shuffle=True, batch=5, quiet=0.5, linger=0.1)


async def test_a_right_bot_gets_a_right_verdict(tmp_path: Path) -> None:
    verdict = await run(TinyBot(demo(tmp_path)), PLAN)
    assert verdict.ok, verdict.table()
    assert (verdict.messages, verdict.deliveries, verdict.handled, verdict.replied) == (60, 72, 60, 60)
    assert verdict.answers == {"200": 15}


@pytest.mark.parametrize("first_answer", [503, 0])
async def test_what_is_not_acknowledged_is_posted_again_with_the_same_ids(
    tmp_path: Path, first_answer: int
) -> None:
    bot = TinyBot(demo(tmp_path), first_answer=first_answer)
    verdict = await run(bot, replace(PLAN, duplicates=0.0))
    assert verdict.ok, verdict.table()
    assert verdict.answers == {"200": 12, "503" if first_answer else "RemoteProtocolError": 12}
    assert sum(count == 2 for count in bot.posts.values()) == 12


async def test_a_bot_that_forgets_is_found_out_after_the_quiet_time(tmp_path: Path) -> None:
    verdict = await run(TinyBot(demo(tmp_path), forgets=".p7.m1"), PLAN)
    assert (verdict.lost, verdict.acknowledged, verdict.handled) == (1, 60, 59)
    assert [found.messages for found in verdict.findings] == [(f"wamid.SIM{verdict.run}.p7.m1",)]


async def test_a_bot_that_answers_twice_is_found_out(tmp_path: Path) -> None:
    verdict = await run(TinyBot(demo(tmp_path), doubles=".p7.m1"), PLAN)
    assert (verdict.doubled, verdict.ok) == (1, False)


async def test_a_bot_that_takes_duplicates_for_news_is_found_out(tmp_path: Path) -> None:
    verdict = await run(TinyBot(demo(tmp_path), ignores_duplicates=False), PLAN)
    assert verdict.doubled == 12


async def test_links_are_acknowledged_before_anything_else_is_sent_on_shared_numbers(tmp_path: Path) -> None:
    bot = TinyBot(demo(tmp_path))
    verdict = await run(bot, replace(PLAN, first=("TENANT_2",), shared=True, channels=2))
    assert verdict.ok, verdict.table()
    firsts = [entry for entry in bot.entries if entry.seq == 1]
    assert len(firsts) == 20
    assert all(entry.dedup.endswith(".m0") for entry in firsts)


async def test_a_database_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    bot = TinyBot(demo(tmp_path))
    reads = 0

    async def ledger() -> Ledger:
        nonlocal reads
        reads += 1
        if reads == 1:
            raise ConnectionRefusedError
        return await bot.ledger()

    verdict = await run(bot, PLAN, ledger)
    assert verdict.ok, verdict.table()
    assert reads > 1


async def test_a_bot_that_is_away_leaves_everything_unacknowledged_at_the_deadline(tmp_path: Path) -> None:
    bot = TinyBot(demo(tmp_path))
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/webhooks/meta"
        plan = replace(PLAN, webhook_url=url, deadline=0.2, quiet=0.1)
        verdict = await simulate(plan, bot.settings, fake=FakeGraph.of(bot.settings, ""), ledger=bot.ledger)
    assert (verdict.unacknowledged, verdict.lost, verdict.ok) == (60, 0, False)
    assert set(verdict.answers) == {"ConnectError"}


async def test_it_hosts_a_provider_where_none_listens_and_uses_one_that_does(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
    settings = demo(tmp_path, f"http://127.0.0.1:{port}/v23.0")
    bot = TinyBot(settings, provider=f"http://127.0.0.1:{port}")
    async with serving(bot) as url:
        plan = replace(PLAN, webhook_url=url)
        hosted = await simulate(plan, settings, ledger=bot.ledger)
        assert hosted.ok, hosted.table()
        async with trio.open_nursery() as nursery:
            fake = FakeGraph.of(settings, url)
            await nursery.start(fake.serve, "127.0.0.1", port)
            away = await simulate(plan, settings, ledger=bot.ledger)
            assert away.ok, away.table()
            assert fake.last_index == 60
            nursery.cancel_scope.cancel()


async def test_it_refuses_to_drive_a_real_provider_or_a_strange_server(tmp_path: Path) -> None:
    bot = TinyBot(demo(tmp_path, "https://graph.facebook.com/v23.0"))
    with pytest.raises(SimulationError, match="fake Graph on loopback"):
        await simulate(PLAN, bot.settings, ledger=bot.ledger)
    with pytest.raises(SimulationError, match="30 channels owned by a tenant are asked for"):
        await simulate(replace(PLAN, channels=30), bot.settings, ledger=bot.ledger)
    async with trio.open_nursery() as nursery:
        address = await nursery.start(http1.serve, stranger, "127.0.0.1", 0)
        settings = demo(tmp_path, f"http://{address}/v23.0")
        with pytest.raises(SimulationError, match="taken by something that is no fake Graph"):
            await simulate(PLAN, settings, ledger=bot.ledger)
        nursery.cancel_scope.cancel()


def test_the_command_says_in_one_line_what_it_cannot_do(tmp_path: Path) -> None:
    async def never(_settings: Settings) -> Ledger:
        raise ConnectionRefusedError("no server runs")

    command = simulate_command(never, "actors.estate:app")
    shown = CliRunner().invoke(command, ["--people", "0"])
    assert (shown.exit_code, "0 is not in the range" in shown.output) == (2, True)
    shown = CliRunner().invoke(command, ["--batch", "1001"])
    assert shown.exit_code == 1
    assert "batch must be between 1 and 1000" in shown.output
    shown = CliRunner().invoke(command, ["--provider", "twilio", "--batch", "2", "--demo"])
    assert (shown.exit_code, "a webhook of twilio brings one message" in shown.output) == (1, True)
    for words in (["--kills", "1", "--connections", "x.json"], ["--connections", "x.svg"]):
        shown = CliRunner().invoke(command, words)
        assert (shown.exit_code, "--connections: " in shown.output) == (2, True)
    shown = CliRunner(env={"MAJLIS_DATA_DIR": str(tmp_path)}).invoke(command, ["--demo"])
    assert (shown.exit_code, shown.output) == (1, "majlis: the database cannot be read: no server runs\n")
