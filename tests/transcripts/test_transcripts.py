"""Scripted conversations in four languages, each a file that people can read: what the bot says is there word for word.

Each goes the same over every provider's wire. SUITE_WRITE=1 writes down how they go over the first one's; read the
difference before you keep it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import trio

from actors.conversation.bot import EstateBot
from actors.stage import unwrapped
from actors.wording.catalogue import Catalogue
from actors.work import Works
from config import Settings
from runtime.resources.postgres import PostgresPool
from tests.transcripts.engine import Conversation, play
from tests.transcripts.wires import WIRES

CATALOGUE = Catalogue.load()
TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
#: Some say what holds of some providers only: whether the window in which one may write freely ever closes.
_OF_SOME: Mapping[str, Sequence[str]] = {"window-closed-en": ("meta", "twilio"), "window-none-en": ("waha",)}
#: A file of ours is lost only where files are sent.
CASES = [
    (provider, path)
    for path in TRANSCRIPTS
    for provider in _OF_SOME.get(path.stem, tuple(WIRES))
    if WIRES[provider].files or "\nundelivered " not in path.read_text("utf-8")
]


@pytest.mark.parametrize(("provider", "path"), CASES, ids=[f"{name}-{path.stem}" for name, path in CASES])
async def test_a_conversation_goes_as_it_is_written(
    provider: str, path: Path, pool: PostgresPool, settings: Settings
) -> None:
    works, wire = Works(), WIRES[provider]()
    bot = EstateBot(CATALOGUE, works)
    written = await trio.Path(path).read_text("utf-8")
    async with unwrapped() as nursery:
        settings = await wire.begin(settings, nursery)
        bot.configure(settings)
        conversation = Conversation(
            pool.transaction, bot, wire.own, settings=settings, wire=wire, works=works
        )
        played = await play(written, conversation)
    if os.environ.get("SUITE_WRITE") and provider == _OF_SOME.get(path.stem, tuple(WIRES))[0]:
        await trio.Path(path).write_text(played, "utf-8")
    assert played == written
