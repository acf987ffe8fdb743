"""The journal's books as values: what arrived, which turns cover it, what was to be sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: What an effect's status says while its outcome is still to come.
OPEN = frozenset({"queued", "sending", "uncertain"})


class LedgerEntry(msgspec.Struct, frozen=True):
    """A stored event; `turns` counts the turn rows that cover it, `version` is the first of them.

    Its `fate` is waiting, done, stale (recorded by a turn, not answered) or dead (given up by an operator).
    """

    dedup: str
    conversation: str
    seq: int
    turns: int
    version: int | None
    fate: str


class LedgerTurn(msgspec.Struct, frozen=True):
    """A turn that committed: the events `first_seq` to `last_seq`, none of them if it was a timer's; `at` in seconds."""

    conversation: str
    version: int
    first_seq: int
    last_seq: int
    epoch: int
    replica: str
    at: float


class LedgerSend(msgspec.Struct, frozen=True):
    """An effect as the outbox has it; `effect` is its id towards the provider, `version` the turn that asked for it.

    `operator`: no turn did, an operator did.
    """

    effect: str
    conversation: str
    version: int
    provider_id: str
    status: str
    maybe_duplicate: bool
    lane: str = "send"
    attempts: int = 0
    operator: bool = False


class Ledger(msgspec.Struct, frozen=True):
    """Everything at one moment; sends in the order of their turns."""

    entries: Sequence[LedgerEntry]
    sends: Sequence[LedgerSend]
    turns: Sequence[LedgerTurn] = ()
