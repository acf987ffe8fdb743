"""`majlis drill sim`: many seeds of the simulation, each judged, until one breaks a promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from time import perf_counter
from typing import get_args

import msgspec

from runtime.app import App
from runtime.drill.chronicler import chronicle
from runtime.drill.crowd import Say
from runtime.drill.evidence import Kind, Violation
from runtime.drill.history import judge
from runtime.drill.result import DrillResult, Invariant, exactly
from runtime.drill.simulation import Simulated, drawn_of, simulate

NAME = "sim"
SUMMARY = "whole nodes in virtual time under faults that seeds draw, their histories judged"
SEEDS = 10_000
_TOLD_EVERY = 10.0  # seconds

Subject = Callable[[int], tuple[App, Say]]
"""What is simulated under a seed: an app, and what people say to it."""


class Searched(msgspec.Struct, frozen=True):
    """What seeds found: `violations` are those of the seed `failing`, the first one that broke a promise."""

    result: DrillResult
    failing: int | None
    violations: Sequence[Violation]


def chronicler(seed: int) -> tuple[App, Say]:
    """Return a bot that does all that a bot may do."""
    return chronicle(Random(seed))  # noqa: S311 - not for secrets


def subject_of(app: App) -> Subject:
    """Return an app of somebody's own, to which events of its types are said. Raises Undrawable if it has none."""
    say = drawn_of(app)
    return lambda _seed: (app, say)


def run_seed(subject: Subject, seed: int) -> Simulated:
    """Simulate one seed. Raises as `simulate` does."""
    app, say = subject(seed)
    return simulate(app, seed=seed, say=say)


def search(subject: Subject, seeds: Iterable[int], tell: Callable[[str], object]) -> Searched:
    """Simulate seeds in turn until one breaks a promise; `tell` takes a line now and then. Raises as `simulate` does."""
    began = told_at = perf_counter()
    figures: Counter[str] = Counter()
    first = failing = None
    violations: Sequence[Violation] = ()
    for seed in seeds:
        first = seed if first is None else first
        done = run_seed(subject, seed)
        judgement = judge(done.history)
        figures["seeds"] += 1
        figures["sends doubled in doubt"] += len(judgement.tolerated)
        figures.update(done.figures)
        if judgement.violations:
            failing, violations = seed, judgement.violations
            break
        if perf_counter() - told_at > _TOLD_EVERY:
            told_at = perf_counter()
            tell(f"seed {seed}: {figures['seeds']:,} seeds in {told_at - began:.0f} s, all hold")
    seconds = perf_counter() - began
    result = DrillResult(
        NAME, first or 0, seconds, _invariants(violations), {k: float(v) for k, v in figures.items()}
    )
    return Searched(result, failing, violations)


def _invariants(violations: Sequence[Violation]) -> Sequence[Invariant]:
    """Return one invariant for each way to break a promise."""
    found: dict[str, list[Violation]] = {kind: [] for kind in get_args(Kind)}
    for one in violations:
        found[one.kind].append(one)
    return [exactly(kind, len(ones), 0, "; ".join(map(str, ones[:5]))) for kind, ones in found.items()]
