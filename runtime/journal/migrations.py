"""Brings a schema to the version of this program, once, whoever starts first; refuses one that is beyond it.

A step says of itself whether an older program works with what it leaves (`Migration.additive`); the schema remembers it.

All replicas may start at the same moment: an advisory lock of the transaction lets one work and the others find it done.
Steps are applied in one transaction each namespace, so a kill in the middle leaves the schema as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from runtime.app import Migration
from runtime.journal.statements import statement
from runtime.resources.postgres import Driver, PostgresPool, Queries

LOCK = 0x6D616A6C6973  # "majlis"
"""The advisory lock of whoever changes the schema; shared by those who need it to stay as it is."""
#: Classes of errors by which the database means the statement, not its state: data, constraints, syntax, names, rights.
_FAULTS_OF_SQL = ("22", "23", "3F", "42")
_TABLE = """
create table if not exists schema_version(
  namespace text not null, version int not null, name text not null, checksum text not null,
  applied_at timestamptz not null default now(), primary key (namespace, version));
alter table schema_version add column if not exists additive boolean not null default false;
"""


class Applied(NamedTuple):
    """A step that was applied, as the schema remembers it."""

    name: str
    checksum: str
    additive: bool = False


class SchemaMismatch(Exception):
    """The schema is beyond this program, a step that was applied reads differently now, or one cannot be applied."""


def plan(namespace: str, steps: Sequence[Migration], applied: Mapping[int, Applied]) -> Sequence[Migration]:
    """Return the steps still to be applied. `applied` are those that were, by version. Raises SchemaMismatch."""
    known = {step.version: step for step in steps}
    if sorted(known) != list(range(1, len(steps) + 1)):
        raise SchemaMismatch(
            f"{namespace}: the program's migrations are not numbered 1, 2, 3 ...: {sorted(known)}"
        )
    for version, (name, digest, additive) in sorted(applied.items()):
        step = known.get(version)
        if step is None:
            if additive:
                continue
            raise SchemaMismatch(
                f"{namespace}: the database is at migration {version} ({name}), this program knows {len(steps)}: "
                "it is older than the database; start a version that is at least as new"
            )
        if checksum(step) != digest:
            raise SchemaMismatch(
                f"{namespace}: migration {version} ({name}) was applied with another text; "
                "an applied migration never changes, add a new one"
            )
    return [step for step in steps if step.version not in applied]


def applied_to(namespace: str, rows: Iterable[asyncpg.Record]) -> Mapping[int, Applied]:
    """Return what was applied in one namespace, from the rows of `schema_versions`."""
    return {
        row["version"]: Applied(row["name"], row["checksum"], row["additive"])
        for row in rows
        if row["namespace"] == namespace
    }


def checksum(step: Migration) -> str:
    """Return the fingerprint under which an applied step is remembered."""
    return hashlib.sha256(step.sql.encode()).hexdigest()


async def pending(database: Queries, schemas: Mapping[str, Sequence[Migration]]) -> Sequence[str]:
    """Return "namespace/version name" of what `migrate` would apply to a database that was migrated before.

    Nothing, for a database that never was: there is nothing in it to lose. Raises SchemaMismatch, ResourceUnavailable.
    """
    try:
        rows = await database.fetch(statement("schema_versions"))
    except asyncpg.UndefinedTableError:
        return []
    steps = []
    for namespace, known in schemas.items():
        applied = applied_to(namespace, rows)
        steps += [f"{namespace}/{step.version} {step.name}" for step in plan(namespace, known, applied)]
    return steps if rows else []


async def migrate(
    pool: PostgresPool,
    schemas: Mapping[str, Sequence[Migration]],
    prepare: Callable[[Driver], Awaitable[None]] | None = None,
) -> Sequence[str]:
    """Apply what is missing, then `prepare`, all in one transaction; return "namespace/version name" of what was done.

    Raises SchemaMismatch, ResourceUnavailable. Cancelled, nothing has changed.
    """

    async def work(connection: Driver) -> Sequence[str]:
        done = []
        async with connection.transaction():
            await connection.execute("set local statement_timeout = 0")
            await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
            await _change(connection, "schema_version: the table of what was applied", _TABLE)
            rows = await connection.fetch(statement("schema_versions"))
            for namespace, steps in schemas.items():
                for step in plan(namespace, steps, applied_to(namespace, rows)):
                    await _change(
                        connection, f"{namespace}: migration {step.version} ({step.name})", step.sql
                    )
                    await connection.execute(
                        "insert into schema_version(namespace, version, name, checksum, additive)"
                        " values ($1, $2, $3, $4, $5)",
                        namespace, step.version, step.name, checksum(step), step.additive,
                    )  # fmt: skip
                    done.append(f"{namespace}/{step.version} {step.name}")
            if prepare is not None:
                await prepare(connection)
        return done

    return await pool.run(work)


async def _change(connection: Driver, what: str, sql: str) -> None:
    """Change the schema. Raises SchemaMismatch for SQL that the database refuses for its own sake."""
    try:
        await connection.execute(sql)
    except asyncpg.PostgresError as error:
        if not (error.sqlstate or "").startswith(_FAULTS_OF_SQL):
            raise
        rights = isinstance(error, asyncpg.InsufficientPrivilegeError | asyncpg.InvalidSchemaNameError)
        hint = "; the role needs a schema in which it may create tables" if rights else ""
        raise SchemaMismatch(f"{what} cannot be applied: {error}{hint}") from error


async def installation_salt(pool: PostgresPool) -> bytes:
    """Return the secret under which conversation ids are hashed; it is drawn once per database."""
    salt: bytes = await pool.run(lambda connection: connection.fetchval("select salt from installation"))
    return salt
