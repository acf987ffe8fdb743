"""A transaction on no database, for turns that open one where there is none: it does nothing and finds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Self

import trio

from runtime.actor.resources import Row, Transaction


class _Nowhere:
    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:  # noqa: ARG002
        await trio.lowlevel.checkpoint()
        return ()

    async def execute(self, sql: str, *args: object) -> str:  # noqa: ARG002
        await trio.lowlevel.checkpoint()
        return ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit, or undo, nothing."""


def nowhere() -> AbstractAsyncContextManager[Transaction]:
    """Return a transaction whose statements do nothing."""
    return _Nowhere()
