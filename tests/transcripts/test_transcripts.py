"""Scripted conversations in four languages, each a file that people can read: what the bot says is there word for word.

SUITE_WRITE=1 writes down how they go now; read the difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio

from actors.conversation.bot import EstateBot
from actors.work import Works
from config import Settings
from runtime.resources.postgres import PostgresPool
from tests.transcripts.engine import Conversation, play

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_a_conversation_goes_as_it_is_written(
    path: Path, pool: PostgresPool, settings: Settings
) -> None:
    works = Works()
    bot = EstateBot(works=works)
    bot.configure(settings)
    written = await trio.Path(path).read_text("utf-8")
    played = await play(written, Conversation(pool.transaction, bot, settings=settings, works=works))
    if os.environ.get("SUITE_WRITE"):
        await trio.Path(path).write_text(played, "utf-8")
    assert played == written
