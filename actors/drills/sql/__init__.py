"""The statements of the drills that look at more than every drill does: one a file, named after the file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the text of the statement `name`. Raises FileNotFoundError when there is none."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
