"""How a message came to a tenant: what it opened is looked up in the tables, and what it led to is recorded there.

Which way counts is decided in ways.py and routing.py; here are the rows that they need and leave.
"""

from __future__ import annotations

from actors.agency import routes
from actors.conversation.routing import Enter, Way
from actors.conversation.state import EstateState
from actors.conversation.transaction import Begin
from actors.conversation.ways import opened, way
from actors.messages import Message
from actors.sql import statement
from runtime import Turn


async def way_of(turn: Turn[EstateState], message: Message, begin: Begin) -> Way | None:
    """Return where what was opened leads; the tables are asked only for codes and advertisements."""
    if (seen := opened(message, turn.state.clicked)) is None:
        return None
    found: dict[str, routes.Route] = {}
    if seen.codes:
        async with begin() as transaction:
            for code in seen.codes:
                if (known := await routes.find(transaction, code)) is not None:
                    found[code] = known
    return way(seen, found, turn.now)


async def record(turn: Turn[EstateState], message: Message, entered: Enter, named: str, begin: Begin) -> None:
    """Record what led a conversation to a tenant; `named` is the code or the advertisement, "" for neither."""
    async with begin() as transaction:
        await transaction.execute(
            statement("record_routing_decision"),
            turn.conversation,
            message.id,
            entered.tenant.id,
            entered.reason,
            turn.now,
            named or None,
        )
