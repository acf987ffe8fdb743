"""Every text that asks for a person pauses the whole bot, and none that only names one does, in each language."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.conversation.bot import EstateBot
from config import Settings
from runtime.resources.postgres import PostgresPool
from tests.transcripts.engine import Conversation
from tests.unit.test_wants_person import ASKS, DOES_NOT


@pytest.mark.parametrize("language", sorted(ASKS))
async def test_the_bot_gives_way_to_a_person_where_one_is_asked_for_and_nowhere_else(
    language: str, pool: PostgresPool, settings: Settings
) -> None:
    bot = EstateBot()
    bot.configure(settings)
    wrong = []
    for asks, texts in ((True, (*ASKS[language], "/human")), (False, DOES_NOT[language])):
        for number, text in enumerate(texts):
            conversation = Conversation(pool.transaction, bot, name=f"{language}-{asks}-{number}")
            for words in ("hello", "English", text):
                said = await conversation.say(words)
            if conversation.paused is not asks or not said:
                wrong.append(text)
    assert not wrong


WROTE = """insert into outbox (conversation, version, ordinal, id, shard, lane, payload, expires_at, operator, created_at)
values ($1, 1000, 0, gen_random_uuid(), 0, 'send', 'x', now(), 'sara', $2)"""


async def test_the_bot_is_back_when_nobody_wrote_by_hand_for_the_quiet_time(
    pool: PostgresPool, settings: Settings
) -> None:
    bot = EstateBot()
    bot.configure(settings)
    conversation = Conversation(pool.transaction, bot)
    for words in ("hello", "English", "Find a property", "/human"):
        await conversation.say(words)
    conversation.held = True
    await conversation.wait(timedelta(hours=2))
    async with pool.transaction() as transaction:
        await transaction.execute(WROTE, conversation.name, conversation.now)
    assert await conversation.wait(timedelta(minutes=239)) == []
    assert conversation.paused
    said = await conversation.wait(timedelta(minutes=2))
    assert said[0] == "bot: The automated assistant is here again. Everything you told us is kept."
    assert "May we know your name?" in said[2]
    assert not conversation.paused
