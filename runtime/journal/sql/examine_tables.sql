-- examine_tables(names text[]) -> of the tables of these names and their partitions: name, whether this role may do with it
-- what an owner may, rows alive and dead as the statistics have them.
select c.relname::text as name, pg_has_role(c.relowner, 'usage') as owned,
  pg_stat_get_live_tuples(c.oid) as live, pg_stat_get_dead_tuples(c.oid) as dead
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class whole on whole.oid = i.inhparent
where c.relkind in ('r', 'p') and coalesce(whole.relname, c.relname) = any($1::text[])
  and c.relnamespace = (select relnamespace from pg_class where oid = to_regclass('schema_version'))
order by c.relname;
