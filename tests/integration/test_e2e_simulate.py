"""Many people on a real `serve`: nothing lost, nothing doubled, in order; also when the process is killed.

The same at full size, with the demo's servers and channels:

    majlis simulate --demo --spawn --people 1000 --messages 10 --channels 20 --duplicates 0.2 --shuffle --batch 50
    majlis simulate --demo --kills 3 --people 1000 --messages 10 --channels 20 --duplicates 0.2 --shuffle --batch 50
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import trio

from actors.channels.fake_graph import Faults
from actors.simulate import Plan
from runtime.testing import RunHistory, violations
from tests.integration.world import World, open_world, own_channels, until

PLAN = Plan(people=200, messages=5, channels=20, duplicates=0.2, shuffle=True, batch=50, linger=0.2)
#: An unknown send is tried again soon, so that a short run can see the end of it: `PATIENT` outlasts a restart and the
#: pause after which a provider repeats the statuses that nobody took, `IMPATIENT` waits for no status.
PATIENT = {"send_timeout": 2.0, "uncertain_wait": 8.0}
IMPATIENT = {"send_timeout": 5.0, "uncertain_wait": 5.5}


async def test_every_message_is_acknowledged_handled_and_answered_exactly_once(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, channels=own_channels(20)) as world:
        verdict = await world.simulate(PLAN)
        assert verdict.ok, verdict.table()
        assert (verdict.messages, verdict.deliveries) == (1000, 1200)
        assert (verdict.acknowledged, verdict.handled, verdict.replied) == (1000, 1000, 1000)
        assert verdict.doubled_in_flight == 0
        assert verdict.answers == {"200": 24}
        assert world.fake.last_index == 1000
        assert await world.number("select count(*) from inbox") == 1000
        assert await world.number("select count(*) from turn") == 1000
        assert await world.number("select count(*) from outbox where status = 'done'") == 1000
        await world.majlis.check_pages()


async def _doubtless(world: World) -> bool:
    doubts = """select count(*) from outbox where status in ('sending', 'uncertain')
        and (maybe_duplicate or claimed_at < now() - interval '2.5 s')"""
    return await world.number(doubts) == 0


async def kill_when_sent(world: World, counts: tuple[int, ...]) -> None:
    """Kill the server each time the provider has accepted so many messages, and start it again.

    What an earlier kill has put in doubt is settled before: in doubt a second time it is not sent a third time.
    """
    for count in counts:
        while world.fake.last_index < count:
            await world.fake.wait_sent(world.fake.last_index, timeout=1)
        await until(lambda: _doubtless(world), 60)
        await world.majlis.process.kill()
        await world.majlis.process.start()


async def test_three_kills_in_the_middle_lose_nothing_and_double_nothing(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with (
        open_world(postgres_dsn, redis_dsn, channels=own_channels(20), node=PATIENT) as world,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(kill_when_sent, world, (50, 250, 400))
        verdict = await world.simulate(replace(PLAN, people=120, concurrency=4))
        assert world.majlis.process.lives == 4
        assert verdict.ok, verdict.table()
        assert (verdict.acknowledged, verdict.handled, verdict.replied) == (600, 600, 600)
        assert verdict.doubled_in_flight == 0, "every send was settled by its status"
        books = await world.ledger()
        turns = RunHistory(sent=(), entries=books.entries, turns=books.turns, effects=(), accepted=())
        assert [str(one) for one in violations(turns)] == [], "nor has a number a gap, or an epoch two owners"
        assert len({turn.epoch for turn in books.turns}) > 1


async def test_a_send_that_is_doubled_was_in_flight_at_the_kill_and_is_recorded_so(
    postgres_dsn: str, redis_dsn: str
) -> None:
    silent = Faults(statuses=(), latency=0.2)
    async with (
        open_world(
            postgres_dsn, redis_dsn, channels=own_channels(20), node=IMPATIENT, faults=silent
        ) as world,
        trio.open_nursery() as nursery,
    ):
        # One kill: what is in doubt a second time is not sent a third time, and its person may go without.
        nursery.start_soon(kill_when_sent, world, (60,))
        verdict = await world.simulate(replace(PLAN, people=100, messages=3))
        assert world.majlis.process.lives == 2
        assert verdict.ok, verdict.table()
        assert verdict.doubled_in_flight > 0, "with nothing in flight at the kills this proves nothing"
        accepted = Counter(sent.effect for sent in world.fake.sent())
        unsure = {send.effect for send in (await world.ledger()).sends if send.maybe_duplicate}
        assert {effect for effect, times in accepted.items() if times > 1} <= unsure
        assert max(accepted.values()) <= 2
