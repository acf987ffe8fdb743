"""Two agencies on one number: whatever the order in which a person turns to them, each hears what it alone would hear."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import trio
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from actors.conversation.bot import EstateBot
from config import Settings
from runtime import Transaction
from runtime.resources.postgres import PostgresPool
from tests.transcripts.agencies import furnish, open_pool, undone
from tests.transcripts.engine import SHARED, Conversation

LINES = (
    *(
        "buy",
        "rent",
        "villa",
        "2 bedrooms",
        "in Dubai Marina",
        "up to AED 3m",
        "500,000",
        "yes",
        "no",
        "skip",
    ),
    *(
        "to live in",
        "pool",
        "that is all",
        "within a month",
        "Anna",
        "1",
        "2",
        "3",
        "show me",
        "show another",
    ),
    *("support", "The cooler is broken", "S-0001", "expo", "Thursday afternoon", "menu", "cancel", "thanks"),
    *(
        "what about the visa?",
        "book a viewing",
        "cancel the viewing",
        "change my search",
        "asdf",
        "<location>",
    ),
)
"""What is said, in any order; a language was chosen, so that none of it tells one."""
VILLA_TO_VIEWING = ("buy", "show me", "book a viewing", "1", "cancel the viewing")
scripts = st.one_of(
    st.lists(st.sampled_from(LINES), max_size=8).map(tuple),
    st.lists(st.sampled_from(LINES), max_size=3).map(lambda some: (*VILLA_TO_VIEWING, *some)),
)


async def said(
    pool: PostgresPool, bot: EstateBot, language: str, turns: Sequence[tuple[int, str]]
) -> dict[int, list[str]]:
    """Let a person say each line to its agency, after its link where they were elsewhere; return who answered what."""
    answers: dict[int, list[str]] = {}
    async with undone(pool) as transaction:

        @asynccontextmanager
        async def same() -> AsyncIterator[Transaction]:
            yield transaction

        conversation = Conversation(same, bot, SHARED)
        await conversation.say("TENANT_1")
        await conversation.say(language)
        at = 0
        for tenant, words in turns:
            if tenant != at:
                await conversation.say(f"TENANT_{tenant}")
                at = tenant
            heard = "\n".join(await conversation.say(words))
            answers.setdefault(tenant, []).append(heard)
    return answers


def test_each_agency_hears_what_it_alone_would_hear(postgres_dsn: str, settings: Settings) -> None:
    bot = EstateBot()
    bot.configure(settings)

    async def prepare() -> None:
        async with open_pool(postgres_dsn) as pool:
            await furnish(pool, settings)

    async def compare(
        language: str, first: Sequence[str], second: Sequence[str], mixed: Sequence[tuple[int, str]]
    ) -> None:
        async with open_pool(postgres_dsn) as pool:
            together = await said(pool, bot, language, mixed)
            alone = {
                **await said(pool, bot, language, [(1, line) for line in first]),
                **await said(pool, bot, language, [(2, line) for line in second]),
            }
        assert together == alone

    @budget(max_examples=40, deadline=None)
    @given(
        language=st.sampled_from(("English", "فارسی", "العربية", "Русский")),
        first=scripts,
        second=scripts,
        dice=st.randoms(use_true_random=False),
    )
    def compared(language: str, first: tuple[str, ...], second: tuple[str, ...], dice: Random) -> None:
        left = {1: list(first), 2: list(second)}
        mixed: list[tuple[int, str]] = []
        while waiting := [one for one, lines in left.items() if lines]:
            tenant = dice.choice(waiting)
            mixed.append((tenant, left[tenant].pop(0)))
        trio.run(compare, language, first, second, mixed)

    trio.run(prepare)
    compared()
