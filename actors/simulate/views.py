"""The three views of a run, as values: what was sent, what the provider got, what the database holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.simulate.people import Message

#: What an effect's status says while its outcome is still to come.
OPEN = frozenset({"queued", "sending", "uncertain"})


class LedgerEntry(Protocol):
    """A stored event. `turns`: how many turn rows cover it; `version`: the (first) turn that does, None if none."""

    @property
    def dedup(self) -> str: ...  # noqa: D102
    @property
    def conversation(self) -> str: ...  # noqa: D102
    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def turns(self) -> int: ...  # noqa: D102
    @property
    def version(self) -> int | None: ...  # noqa: D102
    @property
    def fate(self) -> str: ...  # noqa: D102


class LedgerSend(Protocol):
    """A send in the outbox; `effect` is its id towards the provider, `version` the turn that asked for it."""

    @property
    def effect(self) -> str: ...  # noqa: D102
    @property
    def conversation(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def provider_id(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def maybe_duplicate(self) -> bool: ...  # noqa: D102


class Ledger(Protocol):
    """What the database holds."""

    @property
    def entries(self) -> Sequence[LedgerEntry]: ...  # noqa: D102
    @property
    def sends(self) -> Sequence[LedgerSend]: ...  # noqa: D102


class Posted(msgspec.Struct, frozen=True):
    """One POST: times in seconds on one clock, `acknowledged` None if it never was; `latency` of the last attempt."""

    messages: tuple[str, ...]
    begun: float
    acknowledged: float | None
    latency: float = 0.0


class Reply(msgspec.Struct, frozen=True):
    """One send that the provider accepted, `index` in the order of arrival."""

    index: int
    wamid: str
    channel: str
    to: str
    effect: str
    quoted: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the two outer views hold. `seconds`: from the first POST to the last reply that was seen."""

    run: str
    messages: Sequence[Message]
    posts: Sequence[Posted]
    replies: Sequence[Reply]
    violations: Mapping[str, int] = {}
    answers: Mapping[str, int] = {}
    seconds: float = 0.0
