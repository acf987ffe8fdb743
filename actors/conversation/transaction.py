"""The one transaction of a turn, lent as often as it is asked for, and opened when it is first. Knows no table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from runtime import Transaction

Begin = Callable[[], AbstractAsyncContextManager[Transaction]]


@asynccontextmanager
async def one_transaction(begin: Begin) -> AsyncIterator[Begin]:
    """Lend what `begin` opens, which may be called once, to each block within this one; a fault undoes all of it.

    Whoever hides a fault that came out of a lent block must let the turn end: the transaction is of no use any more.
    """
    async with AsyncExitStack() as stack:
        held: list[Transaction] = []

        @asynccontextmanager
        async def lend() -> AsyncIterator[Transaction]:
            if not held:
                held.append(await stack.enter_async_context(begin()))
            yield held[0]

        yield lend
