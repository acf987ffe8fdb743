"""All commands of `majlis`, assembled."""

from __future__ import annotations

from actors.channels.fake_graph.command import fake_graph_command
from actors.demo import companion
from actors.drills.command import run_command
from actors.drills.every import DRILLS
from actors.messages import Text
from actors.models.fake.command import fake_models_command
from actors.office.importing import import_command
from actors.office.leads import leads_command
from actors.office.linking import link_command
from actors.office.seeding import seed_command
from actors.phone.command import chat_command
from actors.phone.send import send_command
from actors.simulate.command import simulate_command
from runtime.cli import commands, drill_group, handoff_command
from runtime.testing import read_ledger

APP = "actors.estate:app"

majlis = commands(
    APP, companion, drill_group([(one.name, one.summary) for one in DRILLS], [run_command(APP)])
)
majlis.add_command(fake_graph_command)
majlis.add_command(fake_models_command)
majlis.add_command(simulate_command(read_ledger, APP))
majlis.add_command(chat_command(APP))
majlis.add_command(send_command)
majlis.add_command(import_command(APP))
majlis.add_command(leads_command(APP))
majlis.add_command(link_command(APP))
majlis.add_command(seed_command(APP))
majlis.add_command(handoff_command(Text))
