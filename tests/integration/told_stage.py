"""A shell for what README and the runbook tell: it fills in what their words leave open, types, and listens."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.integration.told_story import Typed
from tests.integration.world import majlis_command, until
from tests.told import ROOT

#: For who has no curl: `curl -d DATA URL`.
_CURL = """import sys, urllib.request
print(urllib.request.urlopen(sys.argv[2], sys.argv[1].encode(), timeout=10).read().decode())"""


class Stage:
    """A shell in the directory `home`; `known` are real things by the words that stand for them."""

    def __init__(self, home: Path, known: Mapping[str, str], **environ: str) -> None:
        """Make the shell, with nobody's settings but those in `environ`."""
        self.home = home
        self.known = dict(known)
        self._places = home / "bin"
        self._places.mkdir()
        path = f"{self._places}:{os.environ['PATH']}"
        self._environ = {
            "PATH": path,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "PAGER": "cat",
            **environ,
        }
        self.program("majlis", *majlis_command())
        self.program("python", sys.executable)
        if shutil.which("curl") is None:
            self.program("curl", sys.executable, "-c", f"import sys; del sys.argv[1]\n{_CURL}")
        # So that what a shell writes to its working directory stays out of the checkout.
        (home / "dev").write_text(f'#!/bin/sh\nexec {shlex.quote(str(ROOT / "dev"))} "$@"\n')
        (home / "dev").chmod(0o755)

    def program(self, name: str, *words: str, **environ: str) -> None:
        """Let `name` stand for these words, with `environ` besides."""
        script = self._places / name
        given = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environ.items())
        script.write_text(f'#!/bin/sh\n{given}exec {shlex.join(words)} "$@"\n')
        script.chmod(0o755)

    def filled(self, row: Typed) -> str:
        """Return what is typed for a row."""
        known = {**self.known, "CONVERSATION": self.known.get(row.of, "CONVERSATION")}
        words = "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True))
        return re.sub(rf"(?<![\w/])(?:{words})(?!\w)", lambda found: known[found[0]], row.line)

    async def plays(self, steps: Sequence[Sequence[Typed]]) -> None:
        """Type the rows; those of a step at the same time, beside those of it that last."""
        for step in steps:
            async with self.beside(*(row for row in step if row.lasts)), trio.open_nursery() as nursery:
                for row in step:
                    if not row.lasts:
                        nursery.start_soon(self.types, row)

    async def types(self, row: Typed) -> None:
        """Type a row: it must end well within two minutes, and say what it should."""
        line, said = await self._run(row)
        assert re.search(row.says, said), f"{line}\nsaid no {row.says!r}:\n{said}"

    async def _run(self, row: Typed) -> tuple[str, str]:
        line = self.filled(row)
        with trio.fail_after(120):
            done = await trio.run_process(
                ["/bin/sh", "-c", line],
                env=self._environ,
                cwd=self.home,
                stdin=row.typed.encode(),
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
            )
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0, f"{line}\nended with {done.returncode}:\n{said}"
        return line, said

    @asynccontextmanager
    async def beside(self, *rows: Typed) -> AsyncIterator[None]:
        """Type rows that last, and go on when they have said what they should; after the block they must end well."""
        end = trio.Event()
        async with trio.open_nursery() as nursery:
            for row in rows:
                await nursery.start(self._lasts, row, end)
            yield
            end.set()

    @asynccontextmanager
    async def in_the_background(
        self, row: Typed, log: Callable[[], str], holder: Callable[[], int | None]
    ) -> AsyncIterator[None]:
        """Type a row that a shell leaves running, as its `log` says; after the block it is told to end, and has gone."""
        await self._run(row)

        async def ready() -> bool:
            return re.search(row.says, log()) is not None

        async def gone() -> bool:
            return holder() is None

        try:
            await until(ready, 60, f"{row.told}: {row.says!r}")
            yield
        finally:
            if pid := holder():
                os.kill(pid, signal.SIGTERM)
        await until(gone, 60, f"{row.told} has ended")

    async def _lasts(self, row: Typed, end: trio.Event, task_status: trio.TaskStatus[None]) -> None:
        line, log = self.filled(row), self.home / (re.sub(r"\W+", "-", row.told) + ".log")
        with log.open("wb") as output:
            process = await trio.lowlevel.open_process(
                ["/bin/sh", "-c", f"exec {line}"],
                env=self._environ,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

        async def ready() -> bool:
            assert process.poll() is None, f"{line}\nended with {process.returncode}:\n{log.read_text()}"
            return re.search(row.says, log.read_text()) is not None

        try:
            await until(ready, 60, f"{line} says {row.says!r}")
            task_status.started()
            await end.wait()
            process.terminate()
            with trio.fail_after(60):
                code = await process.wait()
            assert code == 0, f"{line}\nended with {code}:\n{log.read_text()}"
        finally:
            if process.returncode is None:
                process.kill()
                with trio.move_on_after(10, shield=True):
                    await process.wait()
