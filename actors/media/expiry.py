"""Media that are older than they are kept, removed a folder at a time; all folders are looked at once an hour.

A step looks at one folder of 256 and removes a batch at most, in a thread that is waited for. Where a round was cut off,
the next one goes on. What cannot be removed is counted and told, and holds up no other file. Knows no download.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
import trio

from actors.media.files import BATCH, FOLDERS, MediaFiles

_log = structlog.get_logger(__name__)

_DAY = 86400.0
_EVERY = 3600.0  # seconds between two rounds
_PAUSE = 0.01  # between two steps, in which others get on


@dataclass(frozen=True)
class ExpiryStatistics:
    """Files that were removed for their age since the start, their bytes, and how often one could not be removed."""

    files: int
    bytes: int
    failures: int


class Expiry:
    """Where the rounds of one process stand."""

    def __init__(self) -> None:
        self._next = 0  # of FOLDERS
        self._due = float("-inf")
        self._files = self._bytes = self._failures = 0
        self._told = self.statistics()

    async def go_on(self, files: MediaFiles, days: int, owners: Mapping[str, int] = {}) -> None:
        """Begin a round, if one is due, or go on with that which was cut off. Cancelled, it ends after the step in hand.

        `days` is for how long files are kept, by this machine's clock and the time of their download; 0 is for ever.
        `owners` says it for those whose files are kept otherwise.
        """
        if not (days or any(owners.values())) or trio.current_time() < self._due:
            return
        before, theirs = _moment(days), {owner: _moment(kept) for owner, kept in owners.items()}
        while self._next < len(FOLDERS):
            removed = await files.remove_older(FOLDERS[self._next], before, theirs)
            self._files += removed.files
            self._bytes += removed.bytes
            self._failures += removed.failures
            if removed.files < BATCH:
                self._next += 1
            await trio.sleep(_PAUSE)
        self._next, self._due = 0, trio.current_time() + _EVERY
        self._tell()

    def _tell(self) -> None:
        """Log what the round came to, with the parts of it that were cut off."""
        before, self._told = self._told, self.statistics()
        if self._failures > before.failures:
            _log.warning("old media cannot be removed", files=self._failures - before.failures)
        if self._files > before.files:
            _log.info("old media removed", files=self._files - before.files, bytes=self._bytes - before.bytes)

    def statistics(self) -> ExpiryStatistics:
        """Return the counts."""
        return ExpiryStatistics(self._files, self._bytes, self._failures)


def _moment(days: int) -> float:
    """Return the moment before which files are too old, in seconds since 1970."""
    return time.time() - days * _DAY if days else float("-inf")
