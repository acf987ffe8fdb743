"""No tenant sees or writes another's rows: PostgreSQL says so, whatever a statement asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from actors.agency import leads
from actors.agency.tenancy import ensure_tenant_role, tenant_transaction
from runtime import ResourceUnavailable, open_postgres_pool
from runtime.resources.postgres import PostgresPool
from tests.integration.agency import NOW, Agencies, open_agencies


@pytest.fixture
async def agencies(postgres_dsn: str) -> AsyncIterator[Agencies]:
    async with open_agencies(postgres_dsn) as found:
        yield found


async def tables_of_tenants(agencies: Agencies) -> list[str]:
    """Return every table with a column `tenant_id` that is not the mirror of the settings or the runtime's."""
    rows = await agencies.run(
        "select table_name::text from information_schema.columns where column_name = 'tenant_id' "
        "and table_schema = current_schema() and table_name not in ('channels', 'routing_decisions') order by 1"
    )
    return [row[0] for row in rows]


async def fill(agencies: Agencies) -> None:
    """Give both tenants a row in most tables."""
    for tenant in (1, 2):
        operator = await agencies.operator(tenant=tenant)
        await agencies.hours(operator, 1, "09:00", "12:00", tenant=tenant)
        await agencies.property("A-1", tenant=tenant)
        async with agencies.at(tenant) as tx:
            lead = await leads.ensure(tx, "anna", "c1", NOW)
            await leads.note(tx, lead, ["named"], "m1", NOW)


async def test_each_table_of_tenants_is_under_the_policy(agencies: Agencies) -> None:
    names = await tables_of_tenants(agencies)
    guarded = await agencies.run(
        "select polrelid::regclass::text from pg_policy join pg_class c on c.oid = polrelid "
        "where polname = 'one_tenant' and relrowsecurity order by 1"
    )
    assert len(names) > 10
    assert sorted(names) == sorted(row[0] for row in guarded)


async def test_a_query_sees_its_tenant_alone_and_without_one_nothing(agencies: Agencies) -> None:
    await fill(agencies)
    seen: dict[int, list[int]] = {}
    for tenant in (1, 2):
        async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, tenant):
            rows = await transaction.fetch(
                "select tenant_id from leads union all select tenant_id from properties"
            )
            seen[tenant] = [row[0] for row in rows]
    assert seen == {1: [1, 1], 2: [2, 2]}
    async with agencies.pool.transaction() as transaction:
        await transaction.execute("set local role majlis_tenant")
        for name in await tables_of_tenants(agencies):
            assert await transaction.fetch(f"select from {name}") == [], name


async def test_another_tenants_rows_cannot_be_written_changed_or_pointed_to(agencies: Agencies) -> None:
    await fill(agencies)
    (theirs,) = await agencies.run("select id from leads where tenant_id = 2")
    insert = "insert into leads (tenant_id, contact, conversation, created_at, updated_at) values (2, 'x', 'x', $1, $1)"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
            await transaction.execute(insert, NOW)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
            await transaction.execute("update leads set tenant_id = 2")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
            await transaction.execute(
                "insert into lead_events (tenant_id, lead_id, kind, cause, at) values (1, $1, 'named', 'm', $2)",
                theirs[0],
                NOW,
            )
    async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
        assert await transaction.execute("update leads set score = 99 where id = $1", theirs[0]) == "UPDATE 0"
        assert await transaction.execute("delete from leads where id = $1", theirs[0]) == "DELETE 0"


async def test_the_journal_and_the_audit_are_out_of_reach_within_the_door(agencies: Agencies) -> None:
    for sql in (
        "select from tenants",
        "select from channels",
        "delete from audit_log",
        "update audit_log set who = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
                await transaction.execute(sql)


async def test_behind_the_door_the_transaction_is_the_owners_again(agencies: Agencies) -> None:
    async with agencies.pool.transaction() as transaction:
        async with tenant_transaction(transaction, 1) as tx:
            lead = await leads.ensure(tx, "anna", "c1", NOW)
        (row,) = await transaction.fetch("select current_user::text, current_setting('majlis.tenant')")
        assert tuple(row) == ("majlis", "")
        with pytest.raises(RuntimeError, match="after its block"):
            await leads.lead(tx, lead)
        async with tenant_transaction(transaction, 2) as tx:
            assert await leads.lead(tx, lead) is None


async def test_a_fault_that_somebody_hides_leaves_the_transaction_closed_to_the_rest(
    agencies: Agencies,
) -> None:
    async def hide() -> None:
        async with agencies.pool.transaction() as transaction:
            with suppress(ValueError):
                async with tenant_transaction(transaction, 1):
                    raise ValueError
            await transaction.execute("select from channels")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await hide()


async def test_one_tenant_within_another_is_refused_and_nothing_is_committed(agencies: Agencies) -> None:
    async def nest() -> None:
        async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1) as tx:
            await leads.ensure(tx, "anna", "c1", NOW)
            async with tenant_transaction(transaction, 2):
                pass

    with pytest.raises(RuntimeError, match="within another"):
        await nest()
    assert await agencies.run("select from leads") == []


# ── a database whose owner may little ─────────────────────────────────


@pytest.mark.parametrize("may_make_roles", [False, True])
async def test_an_owner_without_superuser_is_held_to_the_tenant_or_told_what_to_run(
    postgres_dsn: str, may_make_roles: bool
) -> None:
    async with open_postgres_pool(postgres_dsn, name="test/root", size=1) as root:
        await _as_a_poor_owner(root, postgres_dsn, may_make_roles)


async def _as_a_poor_owner(root: PostgresPool, postgres_dsn: str, may_make_roles: bool) -> None:
    dsn = postgres_dsn.replace("majlis@", "poor_owner@")
    assert dsn != postgres_dsn
    hidden = await root.fetch("select from pg_roles where rolname = 'majlis_tenant'")
    if hidden:  # another test's database made it, and has grants to it
        await root.execute("alter role majlis_tenant rename to majlis_tenant_aside")
    try:
        await root.execute(f"create role poor_owner login {'createrole' if may_make_roles else ''}")
        await root.execute("grant create, usage on schema public to poor_owner")
        if not may_make_roles:
            with pytest.raises(ResourceUnavailable, match='grant majlis_tenant to "poor_owner"'):
                async with open_agencies(dsn, size=1):
                    pass
            await root.execute("create role majlis_tenant nologin")
            await root.execute('grant majlis_tenant to "poor_owner"')
        async with open_agencies(dsn, size=1) as agencies:
            await fill(agencies)
            async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
                rows = await transaction.fetch("select tenant_id from leads")
            assert [row[0] for row in rows] == [1]
            async with agencies.pool.transaction() as transaction:  # what is there is left alone
                await ensure_tenant_role(transaction)
    finally:
        await root.execute("drop owned by poor_owner cascade")
        await root.execute("drop owned by majlis_tenant; drop role majlis_tenant")
        await root.execute("drop role poor_owner")
        if hidden:
            await root.execute("alter role majlis_tenant_aside rename to majlis_tenant")


async def test_rights_that_a_restored_backup_does_not_bring_are_given_again_at_the_next_start(
    agencies: Agencies,
) -> None:
    await agencies.run("revoke all on all tables in schema public from majlis_tenant")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with agencies.at() as tx:
            await leads.leads(tx)
    async with agencies.pool.transaction() as transaction:
        await ensure_tenant_role(transaction)
    async with agencies.at() as tx:
        assert await leads.leads(tx) == []
