"""One half of the storm: callers that work through the plan, and a watch on the servers all the while.

It counts; what the counts mean is judged by `calm`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

import msgspec
import trio

from runtime.drill.loopback import connections_to
from runtime.drill.result import percentile
from runtime.drill.sightings import postgres_sessions, redis_clients, time_on_cores
from runtime.drill.storm.operations import KINDS, ForeignAnswer, Handles, Plan
from runtime.resources.postgres import PostgresPool
from runtime.resources.redis import RedisPool

CALLERS = 16
"""Operations at the same time in the storm: twice the size of a pool, so that some wait in line."""
FEW_CALLERS = 4
"""Operations at the same time where the time to return is judged: with more, two cores measure their own queues."""
SIZE = 8
"""Connections of each pool."""
NAME = "storm/"
"""What the names of all connections of the storm begin with."""

_LOOK_EVERY = 0.02
_LONGEST = 60.0  # seconds for one operation that is not cut; a shorter one is cut by the plan
_TELL_EVERY = 5.0


class Watch(msgspec.Struct, frozen=True):
    """Connections of our own to ask the servers what they see."""

    postgres: PostgresPool
    redis: RedisPool
    http_port: int


class Round(msgspec.Struct, frozen=True, order=True):
    """Some operations of few callers: how promptly 99 of 100 returned, and whether that means anything."""

    p99: float
    starved: float
    """The part of the time it wanted a core in which this process had none, as others had them."""


class Tally(msgspec.Struct):
    """What came of the operations."""

    done: int = 0
    cut: int = 0
    foreign: int = 0
    failed: Counter[str] = msgspec.field(default_factory=Counter)
    late: list[float] = msgspec.field(default_factory=list)
    """From each cancellation to the return of its operation, in seconds."""
    most: Counter[str] = msgspec.field(default_factory=Counter)
    """The most connections that were seen at one moment, by name."""
    looks: int = 0
    seconds: float = 0.0
    rounds: list[Round] = msgspec.field(default_factory=list)

    @property
    def ended(self) -> int:
        """How many operations are over."""
        return self.done + self.cut + self.foreign + self.failed.total()


async def blow(handles: Handles, plans: Iterable[Plan], tally: Tally, callers: int = CALLERS) -> None:
    """Carry out the plans, some at a time."""
    began = trio.current_time()
    rest = iter(plans)
    async with trio.open_nursery() as nursery:
        for _ in range(callers):
            nursery.start_soon(_call, handles, rest, tally)
    tally.seconds += trio.current_time() - began


async def blow_gently(handles: Handles, plans: Iterable[Plan], tally: Tally) -> None:
    """Carry out the plans by few callers, and note how promptly they returned."""
    before, (ran, waited) = len(tally.late), time_on_cores()
    await blow(handles, plans, tally, FEW_CALLERS)
    ran, waited = (now - then for now, then in zip(time_on_cores(), (ran, waited), strict=True))
    tally.rounds.append(
        Round(percentile(tally.late[before:], 99), max(0.0, waited) / max(ran + waited, 1e-9))
    )


@asynccontextmanager
async def watched(
    watch: Watch, tally: Tally, operations: int, tell: Callable[[str], object]
) -> AsyncIterator[None]:
    """Look at the servers all the while, and tell of the progress."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_look, watch, tally)
        nursery.start_soon(_progress, tally, operations, tell)
        yield
        nursery.cancel_scope.cancel()


async def _call(handles: Handles, plans: Iterator[Plan], tally: Tally) -> None:
    for plan in plans:
        await carry_out(handles, plan, tally)


async def carry_out(handles: Handles, plan: Plan, tally: Tally) -> None:
    """Do one operation as planned and count what came of it."""
    with trio.move_on_after(_LONGEST if plan.patience is None else plan.patience) as scope:
        try:
            await KINDS[plan.kind](handles, plan.number)
        except ForeignAnswer:
            tally.foreign += 1
        except Exception as exc:  # noqa: BLE001 (told by its type, as a violated invariant)
            tally.failed[f"{plan.kind}: {type(exc).__name__}: {exc}"] += 1
        else:
            tally.done += 1
    if scope.cancelled_caught:
        tally.cut += 1
    if scope.cancel_called:
        tally.late.append(trio.current_time() - scope.deadline)
        if plan.patience is None:
            tally.failed[f"{plan.kind}: no end after {_LONGEST:g} s"] += 1


async def _look(watch: Watch, tally: Tally) -> None:
    while True:
        seen = await connections(watch)
        if max(seen.values(), default=0) > SIZE:
            # A server sees that one was closed only when it comes to it, and may have taken the next one before.
            seen &= await connections(watch)
        tally.most |= seen  # a union of counters is the larger of both
        tally.looks += 1
        await trio.sleep(_LOOK_EVERY)


async def connections(watch: Watch) -> Counter[str]:
    """Count the storm's connections by name, as the databases and the kernel see them."""
    sessions = [*await postgres_sessions(watch.postgres, NAME), *await redis_clients(watch.redis, NAME)]
    seen = Counter(session.name for session in sessions)
    seen[f"{NAME}http"] = connections_to(watch.http_port)
    return seen


async def _progress(tally: Tally, operations: int, tell: Callable[[str], object]) -> None:
    before = 0
    while True:
        await trio.sleep(_TELL_EVERY)
        tell(f"{tally.ended} of {operations} operations, {(tally.ended - before) / _TELL_EVERY:.0f}/s")
        before = tally.ended
