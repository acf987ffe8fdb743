"""Which of PostgreSQL's programs are taken, and what they are told of a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.resources.postgres_tools import ToolFailed, find_tools, libpq_environment


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "postgresql://ann:p%40ss@db:5433/majlis",
            {"PGHOST": "db", "PGPORT": "5433", "PGUSER": "ann", "PGPASSWORD": "p@ss", "PGDATABASE": "majlis"},
        ),
        (
            "postgresql://majlis@/majlis?host=%2Fvar%2Flib%2Frun&port=5432",
            {"PGHOST": "/var/lib/run", "PGPORT": "5432", "PGUSER": "majlis", "PGDATABASE": "majlis"},
        ),
        (
            "postgresql://a@[::1]:1,two/d?sslmode=require&search_path=one two",
            {
                "PGHOST": "::1,two",
                "PGPORT": "1,5432",
                "PGUSER": "a",
                "PGDATABASE": "d",
                "PGSSLMODE": "require",
                "PGOPTIONS": "-c search_path=one\\ two",
            },
        ),
    ],
)
def test_a_program_is_told_in_its_environment_what_the_driver_reads_in_the_url(
    url: str, told: dict[str, str]
) -> None:
    theirs = {
        "PATH": "/bin",
        "PGPASSFILE": "/home/x",
        "PGSERVICE": "other",
        "PGHOSTADDR": "9",
        "PGOPTIONS": "-c a=b",
    }
    assert libpq_environment(url, theirs) == {"PATH": "/bin", "PGPASSFILE": "/home/x", **told}


def _program(directory: Path, name: str, version: str) -> None:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
    path.chmod(0o755)


def test_a_program_that_is_older_than_the_server_is_not_taken(tmp_path: Path) -> None:
    _program(tmp_path / "old", "psql", "15.4")
    with pytest.raises(ToolFailed, match=r"no psql of version 18 .* postgres\.bindir.*old: version 15\.4"):
        find_tools(["psql"], 18, bindir=str(tmp_path / "old"), search_path="")
    found = find_tools(["psql"], 15, bindir=str(tmp_path / "old"), search_path="")
    assert (found.path("psql"), found.version) == (str(tmp_path / "old" / "psql"), "15.4")


def test_all_programs_come_from_one_place(tmp_path: Path) -> None:
    _program(tmp_path / "half", "pg_dump", "18.1")
    with pytest.raises(ToolFailed, match="no pg_dump and psql"):
        find_tools(["pg_dump", "psql"], 15, bindir=str(tmp_path / "half"), search_path="")
