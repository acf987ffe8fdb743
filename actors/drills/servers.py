"""The `serve` processes of a drill: started, stopped, killed on databases of the drill's own, and what is left of them.

Each replica has a data directory, a log and a place for temporary files of its own; a stop is watched from outside.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import msgspec
import trio

from actors.drills.probes import watching_doors
from actors.stage import child_environ, write
from config import Settings
from runtime.testing import ServeFailed, ServeProcess, majlis_command

PUBLIC, ADMIN, GRAPH = 8080, 8081, 8082
"""The ports of a drill, at an address of its own."""
_LISTEN = "0A"  # a state of /proc/net/tcp
_PROVIDER = f":{GRAPH:04X}"
START, END = 60.0, 40.0
"""Seconds for a start, and for an end until it is a SIGKILL."""


class Stop(msgspec.Struct, frozen=True):
    """How a stop went: the signal, seconds until the process was gone, its exit code, and whether doors closed in order.

    `budget`: seconds that the settings give it.
    """

    signal: str
    seconds: float
    code: int
    expected: int
    budget: float
    in_order: bool


class Program(msgspec.Struct, frozen=True):
    """What is rehearsed: an app ("module:attr"), and the words of the program that serves it; none: this one."""

    app: str
    majlis: Sequence[str] = ()


class DrillReplica:
    """One replica over its lives."""

    def __init__(self, settings: Settings, program: Program, home: Path) -> None:
        self.settings = settings
        self.home = home
        self.log = home / "serve.log"
        self.temporary = home / "tmp"
        self.stops: list[Stop] = []
        self.starts: list[float] = []
        for place in (home, self.temporary):
            place.mkdir(mode=0o711, exist_ok=True)
        self._config = home / "majlis.toml"
        write(settings, self._config)
        self._program = program
        self.process = self._serving()

    @property
    def webhook(self) -> str:
        """Where its public listener is."""
        return f"http://{self.settings.server.host}:{self.settings.server.port}"

    @property
    def admin(self) -> str:
        """Where its admin listener is."""
        return f"http://{self.settings.server.admin_host}:{self.settings.server.admin_port}"

    def configure(self, settings: Settings) -> None:
        """Give the next life, or the next reload, other settings."""
        self.settings = settings
        write(settings, self._config)

    def give(self, program: Program) -> None:
        """Give the next life another program. The life before must have ended."""
        self._program = program
        self.process = self._serving()

    async def start(self) -> float:
        """Start a life; return the seconds until it was ready. Raises ServeFailed."""
        began = trio.current_time()
        await self.process.start(START)
        self.starts.append(trio.current_time() - began)
        return self.starts[-1]

    async def kill(self) -> None:
        """End this life as `kill -9` does."""
        await self.process.kill()

    async def stop(
        self, number: signal.Signals = signal.SIGTERM, *, expected: int = 0, again: Sequence[float] = ()
    ) -> Stop:
        """Ask this life to end and watch it do so; `expected` is the exit code that is right here.

        `again`: seconds, from the one before, after which the signal is sent once more.
        """
        node, server = self.settings.node, self.settings.server
        async with watching_doors(self.admin, server.host, server.port) as doors:
            began = trio.current_time()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._insist, number, again)
                code = await self.process.stop(number, END)
                nursery.cancel_scope.cancel()
            seconds = trio.current_time() - began
        budget = node.ready_delay + node.shutdown_timeout
        stop = Stop(number.name, seconds, code, expected, budget, doors.in_order)
        self.stops.append(stop)
        return stop

    async def _insist(self, number: signal.Signals, again: Sequence[float]) -> None:
        for pause in again:
            await trio.sleep(pause)
            self.signal(number)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and wait for nothing."""
        os.kill(self.process.pid, number)

    async def ask(self, *words: str) -> object:
        """Run another command of `majlis` beside this replica with `--json`; return what it printed.

        Raises ServeFailed where it fails, or takes longer than a start may.
        """
        command = [*self._majlis, *words, "--config", str(self._config), "--json"]
        environ = {**child_environ(), "TMPDIR": str(self.temporary)}
        with trio.move_on_after(START):
            done = await trio.run_process(
                command,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=self.home,
                env=environ,
            )
            if done.returncode == 0:
                return msgspec.json.decode(done.stdout)
            raise ServeFailed(
                f"majlis {' '.join(words)} ended with {done.returncode}: {done.stderr[-500:]!r}"
            )
        raise ServeFailed(f"majlis {' '.join(words)} took longer than {START:g} s")

    @property
    def _majlis(self) -> Sequence[str]:
        return self._program.majlis or majlis_command()

    def _serving(self) -> ServeProcess:
        return ServeProcess(
            [*self._majlis, "serve", "--config", str(self._config), "--app", self._program.app],
            data_dir=self.settings.data_dir,
            log=self.log,
            environ={**child_environ(), "TMPDIR": str(self.temporary)},
            cwd=self.home,
        )

    def descriptors(self) -> int:
        """Return how many descriptors this life has open. Linux only."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def descriptors_at_home(self) -> int:
        """Return how many are open but for connections to the provider, which are kept for a while after a burst."""
        sockets = {f"socket:[{words[9]}]" for words in _connections() if words[2].endswith(_PROVIDER)}
        found = 0
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found += str(entry.readlink()) not in sockets
        return found

    async def descriptors_back(self, most: int, within: float = 10.0) -> int:
        """Wait until no more than so many are open at home, `within` seconds; return how many are."""
        deadline = trio.current_time() + within
        while True:
            count = self.descriptors_at_home()
            if count <= most or trio.current_time() > deadline:
                return count
            await trio.sleep(0.05)

    def left(self) -> list[str]:
        """Name what is left when no life runs: processes that work in its directories, temporary files, its listeners."""
        found = [f"process {pid} ({name})" for pid, name in _processes_below(self.home)]
        found += [f"file {path.name}" for path in self.temporary.iterdir()]
        server, listening = self.settings.server, _listening()
        places = ((server.host, server.port), (server.admin_host, server.admin_port))
        return found + [f"listener on port {port}" for host, port in places if (host, port) in listening]

    def statistics(self) -> Mapping[str, int]:
        """Return how often it was started and stopped."""
        return {"lives": self.process.lives, "stops": len(self.stops)}


def _processes_below(home: Path) -> Iterator[tuple[int, str]]:
    """Yield the living processes that work in a directory or below it."""
    root = os.path.realpath(home)
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or not ours to look into
            place = str((entry / "cwd").readlink())
            if place == root or place.startswith(root + os.sep):
                yield int(entry.name), (entry / "comm").read_text("utf-8").strip()


def _connections() -> Iterator[Sequence[str]]:
    """Yield the words of each IPv4 socket of this machine: local address, remote one, state, ..., inode."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        yield line.split()


def _listening() -> frozenset[tuple[str, int]]:
    """Return the IPv4 addresses and ports on which somebody listens."""
    found = set()
    for words in _connections():
        if words[3] == _LISTEN:
            address, _, port = words[1].rpartition(":")
            found.add((str(ip_address(bytes.fromhex(address)[::-1])), int(port, 16)))
    return frozenset(found)
