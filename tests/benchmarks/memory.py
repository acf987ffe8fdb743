"""Bytes per idle active conversation (in memory, without a task) and per passivated one, on a real node.

A process of its own per round: a node, warmed up, gets one message each of many people, answers each, and the provider
takes every answer. What its memory grew by is the first figure, what is left when all conversations were passivated the
second: cells, mailboxes, states, the journal's aliases, whatever lanes and queues kept. Counted by tracemalloc, which
sees every block that Python allocates; the process's resident size, which moves in pages and never shrinks by all that
was freed, is reported beside it, from a second process without tracemalloc.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio
from measure import Counting, Said, databases, open_benched_node, options, tell
from turns import arrivals

from config import Node as NodeSettings
from config import Settings
from runtime import Accepted, App, Delivery, HttpClient, Pace, Request, Response, Verified
from runtime.node.node import Node

KINDS = ("active", "passivated")


class Postman:
    """A provider that takes everything at once."""

    name = "meta"

    def configure(self, settings: Settings) -> None:
        pass

    def channels(self) -> Sequence[str]:
        return ("meta:1",)

    def receive(self, request: Request) -> Response:
        return Response(404)

    def pace(self, channel: str) -> Pace:
        return Pace(1e6)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Accepted:
        await trio.lowlevel.checkpoint()
        return Accepted(f"wamid.{delivery.id}")


app = App(name="benchmark", actor=Counting(), providers=(Postman(),), events=(Said,))


def resident() -> int:
    """Return the bytes that are resident, after giving back what can be."""
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def used(traced: bool) -> int:
    for _ in range(3):
        gc.collect()
    return tracemalloc.get_traced_memory()[0] if traced else resident()


async def handle(node: Node, first: int, people: int) -> None:
    """Let `people` who were never met say something, and wait until all is answered and idle."""
    events = arrivals(people, 10**7, first)
    answered = node.sending.outcomes["accepted"]
    for at in range(0, people, 200):
        await node.store(Verified(tuple(events[at : at + 200])))
        while node.sending.outcomes["accepted"] - answered < min(people, at + 200):
            await trio.sleep(0.002)
    await node.cells.quiet()
    while node.lanes.statistics().lanes:
        await trio.sleep(0.002)


async def grow(dsn: str, people: int, traced: bool) -> dict[str, float]:
    """Return the bytes per conversation of each kind."""
    settings = NodeSettings(max_active=people * 2, passivate_after=86_400.0)
    async with open_benched_node(dsn, app, settings, sending=True) as node:
        few = people // 10
        await handle(node, 0, few)
        if traced:
            tracemalloc.start()
        await handle(node, few, few)
        node.cells.passivate(float("inf"))
        before = used(traced)
        await handle(node, 2 * few, people)
        active = used(traced)
        assert node.cells.statistics().in_memory == people
        node.cells.passivate(float("inf"))
        assert node.cells.statistics().in_memory == 0
        passivated = used(traced)
    return {"active": (active - before) / people, "passivated": (passivated - before) / people}


def main() -> None:
    if sys.argv[1:2] == ["--grow"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--grow", nargs=3)
        (dsn, people, kind), sys.argv[1:] = parser.parse_args().grow, []
        options(None)
        found = trio.run(grow, dsn, int(people), kind == "traced")
        sys.stdout.write(msgspec.json.encode(found).decode())
        return
    given = options(__doc__, people=20_000, rounds=1)
    names = [f"{kind}_{number}" for number in range(given.rounds) for kind in ("traced", "resident")]
    figures: dict[str, list[dict[str, float]]] = {"traced": [], "resident": []}
    with databases(given.postgres, *names) as dsns:
        for name in names:
            kind = name.partition("_")[0]
            command = [sys.executable, __file__, "--grow", dsns[name], str(given.people), kind]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - this script
            figures[kind].append(msgspec.json.decode(told, type=dict[str, float]))
    for kind, most in zip(KINDS, (3.5, 0.2), strict=True):
        tell(
            "memory",
            f"per {'idle active' if kind == 'active' else kind} conversation",
            [found[kind] / 1024 for found in figures["traced"]],
            "KB",
            bound=("value", "<=", most),
            resident_kb=round(figures["resident"][0][kind] / 1024, 2),
            people=given.people,
        )


if __name__ == "__main__":
    main()
