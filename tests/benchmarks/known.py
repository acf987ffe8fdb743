"""What an event costs when a thousand, a hundred thousand and a million conversations are known.

Three databases differ in how many conversations (rows with a state, and an alias each) they were loaded with. Each gets
the same traffic in turn, by a node that has just started: equally many people, spread over all that are known, each
with a few messages; so each is looked up and loaded once. They are the same people every round; that a page of theirs
is written whole to the log when it changes for the first time after a checkpoint is reported apart, by a side on the
largest database where every round has other people. Cost is the processor time of node and server together, which
neighbours on the machine spoil little; the clock is reported beside it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from random import Random

import trio
from measure import (
    Said,
    collect_seldom,
    databases,
    open_benched_node,
    open_journal,
    options,
    processor_time,
    run_sql,
    take_turns,
    tell,
)

from runtime import Arrival, Verified, encode_event

STATE = (
    '{"said":3,"language":"fa","name":"Somebody from Somewhere",'
    '"seeks":{"city":"Dubai","rooms":"2","budget":"120000"}}'
)
LOAD = """
insert into conversation(id, shard, channel, address, version, next_seq, done_seq, state)
  select 'c' || substr(md5(n::text), 1, 24), n % 128, 'meta:1', 'wa_id:97150' || lpad(n::text, 7, '0'), 3, 4, 3,
    convert_to('STATE', 'UTF8')
  from generate_series(0, KNOWN - 1) n order by md5(n::text);
insert into alias(channel, identity, conversation)
  select channel, address, id from conversation order by address;
vacuum (analyze) conversation;
vacuum (analyze) alias;
checkpoint
""".replace("STATE", STATE)


def traffic(known: int, people: int, messages: int, numbers: Sequence[int], seed: int) -> list[Arrival]:
    """Return messages of people drawn from those that are known, each as many as the others."""
    drawn = Random(seed).sample(range(known), people)
    return [
        Arrival(
            "meta:1",
            (f"wa_id:97150{drawn[place % people]:07d}",),
            f"m|meta:1|{number}",
            encode_event(Said(text=f"Is number {number} still there?")),
        )
        for place, number in zip(range(messages), numbers, strict=True)
    ]


async def cost(dsn: str, pid: int, arrivals: Sequence[Arrival]) -> tuple[float, float, float]:
    """Return the seconds per event: of the node's processor time, of the server's, and by the clock."""
    async with open_benched_node(dsn) as node:
        parts = iter([Verified(tuple(arrivals[at : at + 5])) for at in range(0, len(arrivals), 5)])

        async def feed() -> None:
            for part in parts:
                await node.store(part)

        collect_seldom()
        node_busy, server_busy, began = time.process_time(), processor_time(pid), time.perf_counter()
        async with trio.open_nursery() as nursery:
            for _ in range(64):
                nursery.start_soon(feed)
        while node.room.turns < len(arrivals):
            await trio.sleep(0.002)
        took = time.perf_counter() - began
        node_took, server_took = time.process_time() - node_busy, processor_time(pid) - server_busy
        return node_took / len(arrivals), server_took / len(arrivals), took / len(arrivals)


async def _migrated(dsn: str) -> None:
    async with open_journal(dsn):
        pass


def main() -> None:
    given = options(__doc__, most=1_000_000, people=1000, messages=10_000, rounds=5)
    sizes = {f"of_{known}": known for known in (given.most // 1000, given.most // 10, given.most)}
    people = min(given.people, *sizes.values())
    rounds = count()
    fewest, middle, most = sizes
    others = f"{most}, others every round"
    server: dict[str, list[float]] = {name: [] for name in (*sizes, others)}
    clock: dict[str, list[float]] = {name: [] for name in (*sizes, others)}

    with databases(given.postgres, *sizes) as dsns:
        for name, known in sizes.items():
            trio.run(_migrated, dsns[name])
            run_sql(dsns[name], *LOAD.replace("KNOWN", str(known)).split(";"))

        def side(name: str) -> float:
            number = next(rounds)
            numbers = range(number * given.messages, (number + 1) * given.messages)
            database, _, strangers = name.partition(",")
            seed = number + 1 if strangers else 0
            arrivals = traffic(sizes[database], people, given.messages, numbers, seed)
            node_busy, server_busy, took = trio.run(cost, dsns[database], dsns.pid, arrivals)
            server[name].append(server_busy * 1e6)
            clock[name].append(took * 1e6)
            return (node_busy + server_busy) * 1e6

        found = take_turns(given.rounds, {name: partial(side, name) for name in server})
    for name in (middle, most, others):
        tell(
            "known",
            f"an event of {sizes[name.partition(',')[0]]:,} known{', others each time' * (name == others)}",
            found[name],
            "us",
            comparator=f"{sizes[fewest]:,} known",
            against=found[fewest],
            bound=("ratio", "<=", 1.3) if name == most else None,
            server_us=round(statistics.median(server[name]), 1),
            server_us_against=round(statistics.median(server[fewest]), 1),
            clock_us=round(statistics.median(clock[name]), 1),
            clock_us_against=round(statistics.median(clock[fewest]), 1),
            people=people,
            messages=given.messages,
        )


if __name__ == "__main__":
    main()
