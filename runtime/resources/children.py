"""Child processes that never outlive their parent.

A child gets a session of its own (Ctrl-C reaches only Majlis), a parent-death signal (`kill -9` of Majlis
ends it too), an unprivileged user where Majlis is root, and almost no environment. What the child is, this
module does not know.

Work that takes a while is written as *steps*: a generator that yields how many seconds to pause before it
looks again. `pace` runs steps under Trio, `pace_blocking` without it. Closing a generator half way undoes
what it began, so a cancellation at a pause is safe.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import trio

from runtime.resources.data_dir import Identity, StartFailed

T = TypeVar("T")
Steps = Generator[float, None, T]
POLL = 0.01  # seconds between two looks at a process

_BARE = {"PATH": os.defpath, "LC_ALL": "C"}  # no LD_LIBRARY_PATH, no PG* of the caller
_PR_SET_PDEATHSIG = 1
_LOG_LIMIT = 4 * 1024 * 1024  # bytes; a log that grows past it while its server runs is cut to nothing
_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be loaded between fork and exec


class Child:
    """A running child process, its log, and the ways it ends."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        log: Path,
        identity: Identity | None,
        death_signal: signal.Signals,
        stdin: bytes = b"",
        environ: Mapping[str, str] = _BARE,
    ) -> None:
        """Start `command` with `stdin` (less than a pipe holds); its output is appended to `log`.

        Raises OSError as `subprocess.Popen` does, RuntimeError when not called on the main thread: the
        parent-death signal comes when the *thread* that forked ends.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start servers on the main thread: the parent-death signal is tied to it")
        self.name = Path(command[0]).name
        self._log = log
        with log.open("ab") as output, warnings.catch_warnings():
            # Python 3.12 warns of a fork beside threads; we only call prctl and getppid after it.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process = subprocess.Popen(  # noqa: S603 - the command is built by this package
                command,
                cwd=cwd,
                env=environ,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                user=identity.uid if identity else None,
                group=identity.gid if identity else None,
                extra_groups=[] if identity else None,
                preexec_fn=_die_with_parent(death_signal),  # noqa: PLW1509 - after setuid
            )
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(stdin)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal), None while it runs."""
        return self._process.poll()

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines it wrote, for an error message."""
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    async def wait(self) -> int:
        """Return the exit code once the child has ended, however it did. Keeps its log bounded meanwhile.

        Cancellation leaves the child running.
        """
        while self.exit_code is None:
            descriptor = os.pidfd_open(self.pid)
            try:
                with trio.move_on_after(60):
                    await trio.lowlevel.wait_readable(descriptor)
            finally:
                os.close(descriptor)
            if self._log.stat().st_size > _LOG_LIMIT:
                os.truncate(self._log, 0)  # sound because the child appends
        return self._process.returncode

    def stop(self, ladder: Sequence[tuple[signal.Signals, float]]) -> Steps[int]:
        """Send each signal in turn, with its seconds to obey, then SIGKILL; returns the exit code."""
        for number, patience in (*ladder, (signal.SIGKILL, 5.0)):
            deadline = time.monotonic() + patience
            if self.exit_code is None:
                self._process.send_signal(number)
            while self.exit_code is None and time.monotonic() < deadline:
                yield POLL
        if self.exit_code is None:
            raise StartFailed(
                f"{self.name} (pid {self.pid}) does not end, even by SIGKILL: its disk may hang"
            )
        return self._process.returncode

    def finish(self, *, within: float) -> Steps[None]:
        """Wait until a short-lived child has ended well, else raise StartFailed. Closing kills it all."""
        deadline = time.monotonic() + within
        try:
            while self.exit_code is None:
                if time.monotonic() > deadline:
                    raise StartFailed(f"{self.name} took longer than {within:.0f} s:\n{self.log_tail()}")
                yield POLL
        finally:
            if self.exit_code is None:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait(5)
        if self.exit_code != 0:
            raise StartFailed(f"{self.name} failed with exit code {self.exit_code}:\n{self.log_tail()}")


def processes_in(directory: Path, names: Sequence[str]) -> Iterator[int]:
    """Yield the ids of living processes called one of `names` that work in `directory` (none without /proc).

    A zombie has no working directory any more, and a stranger with a reused process id has another one.
    """
    wanted = os.path.realpath(directory)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or not ours to look into
            if str((entry / "cwd").readlink()) == wanted and (entry / "comm").read_text().strip() in names:
                yield int(entry.name)


def family(pid: int) -> list[int]:
    """Return a process and its children. Raises OSError where it has ended, or there is no /proc."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *map(int, children)]


def kill_frozen(pid: int) -> None:
    """Kill those of a process and its children that are stopped. Does nothing without /proc."""
    with contextlib.suppress(OSError):
        for one in family(pid):
            with contextlib.suppress(OSError):  # ended meanwhile
                state = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()[0]
                if state == "T":
                    os.kill(one, signal.SIGKILL)


async def pace(steps: Steps[T]) -> T:
    """Run steps under Trio. Cancelled at a pause, they are closed."""
    with contextlib.closing(steps):
        while True:
            try:
                pause = next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            await trio.sleep(pause)


def pace_blocking(steps: Steps[T]) -> T:
    """Run steps without an event loop."""
    with contextlib.closing(steps):
        while True:
            try:
                pause = next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            time.sleep(pause)


def _die_with_parent(number: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the request was in place
            os._exit(1)

    return before_exec
