"""All commands of `majlis`, assembled."""

from __future__ import annotations

from actors.channels.fake_graph.command import fake_graph_command
from actors.simulate.command import simulate_command
from runtime.cli import commands
from runtime.testing import read_ledger

majlis = commands("actors.estate:app")
majlis.add_command(fake_graph_command)
majlis.add_command(simulate_command(read_ledger))
