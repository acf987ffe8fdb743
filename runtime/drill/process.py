"""A `serve` process under our control: started, watched until it is ready, killed, started again.

For drills, demos and tests that must judge the product from outside. It knows the operator socket and nothing else of
what runs inside.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import trio

from runtime.ingress.operator import OperatorError, call_operator
from runtime.resources.children import Child, pace
from runtime.resources.data_dir import make_data_dir
from runtime.serve.place import operator_socket

_LOOK_EVERY = 0.05


class ServeFailed(Exception):
    """The process ended, or did not become ready in time; the message ends with the tail of its log."""


class ServerStatus(msgspec.Struct, frozen=True):
    """What a running `serve` says of itself; `addresses` of its listeners, by name."""

    pid: int
    phase: str
    app: str
    addresses: Mapping[str, Sequence[str]]

    @property
    def url(self) -> str:
        """The public listener's address, without a slash at its end."""
        return self.addresses["public"][0].rstrip("/")


async def server_status(data_dir: Path) -> ServerStatus | None:
    """Ask the `serve` of a data directory how it is; None where none answers within 2 s."""
    try:
        status = await call_operator(operator_socket(data_dir), "status", {}, 2.0)
    except OperatorError:
        return None
    return msgspec.convert(status, ServerStatus)


def holder_of(data_dir: Path) -> int | None:
    """Return the process id of the `serve` that holds a data directory, ready or not; None where none lives."""
    try:
        pid = int((data_dir / "serve.lock").read_text("ascii"))
    except (OSError, ValueError):  # none, nothing in it yet, or another user's
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, as another user
    return pid


def majlis_command() -> tuple[str, ...]:
    """Return the command that runs this very program: the bundle itself, or this Python with our entry."""
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    return (sys.executable, str(Path(sys.argv[0]).absolute()))


class ServeProcess:
    """One `serve` on one data directory, over its lives."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        data_dir: Path,
        log: Path,
        environ: Mapping[str, str],
        cwd: Path | None = None,
    ) -> None:
        """Prepare to run `command` (words from the executable to the last option); nothing is started yet."""
        self._command = command
        self._data_dir = data_dir
        self._log = log
        self._environ = environ
        self._cwd = cwd or Path.cwd()
        self._child: Child | None = None
        self.lives = 0

    @property
    def pid(self) -> int:
        """The process id of this life. Raises ServeFailed when there is none."""
        return self._running().pid

    @property
    def exit_code(self) -> int | None:
        """How the last life ended (negative: by that signal); None while it runs."""
        return self._running().exit_code

    def spawn(self) -> None:
        """Start a life, on the main thread; `ready` waits for it. It ends when this process does."""
        make_data_dir(self._data_dir)
        self._log.parent.mkdir(mode=0o700, exist_ok=True)
        self._child = Child(
            self._command,
            cwd=self._cwd,
            log=self._log,
            identity=None,
            death_signal=signal.SIGTERM,
            environ=self._environ,
        )
        self.lives += 1

    async def start(self, within: float = 30.0) -> Mapping[str, Sequence[str]]:
        """Start a life and return its addresses once it is ready. Raises ServeFailed."""
        self.spawn()
        return await self.ready(within)

    async def ready(self, within: float = 30.0) -> Mapping[str, Sequence[str]]:
        """Return the addresses of this life's listeners, by name, once it serves. Raises ServeFailed."""
        with trio.move_on_after(within):
            while True:
                if self.exit_code is not None:
                    raise ServeFailed(f"serve ended with {self.exit_code}:\n{self._running().log_tail()}")
                status = await server_status(self._data_dir)
                if status is not None and status.pid == self.pid and status.phase == "serving":
                    return status.addresses
                await trio.sleep(_LOOK_EVERY)
        raise ServeFailed(f"serve is not ready after {within:g} s:\n{self._running().log_tail()}")

    async def kill(self) -> None:
        """End this life as `kill -9` does, and wait until the process is gone."""
        os.kill(self.pid, signal.SIGKILL)
        await self._running().wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 30.0) -> int:
        """Ask this life to end, with SIGKILL as the last word; return its exit code."""
        return await pace(self._running().stop([(number, within)]))

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that it wrote."""
        return self._running().log_tail(lines)

    def _running(self) -> Child:
        if self._child is None:
            raise ServeFailed("serve was never started")
        return self._child
