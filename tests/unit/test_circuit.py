"""The circuit of a channel, as a pure machine: when it opens, how it probes, what closes it."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.node.circuit import SILENCES, Circuit, Sign


def opened(now: float = 0.0) -> Circuit:
    circuit = Circuit(Random(1))
    assert circuit.end(now, Sign.BROKEN, probe=circuit.begin())
    return circuit


def probe(circuit: Circuit, sign: Sign, now: float) -> float:
    """Let the next probe out when it may leave; return when that was."""
    now += circuit.wait(now)
    assert circuit.begin()
    circuit.end(now, sign, probe=True)
    return now


def test_broken_credentials_open_it_at_once() -> None:
    circuit = opened()
    assert circuit.open
    assert circuit.wait(0.0) >= 5


def test_it_takes_several_silences_in_a_row() -> None:
    circuit = Circuit(Random(1))
    for sign in [*[Sign.SILENT] * (SILENCES - 1), Sign.WORKS, *[Sign.SILENT] * (SILENCES - 1), Sign.NONE]:
        assert not circuit.end(0.0, sign, probe=circuit.begin())
    assert circuit.wait(0.0) == 0
    assert circuit.end(0.0, Sign.SILENT, probe=circuit.begin())
    assert circuit.open


@given(st.lists(st.sampled_from([Sign.BUSY, Sign.NONE, Sign.WORKS])))
def test_patience_asked_for_never_opens_it(signs: list[Sign]) -> None:
    circuit = Circuit(Random(1))
    for sign in signs:
        circuit.end(0.0, sign, probe=circuit.begin())
    assert circuit.wait(0.0) == 0


def test_one_probe_at_a_time_at_growing_intervals_up_to_a_minute() -> None:
    circuit = opened()
    times = [0.0]
    for _ in range(12):
        now = times[-1] + circuit.wait(times[-1])
        assert circuit.begin()
        assert circuit.wait(now + 1000) == float("inf")
        circuit.end(now, Sign.SILENT, probe=True)
        times.append(now)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(5 <= gap <= 60 for gap in gaps)
    assert gaps[0] <= 10
    assert all(gap >= 30 for gap in gaps[4:])
    assert len(set(gaps)) == len(gaps)  # jitter


@pytest.mark.parametrize("during", ["probe", "earlier send"])
def test_the_first_sign_of_life_closes_it(during: str) -> None:
    circuit = opened()
    now = circuit.wait(0.0)
    if during == "probe":
        circuit.begin()
    assert circuit.end(now, Sign.WORKS, probe=during == "probe")
    assert circuit.wait(now) == 0
    assert not circuit.begin()


def test_sends_that_left_before_it_opened_do_not_put_the_probe_off() -> None:
    circuit = opened()
    before = circuit.wait(0.0)
    for _ in range(40):
        circuit.end(0.0, Sign.SILENT, probe=False)
        circuit.end(0.0, Sign.BROKEN, probe=False)
    assert circuit.wait(0.0) == before


def test_a_probe_that_never_left_gives_its_turn_to_another_at_once() -> None:
    circuit = opened()
    assert circuit.wait(probe(circuit, Sign.NONE, 0.0)) == 0


def test_a_busy_answer_keeps_it_open_without_growing_the_interval() -> None:
    circuit = opened()
    now = 0.0
    for _ in range(20):
        now = probe(circuit, Sign.BUSY, now)
        assert circuit.wait(now) <= 10


def test_new_settings_are_probed_at_once_and_the_intervals_begin_anew() -> None:
    circuit = opened()
    now = 0.0
    for _ in range(10):
        now = probe(circuit, Sign.BROKEN, now)
    circuit.hasten(now)
    assert circuit.wait(now) == 0
    circuit.begin()
    circuit.end(now, Sign.BROKEN, probe=True)
    assert circuit.wait(now) <= 20
