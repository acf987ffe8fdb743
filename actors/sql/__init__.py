"""The bot's SQL: one statement a file, named after the file, and the numbered steps of its schema.

Knows no meaning of any statement; whoever runs one names it. A step whose text begins with "-- Additive" is one that an
older program works with.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runtime import Migration

_ADDITIVE = "-- Additive"


@cache
def statement(name: str) -> str:
    """Return the text of the statement `name`. Raises FileNotFoundError when there is none."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")


def migrations() -> tuple[Migration, ...]:
    """Return the steps of the schema, `0001_name.sql` and on, in their order."""
    steps = sorted(path.name for path in files(__name__).iterdir() if path.name[:4].isdigit())
    return tuple(_step(name.removesuffix(".sql")) for name in steps)


def _step(name: str) -> Migration:
    sql = statement(name)
    return Migration(version=int(name[:4]), name=name[5:], sql=sql, additive=sql.startswith(_ADDITIVE))
