"""The archive of servers in the single binary: unpacked once into the data directory, where their user can reach them.

Knows neither kind of server; `binaries` knows where in it each is.
"""

import contextlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import msgspec
import structlog

from config import payload
from runtime.resources.data_dir import StartFailed

_log = structlog.get_logger(__name__)

SUFFIX = ".tar.xz"
LIST = "contents.json"  # what the single binary has beside packages; written by its build


class _Served(msgspec.Struct):
    name: str
    version: str


class _Listed(msgspec.Struct):
    servers: tuple[_Served, ...] = ()


def bundled_servers() -> Path | None:
    """Return the archive; None where this is no single binary, or one without servers."""
    folder = payload()
    return next(folder.glob(f"servers-*{SUFFIX}"), None) if folder else None


def bundled_versions() -> dict[str, str]:
    """Return the versions of the servers in the archive, by their products' names; none where there is no archive."""
    folder = payload()
    if folder is None:
        return {}
    listed = msgspec.json.decode((folder / LIST).read_bytes(), type=_Listed)
    return {one.name: one.version for one in listed.servers}


def unpacked(archive: Path, stage: Path) -> Path:
    """Return the folder under `stage` with what is in `archive`, made in one step unless it is there (0.7 s).

    Its name is the archive's, which has its hash. Those of other versions are removed. Raises StartFailed.
    """
    home = stage / archive.name.removesuffix(SUFFIX)
    if home.exists():
        return home
    _log.info("unpacking the servers", to=str(home))
    try:
        make_stage(stage)
        for old in (*stage.glob("servers-*"), *stage.glob(".servers-*")):  # of another version, or half done
            shutil.rmtree(old)
        half = Path(tempfile.mkdtemp(prefix=".servers-", dir=stage))
        with tarfile.open(archive) as tar:
            # Early releases of Python 3.11 know no filters; the archive is our own, and the payload was checked.
            tar.extraction_filter = getattr(tarfile, "tar_filter", lambda member, _path: member)
            tar.extractall(half)  # noqa: S202 - see above
        open_for_all(half)
        half.rename(home)
    except (OSError, tarfile.TarError) as fault:
        raise StartFailed(
            f"PostgreSQL and Valkey cannot be unpacked into {stage}: {fault}. Make room there (30 MB), choose another "
            "data_dir, or give the URLs of running ones (postgres.url, redis.url)"
        ) from fault
    return home


def make_stage(stage: Path) -> None:
    """Make the folder for copies of servers, which their user may pass."""
    with contextlib.suppress(FileExistsError):
        stage.mkdir()
        stage.chmod(0o711)


def open_for_all(root: Path) -> None:
    """Let everybody read what is under `root`, and execute what its owner may."""
    for directory, _, files in os.walk(root):
        Path(directory).chmod(0o755)
        for path in (Path(directory, name) for name in files):
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
