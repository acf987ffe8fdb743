"""A supervisor for tests: starts `serve` as systemd does, with sockets that it holds, and hears its reports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import trio

from tests.integration.world import Majlis, majlis_command, until

#: Puts the sockets where the protocol wants them, and its own process id, which exec keeps, into the environment.
_ADOPT = """
import os, sys
moved = [int(number) for number in sys.argv[1].split()]
for place, number in enumerate(moved):
    os.dup2(number, 3 + place)
    os.close(number)
pid = str(os.getpid())
os.execvpe(sys.argv[2], sys.argv[2:], {**os.environ, "LISTEN_PID": pid, "WATCHDOG_PID": pid})
"""


class Supervisor:
    """Holds a socket for reports; `reports` is all that it heard, in order, one dictionary a datagram."""

    def __init__(self, majlis: Majlis, listener: socket.socket) -> None:
        self.majlis = majlis
        self.reports: list[dict[str, str]] = []
        self._listener = trio.socket.from_stdlib_socket(listener)
        name = listener.getsockname()
        self._name = name if isinstance(name, str) else "@" + name[1:].decode()
        self.process: subprocess.Popen[bytes] | None = None

    async def listen(self) -> None:
        """Hear reports until cancelled, or deaf."""
        with suppress(trio.ClosedResourceError):
            while True:
                text = (await self._listener.recv(65536)).decode()
                self.reports.append(dict(line.split("=", 1) for line in text.splitlines()))

    def deafen(self) -> None:
        """Be gone, as a supervisor that has crashed."""
        self._listener.close()

    async def heard(self, within: float = 15.0, **wanted: str) -> dict[str, str]:
        """Wait for a report that holds these words, and return it."""

        async def look() -> dict[str, str] | None:
            found = [r for r in self.reports if wanted.items() <= r.items()]
            return found[0] if found else None

        report = await until(look, within, f"a report with {wanted}")
        assert report is not None
        return report

    def start(
        self,
        sockets: Sequence[socket.socket] = (),
        names: str = "",
        *,
        wrapper: Sequence[str] = (),
        options: Sequence[str] = (),
        **more: str,
    ) -> None:
        """Start a life, with the sockets as its descriptors 3, 4, ..."""
        # They are moved away first: a number that is written to may be the next one's source.
        moved = [os.dup2(one.fileno(), 100 + place) for place, one in enumerate(sockets)]
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.majlis.home),
            "LANG": "C.UTF-8",
            "NOTIFY_SOCKET": self._name,
            **({"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names} if sockets else {}),
            **more,
        }
        serve = [*wrapper, *majlis_command(), "serve", "--config", str(self.majlis.config), *options]
        self.reports.clear()
        with self.majlis.log_path.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-c", _ADOPT, " ".join(map(str, moved)), *serve],
                env=environ,
                cwd=self.majlis.home,
                stdout=log,
                stderr=log,
                pass_fds=moved,
            )
        for number in moved:
            os.close(number)

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, within: float = 15.0) -> int:
        """Return the exit code once it has ended."""
        process = self.process
        assert process is not None

        async def look() -> bool:
            return process.poll() is not None

        await until(look, within, f"the end of serve: {self.majlis.log[-1000:]}")
        return process.returncode

    async def stop(self) -> int:
        """Stop as `systemctl stop` does; return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()


@asynccontextmanager
async def supervising(majlis: Majlis, abstract: str = "") -> AsyncIterator[Supervisor]:
    """Supervise one configuration; nothing of it outlives the block."""
    with (
        tempfile.TemporaryDirectory(prefix="majlis-sup-") as place,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(f"\0{abstract}" if abstract else f"{place}/notify")
        supervisor = Supervisor(majlis, listener)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.listen)
            try:
                yield supervisor
            finally:
                if supervisor.process is not None and supervisor.process.poll() is None:
                    supervisor.process.kill()
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
                        await trio.to_thread.run_sync(partial(supervisor.process.wait, 5))
            nursery.cancel_scope.cancel()


def held_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens, as a socket unit holds it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(128)
    return sock


def environment_of(pid: int) -> Mapping[str, str]:
    """Return the environment that a process began with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
