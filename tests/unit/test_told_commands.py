"""Every command line that README and the runbook show exists, with its options; so does every metric of the runbook."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from actors.commands import majlis

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "config" / "deploy"
#: What ./dev does itself; all else it hands to majlis.
_OF_DEV = set(re.findall(r"^    ([a-z]+)\) ", (ROOT / "dev").read_text(), re.MULTILINE))
_WORDS = re.compile(r"`((?:majlis|\./dev) [^`]+)`")


def shown(path: Path) -> Iterator[str]:
    """Yield the lines of a text that are commands: in blocks, indented or fenced, and between backticks."""
    text = path.read_text()
    fenced = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    unfenced = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = "\n".join(re.findall(r"^    (.+)$", unfenced, re.MULTILINE))
    for line in f"{fenced}\n{indented}".splitlines():
        words = re.sub(r"^#?\s*(?:[A-Z_]+=\S+ )*", "", line)
        if words.startswith(("majlis ", "./dev ")):
            yield words
    yield from _WORDS.findall(text)


def command_of(line: str) -> list[str]:
    """Return the words of the first command of a line, without what is only said of it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|;&<>"):
            break
        words.append(word)
    return words


def fault_of(words: Sequence[str]) -> str:
    """Return what of a command is not there; "" if all of it is."""
    if words[0] == "./dev" and words[1] in _OF_DEV - {"majlis"}:
        return ""
    rest = list(words[2:] if words[:2] == ["./dev", "majlis"] else words[1:])
    command: click.Command = majlis
    while isinstance(command, click.Group):
        name = rest.pop(0) if rest else ""
        if name.isupper():  # COMMAND: any
            return ""
        if name == "--help" or not name:
            return ""
        if name not in command.commands:
            return f"no command {name!r}"
        command = command.commands[name]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        if word == "--":
            break
        if word.startswith("--") and word.partition("=")[0] not in known | {"--help", "--demo"}:
            return f"{command.name}: no option {word}"
    return ""


@pytest.mark.parametrize("path", [ROOT / "README.md", DEPLOY / "RUNBOOK.md"], ids=["README", "RUNBOOK"])
def test_every_command_that_is_shown_exists_with_its_options(path: Path) -> None:
    lines = list(shown(path))
    assert len(lines) > 20
    faults = {line: fault for line in lines if (fault := fault_of(command_of(line)))}
    assert not faults


@pytest.mark.parametrize(
    "line", ["majlis parket list", "majlis ps --waitng", "./dev sendd hi", "majlis config look | head"]
)
def test_a_command_that_is_not_there_would_be_found(line: str) -> None:
    assert fault_of(command_of(line))


def test_the_units_and_the_image_run_commands_that_exist() -> None:
    unit = (DEPLOY / "majlis.service").read_text()
    lines = re.findall(r"^Exec\w+=\S+/(majlis .+)$", unit, re.MULTILINE)
    assert len(lines) == 2
    assert [fault_of(command_of(line)) for line in lines] == ["", ""]


def test_every_metric_of_the_runbook_is_in_the_table_of_metrics() -> None:
    table = (DEPLOY / "METRICS.md").read_text()
    named = set(re.findall(r"`(majlis_\w+)", (DEPLOY / "RUNBOOK.md").read_text()))
    assert len(named) > 8
    assert named <= set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_links_to_the_runbook_and_inside_it_lead_somewhere() -> None:
    anchors = set(re.findall(r"^## (\S+)$", (DEPLOY / "RUNBOOK.md").read_text(), re.MULTILINE))
    for file in (ROOT / "README.md", *DEPLOY.iterdir()):
        for anchor in re.findall(r"RUNBOOK\.md#([\w-]+)", file.read_text()):
            assert anchor in anchors, file.name
    inside = re.findall(r"\]\(#([\w-]+)\)", (DEPLOY / "RUNBOOK.md").read_text())
    assert set(inside) == anchors
