"""A process from start to exit code: everything opened in order, and closed in the reverse order.

The phases of both are tables in `phases`. A fault on the way ends the start with its reason; states that cannot be read
keep it from getting ready. What was opened closes as its stack unwinds, however the life ends: that, too, is a phase.
"""

from __future__ import annotations

import gc
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import structlog
import trio

from config import Settings, Supervision
from runtime.actor.state import StateCodec
from runtime.app import App
from runtime.ingress.admin import Backend, Check
from runtime.ingress.api import Api
from runtime.ingress.receiver import Receiver
from runtime.ingress.serving import HttpStatistics
from runtime.journal.desk import Desk
from runtime.journal.migrations import installation_salt
from runtime.journal.postgres import CONNECTIONS as JOURNAL_CONNECTIONS
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.postgres_handover import PostgresHandover
from runtime.journal.retention import Retention
from runtime.journal.states import States
from runtime.journal.tokens import Tokens
from runtime.node.handing_over import HandingOver
from runtime.node.node import open_node
from runtime.node.sending import REQUESTS_AT_ONCE
from runtime.node.wakeups import Wakeups
from runtime.resources.beside import beside
from runtime.resources.bridge import open_bridge
from runtime.resources.http import open_http_client
from runtime.resources.pool import Limits
from runtime.resources.postgres import CLOSE_TIMEOUT, PostgresPool, open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool
from runtime.route import Route
from runtime.serve.backends import Backend as Place
from runtime.serve.backends import Servers, open_backends
from runtime.serve.before_migration import back_up_before
from runtime.serve.checking import StateCheck
from runtime.serve.conversations_api import ConversationRoutes
from runtime.serve.health import Health
from runtime.serve.life import DRAINED, Life
from runtime.serve.listening import listen
from runtime.serve.notifier import Notifier, open_notifier
from runtime.serve.orphans import Orphans
from runtime.serve.phases import POOLS_CLOSED, SERVERS_STOPPED, START, TELEMETRY_FLUSHED
from runtime.serve.place import locked
from runtime.serve.process import Process, configure, prepare, schemas_of
from runtime.serve.repeats import Repeats
from runtime.serve.retention import Retainer, ages_of
from runtime.serve.stopping import end_in_time, heed_late, next_stop, stop, stop_while_starting
from runtime.serve.tasks import TaskWatch, watching_tasks
from runtime.serve.ticking import LoopTick
from runtime.serve.unfinished import UnfinishedWatch
from runtime.serve.upkeep import Upkeep

_log = structlog.get_logger(__name__)

TURNS_HTTP_CONNECTIONS = 32  # of `turn.http`, apart from those of sends
IN_LINE = 600.0
"""Seconds a turn may wait for a connection of its own: the last resort. Who finds the database away is told at once."""
NOBODY = Supervision()
_LOCK, _DATABASES, _POOLS, _MIGRATIONS, _NODE, _LISTENERS, _STATES = START


@dataclass(frozen=True)
class Around:
    """What is there before anything is opened, and after all is closed."""

    tasks: TaskWatch
    supervision: Supervision
    notifier: Notifier
    orphans: Orphans
    repeats: Repeats
    life: Life


async def serve(
    app: App,
    load: Callable[[], Settings],
    *,
    started: Callable[[Mapping[str, Sequence[str]]], None] = lambda _addresses: None,
    supervision: Supervision = NOBODY,
    repeats: Repeats | None = None,
    life: Life | None = None,
) -> int:
    """Run until a signal says stop; return the exit code: 0 drained, 3 work left durable, 130 or 143 forced.

    `supervision`: the supervisor to report to, and the sockets that it holds for us. `repeats` is what `set_up_logs`
    returned: it tells here what it has held back. `life` is told of every phase; whoever made it tells it of the end.

    Raises what made the start impossible: SettingsError, PlaceTaken, StartFailed, ListenError, SchemaMismatch,
    BackupFailed, ResourceUnavailable.
    """
    settings = load()
    life = life or Life()
    life.report.app = app.name
    configure(app, settings)
    _raise_descriptor_limit()
    start, started_up, heard, over = trio.CancelScope(), trio.CancelScope(), trio.Event(), trio.Event()
    orphans = Orphans()
    # One receiver for the whole life, from before the first step: process 1 gets no signal that it does not take, and
    # none may come between two receivers.
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with (
            open_notifier(supervision) as notifier,
            beside(orphans.run),
            beside(partial(end_in_time, life)),
            beside(partial(stop_while_starting, signals, start, started_up, heard, life)),
            beside(partial(heed_late, signals, over, life)),
        ):
            with start:
                async with AsyncExitStack() as stack:
                    life.begin(_LOCK)
                    life.report.replica = replica = stack.enter_context(locked(settings.data_dir))
                    if repeats is None:
                        repeats = Repeats(lambda _level, _words, _number: None)
                    stack.callback(repeats.flush, last=True)
                    tasks = await stack.enter_async_context(watching_tasks(settings.data_dir))
                    around = Around(tasks, supervision, notifier, orphans, repeats, life)
                    try:
                        process = await _open(stack, app, settings, load, replica, around)
                        notifier.readiness, notifier.alive = process.health.readiness, process.alive
                        started_up.cancel()
                        await heard.wait()
                        code = await _run(process, signals, started)
                    finally:  # a start that failed ends in time, too
                        life.stop_within(settings.node.shutdown_timeout)
                    over.set()
                    return code
    return DRAINED


