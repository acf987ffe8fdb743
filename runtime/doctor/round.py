"""The round of `majlis doctor`: all checks at the same time, each with a deadline, told in a fixed order.

A check that fails or hangs is a line of its own, after what it had found until then, and stops no other. Looks in threads
are abandoned when their deadline comes: a hanging file system cannot be interrupted, and the process ends soon after.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from traceback import extract_tb
from zoneinfo import available_timezones

import msgspec
import trio

from config import Settings, kept_demo_secrets
from runtime.app import App
from runtime.channel import Examinable, Finding
from runtime.doctor.asking import Tell, ask_postgres, ask_redis
from runtime.doctor.configuration import judge_configuration
from runtime.doctor.looking import (
    look_at_data_dir,
    look_at_descriptors,
    look_at_disk,
    look_at_lock,
    look_at_packages,
    try_port,
)
from runtime.doctor.machine import (
    PortFacts,
    judge_data_dir,
    judge_descriptors,
    judge_disk,
    judge_packages,
    judge_port,
)
from runtime.doctor.running import HolderFacts, Running, judge_running
from runtime.drill.process import holder_of
from runtime.ingress.operator import OperatorError, call_operator
from runtime.journal.examination import QuestionRefused
from runtime.journal.statements import migrations
from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.data_dir import StartFailed
from runtime.resources.errors import ResourceUnavailable
from runtime.resources.http import open_http_client
from runtime.serve.place import operator_socket

#: Seconds for a check; asking a provider about many channels may take longer.
PATIENCE, PATIENCE_ONLINE = 10.0, 60.0
_ANSWER = 2.0  # seconds for a running serve to say how it is


@dataclass
class _Check:
    """One check, and what it has found so far."""

    name: str
    look: Callable[[Tell], Awaitable[None]]
    patience: float
    found: list[Finding] = field(default_factory=list)

    async def run(self) -> None:
        """Carry it out; whatever goes wrong is a finding."""
        reason = ""
        try:
            with trio.move_on_after(self.patience) as scope:
                await self.look(self.found.append)
            if scope.cancelled_caught:
                reason = f"it did not end within {self.patience:g} s"
        except* (ResourceUnavailable, StartFailed, QuestionRefused) as group:
            reason = str(_leaf(group))
        except* Exception as group:  # noqa: BLE001 - its kind and its line are told, not its words: they may be secret
            reason = _told(_leaf(group))
        if reason:
            advice = "the other lines stand; look at what it needs, and ask again"
            self.found.append(Finding(self.name, "fail", f"the check was not finished: {reason}", advice))


async def make_round(
    settings: Settings, app: App, *, online: bool = False, patience: float = PATIENCE
) -> Sequence[Finding]:
    """Look at everything and return what was found; takes `patience` seconds at most, and a little for closing.

    With `online` the providers are asked about their channels, too. Cancelled, it closes what it opened.
    """
    async with open_bridge() as bridge, trio.open_nursery() as nursery:
        checks = _checks(settings, app, bridge, online, patience)
        for check in checks:
            nursery.start_soon(check.run, name=check.name)
    return [finding for check in checks for finding in check.found]


def _checks(settings: Settings, app: App, bridge: Bridge, online: bool, patience: float) -> Sequence[_Check]:
    schemas = {"journal": migrations(), f"app_{app.name}": app.migrations}
    looks: list[tuple[str, Callable[[Tell], Awaitable[None]]]] = [
        ("configuration", partial(_configuration, settings)),
        ("python", _packages),
        ("serve", partial(_running, settings, app)),
        ("data_dir", partial(_data_dir, settings)),
        ("disk", partial(_disk, settings)),
        ("descriptors", partial(_descriptors, settings)),
        ("port", partial(_ports, settings)),
        ("postgres", partial(ask_postgres, settings, schemas, bridge)),
        ("redis", partial(ask_redis, settings, bridge)),
    ]
    checks = [_Check(name, look, patience) for name, look in looks]
    served = {provider.name for provider in app.providers}
    checks += [
        _Check(f"channels.{provider}", partial(_nobodys, app.name, provider), patience)
        for provider in sorted({channel.provider for channel in settings.channels} - served)
    ]
    for one in app.providers:
        if isinstance(one, Examinable):
            look = partial(_channels, one, settings, online)
            name = f"channels.{one.name}"
            checks.append(_Check(name, look, max(patience, PATIENCE_ONLINE) if online else patience))
    return checks


async def _configuration(settings: Settings, tell: Tell) -> None:
    secrets = kept_demo_secrets(settings.data_dir)
    for finding in judge_configuration(settings, secrets, zones=bool(available_timezones())):
        tell(finding)


async def _packages(tell: Tell) -> None:
    tell(judge_packages(*look_at_packages()))


async def _running(settings: Settings, app: App, tell: Tell) -> None:
    holder = HolderFacts(
        await _in_thread(look_at_lock, settings.data_dir),
        holder_of(settings.data_dir),
        await _status(settings),
    )
    tell(judge_running(holder, app.name))


async def _data_dir(settings: Settings, tell: Tell) -> None:
    tell(judge_data_dir(await _in_thread(look_at_data_dir, settings)))


async def _disk(settings: Settings, tell: Tell) -> None:
    tell(judge_disk(await _in_thread(look_at_disk, settings.data_dir)))


async def _descriptors(settings: Settings, tell: Tell) -> None:
    tell(judge_descriptors(look_at_descriptors(settings)))


async def _ports(settings: Settings, tell: Tell) -> None:
    server, status = settings.server, await _status(settings)
    for name, host, port in (
        ("public", server.host, server.port),
        ("admin", server.admin_host, server.admin_port),
    ):
        held = status.addresses.get(name, ()) if status else ()
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        ours = address in held or (not port and bool(held))
        tell(judge_port(PortFacts(name, host, port, await _in_thread(try_port, host, port), ours)))


async def _status(settings: Settings) -> Running | None:
    try:
        answer = await call_operator(operator_socket(settings.data_dir), "status", {}, _ANSWER)
    except OperatorError:
        return None
    return msgspec.convert(answer, Running)


async def _channels(provider: Examinable, settings: Settings, online: bool, tell: Tell) -> None:
    if not online:
        await provider.examine(settings, None, tell)
        return
    async with open_http_client() as http:
        await provider.examine(settings, http, tell)


async def _nobodys(app: str, provider: str, tell: Tell) -> None:
    seen = f"the app {app} has no provider {provider}: its channels are served by nobody"
    tell(
        Finding(
            f"channels.{provider}", "warn", seen, "give the --app that serves them, or remove the channels"
        )
    )


_in_thread = partial(trio.to_thread.run_sync, abandon_on_cancel=True)


def _told(fault: BaseException) -> str:
    frames = extract_tb(fault.__traceback__)
    return type(fault).__name__ + (
        f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    )


def _leaf(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
