"""The receiver says 200 only for what is stored, never waits for long, and counts by names it knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
import trio
import trio.testing

from config import Settings
from runtime import (
    Accepted,
    Arrival,
    Delivery,
    HttpClient,
    Outcome,
    Pace,
    Receipt,
    Request,
    Response,
    Verified,
)
from runtime.ingress.receiver import ANSWER_BOUNDS, Receiver
from runtime.resources.errors import ResourceUnavailable

SOMETHING = Verified(
    arrivals=(Arrival("shop:1", ("id:7",), "m|1", b"{}"),),
    receipts=(Receipt("shop:1", "", "p1", "sent"), Receipt("shop:1", "", "p2", "sent")),
    dropped={"unknown channel": 3},
)
POST = Request(method="POST", path="/webhooks/shop", query={}, headers={}, body=b"x")


class Shop:
    """A provider whose verdict is given."""

    name = "shop"

    def __init__(self, verdict: Verified | Response) -> None:
        self.verdict = verdict

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["shop:1"]

    def receive(self, request: Request) -> Verified | Response:
        return self.verdict

    def pace(self, channel: str) -> Pace:
        return Pace(1)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        return Accepted()


class Street(Shop):
    """A provider with a webhook for each channel."""

    name = "street"

    def serves(self, name: str) -> bool:
        return name == "one"


class Store:
    """Remembers what it was given; `fault` runs first."""

    def __init__(self, fault: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint) -> None:
        self.fault = fault
        self.stored: list[Verified] = []

    async def __call__(self, verified: Verified) -> None:
        await self.fault()
        self.stored.append(verified)


def answered(receiver: Receiver) -> dict[str, int]:
    return {status: sum(seen.counts) for status, seen in receiver.statistics().answers.items()}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("shop", 200),
        ("shop/", 404),
        ("shop/one", 404),
        ("street/one", 200),
        ("street/two", 404),
        ("street", 404),
        ("street/one/", 404),
    ],
)
async def test_a_path_with_a_channels_name_is_for_providers_that_have_one_each(
    path: str, status: int
) -> None:
    receiver = Receiver([Shop(SOMETHING), Street(SOMETHING)], Store())
    request = Request(method="POST", path=f"/webhooks/{path}", query={}, headers={}, body=b"x")
    assert (await receiver(request)).status == status


async def test_200_says_that_it_is_stored() -> None:
    store = Store()
    receiver = Receiver([Shop(SOMETHING)], store)
    response = await receiver(POST)
    assert response.status == 200
    assert store.stored == [SOMETHING]
    statistics = receiver.statistics()
    assert statistics.requests == {("shop", "stored"): 1}
    assert (statistics.arrivals, statistics.receipts) == ({"shop": 1}, {"shop": 2})
    assert statistics.dropped == {("shop", "unknown channel"): 3}
    assert answered(receiver) == {"2xx": 1, "4xx": 0, "5xx": 0}


async def test_there_is_no_200_before_the_store_has_returned() -> None:
    durable = trio.Event()
    answered: list[Response] = []
    receiver = Receiver([Shop(SOMETHING)], Store(durable.wait))

    async def post() -> None:
        answered.append(await receiver(POST))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(post)
        await trio.testing.wait_all_tasks_blocked()
        assert answered == []
        durable.set()
    assert [response.status for response in answered] == [200]


async def test_what_holds_nothing_to_store_is_acknowledged_and_its_dropped_events_counted() -> None:
    store = Store()
    receiver = Receiver([Shop(Verified(dropped={"foreign channel": 2}))], store)
    assert (await receiver(POST)).status == 200
    assert store.stored == []
    assert receiver.statistics().requests == {("shop", "empty"): 1}
    assert receiver.statistics().dropped == {("shop", "foreign channel"): 2}


@pytest.mark.parametrize(("status", "outcome"), [(200, "challenged"), (400, "rejected"), (401, "rejected")])
async def test_the_providers_own_answer_is_the_answer(status: int, outcome: str) -> None:
    answer = Response(status, b"as the provider says")
    receiver = Receiver([Shop(answer)], Store())
    assert await receiver(POST) == answer
    assert receiver.statistics().requests == {("shop", outcome): 1}
    assert answered(receiver)[f"{status // 100}xx"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhooks/shop", 200),
        ("PUT", "/webhooks/shop", 405),
        ("HEAD", "/webhooks/shop", 405),
        ("POST", "/webhooks/shop/", 404),
        ("POST", "/webhooks/nobody", 404),
        ("POST", "/webhooks/", 404),
        ("POST", "/", 404),
        ("POST", "shop", 404),
        ("GET", "/metrics", 404),
    ],
)
async def test_only_the_paths_of_known_providers_are_answered(method: str, path: str, status: int) -> None:
    receiver = Receiver([Shop(SOMETHING)], Store())
    response = await receiver(Request(method=method, path=path, query={}, headers={}))
    assert response.status == status


async def test_strangers_cannot_grow_the_counters() -> None:
    receiver = Receiver([Shop(SOMETHING)], Store())
    for number in range(100):
        await receiver(Request(method="POST", path=f"/webhooks/{number}", query={}, headers={}))
        await receiver(Request(method=f"M{number}", path="/webhooks/shop", query={}, headers={}))
    assert receiver.statistics().requests == {("", "not_found"): 100, ("shop", "bad_method"): 100}


async def _postgres_is_away() -> None:
    raise ResourceUnavailable("postgres", "stopped")


async def _both_are_away() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_postgres_is_away)
        nursery.start_soon(_postgres_is_away)


async def _programming_error() -> None:
    raise KeyError("971501112233")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (_postgres_is_away, "unavailable"),
        (_both_are_away, "unavailable"),
        (_programming_error, "fault"),
        (trio.sleep_forever, "timeout"),
    ],
)
async def test_what_is_not_stored_is_refused_with_503_within_two_seconds(
    autojump_clock: trio.abc.Clock, fault: Callable[[], Awaitable[None]], outcome: str
) -> None:
    receiver = Receiver([Shop(SOMETHING)], Store(fault))
    began = trio.current_time()
    response = await receiver(POST)
    assert response.status == 503
    assert ("Retry-After", "1") in response.headers
    assert b"send it again" in response.body
    assert b"971501112233" not in response.body
    assert trio.current_time() - began < 2
    assert receiver.statistics().requests == {("shop", outcome): 1}
    assert receiver.statistics().arrivals == {}
    assert receiver.statistics().dropped == {}


async def test_a_slow_store_that_is_in_time_is_a_200_with_its_latency(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def slowly() -> None:
        await trio.sleep(0.3)

    receiver = Receiver([Shop(SOMETHING)], Store(slowly))
    assert (await receiver(POST)).status == 200
    statistics = receiver.statistics()
    assert statistics.answers["2xx"].counts[ANSWER_BOUNDS.index(0.5)] == 1
    assert statistics.answers["2xx"].sum == pytest.approx(0.3)


async def test_the_end_of_the_server_cancels_the_store_and_is_no_answer() -> None:
    receiver = Receiver([Shop(SOMETHING)], Store(trio.sleep_forever))
    with trio.CancelScope() as server:
        server.cancel()
        await receiver(POST)
    assert server.cancelled_caught
    assert receiver.statistics().requests == {}
