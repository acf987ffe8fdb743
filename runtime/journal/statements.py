"""Reads the journal's SQL: one named statement a file, migrations in the order of their numbers. Runs nothing.

A migration whose text begins with `-- additive:` and the reason is one that the version before works with, so one may go
back behind it. From the sixth on each must be. The first five say nothing: a program that does not know all of them is
from before there was the mark, and refuses a database that is beyond it whatever the database says. (As to its text, 0005
would be one: its rows lie in a lane that older code leaves alone. What was applied never changes, so it stays as it is.)
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runtime.app import Migration

_ADDITIVE = "-- additive: "


@cache
def statement(name: str) -> str:
    """Return the text of sql/<name>.sql."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


def migrations() -> tuple[Migration, ...]:
    """Return the journal's own migrations, from the files sql/migrations/NNNN_name.sql."""
    folder = files(__package__) / "sql" / "migrations"
    steps = [step_of(entry.name, entry.read_text("utf-8")) for entry in folder.iterdir()]
    return tuple(sorted(steps, key=lambda step: step.version))


def step_of(file: str, text: str) -> Migration:
    """Return the migration that a file NNNN_name.sql of this text is."""
    number, _, name = file.removesuffix(".sql").partition("_")
    return Migration(int(number), name, text, additive=text.startswith(_ADDITIVE))
