"""The storm of cancellations, which needs no `serve`: it has servers, pools and callers of its own."""

from __future__ import annotations

from actors.drills.drill import BareDrill, Order
from runtime.testing import STORM, DrillResult, Orders

_FEW, _MANY = 2_000, 50_000


async def _storm(order: Order) -> DrillResult:
    return await STORM.run(Orders(_FEW if order.quick else _MANY, order.seed, order.tell))


STORM_OF_CANCELLATIONS = BareDrill(name=STORM.name, summary=STORM.summary, run=_storm)
