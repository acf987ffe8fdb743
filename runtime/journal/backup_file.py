"""The file of a backup: an uncompressed tar of a dump, a manifest and the checksums of both. Knows no database.

Whoever has lost Majlis can still use it: `tar xf FILE`, `sha256sum -c SHA256SUMS`, `pg_restore -d NAME database.dump`. It
is written beside its place under another name, and has its own name only when it is whole and on the disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

DUMP, MANIFEST, SUMS = "database.dump", "manifest.json", "SHA256SUMS"
FORMAT = 1
RESERVE = 256 * 1024 * 1024
"""Bytes that a backup leaves free on its disk: an embedded Postgres beside it must go on."""
_CHUNK = 1 << 20
_CHECK_EVERY = 64 * _CHUNK
_BLOCK = tarfile.BLOCKSIZE
_SMALL = 16 * 1024 * 1024  # bytes: a manifest is a few kilobytes


class BackupFailed(Exception):
    """A backup could not be written; the message says why, and nothing is left of it."""


class BackupDamaged(Exception):
    """A file is no backup, or not the one that was written; nothing was done with it."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds: rows by table (`schema.table`, as SQL writes them), migrations applied by namespace."""

    format: int = FORMAT
    majlis: str
    created_at: str
    server_version: str
    tool_version: str
    database: str
    migrations: Mapping[str, int]
    tables: Mapping[str, int]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.tables.values())

    @property
    def server_major(self) -> int:
        """The major version of the server that it was taken from."""
        return int(self.server_version.split(".")[0])


class Draft:
    """A backup that is being written."""

    def __init__(self, file: BinaryIO, directory: Path) -> None:
        self._file, self._directory = file, directory
        self._digest = hashlib.sha256()
        self._checked_at = 0
        self.size = 0

    def add(self, data: bytes) -> None:
        """Append a piece of the dump. Raises BackupFailed when the disk would become too full, OSError."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.size
            check_space(self._directory, 0)

    def close(self, manifest: Manifest) -> None:
        """Add manifest and checksums and bring all of it to the disk."""
        self._file.write(bytes(-self.size % _BLOCK))
        told = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
        sums = (
            f"{self._digest.hexdigest()}  {DUMP}\n{hashlib.sha256(told).hexdigest()}  {MANIFEST}\n".encode()
        )
        for name, content in ((MANIFEST, told), (SUMS, sums)):
            self._file.write(_header(name, len(content)) + content + bytes(-len(content) % _BLOCK))
        self._file.write(bytes(2 * _BLOCK))
        self._file.seek(0)
        self._file.write(_header(DUMP, self.size))
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def drafted(target: Path) -> Iterator[Draft]:
    """Write a backup that is to become `target`; it does when the block ends well, else nothing is left of it.

    Raises BackupFailed where that cannot be: the file exists, its folder does not, another backup writes it.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already: a backup never takes the place of another file")
    half = partial_of(target)
    try:
        descriptor = os.open(half, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackupFailed(f"{half.parent} cannot be written to: {error.strerror}") from error
    with os.fdopen(descriptor, "r+b", buffering=_CHUNK) as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"another backup to {target} is being written") from None
        try:
            os.ftruncate(descriptor, 0)  # what a killed one left
            os.fchmod(descriptor, 0o600)
            file.write(bytes(_BLOCK))
            draft = Draft(file, target.parent)
            yield draft
            half.rename(target)
            _sync_directory(target.parent)
        except OSError as error:
            raise BackupFailed(f"{target} cannot be written: {error.strerror}") from error
        finally:
            half.unlink(missing_ok=True)


def partial_of(target: Path) -> Path:
    """Return the name under which a backup is written."""
    return target.with_name(f".{target.name}.partial")


def check_space(directory: Path, wanted: int) -> None:
    """Raise BackupFailed unless `wanted` bytes and the reserve are free."""
    status = os.statvfs(directory)
    free = status.f_bavail * status.f_frsize
    if free < wanted + RESERVE:
        raise BackupFailed(
            f"{directory} has {free >> 20} MB free, and a backup may need {wanted >> 20} MB and leaves "
            f"{RESERVE >> 20} MB free"
        )


class Backup:
    """A whole backup, open to be read; made by `opened`, which has compared all checksums."""

    def __init__(self, file: BinaryIO, start: int, size: int, manifest: Manifest) -> None:
        self._file, self._start, self.size = file, start, size
        self.manifest = manifest

    def dump(self) -> Iterator[bytes]:
        """Yield the dump in pieces."""
        yield from _pieces(self._file, self._start, self.size)


@contextmanager
def opened(path: Path) -> Iterator[Backup]:
    """Open a backup and read all of it once. Raises BackupDamaged where a single byte that matters is not as written."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupDamaged(f"{path} cannot be read: {error.strerror}") from error
    with file:
        try:
            whole = _whole(file)
        except (tarfile.TarError, ValueError, EOFError, OSError) as error:
            raise BackupDamaged(f"{path} is no whole backup: {error}") from error
        yield whole


def _whole(file: BinaryIO) -> Backup:
    members = _members(file)
    told = b"".join(_pieces(file, *members[MANIFEST]))
    digest = hashlib.sha256()
    for piece in _pieces(file, *members[DUMP]):
        digest.update(piece)
    if b"".join(_pieces(file, *members[SUMS])) != _sums(digest.hexdigest(), told):
        raise ValueError("its checksums do not fit what is in it")
    manifest = msgspec.json.decode(told, type=Manifest)
    if manifest.format != FORMAT:
        raise ValueError(f"it is of format {manifest.format}, this program reads {FORMAT}")
    return Backup(file, *members[DUMP], manifest)


def _members(file: BinaryIO) -> Mapping[str, tuple[int, int]]:
    """Return where each of the three parts begins, and its length."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        found = {part.name: (part.offset_data, part.size) for part in tar.getmembers()}
    if list(found) != [DUMP, MANIFEST, SUMS]:
        raise ValueError(f"it holds {', '.join(sorted(found)) or 'nothing'}")
    if found[MANIFEST][1] > _SMALL or found[SUMS][1] > _SMALL:
        raise ValueError("its manifest is too large")
    return found


def _pieces(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    file.seek(start)
    while size:
        piece = file.read(min(size, _CHUNK))
        if not piece:
            raise EOFError("it ends too early")
        size -= len(piece)
        yield piece


def _sums(dump: str, manifest: bytes) -> bytes:
    return f"{dump}  {DUMP}\n{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _header(name: str, size: int) -> bytes:
    part = tarfile.TarInfo(name)
    part.size, part.mode = size, 0o600
    return part.tobuf(tarfile.GNU_FORMAT)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
