"""The second door: what tests, simulators and drills need of the runtime."""

from runtime.actor.replay import (
    History,
    NoStandIn,
    PastEvent,
    PastTurn,
    Rehearsed,
    Replayed,
    rehearse,
    replay,
)
from runtime.drill.process import (
    ServeFailed,
    ServeProcess,
    ServerStatus,
    holder_of,
    majlis_command,
    server_status,
)
from runtime.journal.ledger import Ledger, LedgerEntry, LedgerSend, read_history, read_ledger
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node

__all__ = [
    "History",
    "Ledger",
    "LedgerEntry",
    "LedgerSend",
    "MemoryJournal",
    "MemoryStore",
    "NoStandIn",
    "Node",
    "PastEvent",
    "PastTurn",
    "Rehearsed",
    "Replayed",
    "ServeFailed",
    "ServeProcess",
    "ServerStatus",
    "holder_of",
    "majlis_command",
    "open_node",
    "read_history",
    "read_ledger",
    "rehearse",
    "replay",
    "server_status",
]
