"""How long to wait before another try. Pure; the caller sleeps."""

from __future__ import annotations

from random import Random

#: Exponents past this give the cap anyway and would overflow.
_LARGEST_EXPONENT = 30


def backoff(attempt: int, dice: Random, *, first: float = 0.1, cap: float = 30.0) -> float:
    """Return seconds before try `attempt` + 1: doubling from `first` up to `cap`, the upper half of it random."""
    span = min(cap, first * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    return span / 2 + dice.random() * span / 2
