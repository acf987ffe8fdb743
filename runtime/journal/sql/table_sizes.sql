-- table_sizes(limit) -> (name, bytes with indexes, live and dead rows as the statistics have them) of the largest tables of the
-- journal's schema, partitions under the name of their whole.
select coalesce(whole.relname, c.relname)::text as name,
  coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes,
  coalesce(sum(pg_stat_get_live_tuples(c.oid)), 0)::bigint as live,
  coalesce(sum(pg_stat_get_dead_tuples(c.oid)), 0)::bigint as dead
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class whole on whole.oid = i.inhparent
where c.relkind = 'r' and c.relnamespace = (select relnamespace from pg_class where oid = 'conversation'::regclass)
group by 1 order by bytes desc, name limit $1;
