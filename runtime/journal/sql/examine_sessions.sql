-- examine_sessions() -> transactions of this database that are older than they should be: idle in one for over a minute, or
-- in one for over an hour. Only how many and how old: what they do may hold what people wrote.
select count(*) filter (where state like 'idle in transaction%' and now() - state_change > interval '1 minute')::int as idle,
  coalesce(extract(epoch from max(now() - state_change) filter (where state like 'idle in transaction%')), 0)::float8 as idle_for,
  count(*) filter (where now() - xact_start > interval '1 hour')::int as long,
  coalesce(extract(epoch from max(now() - xact_start)), 0)::float8 as long_for
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid();
