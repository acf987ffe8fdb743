-- backup_size() -> bytes of all tables without their indexes, the most that a dump is likely to need; and the server's version.
select coalesce(sum(pg_table_size(c.oid)), 0)::bigint as bytes, current_setting('server_version_num')::int / 10000 as major
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema';
