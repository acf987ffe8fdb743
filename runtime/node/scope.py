"""The scope of one turn's resources: the actor's own transaction, if it opens one, and the commit that joins it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

import trio

from runtime.actor.record import TurnRecord
from runtime.actor.turn import Transaction
from runtime.journal.protocol import Journal
from runtime.resources.errors import ResourceUnavailable

_PATIENCE = 5.0  # seconds for the commit in the actor's own transaction


class _Fenced(Exception):
    """The turn's commit was refused."""


class TurnScope:
    """See `runtime.actor.cell.TurnResources`."""

    def __init__(
        self,
        stack: AsyncExitStack,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        journal: Journal,
        commit: Callable[[TurnRecord], Awaitable[bool]],
    ) -> None:
        self._stack = stack
        self._begin = begin
        self._journal = journal
        self._commit = commit
        self._open: Transaction | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin the actor's transaction; it stays open until the turn commits or is undone."""
        if self._open is not None:
            raise RuntimeError("turn.postgres() was entered twice: a turn has one transaction")
        self._open = await self._stack.enter_async_context(self._begin())
        yield self._open

    async def commit(self, record: TurnRecord) -> bool:
        """Commit the turn: with many others if it stands alone, else last in the actor's transaction."""
        if self._open is None:
            return await self._commit(record)
        with trio.move_on_after(_PATIENCE):
            with suppress(_Fenced):
                async with self._stack.pop_all():
                    if await self._journal.commit_within(self._open, record):
                        return True
                    raise _Fenced
            return False
        raise ResourceUnavailable("postgres", f"the turn's commit: no answer in {_PATIENCE:g} s")


@asynccontextmanager
async def open_scope(
    begin: Callable[[], AbstractAsyncContextManager[Transaction]],
    journal: Journal,
    commit: Callable[[TurnRecord], Awaitable[bool]],
) -> AsyncIterator[TurnScope]:
    """Open a turn's scope. An exception or a cancellation inside rolls its transaction back."""
    async with AsyncExitStack() as stack:
        yield TurnScope(stack, begin, journal, commit)
