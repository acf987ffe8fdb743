"""Crowds at a real `serve`: a thousand people at one door at once, and one person who knocks a hundred times at once."""

from __future__ import annotations

from collections import Counter

import trio

from actors.channels.pace import PAIR_BURST
from tests.integration.world import MARK, OWN, SHARED, Majlis, open_world, person, said, text, webhook


async def test_a_thousand_deep_links_at_once_get_one_welcome_each(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        links = [webhook(SHARED, text(person(guest), "TENANT_2")) for guest in range(1000)]
        assert Counter(await world.majlis.post_at_once(links)) == {200: 1000}
        await world.fake.wait_sent(count=1000, timeout=30)
        await world.handled(1000)
        sends = world.fake.sent(limit=1000)
        assert world.fake.last_index == 1000
        assert {sent.to for sent in sends} == {person(guest) for guest in range(1000)}
        assert all("Marina Homes" in said(sent) and sent.type == "interactive" for sent in sends)
        decisions = await world.rows("select tenant_id, count(*) from routing_decisions group by 1")
        assert [tuple(row) for row in decisions] == [(2, 1000)]
        assert await world.number("select count(*) from conversation") == 1000


async def test_a_hundred_first_messages_of_one_person_at_once_make_one_conversation_and_one_welcome(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        knocks = [webhook(OWN, text(person(7), f"Hello there {MARK} {number}")) for number in range(100)]
        codes: Counter[int] = Counter()

        async def knock(server: Majlis, bodies: list[bytes]) -> None:
            codes.update(await server.post_at_once(bodies))

        await world.beside().process.start()
        async with (
            trio.open_nursery() as nursery
        ):  # and at two servers at once, of which only one has the shards
            for place, server in enumerate(world.all):
                nursery.start_soon(knock, server, knocks[place::2])
        assert codes == {200: 100}
        await world.handled(100)
        assert await world.number("select count(*) from conversation") == 1
        assert await world.number("select count(*) from alias") == 1
        assert await world.number("select count(*) from turn") == 100
        assert await world.number("select count(*) from outbox") == 100
        naming = await world.rows(
            "select version from outbox where position('Palm Homes'::bytea in payload) > 0"
        )
        assert [row["version"] for row in naming] == [1]
        # What the pair limit lets leave at once has left; the others follow one each six seconds.
        sends = await world.fake.wait_sent(count=PAIR_BURST, timeout=20)
        assert [("Palm Homes" in said(sent)) for sent in sends] == [True] + [False] * (len(sends) - 1)
        await world.welcomed(world.majlis, person(8))
        assert len(world.fake.sent(to=person(7))) <= PAIR_BURST + 1
        assert world.fake.statistics().provider.pair_violations == 0
