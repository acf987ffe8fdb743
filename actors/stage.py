"""A stage for a rehearsal: a Majlis of one's own in a child process, and the stand-in provider in this one.

The child may be killed and started again; the provider, which must remember what it got, survives that. Ports of the
settings that are taken are replaced by free ones, so that several stages stand side by side. The settings in force are
kept in `data_dir/stage.toml` (0600) for as long as the stage stands: the child reads them, and whoever comes beside it.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import trio
from trio import TaskStatus

from actors.channels.fake_graph import FakeGraph
from actors.channels.fake_graph.place import place_of
from config import Channel, Secret, Settings, SettingsError, environment, load, render_toml
from runtime.cli import CommandFailed
from runtime.testing import ServeProcess, ServerStatus, holder_of, majlis_command

#: Seconds for a start, which may have to make a database, and for an end.
_START, _END = 90.0, 8.0
_FILE = "stage.toml"


class StandIn(Protocol):
    """A provider's stand-in in this process."""

    @property
    def address(self) -> str:
        """Return "host:port", "" before it serves."""

    async def serve(self, host: str, port: int, *, task_status: TaskStatus[str]) -> None:
        """Serve until cancelled. Starts with the address; raises OSError when the port is taken."""


@dataclass(frozen=True)
class Stage:
    """A running Majlis, its provider, and the settings that both go by."""

    settings: Settings
    server: ServeProcess
    fake: StandIn
    log: Path

    async def restart(self) -> float:
        """Kill the server as `kill -9` does and start it again; return the seconds that took. Raises ServeFailed."""
        began = trio.current_time()
        await self.server.kill()
        await self.server.start(_START)
        return trio.current_time() - began


@asynccontextmanager
async def open_stage(
    settings: Settings,
    app: str,
    place: Callable[[Sequence[Channel]], tuple[str, int]] = place_of,
    make: Callable[[Settings], StandIn] = FakeGraph.of,
) -> AsyncIterator[Stage]:
    """Serve `app` ("module:attr") with these settings for the length of the block, then stop it.

    The provider is what `make` returns, at the `place` of the settings' channels: Meta's unless others are given.
    Raises NoFakeGraph where the channels send elsewhere than to loopback, CommandFailed where the data directory
    is in use, ServeFailed. Cancelled, it stops the server within seconds.
    """
    host, port = place(settings.channels)
    if holder := holder_of(settings.data_dir):
        raise CommandFailed(
            f"{settings.data_dir} is in use by a running serve (pid {holder}): stop it, or give --data-dir"
        )
    settings = _with_free_ports(settings)
    async with unwrapped() as nursery:
        fake = make(settings)
        try:
            await nursery.start(fake.serve, host, port)
        except OSError:
            await nursery.start(fake.serve, host, 0)
        settings = _sending_to(settings, fake.address)
        file, log = settings.data_dir / _FILE, settings.data_dir / "log" / "serve.log"
        write(settings, file)
        _set_aside(log)
        server = ServeProcess(
            [*majlis_command(), "serve", "--config", str(file), "--app", app],
            data_dir=settings.data_dir,
            log=log,
            environ=child_environ(),
        )
        try:
            await server.start(_START)
            yield Stage(settings, server, fake, log)
        finally:
            with trio.CancelScope(shield=True):  # bounded by the ladder of `stop`
                await server.stop(within=_END)
            file.unlink(missing_ok=True)


def with_channels(settings: Settings, wanted: int, shared: bool, mps: int) -> Settings:
    """Return settings with `wanted` channels that tenants share, or own, each of which may send `mps` a second.

    Further ones are copies of the first of that kind under ids of their own. Raises CommandFailed where there is none.
    """
    kind = [
        channel
        for channel in settings.channels
        if channel.provider == "meta" and (channel.tenant is None) == shared
    ]
    if not kind:
        raise CommandFailed(
            f"the settings have no channel that tenants {'share' if shared else 'own'} (try --demo)"
        )
    taken = {channel.id for channel in settings.channels}
    fresh = (str(number) for number in count(int(kind[0].id) + 1) if str(number) not in taken)
    copies = [msgspec.structs.replace(kind[0], id=next(fresh)) for _ in range(wanted - len(kind))]
    channels = [msgspec.structs.replace(channel, max_mps=mps) for channel in (*settings.channels, *copies)]
    return msgspec.structs.replace(settings, channels=tuple(channels))


def settings_beside(settings: Settings, status: ServerStatus) -> Settings:
    """Return the settings by which the running server goes: those of a stage, if it is one, else these."""
    file = settings.data_dir / _FILE
    with suppress(SettingsError):
        staged = load(config=file, environ={}) if file.exists() else settings
        if staged.server.port == urlsplit(status.url).port:
            return staged
    return settings


def write(settings: Settings, path: Path) -> None:
    """Keep settings, secrets and all, in a file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    draft = path.with_suffix(".new")
    draft.touch(0o600)
    draft.write_text(render_toml(_plain(settings)), "utf-8")
    draft.replace(path)


@asynccontextmanager
async def unwrapped() -> AsyncIterator[trio.Nursery]:
    """Open a nursery that is cancelled at the end; what the block raises leaves as it is, not as a group of one."""
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        try:
            yield nursery
        except Exception as fault:  # noqa: BLE001 - raised again below
            failure = fault
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


def child_environ() -> Mapping[str, str]:
    """Return the environment of a child that reads its settings from a file alone."""
    return {name: value for name, value in environment().items() if not name.startswith("MAJLIS_")}


def _set_aside(log: Path) -> None:
    """Keep the log of the run before as `.1`."""
    with suppress(FileNotFoundError):
        log.replace(log.with_name(log.name + ".1"))


def _with_free_ports(settings: Settings) -> Settings:
    server = settings.server
    port = _free(server.host, server.port)
    admin = _free(server.admin_host, server.admin_port)
    return msgspec.structs.replace(
        settings, server=msgspec.structs.replace(server, port=port, admin_port=admin)
    )


def _free(host: str, port: int) -> int:
    """Return the port if nobody listens there, else one that was free a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (port, 0):
        with socket.socket(family) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, wanted))
            number: int = probe.getsockname()[1]
            return number
    raise CommandFailed(f"server.host: {host} is no address of this machine")


def _sending_to(settings: Settings, address: str) -> Settings:
    """Let all channels send to an address; another provider's are refused there, and reach nothing else."""
    channels = tuple(
        msgspec.structs.replace(
            channel, api_url=urlsplit(channel.api_url)._replace(scheme="http", netloc=address).geturl()
        )
        for channel in settings.channels
    )
    return msgspec.structs.replace(settings, channels=channels)


def _plain(settings: Settings) -> dict[str, object]:
    """Return settings as a file holds them."""
    encoded = msgspec.json.encode(settings, enc_hook=_revealed)
    values: dict[str, object] = msgspec.json.decode(encoded)
    del values["demo"]  # a flag, never in a file
    tables = msgspec.convert(values["channels"], list[dict[str, object]])
    # What another provider's channel has is empty here, and would be refused in a file.
    values["channels"] = [{name: value for name, value in table.items() if value} for table in tables]
    tenants = msgspec.convert(values["tenants"], list[dict[str, object]])
    values["tenants"] = [{name: v for name, v in one.items() if v is not None} for one in tenants]
    return values


def _revealed(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)
