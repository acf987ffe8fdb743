-- connections() -> every session of a `serve` of this database, and for how many seconds it is at what it does.
select application_name as name, pid || ' of ' || backend_start as id, coalesce(state, 'starting') as state,
  coalesce(extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change end), 0)::float8
    as seconds
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and application_name like 'majlis/%/%';
