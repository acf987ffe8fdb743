"""All drills that `majlis drill run` knows, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from actors.drills.databases import DATABASES
from actors.drills.drill import Order, ServeDrill, perform
from actors.drills.ending import ENDING
from actors.drills.models import MODELS_DRILLS
from actors.drills.people import PEOPLE
from actors.drills.provider import PROVIDER
from runtime.testing import STORM, DrillResult, Orders

_FEW, _MANY = 2_000, 50_000
"""Operations of a storm: the quick form, and the whole one."""


class Listed(msgspec.Struct, frozen=True):
    """A drill by its name: what it does in one line, and how it is performed."""

    name: str
    summary: str
    perform: Callable[[Order], Awaitable[DrillResult]]


def listed(drill: ServeDrill) -> Listed:
    """Return a drill over whole servers as the list has it."""
    return Listed(drill.name, drill.summary, partial(perform, drill))


async def _storm(order: Order) -> DrillResult:
    """Perform the one that needs no `serve`: it has servers, pools and callers of its own, and judges itself."""
    return await STORM.run(Orders(_FEW if order.quick else _MANY, order.seed, order.tell))


DRILLS: Sequence[Listed] = (
    *map(listed, ENDING),
    *map(listed, DATABASES),
    *map(listed, PROVIDER),
    *map(listed, PEOPLE),
    *map(listed, MODELS_DRILLS),
    Listed(STORM.name, STORM.summary, _storm),
)
