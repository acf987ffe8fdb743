"""The books of a pool of connections: who holds what, who waits, what must be opened or closed.

Synchronous and free of I/O, like httpcore's connection_pool: every change settles the books and returns the
slots that the caller must close now; waiters that got a slot or were refused are told through `on_answer`. It
does not know what a connection is, how to open or close one, or what time it is.

A *slot* is the right to one connection at the server. It exists from the moment someone may open the
connection until the connection is really closed, and there are never more than `Limits.size`. A slot granted
without a connection is for its holder to open. Waiters are served in the order of arrival, by the warmest
idle connection.
"""

from __future__ import annotations

import dataclasses
import enum
import random
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

C = TypeVar("C")

_FORGET_AFTER = 60.0  # seconds after which a place that nobody tried again is unknown once more


class SlotState(enum.Enum):
    """Where a slot is in its life."""

    BUSY = "busy"
    IDLE = "idle"
    CLOSING = "closing"


class Slot(Generic[C]):
    """The right to one connection; while BUSY its holder alone touches `conn` and `opened`."""

    __slots__ = ("attempt", "born", "conn", "idle_since", "key", "opened", "state")

    def __init__(self, key: Hashable, now: float, attempt: tuple[Circuit, int]) -> None:
        self.key = key
        self.conn: C | None = None
        self.state = SlotState.BUSY
        self.born = self.idle_since = now
        self.attempt: tuple[Circuit, int] | None = attempt
        """The attempt to open it, until its end is in the books."""
        self.opened: bool | None = None
        """Set by the holder: whether opening worked; None while nobody knows."""


class Waiter(Generic[C]):
    """One request for a slot; answered by a slot or by the reason of a refusal."""

    __slots__ = ("key", "on_answer", "refused", "slot")

    def __init__(self, key: Hashable = None) -> None:
        self.key = key
        self.on_answer: Callable[[], None] | None = None
        self.slot: Slot[C] | None = None
        self.refused: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one pool; times in seconds."""

    size: int
    waiters: int = 1000
    lifetime: float = 3600.0
    idle: float = 300.0


@dataclasses.dataclass(frozen=True, slots=True)
class PoolStatistics:
    """One look at a pool; the last four count since it was opened: `discarded` are connections that a call broke.

    `cut` are those that were to be closed, and whose server did not answer the farewell in time.
    """

    size: int
    busy: int
    idle: int
    closing: int
    waiting: int
    open_circuits: int
    opened: int
    discarded: int
    refused: int
    cut: int


class Circuit:
    """After a failed attempt to connect, lets one probe at a time through, at growing intervals.

    An attempt carries the number that `begin` gave it, so that of many attempts under way when the server
    goes only the first failure counts.
    """

    def __init__(
        self, *, first: float = 0.25, most: float = 2.0, jitter: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._most = most
        self._jitter = jitter
        self._failures = 0
        self._generation = 0
        self._retry_at = 0.0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether the last decided attempt failed."""
        return self._failures > 0

    def matters(self, now: float) -> bool:
        """Whether it says more than a new one: somebody tries, or a failure is not long ago."""
        return self._probing or (self.is_open and now < self._retry_at + _FORGET_AFTER)

    def admits(self, now: float) -> bool:
        """Whether somebody may try to open a connection now."""
        return not self._failures or (not self._probing and now >= self._retry_at)

    def begin(self) -> int:
        """Somebody tries; returns the number to give to `end`."""
        self._probing = self._failures > 0
        return self._generation

    def end(self, attempt: int, opened: bool | None, now: float) -> None:
        """Record how an attempt ended; None: it was broken off without a verdict."""
        if opened:
            self._failures = 0
            self._generation += 1
        elif attempt == self._generation and opened is False:
            self._failures += 1
            self._generation += 1
            interval = min(self._most, self._first * 2 ** min(self._failures - 1, 10))
            self._retry_at = now + interval * (0.8 + 0.4 * self._jitter())
        elif attempt != self._generation:
            return
        self._probing = False


