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
from runtime.drill.addresses import postgres_socket
from runtime.drill.checkpoints import (
    CheckpointsTried,
    InjectedFault,
    TooManyCheckpoints,
    cancel_at_every_checkpoint,
    raise_at_every_checkpoint,
)
from runtime.drill.connections import IDLE_LIFE, Connection, ServersView, open_view, pool_size
from runtime.drill.databases import Databases, DrillServer, Remains, drill_databases
from runtime.drill.evidence import Accepted, RunHistory, SentEvent, Views, Violation
from runtime.drill.history import judge as judge_history
from runtime.drill.history import violations
from runtime.drill.jumping import NotPython, jumping_command
from runtime.drill.leaks import LeakCheck, Leaked, assert_no_leaks
from runtime.drill.odds import Odds, Size
from runtime.drill.passage import Faults
from runtime.drill.process import (
    ServeFailed,
    ServeProcess,
    ServerStatus,
    holder_of,
    majlis_command,
    server_status,
)
from runtime.drill.proxy import FaultProxy, ProxyStatistics, fault_proxy
from runtime.drill.result import Drill, DrillResult, Invariant, Orders, at_least, at_most, exactly
from runtime.drill.scorecard import page as drill_page
from runtime.drill.scorecard import picture as drill_picture
from runtime.drill.scorecard import rows as drill_rows
from runtime.drill.scorecard import summary as drill_summary
from runtime.drill.sightings import time_on_cores
from runtime.drill.simulation import Simulated, simulate
from runtime.drill.small_disk import NoSmallDisk, fill_up, free_up, small_disk
from runtime.drill.storm.drill import STORM
from runtime.drill.timeline import Mark, Sample, Timeline
from runtime.journal.entries import OPEN, Ledger, LedgerEntry, LedgerSend, LedgerTurn
from runtime.journal.ledger import read_history, read_ledger
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node
from runtime.resources.errors import ResourceUnavailable

__all__ = [
    "IDLE_LIFE",
    "OPEN",
    "STORM",
    "Accepted",
    "CheckpointsTried",
    "Connection",
    "Databases",
    "Drill",
    "DrillResult",
    "DrillServer",
    "FaultProxy",
    "Faults",
    "History",
    "InjectedFault",
    "Invariant",
    "LeakCheck",
    "Leaked",
    "Ledger",
    "LedgerEntry",
    "LedgerSend",
    "LedgerTurn",
    "Mark",
    "MemoryJournal",
    "MemoryStore",
    "NoSmallDisk",
    "NoStandIn",
    "Node",
    "NotPython",
    "Odds",
    "Orders",
    "PastEvent",
    "PastTurn",
    "ProxyStatistics",
    "Rehearsed",
    "Remains",
    "Replayed",
    "ResourceUnavailable",
    "RunHistory",
    "Sample",
    "SentEvent",
    "ServeFailed",
    "ServeProcess",
    "ServerStatus",
    "ServersView",
    "Simulated",
    "Size",
    "Timeline",
    "TooManyCheckpoints",
    "Views",
    "Violation",
    "assert_no_leaks",
    "at_least",
    "at_most",
    "cancel_at_every_checkpoint",
    "drill_databases",
    "drill_page",
    "drill_picture",
    "drill_rows",
    "drill_summary",
    "exactly",
    "fault_proxy",
    "fill_up",
    "free_up",
    "holder_of",
    "judge_history",
    "jumping_command",
    "majlis_command",
    "open_node",
    "open_view",
    "pool_size",
    "postgres_socket",
    "raise_at_every_checkpoint",
    "read_history",
    "read_ledger",
    "rehearse",
    "replay",
    "server_status",
    "simulate",
    "small_disk",
    "time_on_cores",
    "violations",
]
