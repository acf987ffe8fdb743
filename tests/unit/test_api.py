"""What callers of an API may cost, in virtual time: calls at once, calls of one token, seconds, bytes."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio
import trio.testing

from runtime.actor.resources import Transaction
from runtime.channel import Request, Response
from runtime.ingress.api import PREFIX, Api, ApiLimits
from runtime.journal.tokens import Token
from runtime.resources.errors import ResourceUnavailable
from runtime.route import Call, File, Nothing, Route

LIMITS = ApiLimits(body=64, deadline=20.0, at_once=4, per_second=2.0, burst=6.0)
TOKENS = {name: Token(number, name, "palm", ["things:read"]) for number, name in enumerate(("one", "two"), 1)}


class Said(msgspec.Struct, frozen=True):
    """The body of a call."""

    words: str = ""


async def find(secret: str) -> Token | None:
    await trio.lowlevel.checkpoint()
    return TOKENS.get(secret)


@asynccontextmanager
async def nothing() -> AsyncIterator[Transaction]:
    raise AssertionError("these routes read no table")
    yield


def api(handle: Callable[[Call], Awaitable[msgspec.Struct]], limits: ApiLimits = LIMITS) -> Api:
    """Return an API of one route."""
    route = Route("POST", "/things", "things:read", "Do a thing", handle, Said, Said)
    return Api("test", [route], find, nothing, limits)


def call(caller: str = "one", body: bytes = b"{}", path: str = "/things", method: str = "POST") -> Request:
    headers = {"authorization": f"Bearer {caller}"} if caller else {}
    return Request(method, PREFIX + path, {}, headers, body)


async def echo(one: Call) -> Said:
    await trio.lowlevel.checkpoint()
    return Said(one.body.words)


def waits(answer: Response) -> int:
    return int(dict(answer.headers)["Retry-After"])


async def test_calls_beyond_those_at_once_are_refused_until_one_has_ended(
    autojump_clock: trio.testing.MockClock,
) -> None:
    go = trio.Event()

    async def handle(_call: Call) -> Said:
        await go.wait()
        return Said("done")

    served = api(handle)
    answers: list[int] = []

    async def one() -> None:
        answers.append((await served(call())).status)

    async with trio.open_nursery() as nursery:
        for _ in range(LIMITS.at_once):
            nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        refused = await served(call("two"))
        assert (refused.status, waits(refused)) == (429, 1)
        assert b"at once" in refused.body
        go.set()
    assert answers == [200] * LIMITS.at_once
    assert (await served(call("two"))).status == 200
    assert served.statistics() == {"200": LIMITS.at_once + 1, "429": 1}


async def test_a_token_that_calls_too_fast_is_told_when_and_no_other_one_notices(
    autojump_clock: trio.testing.MockClock,
) -> None:
    served = api(echo)
    assert [(await served(call())).status for _ in range(6)] == [200] * 6
    refused = await served(call())
    assert (refused.status, waits(refused)) == (429, 1)
    assert (await served(call("two"))).status == 200
    await trio.sleep(waits(refused))
    assert [(await served(call())).status for _ in range(3)] == [200, 200, 429]
    await trio.sleep(3600)  # rest gives a whole burst, and no more
    assert [(await served(call())).status for _ in range(7)] == [200] * 6 + [429]


@pytest.mark.parametrize("token", ["", "guessed"])
async def test_whoever_guesses_tokens_is_slowed_down_and_nobody_else(
    token: str, autojump_clock: trio.testing.MockClock
) -> None:
    served = api(echo)
    assert [(await served(call(token))).status for _ in range(8)] == [401] * 6 + [429] * 2
    assert (await served(call())).status == 200


async def test_a_call_ends_at_its_deadline_with_504_and_its_handler_with_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ended: list[str] = []

    async def handle(_call: Call) -> Said:
        try:
            await trio.sleep(math.inf)
        except trio.Cancelled:
            ended.append("cancelled")
            raise
        raise AssertionError

    served = api(handle)
    began = trio.current_time()
    answer = await served(call())
    assert (answer.status, trio.current_time() - began, ended) == (504, LIMITS.deadline, ["cancelled"])
    assert b"may have happened" in answer.body
    assert (await served(call())).status == 504  # its place was given back each time
    assert served.statistics() == {"504": 2}


async def test_who_calls_is_known_soon_or_the_database_is_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def never(_secret: str) -> Token | None:
        await trio.sleep_forever()
        raise AssertionError

    route = Route("POST", "/things", "things:read", "Do a thing", echo, Said, Said)
    began = trio.current_time()
    answer = await Api("test", [route], never, nothing, LIMITS)(call())
    assert (answer.status, trio.current_time() - began) == (503, LIMITS.lookup)


async def test_a_database_that_is_away_is_503_and_its_reason_stays_here() -> None:
    async def handle(_call: Call) -> Said:
        await trio.lowlevel.checkpoint()
        raise ResourceUnavailable("postgres", "no route to db.internal")

    answer = await api(handle)(call())
    assert (answer.status, waits(answer)) == (503, 1)
    assert b"internal" not in answer.body


async def test_a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger() -> None:
    served = api(echo)
    for size, status in ((LIMITS.body, 200), (LIMITS.body + 1, 413)):
        body = msgspec.json.encode(Said("x" * (size - len(msgspec.json.encode(Said())))))
        assert len(body) == size
        assert (await served(call(body=body))).status == status


async def test_a_file_is_answered_as_it_is_and_only_by_a_route_that_says_so() -> None:
    async def handle(_call: Call) -> File:
        await trio.lowlevel.checkpoint()
        return File(b"a,b\r\n", "things.csv")

    route = Route("GET", "/things.csv", "things:read", "Export", handle, File, produces="text/csv")
    answer = await Api("test", [route], find, nothing)(call(path="/things.csv", method="GET"))
    assert (answer.status, answer.body, answer.content_type) == (200, b"a,b\r\n", "text/csv")
    assert answer.headers == (("Content-Disposition", 'attachment; filename="things.csv"'),)
    for response, produces in ((File, ""), (Nothing, "text/csv")):
        with pytest.raises(ValueError, match="produces"):
            Route("GET", "/x", "things:read", "Export", handle, response, produces=produces)
