"""A real server takes the age of a message from its settings, and records what is too old."""

from __future__ import annotations

import time

from tests.integration.world import OWN, open_world, person, text, webhook


async def test_what_is_older_than_the_setting_says_is_recorded_and_not_answered(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, node={"stale_after": 60}) as world:
        now = time.time()
        for number, age in enumerate((30, 120)):
            said = {**text(person(number), "hello"), "timestamp": str(int(now - age))}
            assert await world.majlis.post(webhook(OWN, said)) == 200
        await world.handled(2)
        rows = await world.rows("select fate, count(*) as n from dead_letter group by fate")
        assert [(row["fate"], row["n"]) for row in rows] == [("stale", 1)]
