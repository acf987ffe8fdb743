"""`majlis bench`: its exit code is the verdict, and what it cannot do it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.commands import majlis
from runtime.cli import benchmarks as command

LINE = (
    '{"benchmark":"ack","measure":"figure","value":9,"unit":"1/s","comparator":"another","against":10,"ratio":0.9,'
    '"target":"ratio >= 0.95","met":%s,"rounds":3}'
)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "SCRIPTS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("met", "options", "code"),
    [("true", [], 0), ("false", [], 1), ("null", [], 0), ("false", ["--quick"], 0)],
)
def test_the_exit_code_says_whether_a_target_was_missed(
    scripts: Path, met: str, options: list[str], code: int
) -> None:
    (scripts / "ack.py").write_text(f"print('{LINE % met}')")
    assert CliRunner().invoke(majlis, ["bench", "ack", *options]).exit_code == code


def test_a_row_says_what_was_measured_against_what_and_missed(scripts: Path) -> None:
    (scripts / "ack.py").write_text(f"print('{LINE % 'false'}')")
    row = CliRunner().invoke(majlis, ["bench", "ack"]).output.splitlines()[-1]
    assert row.split() == ["ack", "figure", "9", "1/s", "10", "0.90", "ratio", ">=", "0.95:", "MISSED"]


def test_as_json_the_lines_are_those_of_the_script(scripts: Path) -> None:
    (scripts / "ack.py").write_text(f"print('{LINE % 'true'}')")
    assert CliRunner().invoke(majlis, ["bench", "ack", "--json"]).output == LINE % "true" + "\n"


def test_a_benchmark_that_fails_is_named(scripts: Path) -> None:
    (scripts / "ack.py").write_text("raise SystemExit(3)")
    run = CliRunner().invoke(majlis, ["bench", "ack"])
    assert run.exit_code == 1
    assert run.stderr == "majlis: the benchmark ack ended with code 3; what it said is above\n"


def test_an_installation_without_the_scripts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "SCRIPTS", tmp_path / "none")
    run = CliRunner().invoke(majlis, ["bench"])
    assert run.exit_code == 1
    assert "a checkout" in run.stderr
