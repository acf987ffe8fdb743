-- $1 tenant, $2 what is counted
insert into tenant_counters (tenant_id, name, last) values ($1, $2, 1)
on conflict (tenant_id, name) do update set last = tenant_counters.last + 1
returning last
