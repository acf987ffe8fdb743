"""What `majlis doctor` makes of facts, one table for each thing it looks at: the limits, and both sides of each."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from config import Brain, Channel, Node, Postgres, Retention, Secret, Server, Settings, Tenant
from runtime.app import Migration
from runtime.channel import Finding
from runtime.cli.telling import told_finding
from runtime.doctor import postgres, redis
from runtime.doctor.asking import Tell
from runtime.doctor.configuration import judge_configuration
from runtime.doctor.embedded import BinaryFacts, ClusterFacts, judge_binary, judge_cluster
from runtime.doctor.machine import (
    DataDirFacts,
    DescriptorFacts,
    DiskFacts,
    PortFacts,
    descriptors_needed,
    judge_data_dir,
    judge_descriptors,
    judge_disk,
    judge_packages,
    judge_port,
)
from runtime.doctor.migrations import judge_migrations
from runtime.doctor.round import _Check
from runtime.doctor.running import HolderFacts, Readiness, ReadinessCheck, Running, judge_running
from runtime.doctor.sizes import told_bytes, told_seconds
from runtime.journal.examination import (
    PlaceFacts,
    ReplicaFacts,
    RoundTrips,
    ServerFacts,
    SessionFacts,
    TableFacts,
)
from runtime.journal.migrations import Applied, checksum
from runtime.resources.errors import ResourceUnavailable

GB = 1_000_000_000
SERVER = ServerFacts(
    version="18.6",
    number=180006,
    standby=False,
    read_only=False,
    isolation="read committed",
    encoding="UTF8",
    fsync=True,
    full_page_writes=True,
    synchronous_commit="on",
    statement_timeout=timedelta(seconds=5),
    idle_timeout=timedelta(seconds=30),
    checks_clients=True,
    application="us",
    encrypted=False,
    remote=False,
    may_create=True,
    bytes=1,
)
TRIPS = RoundTrips(0.001, 1)


def server(**other: Any) -> ServerFacts:
    return msgspec.structs.replace(SERVER, **other)


def has(finding: Finding, status: str) -> None:
    """Assert a status, and that whatever is not well comes with an advice."""
    assert finding.status == status, finding
    assert finding.seen
    assert bool(finding.advice) == (status in {"warn", "fail"}), finding


# ── Postgres ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, "ok"),
        ({"number": 150000}, "ok"),
        ({"number": 140012}, "fail"),
        ({"standby": True}, "fail"),
        ({"read_only": True}, "fail"),
    ],
)
def test_a_server_is_a_primary_of_15_or_later(facts: dict[str, Any], status: str) -> None:
    has(postgres.judge_server("there", server(**facts)), status)


@pytest.mark.parametrize(
    ("seconds", "status"), [(0.005, "ok"), (0.0051, "warn"), (0.1, "warn"), (0.101, "fail")]
)
def test_round_trips_are_short(seconds: float, status: str) -> None:
    has(postgres.judge_latency(RoundTrips(seconds, 1)), status)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, "ok"),
        ({"fsync": False}, "fail"),
        ({"synchronous_commit": "off"}, "fail"),
        ({"synchronous_commit": "local"}, "ok"),
        ({"full_page_writes": False}, "warn"),
    ],
)
def test_what_is_acknowledged_survives_a_loss_of_power(facts: dict[str, Any], status: str) -> None:
    has(postgres.judge_durability(server(**facts)), status)


@pytest.mark.parametrize(
    ("facts", "backends", "status", "named"),
    [
        ({}, 1, "ok", ""),
        ({}, 2, "fail", "transaction mode"),
        ({"application": "pooler"}, 1, "fail", "application_name"),
        ({"statement_timeout": timedelta()}, 1, "fail", "statement_timeout"),
        ({"idle_timeout": timedelta()}, 1, "fail", "idle_in_transaction_session_timeout"),
        ({"statement_timeout": timedelta(seconds=5.0004)}, 1, "ok", ""),
        ({"checks_clients": False}, 1, "warn", "client_connection_check_interval"),
        ({"isolation": "serializable"}, 1, "warn", "serializable"),
    ],
)
def test_a_session_is_as_it_was_asked_for(
    facts: dict[str, Any], backends: int, status: str, named: str
) -> None:
    finding = postgres.judge_session(server(**facts), RoundTrips(0.001, backends), Postgres(), "us")
    has(finding, status)
    assert named in finding.seen


@pytest.mark.parametrize(
    ("remote", "encrypted", "status"),
    [(False, False, "ok"), (True, True, "ok"), (False, True, "ok"), (True, False, "warn")],
)
def test_messages_cross_a_network_encrypted(remote: bool, encrypted: bool, status: str) -> None:
    has(postgres.judge_encryption(server(remote=remote, encrypted=encrypted)), status)


@pytest.mark.parametrize(("encoding", "status"), [("UTF8", "ok"), ("SQL_ASCII", "fail")])
def test_every_script_can_be_stored(encoding: str, status: str) -> None:
    has(postgres.judge_encoding(server(encoding=encoding)), status)


@pytest.mark.parametrize(
    ("ahead", "status"),
    [(0.9, "ok"), (-0.9, "ok"), (1.1, "warn"), (-1.1, "warn"), (29.0, "warn"), (31.0, "fail"), (-31, "fail")],
)
def test_clocks_agree(ahead: float, status: str) -> None:
    has(postgres.judge_clock(ahead), status)


@pytest.mark.parametrize(
    ("places", "taken", "status"),
    [(97, 0, "ok"), (24, 0, "ok"), (23, 0, "warn"), (97, 80, "warn"), (97, 90, "warn"), (11, 0, "fail")],
)
def test_there_are_places_for_this_replica_and_the_next(places: int, taken: int, status: str) -> None:
    has(postgres.judge_places(PlaceFacts(places, taken), 12), status)


@pytest.mark.parametrize(
    ("may_create", "owned", "status"), [(True, True, "ok"), (False, True, "fail"), (True, False, "fail")]
)
def test_the_role_may_make_and_change_tables(may_create: bool, owned: bool, status: str) -> None:
    tables = [TableFacts("turn", owned, 1, 0), TableFacts("inbox", True, 1, 0)]
    has(postgres.judge_rights(server(may_create=may_create), tables), status)


@pytest.mark.parametrize(
    ("live", "dead", "status"), [(10, 9_000, "ok"), (10**6, 20_000, "ok"), (10_000, 20_000, "warn")]
)
def test_dead_rows_do_not_outnumber_living_ones(live: int, dead: int, status: str) -> None:
    has(postgres.judge_tables([TableFacts("outbox", True, live, dead)]), status)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (SessionFacts(0, 0, 0, 30), "ok"),
        (SessionFacts(1, 61, 0, 61), "warn"),
        (SessionFacts(0, 0, 1, 4000), "warn"),
    ],
)
def test_old_transactions_are_told(facts: SessionFacts, status: str) -> None:
    has(postgres.judge_sessions(facts), status)


@pytest.mark.parametrize(("silent", "status"), [(ReplicaFacts(0, 0), "ok"), (ReplicaFacts(8, 1), "warn")])
def test_connections_of_dead_replicas_are_told(silent: ReplicaFacts, status: str) -> None:
    has(postgres.judge_replicas(silent), status)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("cannot connect: InvalidPasswordError: password authentication failed", "password in postgres.url"),
        ("cannot connect: ConnectionRefusedError: [Errno 111]", "nobody listens"),
        ("cannot connect: no answer within 2 s", "does not answer"),
        ("anything else", "log"),
    ],
)
def test_an_unreachable_postgres_comes_with_an_advice(reason: str, advice: str) -> None:
    finding = postgres.judge_unreachable("there", reason)
    has(finding, "fail")
    assert advice in finding.advice


# ── migrations ────────────────────────────────────────────────────────

STEPS = (Migration(1, "first", "create table a()"), Migration(2, "second", "create table b()"))
FIRST, SECOND = (1, Applied("first", checksum(STEPS[0]))), (2, Applied("second", checksum(STEPS[1])))


@pytest.mark.parametrize(
    ("applied", "status", "seen"),
    [
        ({}, "ok", "0 applied; the next serve applies 1 first, 2 second"),
        (dict([FIRST]), "ok", "1 applied; the next serve applies 2 second"),
        (dict([FIRST, SECOND]), "ok", "2 applied"),
        (dict([FIRST, SECOND, (3, Applied("third", "?"))]), "fail", "older than the database"),
        (dict([FIRST, SECOND, (3, Applied("third", "?", additive=True))]), "ok", "3 applied"),
        (dict([FIRST, (2, Applied("second", "other"))]), "fail", "with another text"),
    ],
)
def test_pending_migrations_are_well_and_unknown_ones_are_not(
    applied: dict[int, tuple[str, str]], status: str, seen: str
) -> None:
    (finding,) = judge_migrations({"journal": STEPS}, {"journal": applied})
    has(finding, status)
    assert seen in finding.seen


# ── Redis ─────────────────────────────────────────────────────────────

REDIS = redis.RedisFacts("Redis", "7.0.1", 10, 0, "noeviction", False, False, True, 0.001)


@pytest.mark.parametrize(
    ("judge", "other", "status"),
    [
        (lambda facts: redis.judge_server("there", facts), {}, "ok"),
        (lambda facts: redis.judge_server("there", facts), {"version": "6.2.1"}, "warn"),
        (lambda facts: redis.judge_server("there", facts), {"product": "Valkey", "version": "9.1"}, "ok"),
        (lambda facts: redis.judge_server("there", facts), {"replica": True}, "warn"),
        (redis.judge_latency, {"median": 0.2}, "warn"),
        (redis.judge_latency, {}, "ok"),
        (redis.judge_memory, {}, "ok"),
        (redis.judge_memory, {"used": 95, "limit": 100}, "warn"),
        (redis.judge_memory, {"used": 95, "limit": 100, "policy": "allkeys-lru"}, "ok"),
        (redis.judge_memory, {"used": 80, "limit": 100}, "ok"),
        (redis.judge_protection, {}, "ok"),
        (redis.judge_protection, {"local": False}, "warn"),
        (redis.judge_protection, {"local": False, "protected": True}, "ok"),
    ],
)
def test_redis_is_never_worse_than_a_warning(
    judge: Callable[[redis.RedisFacts], Finding], other: dict[str, Any], status: str
) -> None:
    has(judge(msgspec.structs.replace(REDIS, **other)), status)


def test_redis_away_is_a_warning_that_says_what_it_costs() -> None:
    finding = redis.judge_unreachable("there", "ConnectionError: Connection refused")
    has(finding, "warn")
    assert "never correctness" in finding.advice


def test_what_a_server_says_of_itself_is_read_and_what_it_does_not_say_is_nothing() -> None:
    info = redis.parse_info(
        "# Server\r\nredis_version:7.2.4\r\nvalkey_version:9.1.2\r\nused_memory:12\r\nrole:master\r\n"
    )
    facts = redis.read_facts(info, url_has_password=True, local=False, median=0.1)
    assert (facts.product, facts.version, facts.used, facts.limit) == ("Valkey", "9.1.2", 12, 0)
    assert redis.read_facts({}, url_has_password=False, local=True, median=0.1).version == ""


# ── this machine ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("free", "size", "inodes", "status"),
    [
        (50 * GB, 100 * GB, 10**6, "ok"),
        (50 * GB, 100 * GB, None, "ok"),
        (9 * GB, 100 * GB, None, "warn"),
        (1.9 * GB, 4 * GB, None, "warn"),
        (0.19 * GB, 1 * GB, None, "fail"),
        (50 * GB, 100 * GB, 999, "fail"),
    ],
)
def test_a_disk_has_room(free: float, size: float, inodes: int | None, status: str) -> None:
    has(judge_disk(DiskFacts(int(free), int(size), inodes)), status)


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({}, "ok"),
        ({"exists": False}, "ok"),
        ({"usable": False}, "fail"),
        ({"usable": False, "exists": False}, "fail"),
        ({"mode": 0o777}, "warn"),
        ({"longest_socket": 107}, "ok"),
        ({"longest_socket": 108}, "fail"),
        ({"closed_to_servers": "/root"}, "fail"),
    ],
)
def test_a_data_dir_can_be_used(other: dict[str, Any], status: str) -> None:
    facts = DataDirFacts("/d", exists=True, usable=True, mode=0o700, longest_socket=30)
    has(judge_data_dir(msgspec.structs.replace(facts, **other)), status)


@pytest.mark.parametrize(
    ("hard", "status"), [(None, "ok"), (3000, "ok"), (2999, "warn"), (500, "warn"), (499, "fail")]
)
def test_there_are_descriptors_for_all_connections(hard: int | None, status: str) -> None:
    has(judge_descriptors(DescriptorFacts(hard, needed_at_least=500, needed=3000)), status)


def test_a_small_installation_needs_no_more_than_its_connections() -> None:
    small = Settings(data_dir=Path("d"), server=Server(max_connections=10))
    least, most = descriptors_needed(small, 256)
    assert least == most
    assert descriptors_needed(Settings(data_dir=Path("d")), 256)[1] > most + 1900


@pytest.mark.parametrize(
    ("name", "host", "number", "ours", "status"),
    [
        ("public", "127.0.0.1", 0, False, "ok"),
        ("public", "0.0.0.0", 0, False, "ok"),  # noqa: S104
        ("admin", "0.0.0.0", 0, False, "warn"),  # noqa: S104
        ("public", "127.0.0.1", errno.EADDRINUSE, True, "ok"),
        ("public", "127.0.0.1", errno.EADDRINUSE, False, "fail"),
        ("public", "127.0.0.1", errno.EACCES, False, "fail"),
        ("public", "10.9.8.7", errno.EADDRNOTAVAIL, False, "fail"),
        ("public", "::1", errno.EAFNOSUPPORT, False, "fail"),
    ],
)
def test_a_port_is_free_or_our_own(name: str, host: str, number: int, ours: bool, status: str) -> None:
    has(judge_port(PortFacts(name, host, 8080, number, ours)), status)


def test_packages_are_told_and_never_judged() -> None:
    assert judge_packages("3.11", {"trio": "1"}, {"trio": "1"}).seen == "Python 3.11; 1 packages as pinned"
    other = judge_packages("3.11", {"trio": "2", "httpx": None}, {"trio": "1", "httpx": "3"})
    assert other.status == "ok"
    assert other.seen == "Python 3.11; trio 2 instead of 1; httpx missing instead of 3"


@pytest.mark.parametrize(
    ("cluster", "status"),
    [
        (ClusterFacts(), "ok"),
        (ClusterFacts("18", 5, 5, 0o700), "ok"),
        (ClusterFacts("18", 5, 5, 0o750), "ok"),
        (ClusterFacts("17", 5, 5, 0o700), "fail"),
        (ClusterFacts("18", 5, 6, 0o700), "fail"),
        (ClusterFacts("18", 5, 5, 0o755), "fail"),
    ],
)
def test_a_cluster_belongs_to_its_version_and_its_user(cluster: ClusterFacts, status: str) -> None:
    has(judge_cluster(BinaryFacts("postgres", "18.6", "wheel"), cluster), status)


def test_a_binary_is_there() -> None:
    has(judge_binary(BinaryFacts("redis", "9.1", "wheel")), "ok")
    has(judge_binary(BinaryFacts("redis", fault="/x: not there")), "fail")


# ── a running server ──────────────────────────────────────────────────


def running(phase: str = "serving", accepting: bool = True, **checks: str) -> HolderFacts:
    told = {name: ReadinessCheck(status, "why") for name, status in checks.items()}  # type: ignore[arg-type]
    return HolderFacts(True, 7, Running(7, phase, "estate", readiness=Readiness(accepting, told)))


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (HolderFacts(False, None, None), "ok"),
        (HolderFacts(True, 7, None), "warn"),
        (running(postgres="ok"), "ok"),
        (running(postgres="fail"), "fail"),
        (running(redis="degraded"), "warn"),
        (running("checking states", states="fail"), "warn"),
        (running("draining", accepting=False), "warn"),
    ],
)
def test_a_running_server_is_well_or_says_what_it_lacks(facts: HolderFacts, status: str) -> None:
    has(judge_running(facts, "estate"), status)


def test_a_server_of_another_app_is_told() -> None:
    has(judge_running(running(), "echo"), "warn")


# ── settings ──────────────────────────────────────────────────────────


def channel(number: int = 1, tenant: str | None = "palm") -> Channel:
    secret = Secret("a" * 32)
    return Channel(
        provider="meta",
        id=f"{number:015d}",
        app_secret=(secret,),
        verify_token=secret,
        access_token=secret,
        tenant=tenant,
    )


def settings(**other: Any) -> Settings:
    usual: dict[str, Any] = {
        "data_dir": Path("d"),
        "tenants": (Tenant(id=1, slug="palm", name="Palm"),),
        "channels": (channel(),),
    }
    return Settings(**(usual | other))


ELSEWHERE = Server(host="0.0.0.0")  # noqa: S104
LATER = Node(ready_delay=5.0)
NEAR = Brain(provider="openai", base_url="http://127.0.0.1:1/v1", model="m")


@pytest.mark.parametrize(
    ("other", "seen"),
    [
        ({}, None),
        ({"channels": ()}, "no channels"),
        (
            {"tenants": (*settings().tenants, Tenant(id=2, slug="lone", name="L"))},
            "the tenant lone has no channel",
        ),
        ({"tenants": (*settings().tenants, Tenant(id=2, slug="lone", name="L", status="suspended"))}, None),
        (
            {
                "tenants": (*settings().tenants, Tenant(id=2, slug="lone", name="L")),
                "channels": (channel(), channel(2, None)),
            },
            None,
        ),
        ({"node": Node(uncertain_wait=12.0)}, "node.uncertain_wait is 12 s"),
        ({"server": ELSEWHERE}, "node.ready_delay is 0"),
        ({"server": ELSEWHERE, "node": LATER}, None),
        ({"server": Server(ingest_timeout=6.0)}, "server.ingest_timeout is 6 s"),
        ({"server": Server(body_limit=1024)}, "server.body_limit is 1024"),
        ({"retention": Retention(seen_days=32)}, "retention.seen_days is 32"),
        ({"brain": NEAR}, "brain.daily_budget and brain.daily_tokens are 0"),
        ({"brain": msgspec.structs.replace(NEAR, daily_tokens=1)}, None),
        (
            {"brain": msgspec.structs.replace(NEAR, daily_budget=1.0, base_url="https://a.example/v1")},
            "brain.api_key is empty",
        ),
    ],
)
def test_likely_mistakes_of_settings_are_told(other: dict[str, Any], seen: str | None) -> None:
    first, *rest = judge_configuration(settings(**other), frozenset(), zones=True)
    assert first.status == "ok"
    assert len(rest) == (seen is not None), rest
    for finding in rest:
        has(finding, "warn")
        assert finding.seen.startswith(seen or "?")


def test_the_demos_secrets_are_not_for_a_network() -> None:
    drawn = frozenset({"a" * 32})
    abroad = settings(server=ELSEWHERE, node=LATER)
    assert [f.status for f in judge_configuration(abroad, drawn, zones=True)] == ["ok", "warn"]
    assert [f.status for f in judge_configuration(settings(), drawn, zones=True)] == ["ok"]
    assert [f.status for f in judge_configuration(abroad, frozenset({"b"}), zones=True)] == ["ok"]


def test_a_system_without_time_zones_is_told() -> None:
    assert [f.status for f in judge_configuration(settings(), frozenset(), zones=False)] == ["ok", "warn"]


# ── a check and its deadline ──────────────────────────────────────────


async def found_by(look: Callable[[Tell], Any], patience: float = 10.0) -> Sequence[Finding]:
    check = _Check("thing", look, patience)
    await check.run()
    return check.found


async def test_a_check_that_hangs_is_cut_and_keeps_what_it_had_found(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def look(tell: Tell) -> None:
        tell(Finding("thing", "ok", "half of it"))
        await trio.sleep_forever()

    began = trio.current_time()
    first, last = await found_by(look, patience=3.0)
    assert trio.current_time() - began == 3.0
    assert first.seen == "half of it"
    has(last, "fail")
    assert "did not end within 3 s" in last.seen


async def test_a_check_that_raises_is_a_line_without_the_words_of_a_stranger() -> None:
    async def look(_tell: Tell) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fall)

    async def fall() -> None:
        raise ValueError("s3cret")

    (finding,) = await found_by(look)
    has(finding, "fail")
    assert finding.seen.startswith("the check was not finished: ValueError (test_doctor_judgements.py:")
    assert "s3cret" not in finding.seen


async def test_a_check_whose_resource_goes_away_says_so() -> None:
    async def look(_tell: Tell) -> None:
        raise ResourceUnavailable("postgres", "gone")

    (finding,) = await found_by(look)
    assert finding.seen.endswith("postgres is unavailable: gone")


# ── words ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "2 KB"), (2.5e6, "2.5 MB"), (3e12, "3.0 TB")],
)
def test_bytes_are_told(number: float, told: str) -> None:
    assert told_bytes(number) == told


@pytest.mark.parametrize(
    ("number", "told"), [(0.2, "200 ms"), (61, "61 s"), (600, "10 min"), (7200, "2 h"), (864_000, "10 days")]
)
def test_times_are_told(number: float, told: str) -> None:
    assert told_seconds(number) == told


def test_a_terminal_does_not_obey_what_a_server_says() -> None:
    assert told_finding(Finding("x", "fail", "a\x1b[2Jb\nc", "d")) == ("a\\u001b[2Jb\\nc", "d")
