"""Words that a command cannot take end it with one line and the exit code of wrong words."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.commands import majlis
from runtime.resources.data_dir import DataDirUnusable, make_data_dir

COMMANDS = (
    ["serve"],
    ["chat"],
    ["send", "hi"],
    ["simulate"],
    ["doctor"],
    ["fake-graph"],
    ["fake-waha"],
    ["status"],
    ["reload"],
    ["config", "show"],
    ["config", "check"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_settings_that_cannot_be_read_are_wrong_words_to_every_command(
    command: list[str], tmp_path: Path
) -> None:
    missing = tmp_path / "missing.toml"
    shown = CliRunner().invoke(majlis, [*command, "--config", str(missing)])
    assert shown.exit_code == 2
    assert shown.stderr == f"majlis: {missing}: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("option", ["--config", "--data-dir"])
@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_is_not_the_working_directory(option: str, path: str) -> None:
    shown = CliRunner().invoke(majlis, ["config", "check", option, path])
    assert shown.exit_code == 2
    assert "is empty" in shown.stderr


@pytest.mark.parametrize("place", ["file", "file/below", "x" * 300])
def test_a_data_dir_that_cannot_be_made_is_told_with_its_path(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirUnusable, match=r"cannot be used: .*; set one that this user may write to"):
        make_data_dir(tmp_path / place)


def test_a_data_dir_in_which_nothing_can_be_written_is_told() -> None:
    with pytest.raises(DataDirUnusable, match="data_dir /proc/self cannot be used"):
        make_data_dir(Path("/proc/self"))
