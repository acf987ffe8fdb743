"""An application: one actor, the providers it listens to, and what it keeps in the database beside the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from config import Settings
from runtime.actor.behaviour import Actor
from runtime.actor.event import Event, EventCodec
from runtime.actor.metric import Metric
from runtime.actor.resources import Transaction
from runtime.actor.state import StateCodec
from runtime.channel import Provider
from runtime.route import Route, Tenancy


class Migration(msgspec.Struct, frozen=True):
    """One step of a schema: `version` counts from 1 without gaps; the text of a step that was applied never changes.

    `additive`: a program that does not know this step works with what it leaves, so that one may go back to it, and run
    both at once while replicas are replaced. Of any other step an older program refuses to start.
    """

    version: int
    name: str
    sql: str
    additive: bool = False


async def _nothing_to_prepare(_transaction: Transaction, _settings: Settings) -> None:
    """Stand in for an app that keeps no tables of its own."""


async def _no_files(_settings: Settings) -> None:
    """Stand in for an app that keeps no files."""


def _nothing_to_look_up(_begin: Callable[[], AbstractAsyncContextManager[Transaction]]) -> None:
    """Stand in for an app whose providers look nothing up."""


def _nothing_to_tell() -> Mapping[str, object]:
    """Stand in for an app without statistics of its own."""
    return {}


def _nothing_to_configure(_settings: Settings) -> None:
    """Stand in for an app that needs no settings."""


@dataclass(frozen=True)
class App:
    """What `majlis serve --app module:attr` runs.

    `events` are the event types the actor receives. `migrations` are the app's own tables, numbered apart from the
    runtime's under `name`. `prepare` runs at start and at each reload in one transaction after the migrations;
    `configure` takes the same settings without I/O, before traffic. `lend` gets the way to open transactions, once in
    each life and before any effect: for providers that look something up in the app's tables, each time within a
    deadline of their own, and no turn's commit is in it. `begin` runs once in each life, on Trio, when the
    data directory is this process's alone and before any turn: it puts files in order. `upkeep` runs once a minute from
    then on, beside the turns and with the settings in force, for 30 s at most; what it raises is told, and comes again.
    `statistics` are shown with those of the runtime by `majlis status`; `metrics` are rows for what of them `/metrics`
    shows, by their `source`. `routes` are served below /api/v1 of the admin listener; with a `tenancy` those of
    conversations are there, too.
    """

    name: str
    actor: Actor[Any]
    providers: Sequence[Provider] = ()
    events: Sequence[type[Event]] = ()
    migrations: Sequence[Migration] = ()
    prepare: Callable[[Transaction, Settings], Awaitable[None]] = _nothing_to_prepare
    configure: Callable[[Settings], None] = _nothing_to_configure
    lend: Callable[[Callable[[], AbstractAsyncContextManager[Transaction]]], None] = _nothing_to_look_up
    begin: Callable[[Settings], Awaitable[None]] = _no_files
    upkeep: Callable[[Settings], Awaitable[None]] = _no_files
    statistics: Callable[[], Mapping[str, object]] = _nothing_to_tell
    metrics: Sequence[Metric] = ()
    routes: Sequence[Route] = ()
    tenancy: Tenancy | None = None
    codec: EventCodec = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.actor, Actor):
            raise TypeError(f"app {self.name!r}: actor must be an actor, an instance and not its class")
        behaviour, state = type(self.actor), self.actor.state_type
        if behaviour.receive is Actor.receive:
            raise TypeError(f"app {self.name!r}: {behaviour.__name__} has no receive")
        if bare := [field.name for field in msgspec.structs.fields(state) if field.required]:
            raise TypeError(
                f"app {self.name!r}: {state.__name__}.{bare[0]} needs a default, for the first turn"
            )
        names = [provider.name for provider in self.providers]
        if len(set(names)) != len(names):
            raise ValueError(f"app {self.name!r}: two providers of one name: {names}")
        StateCodec(self.actor)  # a version, or a state, that cannot be kept is told now
        object.__setattr__(self, "codec", EventCodec(self.events))
