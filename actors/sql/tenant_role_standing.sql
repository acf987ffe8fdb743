select current_user::text as who, coalesce(
  (select pg_has_role(current_user, oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
   from pg_roles where rolname = 'majlis_tenant'), false) as usable
