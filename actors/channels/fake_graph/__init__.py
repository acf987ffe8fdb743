"""A stand-in for Meta's Graph API on loopback: keeps the contract, remembers, and fails on demand."""

from actors.channels.fake_graph.accounts import Account, accounts_of
from actors.channels.fake_graph.faults import Failure, Faults, MediaFault
from actors.channels.fake_graph.server import (
    IDENTITY,
    FakeGraph,
    FakeStatistics,
    Health,
    SentPage,
    run_fake_graph,
    webhook_of,
)
from actors.channels.fake_graph.state import Sent

__all__ = [
    "IDENTITY",
    "Account",
    "Failure",
    "FakeGraph",
    "FakeStatistics",
    "Faults",
    "Health",
    "MediaFault",
    "Sent",
    "SentPage",
    "accounts_of",
    "run_fake_graph",
    "webhook_of",
]
