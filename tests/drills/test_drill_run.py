"""`majlis drill run` as an operator runs it: drills by name, a scorecard, a page; and a drill of one's own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import msgspec
import pytest

from runtime.resources.embedded import embedded_servers
from runtime.testing import DrillResult

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def drill_run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    majlis = Path(sys.executable).with_name("majlis")
    return subprocess.run(  # noqa: S603 - our own command
        [majlis, "drill", "run", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def own_drill() -> str:
    pattern = r"^```python\n(# my_drill.py.*?)^```"
    (block,) = re.findall(pattern, README.read_text(), re.MULTILINE | re.DOTALL)
    return str(block)


def results_in(report: Path) -> Sequence[DrillResult]:
    return msgspec.json.decode(report.read_bytes(), type=list[DrillResult])


def test_drills_by_name_end_with_a_scorecard_a_report_and_a_page(tmp_path: Path) -> None:
    report, html, svg = tmp_path / "drills.json", tmp_path / "drills.html", tmp_path / "drills.svg"
    names = ("idle-keepalives", "rolling-restart")
    told = drill_run(*names, "--quick", "--json", report, "--html", html, "--svg", svg, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert [line.split()[:2] for line in told.stdout.splitlines()[1:3]] == [[n, "passed"] for n in names]
    assert told.stdout.splitlines()[-1].endswith("2 passed")
    results = results_in(report)
    assert [one.verdict for one in results] == ["passed"] * 2
    for one in results:
        names_checked = {invariant.name for invariant in one.invariants}
        assert {
            "acknowledged messages lost",
            "drain",
            "connections left",
            "wrong exit codes",
        } <= names_checked
        assert one.figures["messages"] > 20, "nobody wrote, so nothing was shown"
        assert any(mark.fault for mark in one.timeline.marks)
        assert max(sample.acknowledged for sample in one.timeline.samples) > 20
    page = html.read_text()
    assert page.count("<svg") == 2
    assert all(f'id="{one.drill}"' in page for one in results)
    assert not re.search(r"""(src|href)=["']http""", page), "it needs nothing else"
    assert svg.read_text().count("passed") >= 2


def test_a_drill_of_ones_own_is_thirty_lines_and_runs_as_the_readme_says(tmp_path: Path) -> None:
    assert len(own_drill().splitlines()) <= 30
    (tmp_path / "my_drill.py").write_text(own_drill())
    report = tmp_path / "mine.json"
    told = drill_run("redis-restart", "--more", "my_drill:drill", "--quick", "--json", report, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    (result,) = results_in(report)
    assert result.verdict == "passed"
    assert "ready afterwards" in {one.name for one in result.invariants}
    assert sum(mark.fault for mark in result.timeline.marks) == 2


def test_another_bot_can_be_rehearsed_whose_turns_may_stay_silent(tmp_path: Path) -> None:
    told = drill_run("idle-keepalives", "--quick", "--app", "actors.echo:app", cwd=tmp_path)
    assert told.returncode == 0, told.stderr


def test_wrong_words_are_told_and_nothing_is_begun(tmp_path: Path) -> None:
    unknown = drill_run("earthquake", cwd=tmp_path)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no such drill: earthquake; there are: term-under-load" in unknown.stderr
    assert drill_run(cwd=tmp_path).returncode == 2
    foreign = ("--against", "postgresql://me@localhost/production", "redis://localhost/0")
    refused = drill_run("kill", *foreign, cwd=tmp_path)
    assert refused.returncode == 1
    assert "'production' is emptied before each drill, so its name must end in _drill" in refused.stderr


@pytest.fixture
def named_for_drills() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="majlis-suite-") as name:
        Path(name).chmod(0o711)
        with embedded_servers(Path(name), environ=dict(os.environ)) as (postgres, redis):

            async def create() -> None:
                connection = await asyncpg.connect(postgres.dsn)
                try:
                    await connection.execute("create database any_drill")
                finally:
                    await connection.close()

            asyncio.run(create())
            yield postgres.dsn.replace("/majlis?", "/any_drill?"), redis.dsn


def test_databases_named_for_drills_are_used_and_what_must_own_them_is_skipped(
    tmp_path: Path, named_for_drills: tuple[str, str]
) -> None:
    (tmp_path / "my_drill.py").write_text(own_drill())
    report = tmp_path / "against.json"
    words = ("--more", "my_drill:drill", "--against", *named_for_drills, "--json", report)
    told = drill_run("idle-keepalives", "redis-restart", "--quick", *words, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    passed, skipped = results_in(report)
    assert (passed.verdict, skipped.verdict) == ("passed", "skipped")
    assert skipped.skipped == "the databases are not the drill's own"
