"""Turns per second through ingest, actor and commit, without HTTP; against a hand-written asyncpg loop.

Ours is a node as `serve` opens it: webhooks come in through `node.store`, the actor changes its state and records one
reply; the round ends with the last commit. The other side does the same work, message by message, as one would write it
by hand: 16 connections, one transaction each: dedup key, sequence, inbox, state, turn, outbox. Both write the same
tables, and neither sends.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import asyncpg
import msgspec
import trio
import uvloop
from measure import (
    Answer,
    Memory,
    Said,
    collect_seldom,
    databases,
    open_benched_node,
    options,
    processor_time,
    take_turns,
    tell,
)

from runtime import Arrival, Verified, encode_event
from runtime.actor.effect import effect_id
from runtime.journal.identity import conversation_id, shard_of

CONNECTIONS = 16


def arrivals(messages: int, conversations: int, first: int) -> list[Arrival]:
    """Return messages that were never seen, of all conversations in turn."""
    return [
        Arrival(
            "meta:1",
            (f"wa_id:97150{n % conversations:07d}",),
            f"m|meta:1|{n}",
            encode_event(Said(text=f"Is number {n} still there?")),
        )
        for n in range(first, first + messages)
    ]


async def by_node(
    dsn: str, pid: int, events: Sequence[Arrival], webhook: int, at_once: int
) -> tuple[float, float, float]:
    """Return the turns per second of a node that gets `at_once` webhooks of `webhook` messages at a time.

    And what one costs, in microseconds of processor time: of the node, of the server `pid`.
    """
    async with open_benched_node(dsn) as node:
        collect_seldom()
        parts = iter([Verified(tuple(events[at : at + webhook])) for at in range(0, len(events), webhook)])

        async def feed() -> None:
            for part in parts:
                await node.store(part)

        node_busy, server_busy = time.process_time(), processor_time(pid)
        began = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(feed)
        while node.room.turns < len(events):
            await trio.sleep(0.002)
        took = time.perf_counter() - began
        spent = time.process_time() - node_busy, processor_time(pid) - server_busy
        return len(events) / took, spent[0] / len(events) * 1e6, spent[1] / len(events) * 1e6


async def by_hand(dsn: str, events: Sequence[Arrival]) -> float:
    """Return the turns per second of the loop one would write by hand."""
    decode_state = msgspec.json.Decoder(Memory).decode
    decode_event = msgspec.json.Decoder(Said).decode
    waiting: Iterator[Arrival] = iter(events)
    expires = datetime.now(UTC) + timedelta(days=1)

    async def handle(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        for arrival in waiting:
            name = conversation_id(b"salt", arrival.channel, arrival.identities[0])
            async with connection.transaction():
                fresh = await connection.fetchval(
                    "insert into seen(dedup) values ($1) on conflict do nothing returning true", arrival.dedup
                )
                if not fresh:
                    continue
                row = await connection.fetchrow(
                    "insert into conversation(id, shard, channel, address, next_seq) values ($1, $2, $3, $4, 2)"
                    " on conflict (id) do update set next_seq = conversation.next_seq + 1"
                    " returning next_seq - 1 as seq, version, state",
                    name,
                    shard_of(name),
                    arrival.channel,
                    arrival.identities[0],
                )
                assert row is not None
                await connection.execute(
                    "insert into inbox(conversation, seq, dedup, payload) values ($1, $2, $3, $4)",
                    name,
                    row["seq"],
                    arrival.dedup,
                    arrival.payload,
                )
                state = decode_state(row["state"]) if row["state"] else Memory()
                said = decode_event(arrival.payload)
                state.said += 1
                state.seeks = {"city": "Dubai", "rooms": "2", "budget": "120000"}
                version = row["version"] + 1
                await connection.execute(
                    "update conversation set state = $2, done_seq = $3, version = $4 where id = $1",
                    name,
                    msgspec.json.encode(state),
                    row["seq"],
                    version,
                )
                await connection.execute(
                    "insert into turn(conversation, version, first_seq, last_seq, now, epoch, replica)"
                    " values ($1, $2, $3, $3, now(), 1, 'one')",
                    name,
                    version,
                    row["seq"],
                )
                await connection.execute(
                    "insert into outbox(conversation, version, ordinal, id, shard, lane, payload, expires_at)"
                    " values ($1, $2, 0, $3, $4, 'send', $5, $6)",
                    name,
                    version,
                    effect_id(name, version, 0),
                    shard_of(name),
                    msgspec.json.encode(Answer(f"ok: {said.text}")),
                    expires,
                )

    connections = [await asyncpg.connect(dsn) for _ in range(CONNECTIONS)]
    collect_seldom()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(handle(connection))
    took = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    return len(events) / took


async def _migrated(dsn: str) -> None:
    async with open_benched_node(dsn):
        pass


def main() -> None:
    given = options(__doc__, messages=40_000, conversations=2000, webhook=1, at_once=1000, rounds=5)
    numbers = count()

    costs: list[tuple[float, float]] = []

    def node() -> float:
        events = arrivals(given.messages, given.conversations, next(numbers) * given.messages)
        rate, *cost = trio.run(by_node, dsns["ours"], dsns.pid, events, given.webhook, given.at_once)
        costs.append((cost[0], cost[1]))
        return rate

    def hand() -> float:
        few = max(1, given.messages // 5)
        return uvloop.run(by_hand(dsns["theirs"], arrivals(few, given.conversations, next(numbers) * few)))

    with databases(given.postgres, "ours", "theirs") as dsns:
        trio.run(_migrated, dsns["theirs"])
        found = take_turns(given.rounds, {"node": node, "hand": hand})
    node_us, server_us = (round(statistics.median(of), 1) for of in zip(*costs, strict=True))
    size = {
        "messages": given.messages,
        "conversations": given.conversations,
        "webhook": given.webhook,
        "at_once": given.at_once,
    }
    tell(
        "turns",
        "turns",
        found["node"],
        "1/s",
        bound=("value", ">=", 8000),
        node_us=node_us,
        server_us=server_us,
        **size,
    )
    tell(
        "turns",
        "turns against a loop by hand",
        found["node"],
        "1/s",
        comparator=f"asyncpg by hand, message by message, {CONNECTIONS} connections",
        against=found["hand"],
        bound=("ratio", ">=", 4),
        **size,
    )


if __name__ == "__main__":
    main()
