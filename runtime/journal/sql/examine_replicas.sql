-- examine_replicas(seconds) -> connections of replicas of which not one has done anything for so long: a living one looks
-- at the database more than once a second.
select coalesce(sum(connections), 0)::int as connections, count(*)::int as replicas from (
  select count(*) as connections from pg_stat_activity
  where datname = current_database() and application_name like 'majlis/%/%'
  group by split_part(application_name, '/', 2)
  having max(state_change) < now() - make_interval(secs => $1)) silent;
