"""What a drill wishes for, and what is made of it: settings, replicas and a crowd, all from the demo's."""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from actors.drills.load import Load
from actors.drills.servers import ADMIN, GRAPH, PUBLIC, DrillReplica, Program
from actors.simulate.people import Number, Plan, write_script
from actors.stage import with_channels
from config import Channel, Settings, load

CHANNELS = 20
_PEOPLE, _TEXTS = 600, 200
"""Of the script: enough for ten minutes of 200 texts a second, and few enough of each person for the provider's pace."""
BALANCER, MODELS = 8079, 8083
_NODE: Mapping[str, object] = {
    "lease_ttl": 2.0,
    "send_timeout": 2.0,
    "uncertain_wait": 5.0,
    "shutdown_timeout": 10.0,
    "ready_delay": 0.3,
}
"""Shorter waits than the defaults, so that a short drill can see the end of each."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a drill wants of its stage: webhooks a second, seconds of `node` settings, and how many replicas."""

    rate: float = 100.0
    node: Mapping[str, object] = {}
    server: Mapping[str, object] = {}
    media: Mapping[str, object] = {}
    brain: Mapping[str, object] = {}
    """Its `base_url` is that of a stand-in at the port MODELS, which the body has to put up."""
    texts: tuple[str, ...] = ()
    """What the crowd says; (): what people say."""
    postgres: Mapping[str, str] = {}
    """Settings of the PostgreSQL server itself."""
    replicas: int = 1
    """Of several, webhooks go to a balancer at the port BALANCER, which is the body's to put up: over new connections."""
    channels: int = CHANNELS
    mps: int = 80
    """Sends a second of each channel."""
    patience: float = 60.0
    """Seconds for which the provider posts again what nobody acknowledges."""
    proxied: bool = False
    """Whether the replicas reach both databases through proxies, which the body has in hand."""


def settings_of(home: Path, host: str, urls: Mapping[str, str], wishes: Wishes) -> Settings:
    """Return the demo's settings on the databases at `urls`, at an address of the drill's own."""
    flags: dict[str, object] = {
        "data_dir": home / "serve0" / "data",
        "server.host": host,
        "server.admin_host": host,
        "server.port": PUBLIC,
        "server.admin_port": ADMIN,
        "postgres.url": urls["postgres"],
        "redis.url": urls["redis"],
        **{f"node.{name}": value for name, value in {**_NODE, **wishes.node}.items()},
        **{f"server.{name}": value for name, value in wishes.server.items()},
        **{f"media.{name}": value for name, value in wishes.media.items()},
        **{f"brain.{name}": value for name, value in wishes.brain.items()},
        **({"brain.base_url": f"http://{host}:{MODELS}/v1"} if wishes.brain else {}),
    }
    settings = with_channels(load(demo=True, flags=flags, environ={}), wishes.channels, False, wishes.mps)
    channels = tuple(
        msgspec.structs.replace(one, api_url=f"http://{host}:{GRAPH}/v23.0") for one in settings.channels
    )
    return msgspec.structs.replace(settings, demo=False, channels=channels)


def make_replica(home: Path, settings: Settings, program: Program, place: int) -> DrillReplica:
    """Make the replica of a number; but for the first it has a data directory and ports of its own."""
    if place:
        server = msgspec.structs.replace(
            settings.server, port=PUBLIC + 10 * place, admin_port=ADMIN + 10 * place
        )
        settings = msgspec.structs.replace(settings, server=server, data_dir=home / f"serve{place}" / "data")
    return DrillReplica(settings, program, home / f"serve{place}")


def own_channels(settings: Settings, wishes: Wishes) -> Sequence[Channel]:
    """Return the channels to which the crowd writes."""
    return [channel for channel in settings.channels if channel.tenant is not None][: wishes.channels]


def numbers_of(settings: Settings, wishes: Wishes) -> Sequence[Number]:
    """Return the same as those who write need them."""
    groups: dict[str, int] = {}
    return [
        Number(
            channel.id,
            groups.setdefault(channel.app_secret[0].reveal(), len(groups)),
            channel.account or "200300400500600",
        )
        for channel in own_channels(settings, wishes)
    ]


def crowd_of(
    settings: Settings, numbers: Sequence[Number], wishes: Wishes, seed: int, url: Callable[[], str]
) -> Load:
    """Return the people who write to these channels."""
    groups = dict.fromkeys(channel.app_secret[0].reveal() for channel in own_channels(settings, wishes))
    plan = Plan(people=_PEOPLE, messages=_TEXTS, channels=len(numbers), seed=seed, texts=wishes.texts)
    run = f"{random_secrets.randbelow(1_000_000):06d}"
    script = write_script(plan, run, numbers)
    keep_alive = wishes.replicas == 1
    return Load(
        script,
        [secret.encode() for secret in groups],
        url,
        wishes.rate,
        wishes.patience,
        keep_alive=keep_alive,
    )
