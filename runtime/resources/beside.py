"""A background task for as long as a block runs, without its nursery showing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio


@asynccontextmanager
async def beside(background: Callable[[], Awaitable[None]]) -> AsyncIterator[trio.Nursery]:
    """Run `background` in a nursery beside the block and cancel it after; yields the nursery.

    An Exception of the block leaves as it is, not as a group of one: who opens a resource need not know that
    it has a nursery inside. Cancellation passes through the nursery as usual.
    """
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(background)
        try:
            yield nursery
        except Exception as exc:  # noqa: BLE001 (raised again below, outside the nursery)
            failure = exc
        nursery.cancel_scope.cancel()
    if failure is not None:
        try:
            raise failure
        finally:
            del failure
