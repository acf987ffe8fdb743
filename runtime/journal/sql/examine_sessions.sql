-- examine_sessions(idle, open) -> transactions of this database that are older than they should be: idle, or open, for more
-- than so many seconds. Only how many and how old: what they do may hold what people wrote.
select count(*) filter (where state like 'idle in transaction%' and now() - state_change > make_interval(secs => $1))::int as idle,
  coalesce(extract(epoch from max(now() - state_change) filter (where state like 'idle in transaction%')), 0)::float8 as idle_for,
  count(*) filter (where now() - xact_start > make_interval(secs => $2))::int as long,
  coalesce(extract(epoch from max(now() - xact_start)), 0)::float8 as long_for
from pg_stat_activity
where datname = current_database() and coalesce(backend_type = 'client backend', true) and pid <> pg_backend_pid();
