"""All commands of `majlis`, assembled. The bot's own are imported when one of them is called, not at each start."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import click

from config import Settings
from runtime.cli import commands

APP = "actors.estate:app"


def _companion(settings: Settings) -> AbstractAsyncContextManager[None]:
    from actors.demo import companion

    return companion(settings)


def _drill() -> click.Command:
    from actors.drills.command import run_command
    from actors.drills.every import DRILLS
    from runtime.cli import drill_group

    return drill_group([(one.name, one.summary) for one in DRILLS], [run_command(APP)])


def _fake_graph() -> click.Command:
    from actors.channels.fake_graph.command import fake_graph_command

    return fake_graph_command


def _fake_twilio() -> click.Command:
    from actors.channels.fake_twilio.command import fake_twilio_command

    return fake_twilio_command


def _fake_waha() -> click.Command:
    from actors.channels.fake_waha.command import fake_waha_command

    return fake_waha_command


def _simulate() -> click.Command:
    from actors.simulate.command import simulate_command
    from runtime.testing import read_ledger

    return simulate_command(read_ledger, APP)


def _chat() -> click.Command:
    from actors.phone.command import chat_command

    return chat_command(APP)


def _send() -> click.Command:
    from actors.phone.send import send_command

    return send_command


def _import_command() -> click.Command:
    from actors.office.importing import import_command

    return import_command(APP)


def _leads() -> click.Command:
    from actors.office.leads import leads_command

    return leads_command(APP)


def _link() -> click.Command:
    from actors.office.linking import link_command

    return link_command(APP)


def _seed() -> click.Command:
    from actors.office.seeding import seed_command

    return seed_command(APP)


def _handoff() -> click.Command:
    from actors.messages import Text
    from runtime.cli import handoff_command

    return handoff_command(Text)


def _fake_models() -> click.Command:
    from actors.models.fake.command import fake_models_command

    return fake_models_command


majlis = commands(APP, _companion)
majlis.add_later("drill", _drill)
majlis.add_later("fake-graph", _fake_graph)
majlis.add_later("fake-twilio", _fake_twilio)
majlis.add_later("fake-waha", _fake_waha)
majlis.add_later("fake-models", _fake_models)
majlis.add_later("simulate", _simulate)
majlis.add_later("chat", _chat)
majlis.add_later("send", _send)
majlis.add_later("import", _import_command)
majlis.add_later("leads", _leads)
majlis.add_later("link", _link)
majlis.add_later("seed", _seed)
majlis.add_later("handoff", _handoff)
