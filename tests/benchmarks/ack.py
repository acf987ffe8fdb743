"""Acknowledged durable webhooks per second on one core, against the same route without the database.

One server process on one core: the public listener of `serve` (Hypercorn and Quart on Trio, the receiver, signature and
parsing by the provider "meta") three times, each on a port of its own: with a `store` that does nothing; with a node
that stores and leaves the turns to others; with a node that also handles what it stores. Only one of them has traffic
at a time. PostgreSQL and the people, who send one webhook after the other over 64 connections, have the other cores.

A figure is per second of the server's own processor time, so that neighbours on the machine, who take time away but
not work, spoil it little; `per_second` and `p99_ms` are by the clock. On a quiet machine both agree: the core is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import cast

import msgspec
import trio
import uvloop
from measure import collect_seldom, databases, open_benched_node, options, processor_time, take_turns, tell

from actors import echo
from actors.channels.meta import MetaProvider
from actors.phone.envelope import Person, encode, text
from config import Channel, Secret, Settings
from runtime import App, Verified
from runtime.ingress.receiver import OK, Receiver
from runtime.ingress.serving import serve_http

SECRET = "secret-of-a-benchmark"
CHANNEL = Channel(
    provider="meta",
    id="100200300400500",
    app_secret=(Secret(SECRET),),
    verify_token=Secret("verify"),
    access_token=Secret("access"),
)
PATH = "/webhooks/meta"
PEOPLE = 2000


async def _store_nothing(_verified: Verified) -> None:
    await trio.lowlevel.checkpoint()


async def serve_three(stored: str, handled: str) -> None:
    """Serve on three ports, tell them on stdout, and end with stdin."""
    provider = MetaProvider()
    provider.configure(Settings(data_dir=Path("/nonexistent"), channels=(CHANNEL,)))
    app = App(name="benchmark", actor=echo.Echo(), providers=(provider,), events=echo.app.events)
    async with (
        open_benched_node(stored, app) as storing,
        open_benched_node(handled, app) as handling,
        trio.open_nursery() as nursery,
    ):
        storing.leases.stop_turns()
        stores: Mapping[str, Callable[[Verified], Awaitable[None]]] = {
            "bare": _store_nothing,
            "stored": storing.store,
            "handled": handling.store,
        }
        addresses = {}
        for name, store in stores.items():
            receiver = Receiver([provider], store)
            addresses[name] = (await nursery.start(partial(serve_http, receiver, bind=["127.0.0.1:0"])))[0]
        collect_seldom()
        sys.stdout.write(msgspec.json.encode(addresses).decode() + "\n")
        sys.stdout.flush()
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


class Caller(asyncio.Protocol):
    """One connection that posts the next webhook when the last one is answered."""

    def __init__(self, posts: Iterator[bytes], waits: list[float]) -> None:
        self._posts = posts
        self._waits = waits
        self._transport: asyncio.WriteTransport
        self._asked = 0.0
        self._answer = b""
        self.ended = asyncio.get_running_loop().create_future()
        self.stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self.ended.set_exception(RuntimeError(f"not acknowledged: {self._answer[:80]!r}"))
            self._transport.close()
        elif not self._answer.endswith(OK.body):
            pass  # head and body come apart
        elif self.stopped:
            self._transport.close()
            self.ended.set_result(None)
        else:
            self._waits.append(time.perf_counter() - self._asked)
            self._ask()

    def _ask(self) -> None:
        self._answer = b""
        self._asked = time.perf_counter()
        self._transport.write(next(self._posts))


def posts(numbers: Iterator[int]) -> Iterator[bytes]:
    """Return signed webhooks as they stand on the wire, each of one new message."""
    for number in numbers:
        person = Person("Somebody", f"97150{number % PEOPLE:07d}")
        message = text(f"Is number {number} still there?")
        body = encode(person, CHANNEL, f"wamid.B{number:012d}", message, int(time.time()))
        signature = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def call(address: str, numbers: Iterator[int], seconds: float, connections: int) -> tuple[float, float]:
    """Return acknowledgements per second and their p99 in seconds; the first tenth of the time does not count."""
    loop = asyncio.get_running_loop()
    host, _, port = address.removeprefix("http://").rpartition(":")
    waits: list[float] = []
    webhooks = posts(numbers)
    callers = [
        (await loop.create_connection(lambda: Caller(webhooks, waits), host, int(port)))[1]
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds / 10)
    waits.clear()
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    rate = len(waits) / (time.perf_counter() - began)
    late = statistics.quantiles(waits, n=100)[-1]
    for caller in callers:
        caller.stopped = True
    await asyncio.wait_for(asyncio.gather(*(caller.ended for caller in callers)), 10)
    return rate, late


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--serve", nargs=2)
        options_of_child, sys.argv[1:] = parser.parse_args().serve, []
        options(None)
        trio.run(serve_three, *options_of_child)
        return
    given = options(__doc__, milliseconds=3000, connections=64, rounds=5)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:  # before anything is started: what we start inherits it
        os.sched_setaffinity(0, cores[1:])
    numbers = count()
    with databases(given.postgres, "stored", "handled") as dsns:
        command = [sys.executable, __file__, "--serve", dsns["stored"], dsns["handled"]]
        with subprocess.Popen(  # noqa: S603 - this script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            os.sched_setaffinity(server.pid, cores[:1])
            addresses = msgspec.json.decode(server.stdout.readline(), type=dict[str, str])

            sides: dict[str, list[tuple[float, float]]] = {name: [] for name in addresses}

            def measure(name: str) -> float:
                run = call(addresses[name], numbers, given.milliseconds / 1000, given.connections)
                before, answered = processor_time(server.pid), next(numbers)
                rate, p99 = uvloop.run(run)
                sides[name].append((rate, p99))
                return (next(numbers) - answered) / (processor_time(server.pid) - before)

            found = take_turns(given.rounds, {name: partial(measure, name) for name in addresses})
            server.stdin.close()
            server.wait(20)
    clock = {
        name: [statistics.median(figure) for figure in zip(*of, strict=True)] for name, of in sides.items()
    }
    for name, what in (
        ("stored", "acknowledged and stored"),
        ("handled", "acknowledged, stored and handled"),
    ):
        tell(
            "ack",
            what,
            found[name],
            "1/s of a core",
            comparator="the same route without the database",
            against=found["bare"],
            bound=("ratio", ">=", 0.9) if name == "stored" else None,
            per_second=round(clock[name][0]),
            per_second_against=round(clock["bare"][0]),
            p99_ms=round(clock[name][1] * 1000, 1),
            p99_ms_against=round(clock["bare"][1] * 1000, 1),
            connections=given.connections,
            pinned=len(cores) > 1,
        )


if __name__ == "__main__":
    main()
