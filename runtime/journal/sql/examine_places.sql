-- examine_places(prefix) -> how many connections this role may have in all, and how many are taken by others than those whose
-- application_name begins with the prefix. Limits of the role and the database count where they are lower; -1 is none.
select least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0),
    nullif((select rolconnlimit from pg_roles where rolname = current_user), -1),
    nullif((select datconnlimit from pg_database where datname = current_database()), -1)) as places,
  count(*) filter (where coalesce(backend_type = 'client backend', datid is not null)  -- not every role sees the type of all
    and not starts_with(application_name, $1) and pid <> pg_backend_pid())::int as taken
from pg_stat_activity;
