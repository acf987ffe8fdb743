"""The second door: what tests, simulators and drills need of the runtime."""

from runtime.drill.process import (
    ServeFailed,
    ServeProcess,
    ServerStatus,
    holder_of,
    majlis_command,
    server_status,
)
from runtime.journal.ledger import Ledger, LedgerEntry, LedgerSend, read_ledger
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node

__all__ = [
    "Ledger",
    "LedgerEntry",
    "LedgerSend",
    "MemoryJournal",
    "MemoryStore",
    "Node",
    "ServeFailed",
    "ServeProcess",
    "ServerStatus",
    "holder_of",
    "majlis_command",
    "open_node",
    "read_ledger",
    "server_status",
]
