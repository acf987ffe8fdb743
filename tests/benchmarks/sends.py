"""Sends per second through the node's HTTP client, against httpx alone.

Both post the same small JSON, as many at once, on Trio, to a server in a process of its own that answers each at once
as a provider would. Figures are per second of this process's processor time, so that neighbours on the machine spoil
little; `per_second` is by the clock.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import repeat
from typing import cast

import httpx
import trio
import uvloop
from measure import collect_seldom, options, take_turns, tell

from runtime.resources.http import open_http_client

CONTENT = (
    b'{"messaging_product":"whatsapp","to":"971501112233","type":"text","text":{"body":"Is it still there?"}}'
)
HEADERS = {"authorization": "Bearer of-nothing", "content-type": "application/json"}
BODY = b'{"messaging_product":"whatsapp","contacts":[{"wa_id":"971501112233"}],"messages":[{"id":"wamid.1"}]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


class Provider(asyncio.Protocol):
    """Answers whenever a whole request of ours is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        self._request += data
        if self._request.endswith(CONTENT):
            self._request = b""
            self._transport.write(ANSWER)


async def provide() -> None:
    """Listen, tell the port on stdout, and end with stdin."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


async def ours(url: str, sends: int, at_once: int) -> tuple[float, float]:
    async with open_http_client(max_connections=at_once) as client:
        post = partial(client.request, "POST", url, headers=HEADERS, content=CONTENT)
        return await _rate(post, sends, at_once)


async def bare(url: str, sends: int, at_once: int) -> tuple[float, float]:
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
        post = partial(client.post, url, headers=HEADERS, content=CONTENT)
        return await _rate(post, sends, at_once)


async def _rate(
    post: Callable[[], Awaitable[httpx.Response]], sends: int, at_once: int
) -> tuple[float, float]:
    """Return sends per second of processor time and by the clock."""
    left = repeat(None, sends)

    async def send() -> None:
        for _ in left:
            answer = await post()
            assert answer.status_code == 200
            assert answer.content == BODY

    collect_seldom()
    busy, began = time.process_time(), time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(at_once):
            nursery.start_soon(send)
    return sends / (time.process_time() - busy), sends / (time.perf_counter() - began)


def main() -> None:
    if sys.argv[1:] == ["--provide"]:
        uvloop.run(provide())
        return
    given = options(__doc__, sends=1500, at_once=32, rounds=5)
    clock: dict[str, list[float]] = {"ours": [], "bare": []}
    command = [sys.executable, __file__, "--provide"]
    with subprocess.Popen(  # noqa: S603 - this script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v23.0/100200300400500/messages"

        def side(name: str) -> float:
            rate, by_clock = trio.run({"ours": ours, "bare": bare}[name], url, given.sends, given.at_once)
            clock[name].append(by_clock)
            return rate

        found = take_turns(given.rounds, {name: partial(side, name) for name in clock})
        server.stdin.close()
        server.wait(10)
    tell(
        "sends",
        "sends",
        found["ours"],
        "1/s of a core",
        comparator="httpx.AsyncClient alone",
        against=found["bare"],
        per_second=round(statistics.median(clock["ours"])),
        per_second_against=round(statistics.median(clock["bare"])),
        at_once=given.at_once,
    )


if __name__ == "__main__":
    main()
