"""The bot's SQL: one statement a file, named after the file, and the numbered steps of its schema.

Knows no meaning of any statement; whoever runs one names it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from runtime import Migration


@cache
def statement(name: str) -> str:
    """Return the text of the statement `name`. Raises FileNotFoundError when there is none."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")


def migrations() -> tuple[Migration, ...]:
    """Return the steps of the schema, `0001_name.sql` and on, in their order."""
    steps = sorted(path.name for path in files(__name__).iterdir() if path.name[:4].isdigit())
    return tuple(
        Migration(
            version=int(step[:4]),
            name=step[5:].removesuffix(".sql"),
            sql=statement(step.removesuffix(".sql")),
        )
        for step in steps
    )
