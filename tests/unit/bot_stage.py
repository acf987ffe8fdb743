"""One conversation with the bot, turn by turn, with nothing but memory around it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from actors.conversation.bot import EstateBot
from actors.conversation.state import EstateState
from actors.media.task import Download, MediaFetched, Result, group_of
from actors.messages import Buttons, ChoicePicked, Choices, MessageReceived, Outgoing, Text, Unsupported
from actors.sql import statement
from config import Channel, Secret, Settings, Tenant
from runtime import Event, Row, Transaction, Turn
from runtime.actor.effect import Lane
from tests.unit.meta_samples import SAMPLES

SECRET = Secret("a-secret-of-the-tests")


def channel(number: str, tenant: str | None) -> Channel:
    return Channel(
        provider="meta",
        id=number,
        tenant=tenant,
        app_secret=(SECRET,),
        verify_token=SECRET,
        access_token=SECRET,
    )


def settings(*, palm: bool = True) -> Settings:
    return Settings(
        data_dir=Path("unused"),
        tenants=(
            Tenant(id=2, slug="marina", name="Marina Homes", default_language="en"),
            Tenant(id=3, slug="kish", name="خانه کیش", default_language="fa"),
            Tenant(id=4, slug="noor", name="عقارات نور", default_language="ar"),
            Tenant(
                id=5,
                slug="palm",
                name="Palm",
                default_language="ru",
                status="active" if palm else "suspended",
            ),
            Tenant(id=9, slug="gone", name="Gone Estates", default_language="ar", status="suspended"),
        ),
        channels=(
            channel("shared", None),
            channel("marina", "marina"),
            channel("kish", "kish"),
            channel("noor", "noor"),
            channel("palm", "palm"),
            channel("gone", "gone"),
        ),
    )


class Recorder:
    """Stands in for the database: keeps what a turn would write."""

    def __init__(self) -> None:
        self.written: list[tuple[str, tuple[object, ...]]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        yield self

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        if "from tenant_routes" in sql:
            return []  # nobody has bound a code or an advertisement
        raise AssertionError(f"nothing is read: {sql}")

    async def execute(self, sql: str, *args: object) -> str:
        self.written.append((sql, args))
        return "INSERT 0 1"


class Stage:
    """One conversation with the bot, turn by turn; its state goes through its stored form after each."""

    def __init__(self, number: str, given: Settings | None = None) -> None:
        self.bot = EstateBot()
        self.bot.configure(given or settings())
        self.channel = f"meta:{number}"
        self.now = datetime(2026, 1, 1, 9, tzinfo=UTC)
        self.state = EstateState()
        self.database = Recorder()
        self.turns = 0
        self.asked: list[Download] = []
        self.labels: Mapping[str, str] = {}

    async def play(self, event: Event) -> list[Outgoing]:
        turn = Turn(
            conversation="c1",
            channel=self.channel,
            version=self.turns,
            state=self.state,
            now=self.now,
            resources=self.database,
        )
        await self.bot.receive(turn, event)
        self.labels = turn.labels
        self.turns += 1
        self.state = msgspec.json.decode(msgspec.json.encode(turn.state), type=EstateState)
        self.asked += [
            msgspec.json.decode(e.payload, type=Download) for e in turn.effects if e.lane is Lane.WORK
        ]
        return [msgspec.json.decode(e.payload, type=Outgoing) for e in turn.effects if e.lane is Lane.SEND]

    def fetched(self, result: Result) -> MediaFetched:
        """Return the event for what came of the latest medium."""
        asked = self.asked[-1]
        return MediaFetched(
            message=asked.message,
            kind=asked.kind,
            group=group_of(asked.kind, asked.mime),
            result=result,
            tag=asked.tag,
            caption=asked.caption,
            limit=20 * 1024 * 1024,
        )

    async def says(self, text: str) -> str:
        """Play one text and return the body of the one answer."""
        (said,) = await self.play(self.heard(text))
        assert isinstance(said, Text | Buttons | Choices)
        return plain(said.body)

    def heard(self, act: str) -> Event:
        """Return the event for what a transcript's line does."""
        message = f"wamid.{self.turns}"
        if picked := re.fullmatch(r"\((.+)\)", act):
            return ChoicePicked(id=message, choice=picked[1])
        if kind := re.fullmatch(r"\[(.+)\]", act):
            sample = SAMPLES.get(kind[1], ({}, Unsupported(id="", kind=kind[1])))[1]
            return msgspec.structs.replace(sample, id=message) if hasattr(sample, "id") else sample
        return MessageReceived(id=message, text=json.loads(f'"{act}"'))

    @property
    def decisions(self) -> list[tuple[object, ...]]:
        assert {sql for sql, _ in self.database.written} <= {statement("record_routing_decision")}
        return [args for _, args in self.database.written]


def plain(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")
