-- backup_tables() -> (name, counting) of every table with rows of its own that a dump of this database holds, and the
-- statement that counts them; it also keeps the table from being dropped until the transaction ends.
select format('%I.%I', n.nspname, c.relname) as name,
  format('select count(*) from only %I.%I', n.nspname, c.relname) as counting
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't'
  and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname;
