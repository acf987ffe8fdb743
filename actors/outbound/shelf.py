"""The door through which a provider gets our files: it asks by a name, and need not know whose they are or how made.

A provider that takes uploads asks `find` for what it was given before, and `take` for the bytes when there is nothing;
one that takes bytes or links asks `take` alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """What is known of a file without its bytes: `upload` is the provider's id of it, "" where it has none (any more)."""

    digest: str
    filename: str
    upload: str = ""


class File(msgspec.Struct, frozen=True):
    """A file: `digest` is equal for equal files, `filename` is what the person sees."""

    digest: str
    mime: str
    filename: str
    content: bytes


class Shelf(Protocol):
    """Where files are. Every call waits for the database: the caller sets the deadline.

    Each raises ResourceUnavailable, and the driver's errors; cancelled, it has changed nothing or all of it.
    """

    async def find(self, name: str, channel: str) -> Standing | None:
        """Return what is known of a file; None where it is not to be sent (any more)."""

    async def take(self, name: str) -> File | None:
        """Return a file whole, made now if it is made at all; None where it is not to be sent (any more)."""

    async def keep(self, channel: str, digest: str, upload: str, expires: datetime) -> None:
        """Keep the provider's id of a file, to be used until it expires."""

    async def forget(self, channel: str, digest: str, upload: str) -> None:
        """Forget an id that the provider does not know any more; another one of the same file stays."""
