"""The books of a pool: limits hold, nobody overtakes, and a slot is free only when its connection is closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.resources.pool import Circuit, Limits, Pool, Slot, SlotState, Waiter


class Wire:
    """A connection of these tests."""

    def __init__(self) -> None:
        self.alive = True


def never_refuse() -> Circuit:
    return Circuit(first=0.0)


def new_pool(size: int, circuit: Callable[[], Circuit] = never_refuse, **limits: float) -> Pool[Wire]:
    return Pool(Limits(size, **limits), circuit, lambda wire: wire.alive)  # type: ignore[arg-type]


def ask(pool: Pool[Wire], now: float = 0.0, key: object = None) -> Waiter[Wire]:
    waiter: Waiter[Wire] = Waiter(key)
    pool.request(waiter, now)
    return waiter


def holding(pool: Pool[Wire], now: float = 0.0, key: object = None) -> Slot[Wire]:
    slot = ask(pool, now, key).slot
    assert slot is not None
    slot.conn, slot.opened = Wire(), True
    return slot


def test_a_slot_is_not_free_while_its_connection_is_closing() -> None:
    pool = new_pool(1, lifetime=10)
    slot = holding(pool)
    assert pool.release(slot, 11) == [slot]
    waiter = ask(pool, 11)
    assert waiter.slot is None
    pool.closed(slot, 12)
    assert waiter.slot is not None
    assert waiter.slot.conn is None


def test_the_warmest_connection_is_lent_first() -> None:
    pool = new_pool(3)
    first, second = holding(pool), holding(pool)
    pool.release(first, 1)
    pool.release(second, 2)
    assert ask(pool, 3).slot is second


def test_a_dead_connection_is_closed_and_never_lent() -> None:
    pool = new_pool(2)
    slot = holding(pool)
    pool.release(slot, 1)
    assert slot.conn is not None
    slot.conn.alive = False
    waiter: Waiter[Wire] = Waiter()
    assert pool.request(waiter, 2) == [slot]
    assert waiter.slot is not None
    assert waiter.slot is not slot


def test_idle_connections_are_swept_when_they_expire() -> None:
    pool = new_pool(2, idle=5)
    slot = holding(pool)
    pool.release(slot, 1)
    assert pool.sweep(5.9) == []
    assert pool.sweep(6) == [slot]


def test_the_queue_is_bounded() -> None:
    pool = new_pool(1, waiters=1)
    holding(pool)
    ask(pool)
    assert ask(pool).refused == "1 callers are waiting already"


def test_a_full_pool_gives_up_an_idle_connection_to_elsewhere() -> None:
    pool = new_pool(1)
    slot = holding(pool, key="here")
    pool.release(slot, 1)
    waiter: Waiter[Wire] = Waiter("there")
    assert pool.request(waiter, 2) == [slot]
    pool.closed(slot, 3)
    assert waiter.slot is not None


def test_a_slot_is_released_once() -> None:
    pool = new_pool(1)
    slot = holding(pool)
    pool.release(slot, 1)
    with pytest.raises(ValueError, match="released once"):
        pool.release(slot, 1)


def test_after_a_failed_connect_everybody_is_refused_until_one_probe_succeeds() -> None:
    pool = new_pool(2, lambda: Circuit(first=1, jitter=lambda: 0.5))
    slot = ask(pool, 0).slot
    waiting = [ask(pool, 0), ask(pool, 0)]
    assert slot is not None
    slot.opened = False
    pool.release(slot, 0)
    other = waiting[0].slot
    assert other is not None  # it was opening before the failure was known
    assert waiting[1].refused is not None
    assert ask(pool, 0.9).refused is not None

    probe = ask(pool, 1.0).slot
    assert probe is not None
    assert ask(pool, 1.0).refused is not None  # one probe at a time
    other.opened = False
    pool.release(other, 1.1)  # a failure of before changes nothing
    assert ask(pool, 1.1).refused is not None
    probe.conn, probe.opened = Wire(), True
    pool.release(probe, 1.2)
    assert not pool.statistics().open_circuits
    assert ask(pool, 1.2).slot is probe
    assert ask(pool, 1.2).slot is not None


def test_with_a_connection_in_use_an_open_circuit_makes_callers_wait_for_it() -> None:
    pool = new_pool(2, Circuit)
    working = holding(pool)
    pool.report(working, 0)
    failing = ask(pool).slot
    assert failing is not None
    failing.opened = False
    pool.release(failing, 0)
    waiter = ask(pool, 0)
    assert waiter.refused is None
    pool.release(working, 0.1)
    assert waiter.slot is working


def test_of_many_places_one_that_is_down_fails_at_once_and_holds_nobody_up() -> None:
    pool = new_pool(3, lambda: Circuit(first=1, jitter=lambda: 0.5))
    working = holding(pool, key="down")
    pool.report(working, 0)
    failing = ask(pool, 0, "down").slot
    assert failing is not None
    failing.opened = False
    pool.release(failing, 0)
    assert ask(pool, 0.5, "down").refused is not None
    assert ask(pool, 0.5, "up").slot is not None
    assert pool.statistics().open_circuits == 1
    assert ask(pool, 1, "down").slot is not None  # the probe


def test_a_place_that_nobody_tried_again_is_forgotten() -> None:
    pool = new_pool(2, lambda: Circuit(first=1, jitter=lambda: 0.5))
    for key in range(10):
        slot = ask(pool, 0, key).slot
        assert slot is not None
        slot.opened = False
        pool.release(slot, 0)
    pool.sweep(60.9)
    assert pool.statistics().open_circuits == 10
    pool.sweep(61.1)
    assert pool.statistics().open_circuits == 0


def test_connections_that_a_call_broke_are_counted() -> None:
    pool = new_pool(2)
    broken, never_opened = holding(pool), ask(pool).slot
    assert never_opened is not None
    broken.conn = None
    pool.release(broken, 1)
    pool.release(never_opened, 1)
    assert (pool.statistics().opened, pool.statistics().discarded) == (1, 1)


def test_intervals_between_probes_grow_to_a_bound() -> None:
    circuit = Circuit(first=0.25, most=2.0, jitter=lambda: 0.5)
    now, intervals = 0.0, []
    for _ in range(6):
        circuit.end(circuit.begin(), opened=False, now=now)
        start = now
        while not circuit.admits(now):
            now += 0.125
        intervals.append(now - start)
    assert intervals == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_probe_broken_off_leaves_the_way_free_for_the_next() -> None:
    circuit = Circuit(first=0.25)
    circuit.end(circuit.begin(), opened=False, now=0)
    circuit.end(circuit.begin(), opened=None, now=1)
    assert circuit.admits(1)


class Bookkeeping(RuleBasedStateMachine):
    """Whatever callers, servers and clocks do, the books stay right."""

    @initialize(
        size=st.integers(1, 4),
        waiters=st.integers(1, 6),
        first=st.sampled_from([0.0, 1.0]),
        keys=st.sampled_from([(None,), ("a", "b")]),
    )
    def open(self, size: int, waiters: int, first: float, keys: tuple[str | None, ...]) -> None:
        self.now = 0.0
        self.limits = Limits(size, waiters=waiters, lifetime=30, idle=10)
        self.keys = keys
        self.pool: Pool[Wire] = Pool(
            self.limits, lambda: Circuit(first=first, most=4, jitter=lambda: 0.5), lambda wire: wire.alive
        )
        self.queue: list[Waiter[Wire]] = []
        self.held: list[Slot[Wire]] = []
        self.closing: list[Slot[Wire]] = []
        self.is_shut = False

    def settle(self, to_close: list[Slot[Wire]]) -> None:
        for slot in to_close:
            assert slot.state is SlotState.CLOSING
            assert slot not in self.closing
            self.closing.append(slot)
        for waiter in self.queue:
            if waiter.slot is not None:
                assert waiter.slot not in self.held
                assert waiter.slot.conn is None or waiter.slot.conn.alive
                self.held.append(waiter.slot)
        answered = [waiter for waiter in self.queue if waiter.slot is not None or waiter.refused is not None]
        still = [waiter for waiter in self.queue if waiter not in answered]
        newcomer_refused = (
            bool(answered) and answered[-1] is self.queue[-1] and answered[-1].refused is not None
        )
        served = answered[:-1] if newcomer_refused else answered
        assert self.queue[: len(served)] == served, "somebody was overtaken"
        self.queue = still

    @rule(data=st.data())
    def request(self, data: st.DataObject) -> None:
        waiter: Waiter[Wire] = Waiter(data.draw(st.sampled_from(self.keys)))
        self.queue.append(waiter)
        self.settle(self.pool.request(waiter, self.now))

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        waiter = data.draw(st.sampled_from(self.queue))
        self.queue.remove(waiter)
        self.settle(self.pool.withdraw(waiter, self.now))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), opened=st.sampled_from([True, True, False, None]), broken=st.booleans())
    def release(self, data: st.DataObject, opened: bool | None, broken: bool) -> None:
        slot = data.draw(st.sampled_from(self.held))
        self.held.remove(slot)
        if slot.conn is None:
            slot.opened = opened
            slot.conn = Wire() if opened else None
        if broken:
            slot.conn = None
        self.settle(self.pool.release(slot, self.now))

    @precondition(lambda self: self.closing)
    @rule(data=st.data())
    def closed(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(self.closing))
        self.closing.remove(slot)
        self.settle(self.pool.closed(slot, self.now))

    @rule(seconds=st.floats(0, 12))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.settle(self.pool.sweep(self.now))

    @rule()
    def server_drops_the_idle(self) -> None:
        for slot in self.pool.slots:
            if slot.state is SlotState.IDLE and slot.conn is not None:
                slot.conn.alive = False

    @rule()
    def shut(self) -> None:
        self.is_shut = True
        self.settle(self.pool.shut(self.now))
        assert not self.queue

    @invariant()
    def the_limits_hold(self) -> None:
        statistics = self.pool.statistics()
        assert len(self.pool.slots) <= self.limits.size
        assert len(self.queue) <= self.limits.waiters
        assert statistics.waiting == len(self.queue)
        assert statistics.busy == len(self.held)
        assert statistics.closing == len(self.closing)
        assert statistics.busy + statistics.idle + statistics.closing == len(self.pool.slots)

    @invariant()
    def nobody_waits_without_cause(self) -> None:
        if self.queue:
            full = len(self.pool.slots) == self.limits.size
            assert full or any(slot.conn is not None for slot in self.held)
            assert not self.is_shut

    @invariant()
    def a_shut_pool_keeps_nothing(self) -> None:
        if self.is_shut:
            assert self.pool.statistics().idle == 0


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
