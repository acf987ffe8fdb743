-- restore_emptied(): drop everything in this database but what belongs to extensions, schemas of others included. What is to
-- be dropped is listed before anything is: a cascade may have been there first.
do $$
declare
  kept oid[] := array(select objid from pg_depend where deptype = 'e');
  command text;
begin
  foreach command in array array(
    select format('schema %I', nspname) from pg_namespace
    where nspname not like 'pg\_%' and nspname not in ('information_schema', 'public') and oid <> all(kept)
    union all
    select format('%s public.%I', case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end, relname)
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not relispartition
      and oid <> all(kept)
      and not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = pg_class.oid and d.deptype in ('a', 'i') and relkind = 'S')
    union all
    select format('%s public.%I(%s)', case prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
      proname, pg_get_function_identity_arguments(oid))
    from pg_proc where pronamespace = 'public'::regnamespace and oid <> all(kept)
    union all
    select format('%s public.%I', case typtype when 'd' then 'domain' else 'type' end, typname)
    from pg_type
    where typnamespace = 'public'::regnamespace and oid <> all(kept)
      and (typtype in ('d', 'e', 'r') or typtype = 'c' and (select relkind from pg_class where oid = typrelid) = 'c'))
  loop
    execute regexp_replace(command, '^(materialized view|foreign table|\w+) ', 'drop \1 if exists ') || ' cascade';
  end loop;
end $$;
