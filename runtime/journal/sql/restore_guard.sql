-- restore_guard(:lock): nobody else may migrate or restore, and no replica be connected.
set local client_min_messages = warning;
select pg_advisory_xact_lock(:lock);
do $$
declare
  replica text;
begin
  select split_part(application_name, '/', 2) into replica from pg_stat_activity
  where datname = current_database() and application_name like 'majlis/%/journal' limit 1;
  if found then
    raise exception 'the replica % is connected: stop it', replica;
  end if;
end $$;
