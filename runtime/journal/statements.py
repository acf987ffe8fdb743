"""Reads the journal's SQL: one named statement a file, migrations in the order of their numbers. Runs nothing.

A migration whose text begins with `-- additive:` and the reason is one that the version before works with, so one may go
back behind it. From the fifth on each must be. The first four are not: programs of before them have long gone.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runtime.app import Migration

_ADDITIVE = "-- additive: "
#: Additive, too, but older than the mark, and what was applied never changes: 0005 makes rows of a lane that the code of
#: before neither reads nor trips over; they wait until one comes that does.
_BEFORE_THE_MARK = frozenset({5})


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
    marked = text.startswith(_ADDITIVE) or int(number) in _BEFORE_THE_MARK
    return Migration(int(number), name, text, additive=marked)
