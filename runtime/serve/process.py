"""The process: everything opened in order, signals turned into phases, everything closed in the reverse order.

Start: lock, embedded servers, bridge, pools, migrations, node, listeners, ready. A fault on the way ends the start with
its reason. Stop: see `_phases`. A second signal (later than a second after the first, because one stop may arrive twice)
skips to giving the leases back; a third ends the process at once.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import structlog
import trio

from config import Settings, SettingsError
from runtime.app import App
from runtime.ingress.admin import Backend, Check, admin_endpoint
from runtime.ingress.operator import OperatorError, operator_endpoint
from runtime.ingress.receiver import Receiver
from runtime.ingress.serving import HttpLimits, HttpStatistics, serve_http
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.node.lanes import SENDS_AT_ONCE
from runtime.node.metrics import fields_of, metrics_page
from runtime.node.node import Node, open_node
from runtime.node.shutdown import Phase, PhaseReport, run_phases
from runtime.node.wakeups import Wakeups
from runtime.resources.bridge import Bridge, open_bridge
from runtime.resources.http import HttpClient, open_http_client
from runtime.resources.postgres import Driver, PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool
from runtime.serve.backends import Backend as Place
from runtime.serve.backends import open_backends
from runtime.serve.health import Health
from runtime.serve.place import locked, operator_socket

_log = structlog.get_logger(__name__)

JOURNAL_CONNECTIONS = 8  # one for each kind of batch, so that none waits for another
_REPEAT = 1.0  # seconds within which a second signal counts as the same stop
DRAINED, LEFT_DURABLE = 0, 3


@dataclass
class Process:
    """What one running `serve` consists of."""

    app: App
    settings: Settings
    load: Callable[[], Settings]
    replica: str
    bridge: Bridge
    journal_pool: PostgresPool
    turns_pool: PostgresPool
    redis: RedisPool
    http: HttpClient
    node: Node
    wakeups: Wakeups
    health: Health
    receiver: Receiver
    stopping: trio.Event
    listening: HttpStatistics
    addresses: dict[str, Sequence[str]]

    def statistics(self) -> Mapping[str, object]:
        """Return the statistics of everything that lives in this process, by name."""
        return {
            **self.node.statistics(),
            "webhooks": self.receiver.statistics(),
            "http_server": self.listening,
            "http_client": self.http.statistics(),
            "bridge": self.bridge.statistics(),
            "postgres_journal": self.journal_pool.statistics(),
            "postgres_turns": self.turns_pool.statistics(),
            "redis": self.redis.statistics(),
            "wakeups": self.wakeups.statistics(),
        }

    async def reload(self) -> None:
        """Read the settings again and take their tenants and channels, all or nothing. Raises SettingsError."""
        settings = self.load()
        await prepare(self.journal_pool, self.app, settings)
        configure(self.app, settings)
        self.node.lanes.adjust()
        self.settings = settings
        _log.info("settings reloaded", tenants=len(settings.tenants), channels=len(settings.channels))


async def prepare(pool: PostgresPool, app: App, settings: Settings) -> None:
    """Bring both schemas up to date and let the app upsert what its settings hold, in one transaction."""

    async def work(connection: Driver) -> None:
        await app.prepare(connection, settings)

    schemas = {"journal": migrations(), f"app_{app.name}": app.migrations}
    for step in await migrate(pool, schemas, work):
        _log.info("migration applied", step=step)


def configure(app: App, settings: Settings) -> None:
    """Give the settings to the app and its providers."""
    for provider in app.providers:
        provider.configure(settings)
    app.configure(settings)


async def serve(
    app: App,
    load: Callable[[], Settings],
    *,
    started: Callable[[Mapping[str, Sequence[str]]], None] = lambda _addresses: None,
) -> int:
    """Run until a signal says stop; return the exit code: 0 drained, 3 work left durable, 130 or 143 forced.

    Raises what made the start impossible: SettingsError, PlaceTaken, StartFailed, ListenError, SchemaMismatch,
    ResourceUnavailable.
    """
    settings = load()
    configure(app, settings)
    _raise_descriptor_limit()
    async with AsyncExitStack() as stack:
        replica = stack.enter_context(locked(settings.data_dir))
        process = await _open(stack, app, settings, load, replica)
        return await _run(process, started)


def _raise_descriptor_limit() -> None:
    """Take as many file descriptors as the system allows: each connection needs one, and the usual soft limit is 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _open(
    stack: AsyncExitStack, app: App, settings: Settings, load: Callable[[], Settings], replica: str
) -> Process:
    """Open everything below the listeners, in order."""
    backends = await stack.enter_async_context(open_backends(settings))
    _log.info("databases", postgres=backends.postgres.kind, redis=backends.redis.kind)
    bridge = await stack.enter_async_context(open_bridge())
    postgres = partial(
        open_postgres_pool,
        bridge,
        backends.postgres.dsn,
        connect_timeout=settings.postgres.connect_timeout,
        statement_timeout=settings.postgres.statement_timeout,
    )
    journal_pool = await stack.enter_async_context(
        postgres(
            name=f"majlis/{replica}/journal",
            size=JOURNAL_CONNECTIONS,
            acquire_timeout=settings.postgres.acquire_timeout,
            settings=SESSION,
        )
    )
    turns_pool = await stack.enter_async_context(
        postgres(
            name=f"majlis/{replica}/turns",
            size=settings.postgres.pool_size - JOURNAL_CONNECTIONS,
            acquire_timeout=settings.node.turn_timeout / 2,
        )
    )
    redis = await stack.enter_async_context(
        open_redis_pool(
            bridge,
            backends.redis.dsn,
            name=f"majlis/{replica}",
            size=settings.redis.pool_size,
            connect_timeout=settings.redis.connect_timeout,
            command_timeout=settings.redis.command_timeout,
        )
    )
    http = await stack.enter_async_context(open_http_client(max_connections=SENDS_AT_ONCE))
    await prepare(journal_pool, app, settings)
    salt = await installation_salt(journal_pool)
    wakeups = Wakeups(redis, f"majlis:wake:{sha256(salt).hexdigest()[:12]}", lambda c, s: node.wake(c, s))  # noqa: PLW0108 - it is opened below
    node = await stack.enter_async_context(
        open_node(
            app,
            settings.node,
            journal=PostgresJournal(journal_pool, replica=replica, salt=salt),
            http=http,
            begin=turns_pool.transaction,
            tell=wakeups.tell,
        )
    )
    health = Health({"postgres": await _postgres_version(backends.postgres, journal_pool)})
    health.backends["redis"] = Backend(backends.redis.kind, backends.redis.version)
    health.checks["migrations"] = Check("ok")
    return Process(
        app,
        settings,
        load,
        replica,
        bridge,
        journal_pool,
        turns_pool,
        redis,
        http,
        node,
        wakeups,
        health,
        Receiver(app.providers, node.store, timeout=settings.server.ingest_timeout),
        trio.Event(),
        HttpStatistics(),
        {},
    )


