"""Every command that README and the runbook tell exists, with its options; so does every metric of the runbook.

That each does what is told of it is integration/test_told_commands.py's.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from actors.commands import majlis
from tests.told import README, ROOT, RUNBOOK, told, words_of

DEPLOY = ROOT / "config" / "deploy"
#: What ./dev does itself; all else it hands to majlis.
_OF_DEV = set(re.findall(r"^    ([a-z]+)\) ", (ROOT / "dev").read_text(), re.MULTILINE))


def fault_of(line: str) -> str:
    """Return what of a command is not there; "" if all of it is."""
    own = re.match(r"\./dev (\w+)", line)
    if own and own[1] in _OF_DEV - {"majlis"}:
        return ""
    _, *rest = words_of(line)
    command: click.Command = majlis
    while isinstance(command, click.Group):
        name = rest.pop(0) if rest else ""
        if name.isupper():  # COMMAND: any
            return ""
        if name == "--help" or not name:
            return ""
        found = command.get_command(click.Context(command), name)
        if found is None:
            return f"no command {name!r}"
        command = found
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        if word == "--":
            break
        if word.startswith("--") and word.partition("=")[0] not in known | {"--help", "--demo"}:
            return f"{command.name}: no option {word}"
    return ""


@pytest.mark.parametrize("path", [README, RUNBOOK], ids=["README", "RUNBOOK"])
def test_every_command_that_is_shown_exists_with_its_options(path: Path) -> None:
    lines = [line for line in told(path.read_text()) if words_of(line)[0] == "majlis"]
    assert len(lines) > 20
    faults = {line: fault for line in lines if (fault := fault_of(line))}
    assert not faults


@pytest.mark.parametrize(
    "line", ["majlis parket list", "majlis ps --waitng", "./dev sendd hi", "majlis config look | head"]
)
def test_a_command_that_is_not_there_would_be_found(line: str) -> None:
    assert fault_of(line)


def test_the_units_and_the_image_run_commands_that_exist() -> None:
    unit = (DEPLOY / "majlis.service").read_text()
    lines = re.findall(r"^Exec\w+=\S+/(majlis .+)$", unit, re.MULTILINE)
    assert len(lines) == 2
    assert [fault_of(line) for line in lines] == ["", ""]


def test_every_metric_of_the_runbook_is_in_the_table_of_metrics() -> None:
    table = (DEPLOY / "METRICS.md").read_text()
    named = set(re.findall(r"`(majlis_\w+)", RUNBOOK.read_text()))
    assert len(named) > 8
    assert named <= set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_links_to_the_runbook_and_inside_it_lead_somewhere() -> None:
    anchors = set(re.findall(r"^## (\S+)$", RUNBOOK.read_text(), re.MULTILINE))
    for file in (README, *DEPLOY.iterdir()):
        for anchor in re.findall(r"RUNBOOK\.md#([\w-]+)", file.read_text()):
            assert anchor in anchors, file.name
    inside = re.findall(r"\]\(#([\w-]+)\)", RUNBOOK.read_text())
    assert set(inside) == anchors
