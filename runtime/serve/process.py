"""What one running `serve` consists of, and how it takes new settings; `run` opens it and `stopping` ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
import trio

from config import Settings, Supervision
from runtime.app import App, Migration
from runtime.ingress.api import Api
from runtime.ingress.receiver import Receiver
from runtime.ingress.serving import HttpStatistics
from runtime.journal.migrations import migrate
from runtime.journal.statements import migrations
from runtime.node.handing_over import HandingOver
from runtime.node.node import Node
from runtime.node.wakeups import Wakeups
from runtime.resources.bridge import Bridge
from runtime.resources.http import HttpClient
from runtime.resources.postgres import Driver, PostgresPool
from runtime.resources.redis import RedisPool
from runtime.serve.checking import StateCheck
from runtime.serve.facts import build_of, process_facts
from runtime.serve.health import PHASES, Health
from runtime.serve.life import Life
from runtime.serve.notifier import Notifier
from runtime.serve.orphans import Orphans
from runtime.serve.repeats import Repeats
from runtime.serve.retention import Retainer
from runtime.serve.tasks import TaskWatch
from runtime.serve.ticking import LoopTick
from runtime.serve.unfinished import UnfinishedWatch
from runtime.serve.upkeep import Upkeep

_log = structlog.get_logger(__name__)


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
    web: HttpClient
    node: Node
    wakeups: Wakeups
    health: Health
    receiver: Receiver
    retainer: Retainer
    unfinished: UnfinishedWatch
    states: StateCheck
    tasks: TaskWatch
    supervision: Supervision
    notifier: Notifier
    orphans: Orphans
    stopping: trio.Event
    listening: HttpStatistics
    addresses: dict[str, Sequence[str]]
    restarts: Mapping[str, int]
    tick: LoopTick
    repeats: Repeats
    life: Life
    upkeep: Upkeep
    desk: HandingOver
    api: Api

    def statistics(self) -> Mapping[str, object]:
        """Return the statistics of everything that lives in this process, by name."""
        return {
            **self.app.statistics(),
            **self.node.statistics(),
            **self.unfinished.statistics(),
            "webhooks": self.receiver.statistics(),
            "http_server": self.listening,
            "http_client": self.http.statistics(),
            "http_turns": self.web.statistics(),
            "bridge": self.bridge.statistics(),
            "postgres_journal": self.journal_pool.statistics(),
            "postgres_turns": self.turns_pool.statistics(),
            "redis": self.redis.statistics(),
            "wakeups": self.wakeups.statistics(),
            "retention": self.retainer.statistics(),
            "states": self.states.statistics(),
            "tasks": self.tasks.statistics(),
            "notifier": self.notifier.statistics(),
            "orphans": self.orphans.statistics(),
            "tables": self.retainer.sizes,
            "embedded": self.restarts,
            "loop": self.tick.statistics(),
            "log": self.repeats.statistics(),
            "start": self.life.statistics(),
            "upkeep": self.upkeep.statistics(),
            "desk": self.desk.statistics(),
            "api": self.api.statistics(),
        }

    def readings(self) -> Mapping[str, object]:
        """Return what the metrics are read from: the statistics, some of them side by side, and facts of the process."""
        lanes = self.node.lanes.statistics()
        channels = [channel for provider in self.app.providers for channel in provider.channels()]
        http = {"http_sends": self.http.statistics(), "http_turns": self.web.statistics()}
        readiness = self.health.readiness()
        return {
            **self.statistics(),
            "http_faults": {
                "endpoint": self.listening.endpoint_faults,
                "connection": self.listening.connection_faults,
            },
            "pools": {
                "postgres_journal": self.journal_pool.statistics(),
                "postgres_turns": self.turns_pool.statistics(),
                "redis": self.redis.statistics().pool,
                **{name: client.pool for name, client in http.items()},
            },
            "exchanges": {
                (name, result): number
                for name, client in http.items()
                for result, number in (("completed", client.completed), ("failed", client.failed))
            },
            "groups": self.node.groups(),
            "channels": {  # also of those that have sent nothing yet: an alert needs a 0 to start from
                "open": {**dict.fromkeys(channels, 0), **lanes.open_circuits},
                "held": {**dict.fromkeys(channels, 0), **lanes.held},
                "halted": {**dict.fromkeys(channels, 0), **lanes.halted},
            },
            "ready": readiness.ready,
            "checks": {name: check.status == "ok" for name, check in readiness.checks.items()},
            "phase": {phase: phase == self.health.step for phase in PHASES},
            "info": build_of(self.app.name),
            "process": process_facts(),
        }

    def alive(self) -> bool:
        """Whether all loops beat; asks no dependency. That this one does shows in being asked."""
        return not self.bridge.statistics().hung

    async def reload(self) -> None:
        """Read the settings again and take their tenants and channels, all or nothing. Raises SettingsError."""
        settings = self.load()
        await prepare(self.journal_pool, self.app, settings)
        configure(self.app, settings)
        self.node.sending.adjust()
        self.settings = settings
        _log.info("settings reloaded", tenants=len(settings.tenants), channels=len(settings.channels))


async def prepare(pool: PostgresPool, app: App, settings: Settings) -> None:
    """Bring both schemas up to date and let the app upsert what its settings hold, in one transaction."""

    async def work(connection: Driver) -> None:
        await app.prepare(connection, settings)

    for step in await migrate(pool, schemas_of(app), work):
        _log.info("migration applied", step=step)


def schemas_of(app: App) -> Mapping[str, Sequence[Migration]]:
    """Return the migrations of the journal and of the app, by their namespace."""
    return {"journal": migrations(), f"app_{app.name}": app.migrations}


def configure(app: App, settings: Settings) -> None:
    """Give the settings to the app and its providers."""
    for provider in app.providers:
        provider.configure(settings)
    app.configure(settings)