async def _postgres_version(backend: Place, pool: PostgresPool) -> Backend:
    row = await pool.fetchrow("select current_setting('server_version') as version")
    return Backend(backend.kind, backend.version or (row["version"] if row else ""))


async def _run(process: Process, started: Callable[[Mapping[str, Sequence[str]]], None]) -> int:
    """Listen, wait for a signal, stop in phases."""
    closed = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.wakeups.run, name="wakeups")
        nursery.start_soon(partial(process.health.watch, "postgres", process.journal_pool.ping, vital=True))
        nursery.start_soon(partial(process.health.watch, "redis", partial(_ping, process.redis), vital=False))
        await _listen(process, nursery, closed)
        process.health.phase, process.health.accepting = "serving", True
        _log.info("ready", replica=process.replica, **{k: list(v) for k, v in process.addresses.items()})
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            started(process.addresses)
            number = await _next_stop(signals, process)
            code = await _stop(process, closed, signals, number)
        nursery.cancel_scope.cancel()
    return code


async def _listen(process: Process, nursery: trio.Nursery, closed: trio.Event) -> None:
    """Open the three listeners: the public one for providers, the admin one for probes, the socket for operators."""
    server = process.settings.server
    limits = HttpLimits(
        body_limit=server.body_limit,
        body_timeout=server.body_timeout,
        header_timeout=server.header_timeout,
        keep_alive=server.keep_alive,
        max_connections=server.max_connections,
    )
    public = trio.Event()

    async def serve_public(task_status: trio.TaskStatus[Sequence[str]] = trio.TASK_STATUS_IGNORED) -> None:
        await serve_http(
            process.receiver,
            bind=[f"{server.host}:{server.port}"],
            limits=limits,
            shutdown=process.stopping,
            draining=lambda: not process.health.accepting,
            statistics=process.listening,
            task_status=task_status,
        )
        closed.set()

    admin = admin_endpoint(
        live=lambda: not process.bridge.statistics().hung,
        ready=process.health.readiness,
        metrics=metrics_page(process.statistics),
    )
    operator = operator_endpoint({"status": partial(_status, process), "reload": partial(_reload, process)})
    never = partial(serve_http, shutdown=public)
    process.addresses["operator"] = await nursery.start(
        partial(never, operator, bind=[f"unix:{operator_socket(process.settings.data_dir)}"])
    )
    process.addresses["admin"] = await nursery.start(
        partial(never, admin, bind=[f"{server.admin_host}:{server.admin_port}"])
    )
    process.addresses["public"] = await nursery.start(serve_public)