class Pool(Generic[C]):
    """The books of one pool. Every method takes `now` and returns the slots to close."""

    def __init__(self, limits: Limits, circuit: Callable[[], Circuit], alive: Callable[[C], bool]) -> None:
        """`circuit` makes a circuit for each key; `alive` tells whether an idle connection may be used."""
        self._limits = limits
        self._circuit = circuit
        self._circuits: dict[Hashable, Circuit] = {}
        self._alive = alive
        self._slots: set[Slot[C]] = set()
        self._idle: list[Slot[C]] = []  # the warmest last
        self._waiters: deque[Waiter[C]] = deque()
        self._closing = 0
        self._shut = False
        self._opened = self._discarded = self._refused = self._cut = 0

    @property
    def is_shut(self) -> bool:
        """Whether everybody is refused."""
        return self._shut

    @property
    def slots(self) -> frozenset[Slot[C]]:
        """All slots there are."""
        return frozenset(self._slots)

    def request(self, waiter: Waiter[C], now: float) -> list[Slot[C]]:
        """Ask for a slot; the waiter is answered now or later."""
        if self._shut:
            self._refuse(waiter, "the pool is closed")
        elif len(self._waiters) >= self._limits.waiters:
            self._refuse(waiter, f"{self._limits.waiters} callers are waiting already")
        else:
            self._waiters.append(waiter)
        return self._settle(now)

    def withdraw(self, waiter: Waiter[C], now: float) -> list[Slot[C]]:
        """Stop waiting; only for a waiter that has no answer yet."""
        self._waiters.remove(waiter)
        return self._settle(now)

    def release(self, slot: Slot[C], now: float) -> list[Slot[C]]:
        """Give a slot back: with its connection to be used again, without one if that is closed."""
        if slot not in self._slots:  # it was taken away when the pool closed
            return []
        if slot.state is not SlotState.BUSY:
            raise ValueError("a slot is released once, by its holder")
        self._end_attempt(slot, now)
        close = []
        if slot.conn is None:
            self._discarded += slot.opened is True
            self._slots.discard(slot)
        elif self._shut or now - slot.born >= self._limits.lifetime:
            close.append(self._to_close(slot))
        else:
            slot.state = SlotState.IDLE
            slot.idle_since = now
            self._idle.append(slot)
        return close + self._settle(now)

    def report(self, slot: Slot[C], now: float) -> list[Slot[C]]:
        """Record how opening went before the slot is released."""
        if slot.attempt is None:
            return []
        self._end_attempt(slot, now)
        return self._settle(now)

    def closed(self, slot: Slot[C], now: float, *, cut: bool = False) -> list[Slot[C]]:
        """Record that a slot which was to be closed is closed at the server too, or at least `cut` off."""
        self._cut += cut
        if slot in self._slots:
            self._slots.discard(slot)
            self._closing -= slot.state is SlotState.CLOSING
        return self._settle(now)

    def sweep(self, now: float) -> list[Slot[C]]:
        """Take out the connections that are too old, idle for too long, or dead; forget circuits that nobody needs."""
        limits = self._limits
        self._circuits = {key: circuit for key, circuit in self._circuits.items() if circuit.matters(now)}
        fresh, close = [], []
        for slot in self._idle:
            expired = now - slot.idle_since >= limits.idle or now - slot.born >= limits.lifetime
            if expired or slot.conn is None or not self._alive(slot.conn):
                close.append(self._to_close(slot))
            else:
                fresh.append(slot)
        self._idle = fresh
        return close + self._settle(now)

    def shut(self, now: float) -> list[Slot[C]]:
        """Refuse everybody from now on; what is busy is closed when it comes back."""
        self._shut = True
        while self._waiters:
            self._refuse(self._waiters.popleft(), "the pool is closed")
        close = [self._to_close(slot) for slot in self._idle]
        self._idle = []
        return close + self._settle(now)

    def statistics(self) -> PoolStatistics:
        """Count the slots and waiters."""
        return PoolStatistics(
            size=self._limits.size,
            busy=len(self._slots) - len(self._idle) - self._closing,
            idle=len(self._idle),
            closing=self._closing,
            waiting=len(self._waiters),
            open_circuits=sum(circuit.is_open for circuit in self._circuits.values()),
            opened=self._opened,
            discarded=self._discarded,
            refused=self._refused,
            cut=self._cut,
        )

    def _end_attempt(self, slot: Slot[C], now: float) -> None:
        if slot.attempt is not None:
            self._opened += slot.opened is True
            circuit, attempt = slot.attempt
            circuit.end(attempt, slot.opened, now)
            slot.attempt = None

    def _settle(self, now: float) -> list[Slot[C]]:
        """Answer the waiters that can be answered, first come first served."""
        close: list[Slot[C]] = []
        while self._waiters:
            waiter = self._waiters[0]
            slot = self._take_idle(waiter.key, close)
            if slot is None:
                circuit = self._circuits.get(waiter.key)
                if circuit is None:
                    circuit = self._circuits[waiter.key] = self._circuit()
                shut_off = not circuit.admits(now)
                # Of many places one that does not answer is not waited for: others stand behind in the line.
                if shut_off and (waiter.key is not None or not self._working()):
                    self._refuse(self._waiters.popleft(), "the last attempt to connect failed")
                    continue
                if len(self._slots) >= self._limits.size:
                    # Only connections to elsewhere are idle: one of them goes for each who waits.
                    if self._idle and self._closing < len(self._waiters):
                        close.append(self._to_close(self._idle.pop(0)))
                        continue
                    break
                if shut_off:
                    break  # a connection that works comes back soon, or its failure answers this waiter
                slot = Slot(waiter.key, now, (circuit, circuit.begin()))
                self._slots.add(slot)
            self._waiters.popleft()
            slot.state = SlotState.BUSY
            waiter.slot = slot
            if waiter.on_answer is not None:
                waiter.on_answer()
        return close

    def _working(self) -> bool:
        return any(slot.conn is not None and slot.state is SlotState.BUSY for slot in self._slots)

    def _take_idle(self, key: Hashable, close: list[Slot[C]]) -> Slot[C] | None:
        for index in range(len(self._idle) - 1, -1, -1):
            slot = self._idle[index]
            if slot.key == key:
                del self._idle[index]
                if slot.conn is not None and self._alive(slot.conn):
                    return slot
                close.append(self._to_close(slot))
        return None

    def _to_close(self, slot: Slot[C]) -> Slot[C]:
        slot.state = SlotState.CLOSING
        self._closing += 1
        return slot

    def _refuse(self, waiter: Waiter[C], reason: str) -> None:
        self._refused += 1
        waiter.refused = reason
        if waiter.on_answer is not None:
            waiter.on_answer()
