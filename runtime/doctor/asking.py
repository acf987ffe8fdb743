"""The facts of the two databases, asked over pools like those of `serve`, and told as they are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

import trio

from config import Settings, is_loopback
from runtime.app import Migration
from runtime.channel import Finding
from runtime.doctor import postgres, redis
from runtime.doctor.embedded import judge_binary, judge_cluster
from runtime.doctor.looking import look_at_cluster, look_for_server, replica_of
from runtime.doctor.migrations import judge_migrations
from runtime.journal.examination import Examination, QuestionRefused
from runtime.journal.postgres import SESSION
from runtime.resources.bridge import Bridge
from runtime.resources.embedded import running_postgres_dsn, running_redis_dsn
from runtime.resources.errors import ResourceUnavailable, UnusableUrl
from runtime.resources.postgres import open_postgres_pool
from runtime.resources.redis import RedisPool, open_redis_pool

Tell = Callable[[Finding], None]

_APPLICATION = "majlis/doctor"
_PINGS = 7
_URL_ADVICE = (
    "look at its port and its options after the ?, and percent-encode the special characters of its password"
)


async def ask_postgres(
    settings: Settings, schemas: Mapping[str, Sequence[Migration]], bridge: Bridge, tell: Tell
) -> None:
    """Look at Postgres and at what was migrated; where an embedded one does not run, at its binaries and its cluster.

    Raises ResourceUnavailable and QuestionRefused when it does not answer to the end; what was told stands.
    """
    dsn: str | None = settings.postgres.url
    place = settings.postgres.masked_url
    if not dsn:
        place = "embedded"
        dsn = await trio.to_thread.run_sync(running_postgres_dsn, settings.data_dir, abandon_on_cancel=True)
    if dsn is None:
        await _look_at_embedded_postgres(settings, tell)
        tell(
            Finding("migrations", "skipped", "Postgres does not run: the next serve applies what is missing")
        )
        return
    pool_of = partial(
        open_postgres_pool,
        name=_APPLICATION,
        bridge=bridge,
        size=1,
        connect_timeout=settings.postgres.connect_timeout,
        statement_timeout=settings.postgres.statement_timeout,
        patience=settings.postgres.statement_timeout + 1.0,
        settings=SESSION,  # a pooler may refuse them
    )
    async with pool_of(dsn) as pool, pool.connection() as connection:
        examination = Examination(connection)
        try:
            facts = await examination.server()
        except (ResourceUnavailable, UnusableUrl) as fault:
            tell(_unreachable_postgres(place, fault))
            tell(Finding("migrations", "skipped", "Postgres cannot be asked"))
            return
        tell(postgres.judge_server(place, facts))
        trips = await examination.round_trips()
        tell(postgres.judge_latency(trips))
        tell(postgres.judge_session(facts, trips, settings.postgres, _APPLICATION))
        tell(postgres.judge_durability(facts))
        tell(postgres.judge_encoding(facts))
        tell(postgres.judge_encryption(facts))
        tell(postgres.judge_clock(await examination.clock_ahead()))
        own = f"majlis/{replica_of(settings.data_dir)}/"
        tell(postgres.judge_places(await examination.places(own), settings.postgres.pool_size))
        tables = await examination.tables()
        tell(postgres.judge_rights(facts, tables))
        tell(postgres.judge_tables(tables))
        tell(postgres.judge_sessions(await examination.sessions()))
        tell(postgres.judge_replicas(await examination.silent_replicas()))
        try:
            applied = await examination.applied()
        except QuestionRefused as refusal:
            advice = "the role may not read schema_version: it must own the journal's tables"
            tell(Finding("migrations", "fail", str(refusal), advice))
            return
        for finding in judge_migrations(schemas, applied):
            tell(finding)


def _unreachable_postgres(place: str, fault: ResourceUnavailable | UnusableUrl) -> Finding:
    if isinstance(fault, UnusableUrl):
        return Finding("postgres", "fail", "the driver cannot read postgres.url", _URL_ADVICE)
    return postgres.judge_unreachable(place, fault.reason)


async def _look_at_embedded_postgres(settings: Settings, tell: Tell) -> None:
    look = partial(trio.to_thread.run_sync, abandon_on_cancel=True)
    binary = await look(look_for_server, "postgres", settings.postgres.bindir)
    tell(judge_binary(binary))
    try:
        tell(judge_cluster(binary, await look(look_at_cluster, settings.data_dir)))
    except PermissionError:
        advice = "start Majlis, and this command, as the user who owns data_dir"
        tell(Finding("postgres.cluster", "fail", "it is another user's and cannot be looked at", advice))


async def ask_redis(settings: Settings, bridge: Bridge, tell: Tell) -> None:
    """Look at Redis or Valkey; where an embedded one does not run, at its binary."""
    url: str | None = settings.redis.url
    place = settings.redis.masked_url
    if not url:
        place = "embedded"
        url = await trio.to_thread.run_sync(running_redis_dsn, settings.data_dir, abandon_on_cancel=True)
    if url is None:
        look = partial(trio.to_thread.run_sync, abandon_on_cancel=True)
        tell(judge_binary(await look(look_for_server, "redis", settings.redis.bindir)))
        return
    try:
        async with open_redis_pool(
            url,
            name=_APPLICATION,
            bridge=bridge,
            size=1,
            connect_timeout=settings.redis.connect_timeout,
            command_timeout=settings.redis.command_timeout,
        ) as pool:
            facts = await _redis_facts(pool, settings.redis.masked_url)
    except UnusableUrl:
        tell(Finding("redis", "fail", "the driver cannot read redis.url", _URL_ADVICE))
        return
    except ResourceUnavailable as fault:
        tell(redis.judge_unreachable(place, fault.reason))
        return
    tell(redis.judge_server(place, facts))
    for judge in (redis.judge_latency, redis.judge_memory, redis.judge_protection):
        tell(judge(facts))


async def _redis_facts(pool: RedisPool, masked_url: str) -> redis.RedisFacts:
    seconds = []
    for _ in range(_PINGS):
        began = trio.current_time()
        await pool.command("PING")
        seconds.append(trio.current_time() - began)
    (reply,) = await pool.pipeline([("INFO",)])  # an error reply is a value here: rights may end at PING
    info = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
    parts = urlsplit(masked_url)
    local = not masked_url or parts.scheme == "unix" or is_loopback(parts.hostname)
    return redis.read_facts(
        redis.parse_info(info),
        url_has_password="@" in masked_url,
        local=local,
        median=sorted(seconds)[len(seconds) // 2],
    )