async def _status(process: Process, _arguments: Mapping[str, str]) -> object:
    """Say what this process is doing."""
    return {
        "pid": os.getpid(),
        "replica": process.replica,
        "app": process.app.name,
        "phase": process.health.phase,
        "addresses": process.addresses,
        "readiness": process.health.readiness(),
        "statistics": {name: _plain(value) for name, value in process.statistics().items()},
    }


def _plain(value: object) -> object:
    """Return statistics in a form that JSON takes: mappings by several names join them."""
    if isinstance(value, Mapping):
        return {"/".join(k) if isinstance(k, tuple) else str(k): _plain(v) for k, v in value.items()}
    fields = fields_of(value)
    return {name: _plain(inner) for name, inner in fields.items()} if fields else value


async def _reload(process: Process, _arguments: Mapping[str, str]) -> object:
    """Do what SIGHUP does, and answer with what became of it."""
    try:
        await process.reload()
    except SettingsError as error:
        raise OperatorError(str(error)) from error
    return {"tenants": len(process.settings.tenants), "channels": len(process.settings.channels)}


async def _ping(redis: RedisPool) -> None:
    await redis.command("PING")


async def _next_stop(signals: AsyncIterator[int], process: Process) -> int:
    """Return the signal that asks to stop; a SIGHUP on the way reloads the settings."""
    async for number in signals:
        if number != signal.SIGHUP:
            return number
        try:
            await process.reload()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new settings, the old ones serve on
            _log.error("settings not reloaded; the old ones stay", reason=str(error))
    raise AssertionError("signals do not end")


async def _stop(process: Process, closed: trio.Event, signals: AsyncIterator[int], number: int) -> int:
    """Go through the phases; further signals shorten them."""
    _log.info("stopping", signal=signal.Signals(number).name, budget=process.settings.node.shutdown_timeout)
    reports: Sequence[PhaseReport] = ()
    forced = 0
    began = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def heed() -> None:
            nonlocal forced
            async for again in signals:
                if again == signal.SIGHUP or trio.current_time() - began < _REPEAT:
                    continue
                if forced:
                    os._exit(128 + again)
                forced = 128 + again
                _log.warning("stopping at once", signal=signal.Signals(again).name)
                phases.cancel()

        nursery.start_soon(heed)
        with trio.CancelScope() as phases:
            node = process.settings.node
            reports = [
                *await run_phases([_not_ready(process)], node.ready_delay + _REPEAT),
                *await run_phases(_phases(process, closed), node.shutdown_timeout),
            ]
        if forced:
            await run_phases([Phase("release leases", 1.0, process.node.release)], 1.0)
        nursery.cancel_scope.cancel()
    left = [report.name for report in reports if not report.finished]
    code = forced or (LEFT_DURABLE if left else DRAINED)
    _log.info("stopped", code=code, unfinished=left)
    return code


def _not_ready(process: Process) -> Phase:
    """The first phase, with a budget of its own: what it does not use must not be lent to those that wait for others."""

    async def work() -> None:
        process.health.phase, process.health.accepting = "draining", False
        await trio.sleep(process.settings.node.ready_delay)

    return Phase("readiness down, still accepting", 1.0, work)


def _phases(process: Process, closed: trio.Event) -> Sequence[Phase]:
    """The table of what follows. Shares are of `node.shutdown_timeout`; the last one is always left for the leases."""

    async def close_listener() -> None:
        process.stopping.set()
        await closed.wait()

    return (
        Phase("listener closed, requests finished", 0.2, close_listener),
        Phase("turns finished", 0.4, process.node.finish_turns),
        Phase("effects in hand finished", 0.3, process.node.finish_effects),
        Phase("leases released", 0.1, process.node.release),
    )
