"""Media on disk: drafts that vanish unless they are kept, and files that are there whole or not at all.

Theory of operation: a draft is a temporary file of its own below `drafts/`. Kept, it is synced and renamed into place in
one step; left in any other way, it is removed. Only a killed process leaves one behind, and `sweep` removes those at the
next start, when nobody else has the directory. Files lie in folders by the first two digits of their names, so that each
folder holds its part of them and can be gone through alone. All disk work is done in threads, which are waited for, so
that cancellation leaves neither a thread nor an open file.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import trio

T = TypeVar("T")
_DRAFTS = "drafts"
_KEPT = re.compile(
    r"[0-9a-f]{2}/[0-9A-Za-z-]+(\.[0-9A-Za-z]+){0,2}"
)  # the path of a kept file, below the root
#: The folders that files are kept in.
FOLDERS = tuple(f"{number:02x}" for number in range(256))
_OWNER = re.compile(r"\.of([0-9]+)(?:\.|$)")  # whose a file is, in its name
BATCH = 500
"""Files that are removed in one step, at most."""
_BUFFER = 256 * 1024  # bytes that are written at once
_CLEANUP = 10.0  # seconds for removing a draft


@dataclass(frozen=True)
class Removed:
    """What a step has removed: files, their bytes, and how many could not be."""

    files: int = 0
    bytes: int = 0
    failures: int = 0


@dataclass(frozen=True)
class FilesStatistics:
    """Files that are being written now, and threads that work on them."""

    drafts: int
    threads: int


class Draft:
    """A file that is being written: its `size` in bytes and its `digest` so far. Made by `MediaFiles.draft`."""

    def __init__(self, root: Path, descriptor: int, path: Path, threads: trio.CapacityLimiter) -> None:
        self.size = 0
        self._root = root
        self._descriptor = descriptor
        self._open = True
        self._path = path
        self._threads = threads
        self._buffer = bytearray()
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was written; call `flush` before."""
        return self._hash.digest()

    async def write(self, data: bytes) -> None:
        """Append bytes, most of the time to memory. Raises OSError."""
        self.size += len(data)
        self._buffer += data
        if len(self._buffer) >= _BUFFER:
            await self.flush()

    async def flush(self) -> None:
        """Bring all that was written to the file, not yet to the disk. Raises OSError."""
        if self._buffer:
            data, self._buffer = self._buffer, bytearray()
            await _in_thread(lambda: self._append(data), self._threads)

    async def keep(self, name: str) -> None:
        """Make it the file `name`, "folder/name", durable and in one step, in place of an older one. Raises OSError."""
        await self.flush()
        await _in_thread(lambda: self._keep(self._root / name), self._threads)

    async def discard(self) -> None:
        """Close and remove it, unless it was kept."""
        await _in_thread(self._discard, self._threads)

    def _append(self, data: bytearray) -> None:
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def _keep(self, target: Path) -> None:
        os.fsync(self._descriptor)
        self._close()
        if not target.parent.is_dir():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            _sync(self._root)
        self._path.replace(target)
        _sync(target.parent)

    def _discard(self) -> None:
        self._buffer.clear()
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)


class MediaFiles:
    """The directory of media, which is made when it is first needed: 0700, its files 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._threads = trio.CapacityLimiter(math.inf)  # a download has one at most, so those bound it
        self._drafts = 0

    @asynccontextmanager
    async def draft(self) -> AsyncIterator[Draft]:
        """Open a new file; at the end of the block it is gone unless it was kept. Raises OSError."""
        draft = await _in_thread(self._open, self._threads)
        self._drafts += 1
        try:
            yield draft
        finally:
            self._drafts -= 1
            with trio.move_on_after(_CLEANUP, shield=True):
                await draft.discard()

    async def sweep(self) -> int:
        """Remove the drafts of a process that was killed; return how many. Only for who has the directory alone."""
        return await _in_thread(self._sweep, self._threads)

    async def read(self, path: str, most: int) -> bytes | None:
        """Return what is in a kept file; None if it is not there, is larger than `most` bytes, or cannot be read."""
        if _KEPT.fullmatch(path) is None:
            return None
        return await _in_thread(lambda: _content(self.root / path, most), self._threads)

    async def remove_older(self, folder: str, before: float, owners: Mapping[str, float] = {}) -> Removed:
        """Remove what was written to a folder before a moment (seconds since 1970), at most a batch; return how much.

        `owners`: whose files have another moment, by the name that stands in the file's.

        A folder that cannot be read is one failure, one that is not there is empty. Once begun it is done.
        """
        return await _in_thread(lambda: self._remove_older(self.root / folder, before, owners), self._threads)

    def statistics(self) -> FilesStatistics:
        """Return what is under way."""
        return FilesStatistics(self._drafts, int(self._threads.borrowed_tokens))

    def _open(self) -> Draft:
        drafts = self.root / _DRAFTS
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        drafts.mkdir(mode=0o700, exist_ok=True)
        path = drafts / uuid4().hex
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return Draft(self.root, descriptor, path, self._threads)

    def _remove_older(self, folder: Path, before: float, owners: Mapping[str, float]) -> Removed:
        files = size = failures = 0
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    owner = _OWNER.search(entry.name) if owners else None
                    removed = _remove_if_older(entry, owners.get(owner[1], before) if owner else before)
                    files += removed.files
                    size += removed.bytes
                    failures += removed.failures
                    if files == BATCH:
                        break
        except FileNotFoundError:
            pass  # nothing was kept there yet
        except OSError:
            failures += 1
        return Removed(files, size, failures)

    def _sweep(self) -> int:
        swept = 0
        with suppress(FileNotFoundError):
            for path in (self.root / _DRAFTS).iterdir():
                path.unlink(missing_ok=True)
                swept += 1
        return swept


def _remove_if_older(entry: os.DirEntry[str], before: float) -> Removed:
    """Remove what was written before a moment, if it is a file of ours."""
    try:
        facts = entry.stat(follow_symlinks=False)
        if facts.st_mtime >= before or not stat.S_ISREG(facts.st_mode):
            return Removed()
        Path(entry.path).unlink()
    except FileNotFoundError:
        return Removed()  # another replica was faster
    except OSError:
        return Removed(failures=1)
    return Removed(1, facts.st_size)


def _content(path: Path, most: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError:
        return None
    return content if len(content) <= most else None


async def _in_thread(work: Callable[[], T], threads: trio.CapacityLimiter) -> T:
    """Do disk work beside the event loop; once begun it is waited for, cancelled or not."""
    return await trio.to_thread.run_sync(work, limiter=threads)


def _sync(directory: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
