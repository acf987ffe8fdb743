-- Makes the role majlis_tenant as far as it is missing and we may: the role, our membership, its rights on our tables. Each
-- is looked at first: a grant that is there is not given again, and a backup, which keeps no rights, is mended.
-- Another database of the same server may make the role at the same moment.
do $$
declare
  becoming text := case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end;
  guarded regclass;
begin
  if not exists (select from pg_roles where rolname = 'majlis_tenant') then
    begin
      create role majlis_tenant nologin;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then return;
    end;
  end if;
  if not pg_has_role(current_user, 'majlis_tenant', becoming) then
    begin
      execute format('grant majlis_tenant to %I', current_user);
    exception when insufficient_privilege then return;
    end;
  end if;
  if not has_schema_privilege('majlis_tenant', current_schema(), 'USAGE') then
    execute format('grant usage on schema %I to majlis_tenant', current_schema());
  end if;
  for guarded in
    select c.oid from pg_class c left join pg_policy p on p.polrelid = c.oid and p.polname = 'one_tenant'
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
      and (p.oid is not null or c.relname = 'locations') and not has_table_privilege('majlis_tenant', c.oid, 'SELECT')
  loop
    execute format('grant select, insert on %s to majlis_tenant', guarded);
    if guarded <> all (array['locations', 'audit_log']::regclass[]) then
      execute format('grant update, delete on %s to majlis_tenant', guarded);
    end if;
  end loop;
end $$
