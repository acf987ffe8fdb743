"""What models cost an agency, on a real database: no more than a day has is ever given out, whoever asks at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
import trio

from actors.agency import knowledge, spending
from actors.agency.importing import ArticleRow, store_articles
from actors.agency.knowledge import KnownArticle, fitting
from actors.agency.spending import Limits, Question
from tests.integration.agency import NOW, Agencies, open_agencies

DAY = timedelta(days=1)
ARTICLES = [
    ArticleRow(key="visa", language="en", title="Residence visas", body="A visa takes two weeks."),
    ArticleRow(key="visa", language="ru", title="Визы резидента", body="Виза занимает две недели."),
    ArticleRow(key="fees", language="en", title="Fees", body="The transfer fee is 4 percent."),
]


@pytest.fixture
async def agencies(postgres_dsn: str) -> AsyncIterator[Agencies]:
    async with open_agencies(postgres_dsn, size=8) as found:
        yield found


def question(name: str, tokens: int = 100, cost: int = 1000) -> Question:
    return Question(
        id=name,
        conversation="c",
        message=f"m.{name}",
        kind="text",
        model="m",
        request='{"words": "hm"}',
        tokens=tokens,
        cost=cost,
    )


async def spent(agencies: Agencies, tenant: int = 1) -> list[tuple[int, int]]:
    rows = await agencies.run("select tokens, cost from model_days where tenant_id = $1 order by day", tenant)
    return [(row["tokens"], row["cost"]) for row in rows]


@pytest.mark.parametrize("limits", [Limits(tokens=1000), Limits(cost=10_000), Limits(1500, 10_000)])
async def test_who_asks_at_once_is_given_what_the_day_has_and_not_a_token_more(
    agencies: Agencies, limits: Limits
) -> None:
    given: list[str] = []

    async def ask(name: str) -> None:
        async with agencies.at() as tx:
            if await spending.reserve(tx, question(name), limits, NOW):
                given.append(name)

    async with trio.open_nursery() as nursery:
        for number in range(30):
            nursery.start_soon(ask, f"q{number}")
    assert len(given) == 10
    assert await spent(agencies) == [(1000, 10_000)]
    async with agencies.at(2) as tx:  # another tenant's day, and another day
        assert await spending.reserve(tx, question("other"), limits, NOW)
    async with agencies.at() as tx:
        assert await spending.reserve(tx, question("tomorrow"), limits, NOW + DAY)
    assert await agencies.run("select 1 from model_calls where id = 'q0' and tenant_id <> 1") == []


async def test_what_was_not_needed_is_given_back_once_and_what_is_lost_stays_spent(
    agencies: Agencies,
) -> None:
    limits, dice, left = Limits(tokens=1000), Random(4), 1000
    for number in range(60):
        async with agencies.at() as tx:
            most = dice.randint(1, 400)
            reserved = await spending.reserve(tx, question(f"q{number}", most), limits, NOW)
            assert reserved == (most <= left)
            if not reserved:
                continue
            took = dice.choice([None, (dice.randint(0, most), 1)])
            for _ in range(2):  # the second time changes nothing
                await spending.settle(tx, f"q{number}", "answered", "", took, NOW)
            left -= most if took is None else took[0]
        assert 0 <= left == 1000 - (await spent(agencies))[0][0]
    rows = await agencies.run("select count(*) filter (where ended_at is null) from model_calls")
    assert rows[0][0] == 0


async def test_a_question_of_another_tenant_is_neither_seen_nor_settled(agencies: Agencies) -> None:
    async with agencies.at(2) as tx:
        assert await spending.reserve(tx, question("theirs"), Limits(), NOW)
    async with agencies.at() as tx:
        await spending.settle(tx, "theirs", "answered", "", (0, 0), NOW)
    assert await spent(agencies, 2) == [(100, 1000)]


async def test_what_was_asked_is_removed_after_the_days_it_is_kept(agencies: Agencies) -> None:
    async with agencies.at() as tx:
        for days in (0, 6, 8, 400):
            assert await spending.reserve(tx, question(f"d{days}"), Limits(), NOW - days * DAY)
        await spending.forget(tx, 0, NOW)
        await spending.forget(tx, 7, NOW)
    assert [row[0] for row in await agencies.run("select id from model_calls order by id")] == ["d0", "d6"]


async def test_articles_are_one_agencys_own_and_those_that_fit_come_first(agencies: Agencies) -> None:
    async with agencies.at() as tx:
        assert (await store_articles(tx, ARTICLES)).added == 3
        assert (await store_articles(tx, ARTICLES)).added == 3
        known = await knowledge.articles(tx)
    async with agencies.at(2) as tx:
        assert await knowledge.articles(tx) == []
    assert [one.key for one in fitting(known, "What fees do I pay?", "en")] == ["fees", "visa"]
    assert [one.title for one in fitting(known, "а виза сколько занимает", "ru")] == [
        "Визы резидента",
        "Fees",
    ]
    long = [KnownArticle(key=str(n), language="en", title="t", body="x" * 1999) for n in range(9)]
    assert sum(len(one.title + one.body) for one in fitting(long, "hm", "en")) <= knowledge.MOST