def _raise_descriptor_limit() -> None:
    """Take as many file descriptors as the system allows: each connection needs one, and the usual soft limit is 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _calm_collector() -> None:
    """Leave what start-up made out of garbage collection, and collect more seldom.

    Tens of thousands of living conversations are no garbage, and looking through them again and again cost half of a
    busy node's processor time (measured: 130 us a turn against 65). What holds cycles is still found.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _open(
    stack: AsyncExitStack,
    app: App,
    settings: Settings,
    load: Callable[[], Settings],
    replica: str,
    around: Around,
) -> Process:
    """Open everything below the listeners, in order."""
    life = around.life
    life.begin(_DATABASES)
    ours = Servers()
    life.last_word = ours.kill_frozen
    servers = await stack.enter_async_context(life.closing(SERVERS_STOPPED, ours.left))
    backends = await servers.enter_async_context(open_backends(settings, ours, life.left))
    _log.info("databases", postgres=backends.postgres.kind, redis=backends.redis.kind)
    life.begin(_POOLS)
    telemetry = await stack.enter_async_context(life.closing(TELEMETRY_FLUSHED, around.repeats.statistics))
    telemetry.callback(around.repeats.flush, last=True)
    pools = Pools()
    stack = await stack.enter_async_context(life.closing(POOLS_CLOSED, pools.left))
    around.tasks.bridge = bridge = await stack.enter_async_context(open_bridge())
    postgres = partial(
        open_postgres_pool,
        backends.postgres.dsn,
        bridge=bridge,
        connect_timeout=settings.postgres.connect_timeout,
    )
    deadline = settings.node.turn_timeout
    of_a_turn = min(settings.postgres.statement_timeout, deadline / 2)
    journal_pool = await stack.enter_async_context(
        postgres(
            name=f"majlis/{replica}/journal",
            size=JOURNAL_CONNECTIONS,
            acquire_timeout=settings.postgres.acquire_timeout,
            statement_timeout=settings.postgres.statement_timeout,
            settings=SESSION,
        )
    )
    turns_pool = await stack.enter_async_context(
        postgres(
            name=f"majlis/{replica}/turns",
            size=settings.postgres.pool_size - JOURNAL_CONNECTIONS,
            acquire_timeout=IN_LINE,
            limits=Limits(
                settings.postgres.pool_size - JOURNAL_CONNECTIONS, waiters=settings.node.max_active
            ),
            statement_timeout=of_a_turn,
            settings={"idle_in_transaction_session_timeout": f"{(deadline + CLOSE_TIMEOUT) * 1000:.0f}"},
            patience=of_a_turn
            + min(1.0, deadline / 4),  # a silent server is found, and left, before a turn is cut
        )
    )
    redis = await stack.enter_async_context(
        open_redis_pool(
            backends.redis.dsn,
            bridge=bridge,
            name=f"majlis/{replica}",
            size=settings.redis.pool_size,
            connect_timeout=settings.redis.connect_timeout,
            command_timeout=settings.redis.command_timeout,
        )
    )
    http = await stack.enter_async_context(
        open_http_client(max_connections=REQUESTS_AT_ONCE + settings.media.at_once + settings.brain.at_once)
    )
    web = await stack.enter_async_context(open_http_client(max_connections=TURNS_HTTP_CONNECTIONS))
    pools.postgres, pools.redis = (journal_pool, turns_pool), redis
    life.begin(_MIGRATIONS)
    await back_up_before(schemas_of(app), settings, backends.postgres.dsn, bridge)
    await prepare(journal_pool, app, settings)
    app.lend(turns_pool.transaction)
    await app.begin(settings)
    salt = await installation_salt(journal_pool)
    life.begin(_NODE)
    wakeups = Wakeups(redis, f"majlis:wake:{sha256(salt).hexdigest()[:12]}", lambda c, s: node.wake(c, s))  # noqa: PLW0108 - it is opened below
    health = Health({"postgres": await _postgres_version(backends.postgres, journal_pool)})
    health.backends["redis"] = Backend(backends.redis.kind, backends.redis.version)
    health.checks["migrations"] = Check("ok")
    states = StateCheck(
        States(journal_pool, app.name), StateCodec(app.actor), partial(health.checks.__setitem__, "states")
    )
    node = await stack.enter_async_context(
        open_node(
            app,
            settings.node,
            journal=PostgresJournal(
                journal_pool,
                replica=replica,
                salt=salt,
                stale_after=settings.node.stale_after,
                wall=lambda: node.now().timestamp(),  # which does not jump
            ),
            http=http,
            begin=turns_pool.transaction,
            redis=redis,
            web=web,
            tell=wakeups.tell,
            ready=states.passed,
            work_at_once=settings.media.at_once + settings.brain.at_once,
        )
    )
    desk = HandingOver(PostgresHandover(journal_pool), node, expires=settings.node.reply_expires)
    ages = ages_of(settings.retention)
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
        web,
        node,
        wakeups,
        health,
        Receiver(app.providers, node.store, timeout=settings.server.ingest_timeout),
        Retainer(Retention(journal_pool, ages), ages),
        UnfinishedWatch(Desk(journal_pool)),
        states,
        around.tasks,
        around.supervision,
        around.notifier,
        around.orphans,
        trio.Event(),
        HttpStatistics(),
        {},
        backends.restarts,
        LoopTick(around.repeats.flush),
        around.repeats,
        life,
        Upkeep(app.upkeep),
        desk,
        Api(app.name, [*_generic(app, desk), *app.routes], Tokens(journal_pool).find, turns_pool.transaction),
    )


