"""What facts about a Postgres mean for Majlis. Pure; the facts are read by `journal.examination`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import Postgres
from runtime.channel import Finding
from runtime.doctor.sizes import told_bytes, told_seconds
from runtime.journal.examination import (
    PlaceFacts,
    ReplicaFacts,
    RoundTrips,
    ServerFacts,
    SessionFacts,
    TableFacts,
)
from runtime.resources.postgres import IDLE_IN_TRANSACTION

#: Words of a driver's fault -> what to do about it; the first that fits.
_ADVICE: Mapping[str, str] = {
    "InvalidPassword": "look at user and password in postgres.url",
    "InvalidAuthorization": "look at user and password in postgres.url, and at the server's pg_hba.conf",
    "InvalidCatalogName": "there is no such database: create it, or mend the name in postgres.url",
    "TooManyConnections": "the server has no place left: raise its max_connections, or lower the pools",
    "CannotConnectNow": "the server is starting or stopping: look again in a moment, and at its log",
    "ConnectionRefused": "nobody listens there: start the server, or mend host and port of postgres.url",
    "gaierror": "the host has no address: mend postgres.url, or the name service",
    "no answer": "something is there that does not answer: a firewall, a wrong port or a server that hangs",
}


def judge_unreachable(place: str, reason: str) -> Finding:
    """Say why no session came about at `place`, and what may help."""
    advice = next(
        (told for word, told in _ADVICE.items() if word in reason), "look at the server and its log"
    )
    return Finding("postgres", "fail", f"{place}: {reason}", advice)


def judge_server(place: str, facts: ServerFacts) -> Finding:
    """A primary of a version that is supported, which may be written to."""
    seen = f"{place}: PostgreSQL {facts.version}"
    if facts.number < 150000:
        return Finding("postgres", "fail", seen, "PostgreSQL 15 or later is needed: upgrade the server")
    if facts.standby:
        return Finding(
            "postgres",
            "fail",
            f"{seen}, a standby that cannot be written to",
            "point postgres.url at the primary",
        )
    if facts.read_only:
        return Finding(
            "postgres",
            "fail",
            f"{seen}, read-only by default_transaction_read_only",
            "turn that off for this role and database",
        )
    return Finding("postgres", "ok", f"{seen}, {told_bytes(facts.bytes)}")


def judge_latency(trips: RoundTrips) -> Finding:
    """Every batch waits for some round trips."""
    seen = f"{trips.median * 1000:.1f} ms a round trip"
    if trips.median > 0.1:
        return Finding(
            "postgres.latency",
            "fail",
            seen,
            "webhooks will not be stored in time: run Majlis near its database",
        )
    if trips.median > 0.005:
        return Finding(
            "postgres.latency", "warn", seen, "every step waits for it: run Majlis near its database"
        )
    return Finding("postgres.latency", "ok", seen)


def judge_session(facts: ServerFacts, trips: RoundTrips, settings: Postgres, application: str) -> Finding:
    """What `serve` asks of its sessions must hold in them: a pooler in between may say yes and do nothing."""
    name = "postgres.session"
    if trips.backends > 1:
        return Finding(
            name,
            "fail",
            f"one connection was served by {trips.backends} backends: a pooler in transaction mode is in between",
            "connect to the server itself, or let the pooler work in session mode",
        )
    limits = {
        "statement_timeout": (facts.statement_timeout, settings.statement_timeout),
        "idle_in_transaction_session_timeout": (facts.idle_timeout, IDLE_IN_TRANSACTION),
    }
    ignored = [key for key, (found, asked) in limits.items() if abs(found.total_seconds() - asked) > 0.001]
    if facts.application != application:
        ignored.append("application_name")
    if ignored:
        return Finding(
            name,
            "fail",
            f"the session does not have our {', '.join(ignored)}",
            "a pooler in between drops it: connect to the server itself, or let the pooler pass it on",
        )
    if not facts.checks_clients:
        return Finding(
            name,
            "warn",
            "client_connection_check_interval is not supported on the server's platform",
            "a query whose client has died runs to its end; nothing else is lost",
        )
    if facts.isolation != "read committed":
        return Finding(
            name,
            "warn",
            f"default_transaction_isolation is {facts.isolation}",
            "set it to 'read committed' for this role: anything stricter costs repeated transactions",
        )
    return Finding(name, "ok", "time limits hold")


def judge_encryption(facts: ServerFacts) -> Finding:
    """Over a network, messages of people and the password want TLS."""
    name = "postgres.encryption"
    if facts.remote and not facts.encrypted:
        return Finding(
            name,
            "warn",
            "messages cross the network readable",
            "let the server speak TLS, and add ?sslmode=require to postgres.url",
        )
    return Finding(name, "ok", "TLS" if facts.encrypted else "none, on this machine")


def judge_durability(facts: ServerFacts) -> Finding:
    """What was acknowledged must survive a loss of power."""
    name = "postgres.durability"
    if not facts.fsync:
        return Finding(
            name,
            "fail",
            "fsync is off: a loss of power may cost the whole database",
            "set fsync = on in postgresql.conf and reload it",
        )
    if facts.synchronous_commit == "off":
        return Finding(
            name,
            "fail",
            "synchronous_commit is off: a crash loses webhooks that were acknowledged",
            "set synchronous_commit = on, for the server or for this role and database",
        )
    if not facts.full_page_writes:
        return Finding(
            name,
            "warn",
            "full_page_writes is off: a loss of power may tear pages",
            "set full_page_writes = on unless the file system writes whole pages or none",
        )
    return Finding(name, "ok", f"fsync on, synchronous_commit {facts.synchronous_commit}")


def judge_encoding(facts: ServerFacts) -> Finding:
    """People write in every script."""
    if facts.encoding != "UTF8":
        return Finding(
            "postgres.encoding",
            "fail",
            f"the database is in {facts.encoding}",
            "make a new one with ENCODING 'UTF8'; an encoding cannot be changed",
        )
    return Finding("postgres.encoding", "ok", facts.encoding)


def judge_clock(ahead: float) -> Finding:
    """Leases and timers go by the database's clock, stamps of messages by this machine's."""
    name, apart = "postgres.clock", abs(ahead)
    seen = f"the database is {told_seconds(apart)} {'ahead' if ahead > 0 else 'behind'}"
    if apart > 30:
        return Finding(name, "fail", seen, "let both machines keep time (chrony, ntpd)")
    if apart > 1:
        return Finding(name, "warn", seen, "let both machines keep time (chrony, ntpd)")
    return Finding(name, "ok", f"{told_seconds(apart)} apart")


def judge_places(facts: PlaceFacts, pool_size: int) -> Finding:
    """This replica needs its pool; the next one, during a rolling update, as many again."""
    name = "postgres.connections"
    seen = f"{facts.places} places, {facts.taken} taken by others, {pool_size} for this replica"
    if pool_size > facts.places:
        return Finding(
            name,
            "fail",
            seen,
            "raise max_connections (or the limit of the role or database), or lower postgres.pool_size",
        )
    if pool_size > facts.places - facts.taken:
        return Finding(
            name,
            "warn",
            seen,
            "under load this replica will not get its pool: raise max_connections, or close what others hold",
        )
    if 2 * pool_size > facts.places - facts.taken:
        return Finding(
            name,
            "warn",
            seen,
            "a second replica, as in a rolling update, will not get its pool: raise max_connections",
        )
    return Finding(name, "ok", seen)


def judge_rights(facts: ServerFacts, tables: Sequence[TableFacts]) -> Finding:
    """Migrations and retention make, change and drop tables."""
    name = "postgres.rights"
    if strange := [table.name for table in tables if not table.owned]:
        return Finding(
            name,
            "fail",
            f"the role does not own {told_names(strange)}",
            "ALTER TABLE ... OWNER TO this role, for all of the journal's tables",
        )
    if not facts.may_create:
        return Finding(
            name,
            "fail",
            "the role may not create tables in its schema",
            "GRANT CREATE ON SCHEMA ... TO this role (public, unless its search_path says otherwise)",
        )
    return Finding(name, "ok", "the role may create tables" + (" and owns the journal's" if tables else ""))


def judge_tables(tables: Sequence[TableFacts]) -> Finding:
    """Dead rows that autovacuum does not get to make every look slower."""
    name = "postgres.tables"
    if swollen := [table.name for table in tables if table.dead > 10_000 and table.dead > table.live]:
        return Finding(
            name,
            "warn",
            f"more dead rows than live ones in {told_names(swollen)}",
            "look for old transactions (below) and at autovacuum; VACUUM ANALYZE helps at once",
        )
    live, dead = sum(table.live for table in tables), sum(table.dead for table in tables)
    return Finding(
        name,
        "ok",
        f"about {live} rows, {dead} dead ones" if tables else "none yet: the next serve makes them",
    )


def judge_sessions(facts: SessionFacts) -> Finding:
    """An old transaction keeps dead rows and old periods alive, and may hold locks."""
    name = "postgres.transactions"
    if facts.idle:
        return Finding(
            name,
            "warn",
            f"{facts.idle} idle in a transaction, for {told_seconds(facts.idle_for)} at the most",
            "find them in pg_stat_activity (state like 'idle in transaction%') and end their clients",
        )
    if facts.long:
        return Finding(
            name,
            "warn",
            f"{facts.long} open for over an hour, for {told_seconds(facts.long_for)} at the most",
            "find them in pg_stat_activity by xact_start: retention and vacuum wait for them",
        )
    return Finding(name, "ok", "no old ones")


def judge_replicas(facts: ReplicaFacts) -> Finding:
    """A replica whose machine vanished leaves its connections until TCP gives up."""
    name = "postgres.replicas"
    if facts.connections:
        return Finding(
            name,
            "warn",
            f"{facts.connections} connections of {facts.replicas} replicas that give no sign of life",
            "if their machines are gone: pg_terminate_backend() by application_name 'majlis/...'",
        )
    return Finding(name, "ok", "no connections of dead ones")


def told_names(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
