"""Waiting for a channel: whom a probe is given to, how a new pace reaches those who wait, how places are shared."""

from __future__ import annotations

from random import Random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from runtime.node.circuit import Sign
from runtime.node.gates import Gate
from runtime.node.places import Places

TOTAL, MOST = 64, 16


def open_gate() -> Gate:
    gate = Gate(80, 1.0, Random(1))
    gate.circuit.end(trio.current_time(), Sign.BROKEN, probe=gate.circuit.begin())
    return gate


async def test_a_larger_share_wakes_those_who_wait_for_the_pace(
    autojump_clock: trio.testing.MockClock,
) -> None:
    gate = Gate(80, 0.05, Random(1))
    async with trio.open_nursery() as nursery:
        for _ in range(200):
            nursery.start_soon(gate.line_up)
        await trio.sleep(10)
        gate.adjust(80, 1.0)
    assert 11 < trio.current_time() < 14  # alone with its share it would have taken 58 s


async def test_probes_go_to_first_tries_first_one_at_a_time_and_all_leave_when_it_closes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    gate = open_gate()
    order: list[str] = []

    async def send(name: str, *, tried: bool) -> None:
        probe = await gate.admit(lambda: True, tried=tried)
        order.append(name)
        await trio.sleep(0.1)
        gate.end(Sign.SILENT if len(order) < 3 else Sign.WORKS, probe=bool(probe))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: send("second try", tried=True))
        await trio.lowlevel.checkpoint()
        for name in ("a", "b", "c"):
            await trio.sleep(0.01)
            nursery.start_soon(lambda name=name: send(name, tried=False))
        await trio.sleep(1)
        assert (order, gate.waiting) == ([], 4)
        gate.circuit.hasten(trio.current_time())
        gate.wake()
        await trio.sleep(0.05)
        assert order == ["a"]
    assert order == ["a", "b", "c", "second try"]
    assert not gate.circuit.open


async def test_whoever_leaves_the_line_passes_the_watch_on(autojump_clock: trio.testing.MockClock) -> None:
    gate = open_gate()
    admitted = trio.Event()

    async def second() -> None:
        assert await gate.admit(lambda: True, tried=False)
        admitted.set()

    async with trio.open_nursery() as nursery:
        with trio.move_on_after(1):
            nursery.start_soon(second)
            await gate.admit(lambda: True, tried=False)
        with trio.fail_after(20):
            await admitted.wait()


async def test_whoever_need_not_leave_any_more_stops_waiting(autojump_clock: trio.testing.MockClock) -> None:
    gate = open_gate()
    ours = [True]
    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                assert await gate.admit(lambda: ours[0], tried=False) is None

            nursery.start_soon(wait)
            nursery.start_soon(wait)
            await trio.sleep(1)
            ours[0] = False
            gate.wake()
    assert gate.waiting == 0


# ── places ────────────────────────────────────────────────────────────


async def hold(places: Places, channel: str, seconds: float = float("inf")) -> None:
    async with places.place(channel):
        await trio.sleep(seconds)


@pytest.mark.parametrize("hanging", [1, 4, 8, 12])
async def test_however_many_channels_hang_another_finds_a_place(
    autojump_clock: trio.testing.MockClock, hanging: int
) -> None:
    places = Places(TOTAL, MOST)
    async with trio.open_nursery() as nursery:
        for channel in range(hanging):
            for _ in range(100):
                nursery.start_soon(hold, places, str(channel))
        await trio.sleep(1)
        assert all(places.held(str(channel)) for channel in range(hanging))
        with trio.fail_after(1):
            await hold(places, "another", 0.5)
        nursery.cancel_scope.cancel()
    assert not any(places.held(str(channel)) for channel in range(hanging))


@given(st.data())
def test_no_place_is_lost_or_given_twice_whoever_gives_up(data: st.DataObject) -> None:
    plans = data.draw(
        st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 3), st.floats(0.1, 3)), max_size=40)
    )

    async def main() -> None:
        places = Places(6, 4)
        inside = [0]

        async def use(channel: str, patience: float, seconds: float) -> None:
            with trio.move_on_after(patience):
                async with places.place(channel):
                    inside[0] += 1
                    try:
                        assert inside[0] <= 6
                        await trio.sleep(seconds)
                    finally:
                        inside[0] -= 1

        async with trio.open_nursery() as nursery:
            for plan in plans:
                nursery.start_soon(use, *plan)
        with trio.fail_after(1):
            async with trio.open_nursery() as nursery:
                for channel in "abc":
                    nursery.start_soon(hold, places, channel, 0.1)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
