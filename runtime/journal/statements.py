"""Reads the journal's SQL: one named statement a file, migrations in the order of their numbers. Runs nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runtime.app import Migration


@cache
def statement(name: str) -> str:
    """Return the text of sql/<name>.sql."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


def migrations() -> tuple[Migration, ...]:
    """Return the journal's own migrations, from the files sql/migrations/NNNN_name.sql."""
    steps = []
    for entry in (files(__package__) / "sql" / "migrations").iterdir():
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        steps.append(Migration(int(number), name, entry.read_text("utf-8")))
    return tuple(sorted(steps, key=lambda step: step.version))