@dataclass
class Pools:
    """The pools of the databases, as far as they are open, and what they leave at their end."""

    postgres: Sequence[PostgresPool] = ()
    redis: RedisPool | None = None

    def left(self) -> Mapping[str, int]:
        """Count the connections that are still open, and those that were cut because nobody answered the farewell."""
        looks = [pool.statistics() for pool in self.postgres]
        if self.redis is not None:
            looks.append(self.redis.statistics().pool)
        return {
            "connections_open": sum(look.busy + look.idle + look.closing for look in looks),
            "connections_cut": sum(look.cut for look in looks),
        }


def _generic(app: App, desk: HandingOver) -> Sequence[Route]:
    """Return the routes of conversations, for an app that knows whose they are."""
    return () if app.tenancy is None else ConversationRoutes(app.tenancy, desk).table()


async def _postgres_version(backend: Place, pool: PostgresPool) -> Backend:
    row = await pool.fetchrow("select current_setting('server_version') as version")
    return Backend(backend.kind, backend.version or (row["version"] if row else ""))


async def _run(
    process: Process,
    signals: AsyncIterator[int],
    started: Callable[[Mapping[str, Sequence[str]]], None],
) -> int:
    """Listen, wait for a signal, stop in phases."""
    closed = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.wakeups.run, name="wakeups")
        nursery.start_soon(process.retainer.run, name="retention")
        nursery.start_soon(process.unfinished.run, name="unfinished")
        nursery.start_soon(process.tick.run, name="tick")
        nursery.start_soon(process.upkeep.run, lambda: process.settings, name="upkeep")
        nursery.start_soon(partial(process.health.watch, "postgres", process.journal_pool.ping, vital=True))
        nursery.start_soon(partial(process.health.watch, "redis", partial(_ping, process.redis), vital=False))
        process.life.begin(_LISTENERS)
        await listen(process, nursery, closed)
        _calm_collector()
        process.life.begin(_STATES)
        process.health.phase, process.health.accepting = "checking states", True
        nursery.start_soon(_begin_turns, process, name="states")
        started(process.addresses)
        number = await next_stop(signals, process)
        code = await stop(process, closed, signals, number)
        nursery.cancel_scope.cancel()
    return code


async def _begin_turns(process: Process) -> None:
    """Say that it is ready once turns may begin; until then what comes in is only stored."""
    await process.states.run()
    if process.states.passed.is_set() and process.health.accepting:
        process.health.phase = "serving"
        process.notifier.beat()
        process.life.ready()
        _log.info(
            "ready",
            replica=process.replica,
            after=process.life.report.ready_after,
            **{k: list(v) for k, v in process.addresses.items()},
        )


async def _ping(redis: RedisPool) -> None:
    await redis.command("PING")
