"""The provider of a demo server: a fake Graph beside it, in a process that outlives a `kill -9` of the server.

It must, for what the provider got is what a verdict from outside goes by. It ends when the server has stopped well
(the file of its settings is removed then), or when no server has come back for a while.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from actors.channels.fake_graph import webhook_of
from actors.channels.fake_graph.place import NoFakeGraph, fake_graph_at, place_of
from actors.stage import child_environ, write
from config import Settings
from runtime.cli import CommandFailed
from runtime.testing import holder_of, majlis_command

#: Seconds for which a provider waits for a killed server to come back.
LINGER = 60.0
_START, _END = 15.0, 5.0
_LOOK = 0.05


@asynccontextmanager
async def companion(settings: Settings, linger: float = LINGER) -> AsyncIterator[None]:
    """See that a fake Graph is where the channels send to; end it with the block unless another server needs it.

    Channels that send elsewhere than to loopback are left alone. Raises CommandFailed when it does not start, or
    when the one that is there reports to another server, be it the one of this very data directory.
    """
    try:
        host, port = place_of(settings.channels)
    except NoFakeGraph:
        yield
        return
    file, log = settings.data_dir / "fake-graph.toml", settings.data_dir / "log" / "fake-graph.log"
    webhook = webhook_of(settings) if settings.server.port else ""  # nobody knows yet which port it will be
    there = await fake_graph_at(host, port)
    if there is not None and there.webhook_url != webhook:
        if (holder := holder_of(settings.data_dir)) not in (None, os.getpid()):
            raise CommandFailed(
                f"{settings.data_dir} is in use by another serve (pid {holder}): stop it, or give --data-dir"
            )
        raise CommandFailed(
            f"the fake Graph on {host}:{port} reports to {there.webhook_url or 'nobody'}, "
            f"not to {webhook or 'a port that is drawn now'}: stop it, "
            "or let the channels of one of the two servers send elsewhere"
        )
    child = None
    if there is None:
        write(settings, file)
        where = ("--host", host, "--port", str(port), "--webhook-url", webhook)
        words = ("fake-graph", "--config", str(file), *where, "--linger", str(linger))
        child = await _spawn([*majlis_command(), *words], log)
    try:
        if child is not None:
            await _ready(child, log, host, port)
        yield
    finally:
        if holder_of(settings.data_dir) in (None, os.getpid()):
            file.unlink(missing_ok=True)  # it sees that, whoever started it
            if child is not None:
                with trio.move_on_after(_END, shield=True):
                    await child.wait()
                if child.returncode is None:
                    child.kill()


async def _spawn(command: Sequence[str], log: Path) -> trio.Process:
    """Start a process in a session of its own, so that neither Ctrl-C nor our death is its end."""
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("wb") as output:
        spawn = partial(trio.lowlevel.open_process, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        return await spawn(command, start_new_session=True, env=child_environ())


async def _ready(child: trio.Process, log: Path, host: str, port: int) -> None:
    """Wait until the new fake Graph answers. Raises CommandFailed."""
    with trio.move_on_after(_START):
        while child.poll() is None:
            if await fake_graph_at(host, port) is not None:
                return
            await trio.sleep(_LOOK)
    raise CommandFailed(f"no fake Graph on {host}:{port}: {_last_line(log)}")


def _last_line(log: Path) -> str:
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return said[-1] if said else "it said nothing"
