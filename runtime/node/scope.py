"""The scope of one turn's resources: the actor's own transaction, if it opens one, and the commit that joins it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from sys import exc_info
from types import TracebackType
from typing import Self

import trio

from runtime.actor.record import TurnRecord
from runtime.actor.turn import Transaction
from runtime.journal.protocol import Journal
from runtime.resources.errors import ResourceUnavailable

_PATIENCE = 5.0  # seconds for the commit in the actor's own transaction


class _Fenced(Exception):
    """The turn's commit was refused."""


class TurnScope:
    """See `runtime.actor.room.TurnResources`. Most turns open nothing, and cost nothing here."""

    __slots__ = ("_begin", "_commit", "_journal", "_open", "_stack")

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        journal: Journal,
        commit: Callable[[TurnRecord], Awaitable[bool]],
    ) -> None:
        self._begin = begin
        self._journal = journal
        self._commit = commit
        self._stack: AsyncExitStack | None = None
        self._open: Transaction | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Roll the actor's transaction back, if it was opened and has not committed."""
        if self._stack is None:
            return None
        stack, self._stack = self._stack, None
        return await stack.__aexit__(kind, error, trace)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin the actor's transaction; it stays open until the turn commits or is undone."""
        if self._open is not None:
            raise RuntimeError("turn.postgres() was entered twice: a turn has one transaction")
        self._stack = self._stack or AsyncExitStack()
        self._open = await self._stack.enter_async_context(self._begin())
        try:
            yield self._open
        except BaseException:  # an actor may go on without it: what was done in it is undone all the same
            await self.__aexit__(*exc_info())
            raise

    async def commit(self, record: TurnRecord) -> bool:
        """Commit the turn: with many others if it stands alone, else last in the actor's transaction."""
        if self._stack is None or self._open is None:
            return await self._commit(record)
        with trio.move_on_after(_PATIENCE):
            with suppress(_Fenced):
                async with self._stack.pop_all():
                    if await self._journal.commit_within(self._open, record):
                        return True
                    raise _Fenced
            return False
        raise ResourceUnavailable("postgres", f"the turn's commit: no answer in {_PATIENCE:g} s")
