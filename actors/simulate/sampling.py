"""Looks at the databases' own view of their connections while a run goes on, and keeps it as JSON and as a picture.

The shell around usage.py and picture.py. A look that is not answered in time is counted and left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio

from actors.simulate.picture import draw
from actors.simulate.usage import Sample, Usage, usage_of
from actors.stage import unwrapped
from config import Settings
from runtime.testing import IDLE_LIFE, Connection, ResourceUnavailable, ServersView, open_view, pool_size

#: Seconds between two looks, and for one of them.
EVERY = 0.05
_PATIENCE = 2.0


class Record:
    """The samples of a run so far."""

    def __init__(self, view: ServersView, settings: Settings, acknowledged: Callable[[], int]) -> None:
        self._view = view
        self._settings = settings
        self._acknowledged = acknowledged
        self._samples: list[Sample] = []
        self._missed = 0

    async def keep_looking(self) -> None:
        """Look until cancelled."""
        began = due = trio.current_time()
        while True:
            with trio.move_on_after(_PATIENCE) as patience:
                try:
                    found = await self._view.look()
                    self._samples.append(_sample(trio.current_time() - began, self._acknowledged(), found))
                except ResourceUnavailable:
                    self._missed += 1
            self._missed += patience.cancelled_caught
            due = max(due + EVERY, trio.current_time())
            await trio.sleep_until(due)

    def usage(self) -> Usage:
        """Sum up."""
        names = {name for sample in self._samples for name in sample.pools}
        sizes = {name: pool_size(name, self._settings) for name in names}
        return usage_of(self._samples, sizes, self._missed, IDLE_LIFE)

    def write(self, path: Path) -> None:
        """Write the numbers to `path`, and the picture beside it. Raises OSError."""
        usage = self.usage()
        series = [
            {
                "at": round(sample.at, 3),
                "acknowledged": sample.acknowledged,
                **{name: len(ids) for name, ids in sample.pools.items()},
            }
            for sample in self._samples
        ]
        facts = {"ok": usage.ok, **msgspec.to_builtins(usage), "series": series}
        path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n")
        picture_beside(path).write_text(draw(self._samples, usage), "utf-8")


def picture_beside(path: Path) -> Path:
    """Return where the picture lies."""
    return path.with_suffix(".svg")


def _sample(at: float, acknowledged: int, found: Sequence[Connection]) -> Sample:
    pools: dict[str, set[str]] = {}
    for connection in found:
        pools.setdefault(connection.name, set()).add(connection.id)
    return Sample(at, acknowledged, {name: frozenset(ids) for name, ids in pools.items()})


@asynccontextmanager
async def recording(settings: Settings, acknowledged: Callable[[], int]) -> AsyncIterator[Record]:
    """Look while the block runs. Raises ResourceUnavailable where there is nothing to look at."""
    async with open_view(settings) as view:
        await view.look()
        record = Record(view, settings, acknowledged)
        async with unwrapped() as nursery:
            nursery.start_soon(record.keep_looking)
            yield record
