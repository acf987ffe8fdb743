"""Which shards this replica holds, and until when it may believe so.

Theory of operation: a lease lies on the database's clock and is renewed every third of its life. From this side it is
trusted from the start of the attempt that renewed it, less a margin, so that a slow answer never lengthens trust. In
doubt no turn and no claim is started; memory is dropped only when a renewal shows that a shard has another owner. Every
commit and claim carries the epoch, so a late finisher is fenced by the database whatever this side believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
import trio

from runtime.journal.identity import SHARDS
from runtime.journal.protocol import Journal
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)
_MARGIN = 0.2


@dataclass(frozen=True)
class LeaseStatistics:
    """Shards held, whether they may be used now, and how often one was taken from us."""

    held: int
    trusted: bool
    lost: int


class Holding:
    """The shards we hold and the moment until which we may act on it. Pure."""

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}
        self.trusted_until = float("-inf")

    def renewed(self, shards: Mapping[int, int], trusted_until: float) -> tuple[list[int], list[int]]:
        """Take a renewal, the whole truth; return the shards that are news and those that left our hands meanwhile.

        One that is ours again under the very next epoch is news, but nobody else had it between.
        """
        before, self.epochs = self.epochs, dict(shards)
        self.trusted_until = trusted_until
        gained = [shard for shard, epoch in shards.items() if before.get(shard) != epoch]
        lost = [shard for shard, epoch in before.items() if shards.get(shard) not in {epoch, epoch + 1}]
        return gained, lost

    def epoch(self, shard: int, now: float) -> int | None:
        """Return the epoch of a shard that is ours beyond doubt."""
        return self.epochs.get(shard) if now < self.trusted_until else None


class Leases:
    """Acquires, renews and releases leases; tells the node what was gained and lost."""

    def __init__(
        self,
        journal: Journal,
        *,
        ttl: float,
        gained: Callable[[Iterable[int]], None],
        lost: Callable[[Iterable[int]], None],
        ready: trio.Event | None = None,
    ) -> None:
        """With `ready`, no shard is taken before it is set."""
        self._journal = journal
        self._ttl = ttl
        self._gained = gained
        self._lost = lost
        self._ready = ready
        self._holding = Holding()
        self._losses = 0
        self._stopped = False
        self._given_back = self._kept = 0
        self.settled = trio.Event()

    def epoch(self, shard: int) -> int | None:
        """Return the epoch under which a shard is ours; None when it is not, in doubt, or when we are stopping."""
        return None if self._stopped else self._holding.epoch(shard, trio.current_time())

    def claim_epoch(self, shard: int) -> int | None:
        """Return the epoch for effects: they may still be finished while no new turn is begun."""
        return self._holding.epoch(shard, trio.current_time())

    @property
    def shards(self) -> list[int]:
        """The shards that are ours."""
        return list(self._holding.epochs)

    @property
    def share(self) -> float:
        """The part of all shards that is ours, 0 to 1."""
        return len(self._holding.epochs) / SHARDS

    def stop_turns(self) -> None:
        """Start no turn any more; leases stay until `release`."""
        self._stopped = True

    async def run(self) -> None:
        """Take what an earlier life of this replica held and what is free, then keep it. Runs until cancelled."""
        if self._ready is not None:
            await self._ready.wait()
        own = True
        while True:
            pause = self._ttl / 3
            try:
                with trio.fail_after(self._ttl):
                    await self._round(own=own)
                own = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the leases run out and the node lives on
                reason = error.reason if isinstance(error, ResourceUnavailable) else type(error).__name__
                _log.warning("leases not renewed", reason=reason, held=len(self._holding.epochs))
                pause = min(pause, 0.25)
            await trio.sleep(pause)

    async def _round(self, *, own: bool) -> None:
        started = trio.current_time()
        if not self._stopped:
            await self._journal.acquire(own=own, ttl=self._ttl)
        held = await self._journal.renew(ttl=self._ttl)
        new, lost = self._holding.renewed(held, started + self._ttl * (1 - _MARGIN))
        if lost:
            self._losses += len(lost)
            _log.warning("shards lost", shards=len(lost))
            self._lost(lost)
        if new:
            _log.info("shards taken", shards=len(new), held=len(held))
            self._gained(new)
        self.settled.set()

    async def release(self) -> None:
        """Give every shard back at once. Raises ResourceUnavailable; they expire then."""
        shards = self.shards
        self._stopped = True
        self._holding = Holding()
        self._kept = len(shards)
        await self._journal.release(shards)
        self._kept, self._given_back = 0, len(shards)

    def left(self) -> Mapping[str, int]:
        """Count the shards that `release` gave back, and those that it could not and that will expire."""
        return {"shards_given_back": self._given_back, "shards_kept": self._kept}

    def statistics(self) -> LeaseStatistics:
        """Return what is held."""
        trusted = trio.current_time() < self._holding.trusted_until
        return LeaseStatistics(len(self._holding.epochs), trusted, self._losses)
