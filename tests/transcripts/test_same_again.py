"""The same events and timers on an equal database give the same effects, byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from actors.conversation.bot import EstateBot
from actors.estate import app
from config import Settings
from runtime import TimerDue, Transaction, encode_event
from runtime.resources.postgres import PostgresPool
from tests.transcripts.agencies import undone
from tests.transcripts.engine import Conversation, play

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["viewing-en", "viewing-ar", "tenants-ru", "support-expo-en"])
async def test_what_was_handled_once_gives_the_same_again(
    name: str, pool: PostgresPool, settings: Settings
) -> None:
    def fresh(transaction: Transaction) -> Conversation:
        @asynccontextmanager
        async def begin() -> AsyncIterator[Transaction]:
            yield transaction

        bot = EstateBot()
        bot.configure(settings)
        return Conversation(begin, bot)

    async with undone(pool) as transaction:
        first = fresh(transaction)
        await play(await trio.Path(HERE / f"{name}.txt").read_text("utf-8"), first)
    async with undone(pool) as transaction:
        again = fresh(transaction)
        again.channel = first.channel
        for event, now, _ in first.turns:
            again.now = now
            stored = not isinstance(event, TimerDue)
            await again.hear(app.codec.decode(encode_event(event)) if stored else event)
    came = [came for *_, came in first.turns]
    assert came == [came for *_, came in again.turns]
    assert again.state == first.state
    assert len(set(came)) > 5, "it did say something"
