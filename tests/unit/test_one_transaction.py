"""The one transaction of a turn: opened when it is first asked for, lent to each who asks, undone as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio

from actors.conversation.transaction import one_transaction
from runtime import Row, Transaction


class Held:
    """A transaction that does nothing."""

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        raise AssertionError(sql)

    async def execute(self, sql: str, *args: object) -> str:
        raise AssertionError(sql)


class Turns:
    """What a turn lends, which may be entered once; how each ended."""

    def __init__(self) -> None:
        self.opened = 0
        self.ends: list[str] = []

    @asynccontextmanager
    async def postgres(self) -> AsyncIterator[Transaction]:
        assert not self.opened, "entered twice"
        self.opened += 1
        try:
            yield Held()
        except BaseException as fault:
            self.ends.append(type(fault).__name__)
            raise
        self.ends.append("kept")


async def test_nobody_who_asks_for_none_opens_one() -> None:
    turns = Turns()
    async with one_transaction(turns.postgres):
        pass
    assert (turns.opened, turns.ends) == (0, [])


async def test_all_who_ask_get_the_same_one_which_ends_with_the_block() -> None:
    turns = Turns()
    async with one_transaction(turns.postgres) as begin:
        async with begin() as first:
            pass
        async with begin() as second:
            assert second is first
        assert turns.ends == []
    assert (turns.opened, turns.ends) == (1, ["kept"])


async def test_a_fault_undoes_what_was_done_before_it_too() -> None:
    turns = Turns()

    async def turn() -> None:
        async with one_transaction(turns.postgres) as begin:
            async with begin():
                pass
            async with begin():
                raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        await turn()
    assert turns.ends == ["ValueError"]


async def test_so_does_a_cancellation() -> None:
    turns = Turns()
    with trio.move_on_after(0):
        async with one_transaction(turns.postgres) as begin, begin():
            await trio.sleep_forever()
    assert turns.ends == ["Cancelled"]
