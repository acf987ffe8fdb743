"""All drills that `majlis drill run` knows, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from actors.drills.drill import Order, ServeDrill, perform
from actors.drills.ending import ENDING
from actors.drills.people import PEOPLE
from actors.drills.provider import PROVIDER
from runtime.testing import DrillResult


class Listed(msgspec.Struct, frozen=True):
    """A drill by its name: what it does in one line, and how it is performed."""

    name: str
    summary: str
    perform: Callable[[Order], Awaitable[DrillResult]]


def listed(drill: ServeDrill) -> Listed:
    """Return a drill over whole servers as the list has it."""
    return Listed(drill.name, drill.summary, partial(perform, drill))


DRILLS: Sequence[Listed] = tuple(map(listed, (*ENDING, *PROVIDER, *PEOPLE)))
