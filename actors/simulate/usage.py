"""What the samples of a run say of connections: how many a pool had at most, and how many were opened on the way. Pure.

A pool that grows to its size has opened each connection once. More than that was opened instead of others: that is
what must not happen, message by message. A pool closes what was idle for long, and may open that again: each of its
connections once in such a while, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

#: Seconds after the first sample in which pools may fill without a word.
WARM_UP = 1.0


class Sample(msgspec.Struct, frozen=True):
    """One look: seconds since the first one, messages acknowledged by then, and by pool the ids of its connections."""

    at: float
    acknowledged: int
    pools: Mapping[str, frozenset[str]]


class PoolUse(msgspec.Struct, frozen=True):
    """A pool over the run, by its `name` at the server and a short `label`.

    `size` is configured, `highest` was seen at most, `opened` counts connections that came after the warm-up; of these
    `replaced` came when the pool had had as many before: instead of others, not beside them. `excused` of them at most
    are what idle connections that were closed explain.
    """

    name: str
    label: str
    size: int
    highest: int
    opened: int
    replaced: int
    excused: int

    @property
    def ok(self) -> bool:
        """Whether it was never exceeded, and opened connections to grow alone, or again after long idleness."""
        return self.highest <= self.size and self.replaced <= self.excused


class Usage(msgspec.Struct, frozen=True):
    """All pools over the run. `missed` looks found a server that did not answer; `messages` were acknowledged."""

    pools: Sequence[PoolUse]
    samples: int
    missed: int
    messages: int

    @property
    def opened(self) -> int:
        """Connections opened after the warm-up."""
        return sum(pool.opened for pool in self.pools)

    @property
    def replaced(self) -> int:
        """Those of them that came instead of others."""
        return sum(pool.replaced for pool in self.pools)

    @property
    def ok(self) -> bool:
        """Whether something was seen, and all of it was right."""
        return bool(self.pools) and all(pool.ok for pool in self.pools)

    def rows(self) -> list[tuple[str, object]]:
        """Return the lines of a verdict's table."""
        per_message = self.opened / self.messages if self.messages else 0.0
        return [
            *(
                (f"connections: {pool.label}", f"{pool.highest} at most, of {pool.size}")
                for pool in self.pools
            ),
            (
                "opened in steady state",
                f"{self.opened}, {self.replaced} instead of others; {per_message:.6f} a message",
            ),
            ("looks at the servers", f"{self.samples:,}, {self.missed} without an answer"),
        ]


def usage_of(
    samples: Sequence[Sample], sizes: Mapping[str, int], missed: int = 0, idle_life: float = 300.0
) -> Usage:
    """Sum up samples in the order of time; `sizes` by pool, `idle_life` the seconds after which pools close idle ones."""
    labels = _labels({name for sample in samples for name in sample.pools})
    lives = int(samples[-1].at / idle_life) if samples else 0
    pools = [_use(name, labels[name], samples, sizes[name], lives) for name in sorted(labels)]
    return Usage(pools, len(samples), missed, samples[-1].acknowledged if samples else 0)


def _labels(names: Collection[str]) -> Mapping[str, str]:
    """Return what to call pools; with one replica majlis/<replica>/journal is "journal", majlis/<replica> "Redis"."""
    replicas = {name.split("/")[1].split(" ")[0] for name in names}
    if len(replicas) != 1:
        return {name: name for name in names}
    start = f"majlis/{replicas.pop()}"
    short = {name: name.removeprefix(start) for name in names}
    return {name: rest[1:] if rest.startswith("/") else f"Redis{rest}" for name, rest in short.items()}


def _use(name: str, label: str, samples: Sequence[Sample], size: int, lives: int) -> PoolUse:
    known: set[str] = set()
    highest = opened = replaced = 0
    for sample in samples:
        ids = sample.pools.get(name, frozenset())
        new = len(ids - known)
        known |= ids
        growth = max(0, len(ids) - highest)
        highest += growth
        if sample.at > WARM_UP:
            opened += new
            replaced += max(0, new - growth)
    return PoolUse(name, label, size, highest, opened, replaced, lives * size)
