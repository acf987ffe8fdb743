-- $1 providers, $2 ids, $3 tenants (null: shared), $4 accounts, $5 messages a second
insert into channels (provider, id, tenant_id, account, max_mps, status)
select given.*, 'active' from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[]) as given
on conflict (provider, id) do update set
  tenant_id = excluded.tenant_id, account = excluded.account, max_mps = excluded.max_mps, status = excluded.status
