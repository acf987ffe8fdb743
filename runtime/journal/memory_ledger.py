"""The books of the journal in memory, as `ledger` reads them from Postgres: for whoever judges a run."""

from __future__ import annotations

from collections import defaultdict

from runtime.journal.entries import Ledger, LedgerEntry, LedgerSend, LedgerTurn
from runtime.journal.memory import MemoryStore


def ledger_of(store: MemoryStore) -> Ledger:
    """Return the books of all conversations; effects of all lanes."""
    covering: dict[tuple[str, int], list[int]] = defaultdict(list)
    for turn in store.turns:
        for seq in range(turn.first_seq, turn.last_seq + 1):
            covering[turn.conversation, seq].append(turn.version)
    fates = {(one.conversation, one.seq): one.fate for one in store.letters if not one.timer}
    entries = [
        LedgerEntry(
            dedup,
            c.id,
            seq,
            len(versions := covering[c.id, seq]),
            min(versions, default=None),
            fates.get((c.id, seq), "done" if seq <= c.done_seq else "waiting"),
        )
        for c in store.conversations.values()
        for seq, dedup in enumerate(c.dedups, 1)
    ]
    turns = [
        LedgerTurn(t.conversation, t.version, t.first_seq, t.last_seq, t.epoch, *writer)
        for t, writer in zip(store.turns, store.writers, strict=True)
    ]
    asked = sorted(
        store.outbox.items(), key=lambda pair: (pair[1].effect.conversation, pair[1].effect.version)
    )
    sends = [
        LedgerSend(
            name,
            out.effect.conversation,
            out.effect.version,
            out.provider_id,
            out.status,
            out.maybe_duplicate,
            out.effect.lane.value,
            out.attempts,
            bool(out.operator),
        )
        for name, out in asked
    ]
    return Ledger(entries, sends, turns)
