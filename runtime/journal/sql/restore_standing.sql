-- restore_standing() -> how a database is that something is to be restored into: its server's version, its tables, whether
-- there are journal's among them, and the names of connected replicas.
select current_setting('server_version_num')::int / 10000 as major, current_setting('server_version') as version,
  (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
     and not exists (select from pg_depend d
       where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))::int as tables,
  to_regclass('conversation') is not null and to_regclass('shards') is not null as journal,
  array(select distinct split_part(application_name, '/', 2) from pg_stat_activity
    where datname = current_database() and application_name like 'majlis/%/journal' order by 1) as replicas;
