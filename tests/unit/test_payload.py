"""A start of the single binary gives its environment back and holds its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from config import enter_payload, payload


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process, as if it ran from a folder."""
    inside = tmp_path / "_internal"
    inside.mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(inside), raising=False)
    return inside


def test_an_installation_from_files_has_none_and_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/mine")
    before = dict(os.environ)
    assert payload() is None
    enter_payload()
    assert dict(os.environ) == before


@pytest.mark.parametrize("before", [None, "/mine:/other"])
def test_what_the_loader_set_is_undone(
    frozen: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(frozen))
    monkeypatch.setenv("_PYI_ARCHIVE_FILE", str(frozen))
    monkeypatch.setenv("KEPT", "so")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    if before is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    enter_payload()
    assert payload() == frozen
    assert os.environ.get("LD_LIBRARY_PATH") == before
    assert not {"LD_LIBRARY_PATH_ORIG", "_PYI_ARCHIVE_FILE"} & set(os.environ)
    assert os.environ["KEPT"] == "so"
